import { describe, expect, test } from 'vitest';
import { homeOf } from './home';

const CASHIER = new Set(['order.place', 'handover.give', 'refund.make']);
const cashier = (permission: string) => CASHIER.has(permission);
const sales = (permission: string) => permission === 'handover.give';
const nobody = () => false;
const kitchen = (permission: string) => permission === 'order.progress';

describe('after signing in', () => {
  test('who may sell stands at the till', () => {
    expect(homeOf(cashier, 'office', false)).toBe('/till');
    expect(homeOf(cashier, 'till', false)).toBeNull();
  });
  test('who comes back goes on where they were', () => {
    expect(homeOf(cashier, 'office', true)).toBeNull();
  });
  test('who may not sell reads in the back office', () => {
    expect(homeOf(nobody, 'till', true)).toBe('/office');
    expect(homeOf(nobody, 'office', false)).toBeNull();
  });
  test('who hands out stands at the sales counter, whatever this seat did last', () => {
    expect(homeOf(sales, 'till', false)).toBe('/sales');
    expect(homeOf(sales, 'office', true)).toBe('/sales');
    expect(homeOf(sales, 'sales', false, 'refund')).toBeNull();
  });
  test('who prepares orders stands before the list of them', () => {
    expect(homeOf(kitchen, 'till', false)).toBe('/pick');
    expect(homeOf(kitchen, 'office', false)).toBe('/pick');
    expect(homeOf(kitchen, 'pick', false, 'pick')).toBeNull();
    expect(homeOf(kitchen, 'pick', false)).toBeNull();
  });
  test('a device of the office opens there, for who may read there', () => {
    const owner = () => true;
    expect(homeOf(owner, 'till', false, 'till', 'office')).toBe('/office');
    expect(homeOf(owner, 'office', false, 'till', 'office')).toBeNull();
    expect(homeOf(owner, 'till', true, 'till', 'office')).toBeNull();
    expect(homeOf(cashier, 'till', false, 'till', 'office')).toBeNull();
  });
  test('a seat keeps its work for who may do it', () => {
    expect(homeOf(cashier, 'till', false, 'sales')).toBe('/sales');
    expect(homeOf(cashier, 'till', false, 'refund')).toBe('/refund');
    expect(homeOf(cashier, 'refund', true, 'refund')).toBeNull();
    expect(homeOf(nobody, 'sales', false, 'sales')).toBe('/office');
  });
});
