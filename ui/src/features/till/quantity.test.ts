import { describe, expect, it } from 'vitest';
import { stepped, summed } from './quantity';
import { typedDiscount } from './discount';

describe('quantities', () => {
  it('step without floats', () => {
    expect(stepped('2', 1)).toBe('3');
    expect(stepped('1', -1)).toBe('0');
    expect(stepped('0.750', 1)).toBe('1.750');
    expect(stepped('0', -1)).toBe('0');
  });
  it('sum exactly', () => {
    expect(summed(['0.1', '0.2'])).toBe('0.3');
    expect(summed(['2', '1'])).toBe('3');
    expect(summed(['10'])).toBe('10');
    expect(summed([])).toBe('0');
  });
});

describe('a typed discount', () => {
  const inr = { code: 'INR', digits: 2 };
  it('is read or refused by what is wrong with it', () => {
    expect(typedDiscount('percent', '10', 'Offer', inr)).toEqual({ discount: { percent: '10', reason: 'Offer' } });
    expect(typedDiscount('amount', '5.50', 'Offer', inr)).toEqual({ discount: { amount_minor: 550, reason: 'Offer' } });
    expect(typedDiscount('percent', '101', 'Offer', inr)).toEqual({ wrong: 'most' });
    expect(typedDiscount('percent', '0', 'Offer', inr)).toEqual({ wrong: 'value' });
    expect(typedDiscount('amount', 'x', 'Offer', inr)).toEqual({ wrong: 'value' });
    expect(typedDiscount('amount', '5', ' ', inr)).toEqual({ wrong: 'reason' });
  });
});
