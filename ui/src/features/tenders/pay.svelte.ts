/** What the customer's screen asks for while a leg is waited for, and what it says when nothing came. */
import { call, post, uuidv7, type Offer, type TenderMethod } from '$shared/api';
import type { Leg } from './legs';

/** What is paid: the open cart, or an order whose bill stands. */
export interface Bill {
  kind: 'cart' | 'order';
  id: string;
  total: number;
  /** What is asked when all of it is paid in cash. */
  cash: number;
}

/** The address that the customer's app pays to, as the code says it. */
export function payeeOf(uri: string): string {
  return new URLSearchParams(uri.slice(uri.indexOf('?') + 1)).get('pa') ?? '';
}

// One after the other, so that what was said last is what stands on the customer's screen.
let line: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = line.then(work, work);
  line = turn.catch(() => undefined);
  return turn;
}

/** Asks for a leg on the customer's screen; without a way to pay, it says what is paid and what is left. An order whose bill stands is nobody's open cart: only the till shows its code. */
export function offer(method: TenderMethod | '', amount: number, tip: number, taken: Pick<Leg, 'method' | 'amount'>[]): Promise<Offer> {
  const legs = taken.map((leg) => ({ method: leg.method, amount_minor: leg.amount }));
  return inTurn(() => post<Offer>('/tenders/offer', { id: uuidv7(), method, amount_minor: amount, tip_minor: tip, taken: legs }));
}

/** The customer's screen goes back to the order; `failed` tells it that nothing was taken. */
export function withdraw(failed = false): Promise<void> {
  return inTurn(() => call('DELETE', '/tenders/offer', { query: { failed: failed || undefined } }));
}
