import { describe, expect, it } from 'vitest';
import { businessDay } from './clock.svelte';

describe('the business day', () => {
  const at = (time: string) => Date.parse(`2026-11-${time}+05:30`);
  it('is yesterday until the day begins, in the zone of the shop', () => {
    expect(businessDay(at('21T23:59'), 'Asia/Kolkata', '03:00')).toBe('2026-11-21');
    expect(businessDay(at('22T02:59'), 'Asia/Kolkata', '03:00')).toBe('2026-11-21');
    expect(businessDay(at('22T03:00'), 'Asia/Kolkata', '03:00')).toBe('2026-11-22');
    expect(businessDay(at('22T00:00'), 'Asia/Kolkata', '00:00')).toBe('2026-11-22');
    expect(businessDay(at('22T09:00'), 'America/New_York', '03:00')).toBe('2026-11-21');
  });
});
