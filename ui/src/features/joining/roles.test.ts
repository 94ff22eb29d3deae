import { expect, it } from 'vitest';
import { isInvitation, isWhole, tidyCode } from './roles';

it('brings a typed code into its groups, whatever fingers did', () => {
  expect(tidyCode('oil1 abcd-efgh')).toBe('0111-ABCD-EFGH');
  expect(tidyCode('0123456789abcdefg')).toBe('0123-4567-89AB-CDEF');
  expect(tidyCode('u!?')).toBe('');
  expect(isWhole('0123-4567-89AB-CDEF')).toBe(true);
  expect(isWhole('0123-4567-89AB-CDE')).toBe(false);
});

it('knows an invitation from other codes', () => {
  expect(isInvitation('chandi-join:ABC@http://127.0.0.1:1')).toBe(true);
  expect(isInvitation('P1ABC')).toBe(false);
});
