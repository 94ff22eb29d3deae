import { describe, expect, it } from 'vitest';
import { newestFirst, newlyReady, pageOf, pagesOf } from './pages';

const at = (number: number, since = '2026-11-21T06:00:00Z') => ({ number, since });

describe('the board in the hall', () => {
  it('turns pages for ever, and one page stands still', () => {
    const many = Array.from({ length: 30 }, (_, index) => index);
    expect(pagesOf(30)).toBe(3);
    expect(pageOf(many, 0)).toHaveLength(12);
    expect(pageOf(many, 2)).toEqual([24, 25, 26, 27, 28, 29]);
    expect(pageOf(many, 3)).toEqual(pageOf(many, 0));
    expect(pageOf([1, 2], 7)).toEqual([1, 2]);
    expect(pagesOf(0)).toBe(1);
  });
  it('every number stands on exactly one page', () => {
    const many = Array.from({ length: 41 }, (_, index) => index);
    expect(Array.from({ length: pagesOf(41) }, (_, page) => pageOf(many, page)).flat()).toEqual(many);
  });
  it('rings for what became ready, not for what was', () => {
    expect(newlyReady(null, [at(1)]), 'a reload is no news').toEqual([]);
    expect(newlyReady([at(1)], [at(1), at(2)])).toEqual([2]);
    expect(newlyReady([at(1)], [at(1, '2026-11-21T06:05:00Z')]), 'taken back and ready again').toEqual([1]);
    expect(newlyReady([at(1), at(2)], [at(2)])).toEqual([]);
  });
  it('shows the newest first', () => {
    expect(newestFirst([at(1, '2026-11-21T06:00:00Z'), at(2, '2026-11-21T06:02:00Z'), at(3, '2026-11-21T06:01:00Z')]).map((one) => one.number)).toEqual([2, 3, 1]);
  });
});
