import { describe, expect, it } from 'vitest';
import type { Order } from '$shared/api';
import { fromMilli, minus, plus, toMilli, within } from './quantities';
import { allMissing, given, isMissing, keepMarks, marksOf, outcomeOf, rowsOf, rowsOfToken, stepped, tallyOf, toggled, type Row } from './rows';

const row = (line: number, quantity: string, missing = '0'): Row => ({ line, name: `L${line}`, names: {}, unit: 'piece', note: '', art: { kind: 'letters' }, hue: null, amount_minor: 0, quantity, missing, before: '0' });

describe('quantities', () => {
  it('are exact in thousandths', () => {
    expect(plus('0.1', '0.2')).toBe('0.3');
    expect(minus('0.750', '0.25')).toBe('0.5');
    expect(minus('1', '3'), 'never below nothing').toBe('0');
    expect(fromMilli(toMilli('12.005'))).toBe('12.005');
    expect(within('3', '2')).toBe('2');
    expect(fromMilli(toMilli('100'))).toBe('100');
  });
});

describe('rows', () => {
  it('hold what is open and what was kept for later, and nothing else', () => {
    const line = (line: number, open: string, kept: string, claimed = '0', given = '0') => ({ line, open, kept, claimed, given, name: '', names: {}, unit: 'piece', note: '', art: { kind: 'letters' }, hue: null, amount_minor: 5 });
    const order = { lines: [line(1, '2', '0'), line(2, '0', '0', '1'), line(3, '0', '1', '0', '2'), line(4, '0', '0', '0', '4')] } as unknown as Order;
    expect(rowsOf(order).map((one) => [one.line, one.quantity, one.before])).toEqual([[1, '2', '0'], [3, '1', '2']]);
  });
  it('come from the token itself when the order is not here', () => {
    const token = (line: number, quantity: string, name: string | null) => ({ line, product: null, name, names: {}, unit: 'piece' as const, quantity, art: { kind: 'letters' as const }, hue: null });
    expect(rowsOfToken([token(1, '2', 'Samosa'), token(2, '1', null), token(3, '0', 'Gone')]).map((one) => [one.name, one.quantity, one.amount_minor])).toEqual([['Samosa', '2', null], ['#2', '1', null]]);
  });
  it('a tap is all or nothing, from anywhere', () => {
    expect(toggled(row(1, '3')).missing).toBe('3');
    expect(toggled(row(1, '3', '2')).missing).toBe('0');
  });
  it('steps stay between nothing and all', () => {
    expect(stepped(row(1, '3', '3'), 1).missing).toBe('3');
    expect(stepped(row(1, '3', '3'), -1).missing).toBe('2');
    expect(stepped(row(1, '0.5', '0'), 1).missing, 'half a kilo is all of it').toBe('0.5');
    expect(stepped(row(1, '3', '0.5'), -1).missing).toBe('0');
  });
  it('given and missing add up to what was there', () => {
    for (const missing of ['0', '1', '2.5', '3']) {
      const one = row(1, '3', missing);
      expect(plus(given(one), one.missing)).toBe('3');
    }
  });
  it('the button follows the rows', () => {
    expect(outcomeOf([row(1, '2'), row(2, '1')], 'refund')).toBe('complete');
    expect(outcomeOf([row(1, '2', '1'), row(2, '1')], 'refund')).toBe('partial');
    expect(outcomeOf([row(1, '2', '2'), row(2, '1', '1')], 'refund')).toBe('refund');
    expect(outcomeOf([row(1, '2', '2')], 'keep')).toBe('keep');
    expect(outcomeOf([row(1, '2', '1')], 'keep')).toBe('partial');
  });
  it('all missing goes there and back', () => {
    const all = allMissing([row(1, '2'), row(2, '0.5', '0.25')]);
    expect(all.map((one) => one.missing)).toEqual(['2', '0.5']);
    expect(allMissing(all).some(isMissing)).toBe(false);
  });
  it('marks survive a fresh reading, as far as there is something left', () => {
    expect(keepMarks([row(1, '1'), row(3, '2')], [row(1, '3', '3'), row(2, '1', '1')]).map((one) => one.missing)).toEqual(['1', '0']);
  });
  it('marks and tally tell what is sent', () => {
    const rows = [row(1, '4'), row(2, '3', '1'), row(3, '1', '1')];
    expect(marksOf(rows)).toEqual([{ line: 1, given: '4', missing: '0' }, { line: 2, given: '2', missing: '1' }, { line: 3, given: '0', missing: '1' }]);
    expect(tallyOf(rows)).toEqual({ given: 2, missing: 2 });
  });
});
