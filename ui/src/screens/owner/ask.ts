/** How the owners' page reaches its hub. What changes something shows the word of its session beside the cookie. */
export interface Session {
  name: string;
  login: string;
  page: string;
  recovery: string[] | null;
}
export interface Figures {
  orders: number;
  sold_minor: number;
  tax_minor: number;
  refunds: number;
  refunded_minor: number;
  net_minor: number;
}
export interface Dashboard {
  shop: string | null;
  /** The shop's day that goes on now. */
  today: number;
  currency: { code: string; digits: number } | null;
  total: Figures;
  branches: (Figures & { branch: string; name: string | null })[];
  days: (Figures & { day: number })[];
  products: { product: string; name: string; milli: number; sold_minor: number }[];
  methods: { method: string; taken_minor: number; refunded_minor: number }[];
}
export interface Device {
  device: string;
  branch: string | null;
  name: string | null;
  facts: number;
  seen_ms: number | null;
  silent: boolean;
  revoked: boolean;
  forked: boolean;
}
export interface Devices {
  devices: Device[];
  organisation: { name: string; most_shops: number; shops: number; most_devices: number; devices: number };
}
export interface Matter {
  /** The words are `attention.*`. */
  kind: string;
  about: string;
  weight: number;
  amount_minor: number | null;
  at_ms: number | null;
}
export interface Matters {
  currency: { code: string; digits: number } | null;
  shop: Matter[];
  branches: { branch: string; name: string | null; device: string | null; heard_ms: number | null; matters: Matter[]; more: number }[];
}
/** Somebody who asked for a login at a device that does not speak for the owner alone. */
export interface Waiting {
  id: string;
  name: string;
  device: string | null;
  until_ms: number;
}
export interface SignedIn {
  id: string;
  created_ms: number;
  seen_ms: number;
  agent: string;
  this: boolean;
}

/** What the hub did not do; the words are `owner.error.*`. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    readonly waitMs: number | null,
  ) {
    super(code);
  }
}

let page = 'none';

export async function ask<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`/owner/api/${path}`, {
      method,
      credentials: 'same-origin',
      headers: { 'x-chandi-page': page, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused('no_answer', null);
  }
  if (answer.status === 204) return undefined as T;
  const said: unknown = await answer.json().catch(() => null);
  if (!answer.ok) {
    const error = (said as { error?: { code?: string; wait_ms?: number | null } } | null)?.error;
    throw new Refused(error?.code ?? 'unavailable', error?.wait_ms ?? null);
  }
  return said as T;
}

export function begin(session: Session): Session {
  page = session.page;
  return session;
}

/** Days as the hub counts them: year, month and day in one number. */
export function dayNumber(day = new Date()): number {
  return day.getFullYear() * 10_000 + (day.getMonth() + 1) * 100 + day.getDate();
}

/** So many days before one. */
export function daysBefore(day: number, back: number): number {
  const date = dayDate(day);
  date.setDate(date.getDate() - back);
  return dayNumber(date);
}

export function dayDate(day: number): Date {
  return new Date(Math.floor(day / 10_000), (Math.floor(day / 100) % 100) - 1, day % 100);
}
