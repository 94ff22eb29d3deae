import { expect, test } from 'vitest';
import { maskedPhone, tidyPhone } from './phone';

test('phone numbers are figures, however they are written', () => {
  expect(tidyPhone('98765 43210')).toBe('9876543210');
  expect(tidyPhone('+91 (98765) 43-210')).toBe('+919876543210');
  expect(tidyPhone('٩٨٧٦٥٤٣٢١٠')).toBe('9876543210');
  expect(tidyPhone('12345')).toBeNull();
  expect(tidyPhone('98765x43210')).toBeNull();
});

test('a number on a screen is never whole', () => {
  expect(maskedPhone('9876543210')).toBe('98••••3210');
});
