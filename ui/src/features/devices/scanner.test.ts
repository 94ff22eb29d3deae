import { describe, expect, it } from 'vitest';
import { SCAN_PREFIX } from '$shared/keyboard/scan';
import { adviceOn, layoutOf, ScannerTest } from './scanner';

const CODE = 'Chandi-QWERTZ-0123';

function scan(text: string, { gap = 8, end = 'Enter' as string | null, prefix = null as string | null } = {}) {
  const test = new ScannerTest(CODE);
  let at = 100;
  if (prefix) test.press({ key: prefix, at });
  for (const key of text) expect(test.press({ key, at: (at += gap) })).toBeNull();
  return end === null ? test.quiet() : test.press({ key: end, at: at + gap });
}

describe('a scanned test code', () => {
  it('tells suffix, prefix and speed', () => {
    expect(scan(CODE)).toEqual({ text: CODE, prefix: null, suffix: 'Enter', gap_ms: 8, layout: 'same' });
    expect(scan(CODE, { end: 'Tab', prefix: 'F24' })).toMatchObject({ prefix: 'F24', suffix: 'Tab' });
    expect(scan(CODE, { prefix: SCAN_PREFIX })).toMatchObject({ prefix: 'STX' });
    expect(scan(CODE, { end: null })).toMatchObject({ suffix: null, layout: 'same' });
  });

  it('a finger on a key is no scan', () => {
    const test = new ScannerTest(CODE);
    test.press({ key: 'a', at: 0 });
    expect(test.quiet()).toBeNull();
    expect(test.press({ key: 'Enter', at: 5 }), 'nor is Enter alone').toBeNull();
  });

  it('one test follows another', () => {
    const test = new ScannerTest(CODE);
    for (let round = 0; round < 2; round++) {
      let at = 0;
      for (const key of CODE) test.press({ key, at: (at += 5) });
      expect(test.press({ key: 'Enter', at: at + 5 })).toMatchObject({ layout: 'same', gap_ms: 5 });
    }
  });
});

it('knows a keyboard that is not this computer’s', () => {
  expect(layoutOf('Chandi/QWERTY/0123', CODE), 'German scanner, English computer').toBe('other');
  expect(layoutOf('cHANDI-qwertz-0123', CODE)).toBe('case');
  expect(layoutOf('Chndi-QWETZ-0123', CODE)).toBe('short');
  expect(layoutOf('8901030865275', CODE)).toBe('different');
  expect(layoutOf('890103086527512345', CODE)).toBe('different');
});

it('advises what matters', () => {
  expect(adviceOn(scan(CODE, { prefix: 'F24' })!)).toEqual(['good']);
  expect(adviceOn(scan(CODE)!)).toEqual(['good', 'prefix']);
  expect(adviceOn(scan(CODE, { end: null, gap: 80 })!)).toEqual(['suffix', 'slow', 'prefix']);
  expect(adviceOn(scan('8901030865275')!)).toEqual(['different']);
});
