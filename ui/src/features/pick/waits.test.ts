import { describe, expect, test } from 'vitest';
import { halves, minutesWaiting, pressing } from './waits';

const at = Date.parse('2026-03-01T10:00:00Z');
const order = (minutes: number, state: 'placed' | 'preparing' | 'ready' | 'partial' = 'placed') => ({ placed_at: new Date(at - minutes * 60_000).toISOString(), state });

describe('how long an order waits', () => {
  test('whole minutes, and none below zero when a clock is ahead', () => {
    expect(minutesWaiting(order(4.9), at)).toBe(4);
    expect(minutesWaiting(order(-3), at)).toBe(0);
  });
  test('it presses from five minutes on, and more from ten', () => {
    expect([4, 5, 9, 10].map((minutes) => pressing(order(minutes), at))).toEqual(['plain', 'long', 'long', 'tooLong']);
  });
  test('what is ready waits for its guest, and presses nobody here', () => {
    expect(pressing(order(40, 'ready'), at)).toBe('plain');
  });
  test('what is given in part is no work of the kitchen', () => {
    const all = [order(1), order(2, 'preparing'), order(3, 'ready'), order(4, 'partial')];
    const { make, give } = halves(all);
    expect(make.map((one) => one.state)).toEqual(['placed', 'preparing']);
    expect(give.map((one) => one.state)).toEqual(['ready', 'partial']);
  });
});
