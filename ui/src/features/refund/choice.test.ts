import { describe, expect, it } from 'vitest';
import type { Order } from '$shared/api';
import { chosenLines, claimedOf, keepChoice, refundable } from './choice';

const line = (number: number, ordered: string, claimed = '0', refunded = '0') => ({ line: number, ordered, claimed, refunded, given: '0', kept: '0', open: '0' });
const order = (...lines: ReturnType<typeof line>[]) => ({ lines }) as unknown as Order;

describe('what goes back', () => {
  it('is filled in with what is missing', () => {
    expect(claimedOf(order(line(1, '4'), line(2, '1', '1'), line(3, '0.5', '0.25')))).toEqual({ 2: '1', 3: '0.25' });
  });
  it('is never more than what is left', () => {
    const one = order(line(1, '4', '0', '3'), line(2, '2'));
    expect(refundable(one.lines[0]!)).toBe('1');
    expect(chosenLines(one, { 1: '4', 2: '0', 9: '1' })).toEqual([{ line: 1, quantity: '1' }]);
  });
  it('follows the claims while nobody chose otherwise', () => {
    const before = order(line(1, '2', '1'));
    expect(keepChoice(order(line(1, '2', '2')), { 1: '1' }, before)).toEqual({ 1: '2' });
    expect(keepChoice(order(line(1, '2', '0', '1')), { 1: '1' }, before), 'another desk was first').toEqual({});
  });
  it('keeps what a person chose', () => {
    const before = order(line(1, '2', '1'), line(2, '3'));
    expect(keepChoice(order(line(1, '2', '1'), line(2, '3', '0', '2')), { 1: '1', 2: '3' }, before)).toEqual({ 1: '1', 2: '1' });
  });
});
