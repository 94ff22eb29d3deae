import { describe, expect, it } from 'vitest';
import { asTenders, evenly, left } from './legs';

describe('a split in equal parts', () => {
  it('sums to the whole, the larger parts first', () => {
    expect(evenly(100_000, 3)).toEqual([33_334, 33_333, 33_333]);
    expect(evenly(124_100, 2)).toEqual([62_050, 62_050]);
    for (const total of [1, 7, 99, 12_345, 9_007_199_254_740_990]) {
      for (let parts = 1; parts <= 9; parts++) expect(evenly(total, parts).reduce((sum, one) => sum + one, 0), `${total}/${parts}`).toBe(total);
    }
  });
  it('has no part of nothing', () => {
    expect(evenly(2, 3)).toEqual([1, 1]);
    expect(evenly(0, 3)).toEqual([]);
    expect(evenly(-5, 2)).toEqual([]);
  });
});

it('what is left goes below nothing when too much was taken', () => {
  expect(left(1000, [])).toBe(1000);
  expect(left(1000, [{ amount: 400 }, { amount: 600 }])).toBe(0);
  expect(left(1000, [{ amount: 1200 }])).toBe(-200);
});

describe('what is sent', () => {
  it('leaves the amount of a single leg to the core', () => {
    expect(asTenders([{ id: 'a', method: 'cash', amount: 124_100, received: 150_000 }])).toEqual([{ id: 'a', method: 'cash', received_minor: 150_000 }]);
  });
  it('names the amounts of several, and what belongs to each', () => {
    expect(
      asTenders([
        { id: 'a', method: 'cash', amount: 500 },
        { id: 'b', method: 'upi', amount: 700, reference: '4213', tip: 50 },
      ]),
    ).toEqual([
      { id: 'a', method: 'cash', amount_minor: 500 },
      { id: 'b', method: 'upi', amount_minor: 700, reference: '4213', tip_minor: 50 },
    ]);
  });
});
