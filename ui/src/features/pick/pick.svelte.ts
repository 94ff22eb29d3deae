/** What is open to prepare or to hand over: read after every piece of news, kept as it was while the line is away. */
import { get, isApiError, type OpenOrders } from '$shared/api';
import { keepLink } from '$features/links/open';
import { onLive, onResync, startLive, stopLive } from '$shared/live';

const AGAIN_MS = 3000;
/** Without any news it is read now and then all the same. */
const REST_MS = 30_000;

const state = $state<{ pick: OpenOrders | null; trouble: 'none' | 'ended' | 'noShop' }>({ pick: null, trouble: 'none' });

export const open = {
  get pick() { return state.pick; },
  /** `ended`: this browser's link opens nothing (any more). */
  get trouble() { return state.trouble; },
};

let again: () => Promise<void> = async () => undefined;

/** Looks once more, now. */
export const readPick = (): Promise<void> => again();

/** `linked`: nobody is signed in here, the browser's link is what lets it in. */
export function follow(linked: boolean): () => void {
  let stopped = false;
  let turn = 0;
  let later: ReturnType<typeof setTimeout> | undefined;

  const read = async () => {
    clearTimeout(later);
    const mine = ++turn;
    try {
      const pick = await get<OpenOrders>('/pick', undefined, { ...(linked ? { token: null } : {}), retries: 0 });
      if (stopped || mine !== turn) return;
      state.pick = pick;
      state.trouble = 'none';
      later = setTimeout(() => void read(), REST_MS);
    } catch (error) {
      if (stopped || mine !== turn) return;
      const kind = isApiError(error) ? error.kind : 'broken';
      if (linked && (kind === 'signed_out' || kind === 'forbidden')) {
        state.trouble = 'ended';
        state.pick = null;
        stopLive();
        return;
      }
      if (isApiError(error, 'no_shop')) {
        state.trouble = 'noShop';
        state.pick = null;
      }
      later = setTimeout(() => void read(), AGAIN_MS);
    }
  };
  again = read;
  const ends = [onLive('order', () => void read()), onLive('board', () => void read()), onResync(() => void read())];
  if (linked) {
    startLive(null);
    ends.push(keepLink());
  }
  void read();
  return () => {
    stopped = true;
    clearTimeout(later);
    ends.forEach((end) => end());
    if (linked) stopLive();
  };
}
