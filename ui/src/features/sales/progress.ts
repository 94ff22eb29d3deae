/** How far an order is: the screens in the hall and at every counter follow. */
import { post, uuidv7, type Order } from '$shared/api';

export function progress(order: string, to: 'placed' | 'preparing' | 'ready'): Promise<Order> {
  return post<Order>(`/orders/${order}/progress`, { id: uuidv7(), to });
}
