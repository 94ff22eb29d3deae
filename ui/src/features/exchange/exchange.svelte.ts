/** An exchange: which goods come back for the open cart, and how what is owed goes back. Both halves are one ticket. */
import { put, uuidv7, type Approval, type Cart } from '$shared/api';

export interface Goods {
  order: string;
  lines: { line: number; quantity: string }[];
  reason: string;
}

const state = $state<{ back: string | null }>({ back: null });

export const exchange = {
  /** The way that a person chose for what is owed; null is the way it was paid. */
  get back(): string | null {
    return state.back;
  },
};

export function payBackBy(method: string | null): void {
  state.back = method;
}

// The same goods keep their id however often they are sent: a lost answer changes the cart once.
let attempt: { what: string; id: string } | null = null;

/** Says what comes back for the seat's cart; null lets it go. Throws `refund_needs_approval` when somebody has to agree. */
export async function setExchange(goods: Goods | null, approval?: Approval): Promise<Cart> {
  const what = JSON.stringify(goods);
  if (attempt?.what !== what) attempt = { what, id: uuidv7() };
  const cart = await put<Cart>('/cart/exchange', { id: attempt.id, goods, ...(approval ? { approval } : {}) });
  attempt = null;
  state.back = null;
  return cart;
}

/** What goes to the core beside the cart: the goods' worth as it was seen, and how the rest is paid back. */
export function placing(cart: Cart, tender: string): object {
  if (!cart.exchange) return {};
  const chosen = cart.exchange.owed_minor > 0 ? state.back : null;
  return { exchange: { expected_back_minor: cart.exchange.back_minor, ...(chosen ? { tenders: [{ id: tender, method: chosen }] } : {}) } };
}
