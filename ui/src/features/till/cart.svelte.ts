/** The open cart as the core keeps it. Every change is a message to the core; the page shows what comes back. */
import { get, isApiError, post, del, uuidv7, type Approval, type Cart, type CartChange, type List, type Order } from '$shared/api';
import type { CartsElsewhere } from '$shared/api/lead';
import { inOrder, onLive, onResync } from '$shared/live';
import { placing, setExchange, type Goods } from '$features/exchange/exchange.svelte';
import { asTenders, type Leg } from '$features/tenders/legs';
import { session } from '$shared/state/session.svelte';

interface Refusal {
  change: CartChange;
  limit: number | null;
}

const state = $state<{ cart: Cart | null; parked: number; waiting: number; paid: Order | null; needsApproval: Refusal | null; phone: string | null }>({
  cart: null,
  parked: 0,
  waiting: 0,
  paid: null,
  needsApproval: null,
  phone: null,
});

export const till = {
  get cart(): Cart | null {
    return state.cart;
  },
  get lines() {
    return state.cart?.lines ?? [];
  },
  get empty(): boolean {
    return this.lines.length === 0;
  },
  /** How many orders are parked. */
  get parked(): number {
    return state.parked;
  },
  get busy(): boolean {
    return state.waiting > 0;
  },
  /** The order that was just paid, until the next sale begins. */
  get paid(): Order | null {
    return state.paid;
  },
  /** The customer's phone number, for the next payment. */
  get phone(): string | null {
    return state.phone;
  },
  /** A discount that waits for a second person. */
  get needsApproval(): Refusal | null {
    return state.needsApproval;
  },
};

// Changes go out one after the other, so that two quick taps arrive in their order.
let line: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = line.then(work, work);
  line = turn.catch(() => undefined);
  return turn;
}

function show(cart: Cart): void {
  // An answer that was overtaken must not bring an older cart back.
  const current = state.cart;
  if (!current || current.id !== cart.id || cart.revision >= current.revision) state.cart = cart;
}

export async function readCart(): Promise<void> {
  state.cart = await inTurn(() => get<Cart>('/cart'));
  await readParked();
}

const parkedAsked = inOrder();

export async function readParked(): Promise<void> {
  const counts = parkedAsked();
  const [here, there] = await Promise.all([parkedCarts(), cartsElsewhere()]);
  if (!counts()) return;
  state.parked = here.items.length + there.items.filter((cart) => cart.state === 'parked').length;
}

export async function change(change: CartChange, approval?: Approval): Promise<Cart> {
  const id = uuidv7();
  state.waiting += 1;
  try {
    const cart = await inTurn(() => post<Cart>('/cart/changes', { id, change, ...(approval ? { approval } : {}) }));
    if (change.kind !== 'stage') state.paid = null;
    show(cart);
    return cart;
  } catch (error) {
    if (isApiError(error, 'discount_above_limit') && !approval) {
      const limit = Number(error.hints.limit_percent);
      state.needsApproval = { change, limit: Number.isFinite(limit) ? limit : null };
    }
    throw error;
  } finally {
    state.waiting -= 1;
  }
}

/** What comes back for this cart; null lets it go. */
export async function exchangeFor(goods: Goods | null, approval?: Approval): Promise<void> {
  state.waiting += 1;
  try {
    state.cart = await inTurn(() => setExchange(goods, approval));
    state.paid = null;
  } finally {
    state.waiting -= 1;
  }
}

export function forgetApproval(): void {
  state.needsApproval = null;
}

export async function park(label: string): Promise<void> {
  state.cart = await inTurn(() => post<Cart>('/cart/park', { id: uuidv7(), label: label || null }));
  await readParked();
}

export function parkedCarts(): Promise<List<Cart>> {
  return get<List<Cart>>('/carts');
}

/** The carts at the branch's other tills. */
export function cartsElsewhere(): Promise<CartsElsewhere> {
  return get<CartsElsewhere>('/carts/elsewhere');
}

export async function recall(id: string): Promise<void> {
  state.cart = await inTurn(() => post<Cart>(`/carts/${id}/recall`, { id: uuidv7() }));
  state.paid = null;
  await readParked();
}

export async function deleteParked(id: string): Promise<void> {
  await del(`/carts/${id}`);
  await readParked();
}

// The same payment keeps its ids however often it is tried, so that an answer that got lost is not a second order.
let attempt: { key: string; order: string; back: string; tenders: string[] } | null = null;

/** Pays the open cart. One leg may leave its amount open: then it is the total. */
export async function pay(legs: Omit<Leg, 'id'>[], approval?: Approval): Promise<Order> {
  const cart = state.cart;
  if (!cart) throw new Error('there is no cart to pay');
  const asked = cart.to_pay_minor === 0 ? [] : legs;
  const key = JSON.stringify([cart.id, cart.revision, state.phone, asked.map((leg) => ({ ...leg, id: undefined })), placing(cart, '')]);
  if (attempt?.key !== key) attempt = { key, order: uuidv7(), back: uuidv7(), tenders: asked.map(() => uuidv7()) };
  const { order: id, back, tenders } = attempt;
  const body = {
    id,
    cart: cart.id,
    tenders: asTenders(asked.map((leg, at) => ({ ...leg, id: tenders[at]! }))),
    expected_total_minor: cart.total_minor,
    ...placing(cart, back),
    ...(state.phone ? { phone: state.phone } : {}),
    ...(approval ? { approval } : {}),
  };
  state.waiting += 1;
  try {
    const order = await inTurn(() => post<Order>('/orders', body));
    attempt = null;
    state.phone = null;
    state.paid = order;
    state.cart = await get<Cart>('/cart');
    return order;
  } catch (error) {
    if (isApiError(error, 'total_differs') || isApiError(error, 'exchange_gone')) await readChanges();
    throw error;
  } finally {
    state.waiting -= 1;
  }
}

/** Prices or taxes changed: the till and the customer's screen show it before anybody pays. */
async function readChanges(): Promise<void> {
  await readCart();
  const cart = state.cart;
  if (cart && (cart.rate_changes.length > 0 || cart.total_was_minor !== null)) await change({ kind: 'stage', stage: 'cart' });
}

/** Takes a payment back while nothing was handed over; the core brings the cart back when no new one was begun. */
export async function undoPayment(order: Order, reason: string): Promise<void> {
  await post(`/orders/${order.id}/cancel`, { id: uuidv7(), reason });
  state.paid = null;
  await readCart();
}

export function closePaid(): void {
  state.paid = null;
}

/** The paid order changed: a new token, a phone number. */
export function showPaid(order: Order): void {
  if (state.paid?.id === order.id) state.paid = order;
}

export function setPhone(phone: string | null): void {
  state.phone = phone;
}

/** Follows the core while the till is shown: other windows of the same seat, and reconnections. */
export function followCart(): () => void {
  const again = () => {
    if (session.current && state.waiting === 0) void readCart().catch(() => undefined);
  };
  let soon: ReturnType<typeof setTimeout> | undefined;
  const changed = () => {
    clearTimeout(soon);
    // Many products change at once: one look is enough.
    soon = setTimeout(() => {
      if (session.current && state.waiting === 0 && (state.cart?.lines.length ?? 0) > 0) void readChanges().catch(() => undefined);
    }, 300);
  };
  const stops = [onLive('cart', again), onLive('carts', () => void readParked().catch(() => {})), onLive('product', changed), onLive('modifier_group', changed), onLive('setting', changed), onResync(again)];
  return () => {
    clearTimeout(soon);
    stops.forEach((stop) => stop());
  };
}
