import { expect, it } from 'vitest';
import { readGtin } from './gtin';

it('knows a right code, a wrong digit, and a code of the shop’s own', () => {
  expect(readGtin('4006381333931')).toBe('fine');
  expect(readGtin('4006381333932')).toBe('check');
  expect(readGtin('96385074')).toBe('fine');
  expect(readGtin('SW-001')).toBe('own');
  expect(readGtin('12345')).toBe('own');
});
