/** Leaves a page that stands over another and waits until it is gone, so that what is said next lands on the page below. */
import { tick } from 'svelte';

export async function leave(go: () => void): Promise<void> {
  const before = location.hash;
  const gone = new Promise<void>((resolve) => addEventListener('hashchange', () => resolve(), { once: true }));
  go();
  if (location.hash !== before) await gone;
  await tick();
}
