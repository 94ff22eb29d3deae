/** What the number pad's keys do to the figures typed so far. Pure. */
import { minor, toDecimal, type Currency, type Minor } from './money';

export type PadKey = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '00' | '.' | 'back' | 'clear';

/** Shops that pay in whole units type "500" and "." for the fraction; others fill in from the right. */
export function fillsFromRight(currency: Currency): boolean {
  return ['EUR', 'USD', 'GBP', 'CHF'].includes(currency.code);
}

export function pressAmount(typed: string, key: PadKey, currency: Currency): string {
  if (key === 'clear') return '';
  if (key === 'back') return typed.slice(0, -1);
  if (fillsFromRight(currency)) {
    if (key === '.') return typed;
    return (typed + key).replace(/^0+/, '').slice(0, 11);
  }
  return pressDecimal(typed, key, currency.digits, 9);
}

/** Figures with at most `decimals` after the point. */
export function pressDecimal(typed: string, key: PadKey, decimals: number, whole = 6): string {
  if (key === 'clear') return '';
  if (key === 'back') return typed.slice(0, -1);
  if (key === '.') return decimals === 0 || typed.includes('.') ? typed : `${typed || '0'}.`;
  let next = typed;
  for (const figure of key) {
    const candidate = next + figure;
    const [left = '', right = ''] = candidate.split('.');
    if (right.length > decimals || left.length > whole) break;
    next = candidate.includes('.') ? candidate : candidate.replace(/^0+(?=\d)/, '');
  }
  return next;
}

/** The amount that the typed figures stand for; null when nothing is typed. */
export function typedAmount(typed: string, currency: Currency): Minor | null {
  if (typed === '') return null;
  if (fillsFromRight(currency)) return minor(Number(typed));
  const [left = '', right = ''] = typed.split('.');
  return minor(Number((left || '0') + right.padEnd(currency.digits, '0')));
}

/** The figures as they stand in the field while being typed. */
export function typedText(typed: string, currency: Currency): string {
  if (!fillsFromRight(currency)) return typed || '0';
  return toDecimal(Number(typed || '0'), currency.digits);
}
