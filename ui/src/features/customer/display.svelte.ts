/** What the till shows the customer: live while the line holds, read again after every gap, kept as it was in between. */
import { get, isApiError, post, type Display, type GuestAnswer } from '$shared/api';
import { keepLink } from '$features/links/open';
import { inApp, inOrder, live, onLive, onResync, startLive, stopLive } from '$shared/live';

const KEY = 'chandi.display';
const PATIENCE_MS = 1500;
/** After how long at most an ended hand-out or refund is looked at again. */
const OVER_MS = 13_000;

const state = $state<{ display: Display | null; trouble: 'none' | 'ended' | 'noShop'; late: boolean }>({ display: null, trouble: 'none', late: false });

export const screen = {
  get display(): Display | null {
    return state.display;
  },
  /** `ended`: this browser's key opens nothing (any more). `noShop`: there is no shop yet, or the demo was left. */
  get trouble(): 'none' | 'ended' | 'noShop' {
    return state.trouble;
  },
  /** What is shown may be old. */
  get late(): boolean {
    return state.late;
  },
};

/** The key of this screen; null in the app's own window, which needs none. */
let key: string | null = null;
let again: () => void = () => undefined;

/** What the customer answers; the screen shows what the core makes of it. */
export async function answer(what: GuestAnswer): Promise<void> {
  try {
    await post('/display/answer', what, { token: key, retries: 1 });
  } finally {
    again();
  }
}

/** Looks once more. */
export function retry(): void {
  again();
}

/** A browser's key comes in the address and leaves it at once; a reload finds it in the page's own storage. */
function takeKey(): string | null {
  if (inApp) return null;
  const given = location.hash.slice(1);
  try {
    if (!given.startsWith('display.')) return sessionStorage.getItem(KEY);
    sessionStorage.setItem(KEY, given);
  } catch {
    // Without storage the key lives as long as the page.
  }
  if (!given.startsWith('display.')) return null;
  history.replaceState(history.state, '', location.pathname + location.search);
  return given;
}

/** Starts the screen; call what it returns to stop. Use it in an `$effect`. */
export function follow(): () => void {
  key = takeKey();
  let heard = 0;
  let stopped = false;
  let later: ReturnType<typeof setTimeout> | undefined;
  let paidOver: ReturnType<typeof setTimeout> | undefined;

  /** Clocks of two machines differ: never longer than the core meant, never without a pause. */
  const over = ({ at, until }: { at: string; until: string }) => {
    const whole = Date.parse(until) - Date.parse(at);
    const left = Date.parse(until) - Date.now();
    paidOver = setTimeout(() => void read(), Math.max(1000, Math.min(whole, left)) + 100);
  };
  const show = (display: Display) => {
    state.display = display;
    state.trouble = 'none';
    clearTimeout(paidOver);
    if (display.state === 'paid' && display.paid) {
      over(display.paid);
    } else if (display.state === 'failed' && display.failed) {
      over(display.failed);
    } else if (display.state === 'ask' && display.ask) {
      over(display.ask);
    } else if (display.state === 'refund' && display.refund) {
      paidOver = setTimeout(() => void read(), Math.max(1000, Math.min(OVER_MS, Date.parse(display.refund.until) - Date.now())) + 100);
    } else if (display.state === 'handing' && display.handing?.done) {
      paidOver = setTimeout(() => void read(), OVER_MS);
    }
  };

  const asked = inOrder();
  const read = async () => {
    clearTimeout(later);
    const before = heard;
    const counts = asked();
    try {
      const display = await get<Display>('/display', undefined, { token: key, retries: 0 });
      // What was told meanwhile is newer than the answer.
      if (!stopped && before === heard && counts()) show(display);
    } catch (error) {
      if (stopped) return;
      const code = isApiError(error) ? error.kind : 'broken';
      if (code === 'signed_out' || code === 'forbidden') {
        state.trouble = 'ended';
        state.display = null;
        stopLive();
      } else {
        if (isApiError(error, 'no_shop')) {
          state.trouble = 'noShop';
          state.display = null;
        }
        later = setTimeout(() => void read(), 3000);
      }
    }
  };

  again = () => void read();
  const begin = () => {
    // Without a key a device link may have let this browser in: the core knows.
    startLive(key);
    void read();
  };

  const ends = [
    onLive('display', ({ data }) => {
      heard += 1;
      if (data) show(data as Display);
      else void read();
    }),
    onResync(() => void read()),
  ];
  const newKey = () => {
    if (!location.hash.startsWith('#display.')) return;
    key = takeKey();
    begin();
  };
  addEventListener('hashchange', newKey);
  begin();
  if (key === null && !inApp) ends.push(keepLink());

  return () => {
    stopped = true;
    clearTimeout(later);
    clearTimeout(paidOver);
    removeEventListener('hashchange', newKey);
    ends.forEach((end) => end());
    stopLive();
  };
}

/** A line that comes back within a moment is no news to a customer. Use it in an `$effect`. */
export function watchLine(): (() => void) | undefined {
  if (live.connected) {
    state.late = false;
    return;
  }
  const timer = setTimeout(() => {
    state.late = true;
    // The line goes when a link ends, too: the core says which it is.
    again();
  }, PATIENCE_MS);
  return () => clearTimeout(timer);
}
