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

/** Asks for a leg on the customer's screen. An order whose bill stands is nobody's open cart: only the till shows its code. */
export function offer(method: TenderMethod, amount: number, tip: number, taken: Pick<Leg, 'method' | 'amount'>[]): Promise<Offer> {
  return post<Offer>('/tenders/offer', { id: uuidv7(), method, amount_minor: amount, tip_minor: tip, taken: taken.map((leg) => ({ method: leg.method, amount_minor: leg.amount })) });
}

/** The customer's screen goes back to the order; `failed` tells it that nothing was taken. */
export function withdraw(failed = false): Promise<void> {
  return call('DELETE', '/tenders/offer', { query: { failed: failed || undefined } });
}
