/** What the customer is asked on their own screen while a sheet of the till is open, and what they said. */
import { call, get, post, uuidv7, type GuestAsk } from '$shared/api';
import { inOrder, onLive, onResync } from '$shared/live';

const state = $state<{ ask: GuestAsk | null }>({ ask: null });

export const asks = {
  /** The question that stands there now. */
  get now(): GuestAsk | null {
    return state.ask;
  },
};

/** Asks until what it returns is called. Without a customer's screen nobody answers, and the till's own pad does. Use it in an `$effect`. */
export function askGuest(kind: 'tip' | 'phone', amount: number | null): () => void {
  const id = uuidv7();
  let over = false;
  const show = (found: GuestAsk | null) => {
    if (!over) state.ask = found?.id === id ? found : null;
  };
  const asked = inOrder();
  const read = () => {
    const counts = asked();
    void get<GuestAsk | null>('/display/ask').then((found) => void (counts() && show(found)), () => undefined);
  };
  post<GuestAsk>('/display/ask', { id, kind, ...(amount === null ? {} : { amount_minor: amount }) }).then(
    (made) => {
      if (state.ask?.id !== id) show(made);
    },
    () => undefined,
  );
  const stops = [onLive('ask', read), onResync(read)];
  return () => {
    over = true;
    state.ask = null;
    stops.forEach((stop) => stop());
    // Forgotten by the core after a while, too.
    void call('DELETE', '/display/ask', { query: { id } }).catch(() => undefined);
  };
}
