import { expect, it } from 'vitest';
import { pinFault } from './pin';

it('refuses the PINs that everybody tries first', () => {
  expect(pinFault('12')).toBe('short');
  expect(pinFault('0000')).toBe('same');
  expect(pinFault('1234')).toBe('run');
  expect(pinFault('87654')).toBe('run');
  expect(pinFault('2580')).toBeNull();
  expect(pinFault('1357')).toBeNull();
});
