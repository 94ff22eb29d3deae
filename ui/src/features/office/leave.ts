/**
 * Leaves a page that stands over another and waits until it is gone, so that what is said next lands on the page below.
 * `from`: where it stood when something was begun that took a while; whoever went elsewhere meanwhile stays there.
 */
import { tick } from 'svelte';

export async function leave(go: () => void, from = location.hash): Promise<void> {
  const before = location.hash;
  if (before !== from) return;
  const gone = new Promise<void>((resolve) => addEventListener('hashchange', () => resolve(), { once: true }));
  go();
  if (location.hash !== before) await gone;
  await tick();
}
