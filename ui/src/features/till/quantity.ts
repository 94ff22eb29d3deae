/** Quantities are decimal strings; stepping them is done on their digits, never on floats. */

/** "2" and 1 give "3"; never below zero. */
export function stepped(quantity: string, by: 1 | -1): string {
  const [whole = '0', fraction = ''] = quantity.split('.');
  const next = BigInt(whole) + BigInt(by);
  if (next < 0n || (next === 0n && by < 0 && !/[1-9]/.test(fraction))) return '0';
  return fraction ? `${next}.${fraction}` : `${next}`;
}

/** The sum of quantities as text, for the badge of a tile. */
export function summed(quantities: readonly string[]): string {
  const places = 3;
  const total = quantities.reduce((sum, one) => {
    const [whole = '0', fraction = ''] = one.split('.');
    return sum + BigInt(whole + fraction.padEnd(places, '0'));
  }, 0n);
  const figures = total.toString().padStart(places + 1, '0');
  return `${figures.slice(0, -places)}.${figures.slice(-places)}`.replace(/\.?0+$/, '');
}
