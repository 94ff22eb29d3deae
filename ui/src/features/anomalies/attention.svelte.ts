/** How many things wait for somebody's look. Read now and again after news; selling makes many of those. */
import { get, type AnomalyCounts } from '$shared/api';
import { onLive, onResync } from '$shared/live';
import { session } from '$shared/state/session.svelte';

const QUIET_MS = 1500;
const state = $state<{ counts: AnomalyCounts | null }>({ counts: null });

export const attention = {
  get count(): number {
    return (state.counts?.anomalies ?? 0) + (state.counts?.set_aside ?? 0);
  },
};

async function read(): Promise<void> {
  if (!session.may('report.read')) return;
  state.counts = await get<AnomalyCounts>('/anomalies/count', undefined, { retries: 1 });
}

export function followAttention(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = (ms: number) => () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void read().catch(() => undefined); // what is shown stays until it can be read again
    }, ms);
  };
  soon(0)();
  const later = soon(QUIET_MS);
  const stops = [...(['anomaly', 'order', 'customer', 'card', 'product', 'device', 'sync'] as const).map((kind) => onLive(kind, later)), onResync(later)];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}
