/**
 * An exchange: what came back is store credit, and the next sale begins by paying with it.
 * Both are documents of their own; what the customer pays or gets is the difference.
 */
import { get, type Card, type List, type Order } from '$shared/api';

export interface ExchangeCredit {
  code: string;
  amount: number;
  /** The order that goods came back from. */
  number: number;
}

const KEY = 'chandi.exchange';

function kept(): ExchangeCredit | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as ExchangeCredit | null;
  } catch {
    return null;
  }
}

const state = $state<{ credit: ExchangeCredit | null }>({ credit: kept() });

export const exchange = {
  get credit(): ExchangeCredit | null {
    return state.credit;
  },
};

export function keepExchange(credit: ExchangeCredit | null): void {
  state.credit = credit;
  try {
    if (credit) sessionStorage.setItem(KEY, JSON.stringify(credit));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage it lives as long as the page; the code is on the customer's slip too.
  }
}

/** The store credit that a refund of this order made last, if it did. */
export async function creditOf(order: Order): Promise<ExchangeCredit | null> {
  const { items } = await get<List<Card>>(`/orders/${order.id}/cards`);
  const card = items.filter((one) => one.kind === 'store_credit' && one.code !== null && one.available_minor > 0).at(-1);
  return card?.code ? { code: card.code, amount: card.available_minor, number: order.number } : null;
}
