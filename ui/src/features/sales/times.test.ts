import { expect, it } from 'vitest';
import { minutesBetween, minutesOf } from './times';

it('counts whole minutes, at least one, and says nothing where a time is missing', () => {
  expect(minutesBetween('2026-11-21T06:00:00Z', '2026-11-21T06:07:40Z')).toBe(8);
  expect(minutesBetween('2026-11-21T06:00:00Z', '2026-11-21T06:00:02Z')).toBe(1);
  expect(minutesBetween('2026-11-21T06:00:00Z', null)).toBeNull();
  expect(minutesOf(-5), 'a clock that was set back is no time').toBeNull();
  expect(minutesOf(null)).toBeNull();
});
