import { describe, expect, test } from 'vitest';
import { homeOf } from './home';

const cashier = (permission: string) => permission === 'order.place';
const kitchen = () => false;

describe('after signing in', () => {
  test('who may sell stands at the till', () => {
    expect(homeOf(cashier, 'office', false)).toBe('/till');
    expect(homeOf(cashier, 'till', false)).toBeNull();
  });
  test('who comes back goes on where they were', () => {
    expect(homeOf(cashier, 'office', true)).toBeNull();
  });
  test('who may not sell reads in the back office', () => {
    expect(homeOf(kitchen, 'till', true)).toBe('/office');
    expect(homeOf(kitchen, 'office', false)).toBeNull();
  });
});
