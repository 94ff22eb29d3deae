/** The orders whose customers have money to come, the oldest first. */
import { get, type List, type Order } from '$shared/api';

export async function ordersDue(): Promise<Order[]> {
  return (await get<List<Order>>('/orders', { due: true, limit: 200 })).items.reverse();
}
