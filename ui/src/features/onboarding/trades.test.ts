import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GLYPH_GROUPS } from '$shared/glyphs/groups';
import { TRADES, guessCountry } from './trades';

describe('trades', () => {
  it('each have sample products and a drawing', () => {
    const files = readdirSync(join(import.meta.dirname, '../../../../assets/trades')).map((file) => file.replace('.json', ''));
    expect(TRADES.map((one) => one.trade).sort()).toEqual(files.sort());
    const drawings: string[] = Object.values(GLYPH_GROUPS).flat();
    for (const { glyph } of TRADES) expect(drawings).toContain(glyph);
  });
});

describe('the country of a new shop', () => {
  const codes = ['IN', 'AE', 'TR'];
  it('follows the clock, then the language, then India', () => {
    expect(guessCountry(codes, 'Asia/Dubai', ['en-IN'])).toBe('AE');
    expect(guessCountry(codes, 'Etc/UTC', ['tr-TR', 'en'])).toBe('TR');
    expect(guessCountry(codes, 'Etc/UTC', ['en'])).toBe('IN');
  });
  it('is never one that the core does not know', () => {
    expect(guessCountry(['AE'], 'Europe/Berlin', ['de-DE'])).toBe('AE');
  });
});
