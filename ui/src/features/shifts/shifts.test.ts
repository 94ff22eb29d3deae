import { expect, it } from 'vitest';
import type { DrawerCurrency } from '$shared/api';
import { countForms, currencyOf, isCounted, nothingTyped } from './shifts';

const rupees: DrawerCurrency = { currency: 'INR', digits: 2, denominations: [50_000, 10_000, 100], left_minor: 0, own: true };
const dinars: DrawerCurrency = { currency: 'KWD', digits: 3, denominations: [1_000], left_minor: 0, own: false };

it('sends what was counted, and nothing of what nobody counted', () => {
  const typed = { INR: { pieces: { 50_000: '3', 10_000: '', 100: '0' }, loose: '12.5' }, KWD: nothingTyped() };
  expect(countForms([rupees, dinars], typed)).toEqual([
    { currency: 'INR', pieces: [{ value_minor: 50_000, count: 3 }, { value_minor: 100, count: 0 }], loose_minor: 1_250 },
  ]);
  expect(countForms([rupees, dinars], { ...typed, KWD: { pieces: {}, loose: '1.5' } })[1]).toEqual({ currency: 'KWD', pieces: [], loose_minor: 1_500 });
});

it('a typed nought is a count, an empty field is none', () => {
  expect(isCounted(nothingTyped())).toBe(false);
  expect(isCounted({ pieces: { 100: '' }, loose: '' })).toBe(false);
  expect(isCounted({ pieces: { 100: '0' }, loose: '' })).toBe(true);
  expect(isCounted({ pieces: {}, loose: '0' })).toBe(true);
});

it('knows how many digits a currency has', () => {
  expect([currencyOf('INR').digits, currencyOf('JPY').digits, currencyOf('KWD').digits]).toEqual([2, 0, 3]);
});
