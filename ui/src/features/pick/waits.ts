/** How long an order waits, and from when on that is long. Pure. */
import type { PickOrder } from '$shared/api';

/** Minutes after which a card says that it waits, and that it waits too long. */
export const LONG = 5;
export const TOO_LONG = 10;

export function minutesWaiting(order: Pick<PickOrder, 'placed_at'>, now: number): number {
  return Math.max(0, Math.floor((now - Date.parse(order.placed_at)) / 60_000));
}

export function pressing(order: Pick<PickOrder, 'placed_at' | 'state'>, now: number): 'plain' | 'long' | 'tooLong' {
  if (order.state === 'ready') return 'plain';
  const minutes = minutesWaiting(order, now);
  return minutes >= TOO_LONG ? 'tooLong' : minutes >= LONG ? 'long' : 'plain';
}

/** What is still to be made, and what waits for its guest. */
export function halves<T extends { state: PickOrder['state'] }>(orders: readonly T[]): { make: T[]; give: T[] } {
  return { make: orders.filter((one) => one.state === 'placed' || one.state === 'preparing'), give: orders.filter((one) => one.state === 'ready' || one.state === 'partial') };
}
