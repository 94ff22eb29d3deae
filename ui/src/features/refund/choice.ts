/** Which lines go back, and how much of each. Quantities only: what they are worth is the core's to say. Pure. */
import type { Order, OrderLine } from '$shared/api';
import { isNone, minus, within } from '$features/sales/quantities';

/** Line → quantity that goes back; absent or "0" is none. */
export type Choice = Record<number, string>;

/** What of a line is not refunded yet. */
export const refundable = (line: OrderLine): string => minus(line.ordered, line.refunded);

/** What the sales counter marked as missing: filled in, so that the usual refund is one tap. */
export function claimedOf(order: Order): Choice {
  return Object.fromEntries(order.lines.filter((line) => !isNone(line.claimed)).map((line) => [line.line, line.claimed]));
}

export function chosenLines(order: Order, choice: Choice): { line: number; quantity: string }[] {
  return order.lines.map((line) => ({ line: line.line, quantity: within(choice[line.line] ?? '0', refundable(line)) })).filter((one) => !isNone(one.quantity));
}

/** The order was read again. What a person chose stays as far as it is there; who chose nothing else sees the claims as they are now. */
export function keepChoice(fresh: Order, choice: Choice, before: Order): Choice {
  const untouched = JSON.stringify(chosenLines(before, choice)) === JSON.stringify(chosenLines(before, claimedOf(before)));
  if (untouched) return claimedOf(fresh);
  return Object.fromEntries(chosenLines(fresh, choice).map((one) => [one.line, one.quantity]));
}
