import { describe, expect, it } from 'vitest';
import { gstinFault, gstinState, tidyGstin } from './gstin';

describe('GSTIN', () => {
  it('accepts numbers whose check digit is right', () => {
    for (const number of ['27AAPFU0939F1ZV', '29AAGCB7383J1Z4']) expect(gstinFault(number), number).toBeNull();
  });
  it('finds one wrong character and two swapped ones', () => {
    expect(gstinFault('27AAPFU0939F1ZW')).toBe('check');
    expect(gstinFault('27AAPFU0993F1ZV')).toBe('check');
  });
  it('tells a short one from one of the wrong shape', () => {
    expect(gstinFault('27AAPFU')).toBe('short');
    expect(gstinFault('27AAPFU0939F1XV')).toBe('shape');
  });
  it('is typed in any way and says its State', () => {
    expect(tidyGstin(' 27-aapfu 0939f1zv ')).toBe('27AAPFU0939F1ZV');
    expect(gstinState('27')).toBe('27');
    expect(gstinState('2')).toBeNull();
  });
});
