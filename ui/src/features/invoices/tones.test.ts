import { expect, it } from 'vitest';
import { dayOf, invoiceTone } from './tones';

it('a day of the books is the same day in every zone', () => {
  expect(dayOf('2026-11-01', 'en')).toBe('1 Nov 2026');
  expect(dayOf('2026-12-31', 'hi')).toContain('31');
});

it('every state that asks for something stands out', () => {
  expect(['overdue', 'part_paid', 'paid', 'issued'].map(invoiceTone)).toEqual(['bad', 'warn', 'go', 'plain']);
});
