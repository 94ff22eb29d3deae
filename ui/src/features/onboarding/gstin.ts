/** An Indian tax number says its State and carries a check digit; both are read here while it is typed. */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const SHAPE = /^\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]$/;

export type GstinFault = 'short' | 'shape' | 'check';

/** What was typed or pasted, without the spaces and dashes people put in. */
export function tidyGstin(text: string): string {
  return text.toUpperCase().replace(/[^0-9A-Z]/g, '').slice(0, 15);
}

function checkDigit(first14: string): string {
  let sum = 0;
  [...first14].forEach((character, index) => {
    const product = DIGITS.indexOf(character) * (index % 2 === 0 ? 1 : 2);
    sum += Math.floor(product / 36) + (product % 36);
  });
  return DIGITS[(36 - (sum % 36)) % 36]!;
}

/** Null when the number is right. */
export function gstinFault(number: string): GstinFault | null {
  if (number.length < 15) return 'short';
  if (!SHAPE.test(number)) return 'shape';
  return checkDigit(number.slice(0, 14)) === number[14] ? null : 'check';
}

/** The code of the State, as soon as its two digits stand. */
export function gstinState(number: string): string | null {
  return /^\d{2}/.test(number) ? number.slice(0, 2) : null;
}
