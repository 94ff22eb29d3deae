/** How this device stands with the others. The pill shows it, and nothing waits for it. */
import { get, type SyncStatus } from '$shared/api';
import { useWords } from '$shared/i18n';
import { inOrder, onLive, onResync } from '$shared/live';

/** What is under way for less than this is no news. */
const PATIENCE_MS = 3000;
const BURST_MS = 200;

const state = $state<{ view: SyncStatus | null; slow: boolean }>({ view: null, slow: false });

export const sync = {
  get view(): SyncStatus | null {
    return state.view;
  },
  /** Facts are on their way for longer than a moment. */
  get slow(): boolean {
    return state.slow;
  },
};

let since: ReturnType<typeof setTimeout> | undefined;

const asked = inOrder();

export async function readSync(): Promise<void> {
  const counts = asked();
  const view = await get<SyncStatus>('/sync', undefined, { retries: 1 });
  if (view.state !== 'alone') await useWords('sync');
  if (!counts()) return;
  state.view = view;
  if (view.state !== 'catching_up') {
    clearTimeout(since);
    since = undefined;
    state.slow = false;
  } else since ??= setTimeout(() => (state.slow = true), PATIENCE_MS);
}

export function followSync(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void readSync().catch(() => undefined), BURST_MS); // what is shown stays until it can be read again
  };
  again();
  const stops = [onLive('sync', again), onLive('device', again), onResync(again)];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}
