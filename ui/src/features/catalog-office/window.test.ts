import { describe, expect, it } from 'vitest';
import { scrollToRow, shownRows } from './window';

describe('a long list', () => {
  it('keeps few of 50,000 rows in the document', () => {
    const shown = shownRows(50_000, 48, 480_000, 600);
    expect(shown.from).toBe(9992);
    expect(shown.to - shown.from).toBeLessThan(32);
  });
  it('shows all of a short one and nothing of an empty one', () => {
    expect(shownRows(5, 48, 0, 600)).toEqual({ from: 0, to: 5 });
    expect(shownRows(0, 48, 0, 600)).toEqual({ from: 0, to: 0 });
  });
  it('scrolls only as far as needed', () => {
    expect(scrollToRow(3, 48, 0, 600)).toBe(0);
    expect(scrollToRow(20, 48, 0, 600)).toBe(21 * 48 - 600);
    expect(scrollToRow(0, 48, 480, 600)).toBe(0);
  });
});
