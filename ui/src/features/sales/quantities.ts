/** Quantities of lines as the sales counter works with them: decimal strings, counted in thousandths, never floats. */

export function toMilli(quantity: string): bigint {
  const [whole = '0', fraction = ''] = quantity.split('.');
  return BigInt(whole || '0') * 1000n + BigInt(fraction.padEnd(3, '0').slice(0, 3));
}

export function fromMilli(milli: bigint): string {
  const figures = milli.toString().padStart(4, '0');
  return `${figures.slice(0, -3)}.${figures.slice(-3)}`.replace(/\.?0+$/, '');
}

export const plus = (a: string, b: string): string => fromMilli(toMilli(a) + toMilli(b));
export const minus = (a: string, b: string): string => fromMilli(toMilli(a) > toMilli(b) ? toMilli(a) - toMilli(b) : 0n);
export const isNone = (quantity: string): boolean => toMilli(quantity) === 0n;
export const isMore = (a: string, b: string): boolean => toMilli(a) > toMilli(b);
/** Between nothing and the most there is. */
export const within = (quantity: string, most: string): string => (isMore(quantity, most) ? fromMilli(toMilli(most)) : fromMilli(toMilli(quantity)));
