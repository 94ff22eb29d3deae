import { expect, it } from 'vitest';
import { draftsOf, leftOf, nextMonth, partsOf } from './parts';

it('the last of a month stays the last of a shorter one', () => {
  expect(nextMonth('2026-01-31')).toBe('2026-02-28');
  expect(nextMonth('2027-12-31')).toBe('2028-01-31');
  expect(nextMonth('2026-11-21')).toBe('2026-12-21');
});

it('what is typed is parts, or nothing yet', () => {
  const drafts = draftsOf([{ day: '2026-12-01', amount_minor: 33334 }, { day: '2027-01-01', amount_minor: 33333 }], 2);
  expect(drafts[0]?.amount).toBe('333.34');
  expect(partsOf(drafts, 2)).toEqual([{ day: '2026-12-01', amount_minor: 33334 }, { day: '2027-01-01', amount_minor: 33333 }]);
  expect(leftOf(100000, drafts, 2)).toBe(33333);
  expect(partsOf([{ day: '', amount: '5' }], 2)).toBeNull();
  expect(partsOf([{ day: '2026-12-01', amount: '0' }], 2)).toBeNull();
});
