/** What the screens of drawers share: reading, currencies, words of ways to pay. */
import { get, type CountForm, type CurrentShift, type DrawerCurrency } from '$shared/api';
import { tMaybe } from '$shared/i18n';
import { formatMinor, type Currency } from '$shared/money/money';
import { typedAmount } from '$shared/money/pad';

export const readCurrent = () => get<CurrentShift>('/shifts/current');

/** A currency by its code; how many digits it has is common knowledge of the browser. */
export function currencyOf(code: string): Currency {
  const digits = new Intl.NumberFormat('en', { style: 'currency', currency: code }).resolvedOptions().maximumFractionDigits ?? 2;
  return { code, digits };
}

export const amountOf = (minor: number, code: string) => formatMinor(minor, currencyOf(code));

export const methodWord = (method: string) => tMaybe(`shift.method.${method}`) ?? method;

/** What was typed for one currency: how many of each note and coin, by its value, and loose money. */
export interface Typed {
  pieces: Record<number, string>;
  loose: string;
}

export const nothingTyped = (): Typed => ({ pieces: {}, loose: '' });

export function isCounted(typed: Typed): boolean {
  return typed.loose !== '' || Object.values(typed.pieces).some((count) => count !== '');
}

/** The count as the core wants it; currencies that nobody counted are left out. */
export function countForms(currencies: DrawerCurrency[], typed: Record<string, Typed>): CountForm[] {
  return currencies.flatMap(({ currency, digits, denominations }) => {
    const of = typed[currency];
    if (!of || !isCounted(of)) return [];
    const pieces = denominations
      .filter((value) => (of.pieces[value] ?? '') !== '')
      .map((value) => ({ value_minor: value, count: Number(of.pieces[value]) }));
    return [{ currency, pieces, loose_minor: typedAmount(of.loose, { code: currency, digits }) ?? 0 }];
  });
}
