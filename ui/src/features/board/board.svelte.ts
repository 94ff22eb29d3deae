/** What the hall sees: read after every piece of news, kept as it was while the line is away. */
import { get, isApiError, type Board } from '$shared/api';
import { keepLink } from '$features/links/open';
import { inApp, onLive, onResync, startLive, stopLive } from '$shared/live';
import { play } from '$shared/sound/sound';
import { newlyReady } from './pages';

const KEY = 'chandi.board';
const AGAIN_MS = 3000;
/** Without any news it is read when the core says that something leaves it, and now and then all the same. */
const REST_MS = 30_000;

const state = $state<{ board: Board | null; fresh: { number: number; until: number }[]; trouble: 'none' | 'ended' | 'noShop' }>({ board: null, fresh: [], trouble: 'none' });

export const hall = {
  get board() { return state.board; },
  /** Numbers that just became ready. */
  get fresh() { return state.fresh; },
  get trouble() { return state.trouble; },
};

let again: () => void = () => undefined;
/** Looks once more, now. */
export const readBoard = (): void => again();

/** The key comes in the address and leaves it at once; a reload finds it in the page's own storage. */
function takeKey(): string | null {
  if (inApp) return null;
  const given = location.hash.slice(1);
  const isKey = /^(board|display)\.[^/]+$/.test(given);
  try {
    if (!isKey) return localStorage.getItem(KEY);
    localStorage.setItem(KEY, given);
  } catch {
    // Without storage the key lives as long as the page.
  }
  if (!isKey) return null;
  history.replaceState(history.state, '', location.pathname + location.search);
  return given;
}

export function follow(nowMs: number): () => void {
  let key = takeKey();
  let stopped = false;
  let turn = 0;
  let later: ReturnType<typeof setTimeout> | undefined;

  const read = async () => {
    clearTimeout(later);
    const mine = ++turn;
    try {
      const board = await get<Board>('/board', undefined, { token: key, retries: 0 });
      if (stopped || mine !== turn) return;
      const fresh = newlyReady(state.board?.ready ?? null, board.ready);
      state.board = board;
      state.trouble = 'none';
      const now = Date.now();
      state.fresh = [...fresh.map((number) => ({ number, until: now + nowMs })), ...state.fresh.filter((one) => one.until > now && !fresh.includes(one.number) && board.ready.some((ready) => ready.number === one.number))];
      if (fresh.length > 0) play('ready');
      const left = board.until ? Date.parse(board.until) - Date.parse(board.now) : REST_MS;
      later = setTimeout(() => void read(), Math.min(REST_MS, Math.max(1000, left + 100)));
    } catch (error) {
      if (stopped || mine !== turn) return;
      const kind = isApiError(error) ? error.kind : 'broken';
      if (kind === 'signed_out' || kind === 'forbidden') {
        state.trouble = 'ended';
        state.board = null;
        stopLive();
        return;
      }
      if (isApiError(error, 'no_shop')) {
        state.trouble = 'noShop';
        state.board = null;
      }
      later = setTimeout(() => void read(), AGAIN_MS);
    }
  };
  again = () => void read();
  const begin = () => {
    // Without a key a device link may have let this browser in: the core knows.
    startLive(key);
    void read();
  };
  const ends = [onLive('board', () => void read()), onLive('order', () => void read()), onResync(() => void read())];
  const newKey = () => {
    if (location.hash.length < 2) return;
    key = takeKey();
    begin();
  };
  addEventListener('hashchange', newKey);
  begin();
  if (key === null && !inApp) ends.push(keepLink());
  return () => {
    stopped = true;
    clearTimeout(later);
    removeEventListener('hashchange', newKey);
    ends.forEach((end) => end());
    stopLive();
  };
}
