import { describe, expect, it } from 'vitest';
import { currencySign, formatMinor, parseMinor, toDecimal } from './money';
import { pressAmount, pressDecimal, typedAmount, typedText, type PadKey } from './pad';

const inr = { code: 'INR', digits: 2 };
const eur = { code: 'EUR', digits: 2 };
const jpy = { code: 'JPY', digits: 0 };
const kwd = { code: 'KWD', digits: 3 };

describe('amounts on the screen', () => {
  it('keep every digit of the currency', () => {
    expect(formatMinor(124100, inr)).toBe('₹1,241.00');
    expect(formatMinor(12345678900, inr)).toBe('₹12,34,56,789.00');
    expect(formatMinor(1241, jpy)).toBe('¥1,241');
    expect(formatMinor(1241, kwd)).toMatch(/1\.241$/);
  });
  it('use a true minus before the sign', () => {
    expect(formatMinor(-2, inr)).toBe('−₹0.02');
  });
  it('are exact beyond what a float division keeps', () => {
    expect(toDecimal(9007199254740991, 2)).toBe('90071992547409.91');
    expect(formatMinor(900719925474099, eur)).toBe('€9,007,199,254,740.99');
  });
  it('show the sign alone', () => {
    expect(currencySign(inr)).toBe('₹');
  });
});

describe('amounts as typed', () => {
  it('are read exactly', () => {
    expect(parseMinor('1,241.50', 2)).toBe(124150);
    expect(parseMinor('12', 2)).toBe(1200);
    expect(parseMinor('१२.५', 2)).toBe(1250);
    expect(parseMinor('٣٫٢٥', 2)).toBe(325);
    expect(parseMinor('.5', 2)).toBe(50);
  });
  it('may have a comma before the decimals, and never become a hundred times as much', () => {
    for (const [text, value] of [['18,50', 1850], ['1,250', 125000], ['1,00,000', 10000000], ['12,34,567.89', 123456789], ['1.250,50', 125050], ['1.250.000,50', 125000050]] as const) {
      expect(parseMinor(text, 2), text).toBe(value);
    }
    for (const text of ['1,00,00', '1,2,3', '12.50,000', '1,250,50', '0,250,000', ',', '1,25.000']) expect(parseMinor(text, 2), text).toBeNull();
    expect(parseMinor('1,250', 3), 'a dinar and a quarter, or a thousand').toBeNull();
    expect(parseMinor('1,250.500', 3)).toBe(1250500);
  });
  it('are refused when they are none', () => {
    for (const text of ['', '.', '1.234', '-5', '1e3', 'abc', '1.2.3']) expect(parseMinor(text, 2), text).toBeNull();
  });
});

function press(keys: string, currency: { code: string; digits: number }): string {
  return keys.split(' ').reduce((typed, key) => pressAmount(typed, key as PadKey, currency), '');
}

describe('number pad', () => {
  it('types whole rupees, and paise after the point', () => {
    expect(typedAmount(press('5 00', inr), inr)).toBe(50000);
    expect(typedAmount(press('5 . 2 5 9', inr), inr)).toBe(525);
    expect(press('0 0 7', inr)).toBe('7');
  });
  it('fills euros from the right', () => {
    expect(typedAmount(press('1 2 5 0', eur), eur)).toBe(1250);
    expect(typedText('5', eur)).toBe('0.05');
  });
  it('clears, steps back, and knows when nothing is typed', () => {
    expect(press('1 2 back', inr)).toBe('1');
    expect(press('1 2 clear', inr)).toBe('');
    expect(typedAmount('', inr)).toBeNull();
  });
  it('allows a point only where the unit has decimals', () => {
    expect(pressDecimal('2', '.', 0)).toBe('2');
    expect(pressDecimal('', '.', 3)).toBe('0.');
    expect(pressDecimal('0.750', '1', 3)).toBe('0.750');
  });
});
