import { expect, test } from 'vitest';
import { widthInEms } from './fit';

test('longer figures need more room', () => {
  expect(widthInEms('₹1,241.00')).toBeCloseTo(5.07, 1);
  expect(widthInEms('42')).toBeCloseTo(1.25, 2);
  expect(widthInEms('7')).toBe(1);
});
