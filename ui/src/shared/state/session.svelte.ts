/** Who is signed in on this page, and the shop it belongs to. */
import { call, get, keepToken, post, sessionToken, whenSignedOut, type Lock, type LockStaff, type Session, type Shop } from '$shared/api';
import type { Currency } from '$shared/money/money';
import { startLive, stopLive, inApp } from '$shared/live';
import { uuidv7 } from '$shared/api';
import { businessDay } from './clock.svelte';

const state = $state<{ session: Session | null; lock: Lock | null }>({ session: null, lock: null });

export const session = {
  get current(): Session | null {
    return state.session;
  },
  get shop(): Shop | null {
    return state.lock?.shop ?? null;
  },
  get staff(): LockStaff[] {
    return state.lock?.staff ?? [];
  },
  /** The day of the shop that goes on now, as the core counts it. */
  get today(): string {
    const shop = state.lock?.shop;
    return shop ? businessDay(Date.now(), shop.zone, shop.day_starts_at) : new Date().toLocaleDateString('en-CA');
  },
  get currency(): Currency {
    const shop = state.lock?.shop;
    return { code: shop?.currency ?? 'INR', digits: shop?.minor_digits ?? 2 };
  },
  /** The signed-in person as the lock screen knows them, with their colour. */
  get person(): LockStaff | null {
    return state.lock?.staff.find((one) => one.id === state.session?.staff.id) ?? null;
  },
  may(permission: string): boolean {
    return state.session?.permissions.includes(permission) ?? false;
  },
};

/** Which till this browser is. The app's window needs none: the core knows it by its place. */
export function seat(): string | undefined {
  if (inApp) return undefined;
  try {
    let id = localStorage.getItem('chandi.seat');
    if (!id) {
      id = uuidv7();
      localStorage.setItem('chandi.seat', id);
    }
    return id;
  } catch {
    return undefined;
  }
}

export async function readLock(): Promise<void> {
  state.lock = await get<Lock>('/lock', undefined, { token: null });
}

/** Takes up a session that the core just made (sign-in and first set-up). */
export function adopt(made: Session): void {
  keepToken(made.token);
  state.session = made;
  startLive(made.token);
}

export async function signIn(staff: string, proof: { pin: string } | { password: string; code: string }): Promise<void> {
  const place = seat();
  adopt(await post<Session>('/sessions', { staff, ...proof, ...(place ? { seat: place } : {}) }, { token: null, retries: 0 }));
}

/** What was left here is known; it is not said again. */
export function tookOver(): void {
  if (state.session) state.session = { ...state.session, left: null };
}

/** After a reload: still signed in? */
export async function resume(): Promise<boolean> {
  const token = sessionToken();
  if (!token) return false;
  try {
    const found = await get<Omit<Session, 'token' | 'left'>>('/sessions/current');
    state.session = { ...found, token, left: null };
    startLive(token);
    return true;
  } catch {
    keepToken(null);
    return false;
  }
}

function leave(): void {
  stopLive();
  keepToken(null);
  state.session = null;
}

/** Locks the till. The open cart stays in the core for whoever comes next. */
export async function lockNow(): Promise<void> {
  const ending = sessionToken();
  leave();
  if (ending) await call('DELETE', '/sessions/current', { token: ending, retries: 1 }).catch(() => undefined);
}

whenSignedOut(leave);
