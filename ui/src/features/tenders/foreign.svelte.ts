/** Foreign cash that the shop takes, and what it is worth. The core does the sums. */
import { get, type Conversion, type CurrencyRates, type List } from '$shared/api';

export interface Foreign {
  currency: string;
  digits: number;
  rate: string;
}

const state = $state<{ list: Foreign[] }>({ list: [] });

export const foreign = {
  get list(): Foreign[] {
    return state.list;
  },
};

export async function readForeign(): Promise<void> {
  try {
    const { items } = await get<List<CurrencyRates>>('/rates');
    state.list = items.flatMap((one) => (one.now?.rate ? [{ currency: one.currency, digits: one.minor_digits, rate: one.now.rate }] : []));
  } catch {
    // Without rates there is no foreign cash; everything else goes on.
    state.list = [];
  }
}

export function convert(due: number, currency: string, received: number | null): Promise<Conversion> {
  return get<Conversion>('/rates/convert', { due_minor: due, currency, received_minor: received ?? undefined });
}
