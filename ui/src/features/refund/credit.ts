import { get, type Card, type List, type Order } from '$shared/api';

/** The code of the store credit that a refund of this order made last, for whoever hands it over. */
export async function creditOf(order: Order): Promise<string | null> {
  const { items } = await get<List<Card>>(`/orders/${order.id}/cards`);
  const card = items.filter((one) => one.kind === 'store_credit' && one.code !== null && one.available_minor > 0).at(-1);
  return card?.code ?? null;
}
