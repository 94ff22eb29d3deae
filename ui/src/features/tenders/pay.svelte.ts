/** What the customer's screen asks for while a leg is waited for, and what it says when nothing came. */
import { del, post, uuidv7, type Offer, type TenderMethod } from '$shared/api';

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
export function offer(method: TenderMethod, amount: number): Promise<Offer> {
  return post<Offer>('/tenders/offer', { id: uuidv7(), method, amount_minor: amount });
}

/** The customer's screen goes back to the order. */
export function withdraw(): Promise<void> {
  return del('/tenders/offer');
}
