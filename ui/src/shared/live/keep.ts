/** A list that is read now and again after news. Call it in an `$effect` and return what it returns. */
import { onLive, onResync } from './live.svelte';

/** News come in bursts: one reading serves them all. */
const BURST_MS = 150;

type Kind = Parameters<typeof onLive>[0];

/** `again`: how it is read after news, where that is another way. */
export function keepRead(kind: Kind | Kind[], read: () => Promise<void>, again = read): () => void {
  void read();
  let soon: ReturnType<typeof setTimeout> | undefined;
  const news = () => {
    clearTimeout(soon);
    soon = setTimeout(() => void again(), BURST_MS);
  };
  const kinds = Array.isArray(kind) ? kind : [kind];
  const stops = [...kinds.map((one) => onLive(one, news)), onResync(news)];
  return () => {
    clearTimeout(soon);
    stops.forEach((stop) => stop());
  };
}
