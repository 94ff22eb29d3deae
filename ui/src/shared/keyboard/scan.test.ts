import { describe, expect, it } from 'vitest';
import { keyName } from './keys';
import { FieldScan, isGtin, ScanBuffer, SCAN_PREFIX, splitQuantity, wedgeKey } from './scan';

function type(buffer: ScanBuffer, text: string) {
  for (const key of text) expect(buffer.press(key)).toBe('kept');
}

describe('no field focused', () => {
  it('keeps a slow scan whole: no timing decides', () => {
    const buffer = new ScanBuffer();
    type(buffer, '8901030865275');
    expect(buffer.press('Enter')).toEqual({ text: '8901030865275', quantity: null });
    expect(buffer.text).toBe('');
  });
  it('commits on Tab as on Enter', () => {
    const buffer = new ScanBuffer();
    type(buffer, 'P1ABC');
    expect(buffer.press('Tab')).toEqual({ text: 'P1ABC', quantity: null });
  });
  it('reads "3 *" before a scan as three of it, and waits for the scan', () => {
    const buffer = new ScanBuffer();
    type(buffer, '3 *');
    expect(buffer.press('Enter')).toBe('kept');
    type(buffer, '96385074');
    expect(buffer.press('Enter')).toEqual({ text: '96385074', quantity: '3' });
  });
  it('leaves the screen its own keys while nothing is typed', () => {
    const buffer = new ScanBuffer();
    for (const key of ['Enter', 'Tab', ' ', '+', '-', 'Backspace', 'ArrowDown', 'F4', 'Delete']) expect(buffer.press(key), key).toBe('ignored');
    type(buffer, 'gulab jamun-2+');
  });
  it('starts afresh at the scanner prefix', () => {
    const buffer = new ScanBuffer();
    type(buffer, 'sam');
    buffer.press('F24');
    type(buffer, '123');
    expect(buffer.press('Enter')).toEqual({ text: '123', quantity: null, scanned: true });
    type(buffer, '456');
    expect(buffer.press('Enter'), 'the prefix counts for one code').toEqual({ text: '456', quantity: null });
  });
  it('keeps "3 *" when the scan that it counts has a prefix', () => {
    const buffer = new ScanBuffer();
    type(buffer, '3 *');
    buffer.press(SCAN_PREFIX);
    type(buffer, '96385074');
    expect(buffer.press('Tab')).toEqual({ text: '96385074', quantity: '3', scanned: true });
  });
});

describe('a field focused', () => {
  const feed = (text: string, gap: number, end = 'Enter') => {
    const scan = new FieldScan();
    let at = 1000;
    for (const key of text) {
      scan.press({ key, at });
      at += gap;
    }
    return scan.press({ key: end, at: at - gap + Math.min(gap, 20) });
  };
  it('takes six quick keys for a scan', () => {
    expect(feed('ABC123', 12)).toBe('ABC123');
    expect(feed('ABC123', 45)).toBe('ABC123');
  });
  it('leaves a typing person alone', () => {
    expect(feed('samosa', 120)).toBeNull();
    expect(feed('A1B2', 5)).toBeNull();
  });
  it('knows a right GTIN however slowly it came', () => {
    expect(feed('96385074', 200)).toBe('96385074');
    expect(feed('96385075', 200)).toBeNull();
  });
  it('trusts the prefix alone', () => {
    const scan = new FieldScan();
    scan.press({ key: 'F24', at: 0 });
    scan.press({ key: '7', at: 500 });
    expect(scan.press({ key: 'Enter', at: 2000 })).toBe('7');
  });
  it('hears a scan behind something that was typed and left standing', () => {
    const scan = new FieldScan();
    let at = 0;
    for (const key of 'sam') scan.press({ key, at: (at += 180) });
    at += 1500;
    for (const key of 'P1ABCDEF') scan.press({ key, at: (at += 9) });
    expect(scan.press({ key: 'Tab', at: at + 9 })).toBe('P1ABCDEF');
  });
  it('takes late keys of a busy machine for one scan', () => {
    const scan = new FieldScan();
    let at = 0;
    const gaps = [4, 4, 210, 4, 4, 4, 180, 4, 4, 4, 4, 4];
    for (const [i, key] of [...'890103086527'].entries()) scan.press({ key, at: (at += gaps[i]!) });
    expect(scan.press({ key: 'Enter', at: at + 4 })).toBe('890103086527');
  });
  it('forgets keys when a person edits', () => {
    const scan = new FieldScan();
    for (const key of '963850') scan.press({ key, at: 0 });
    scan.press({ key: 'Backspace', at: 1 });
    expect(scan.press({ key: 'Enter', at: 2 })).toBeNull();
  });
});

describe('keys on their way', () => {
  const event = (key: string, code: string, more = {}) => ({ key, code, ctrlKey: false, metaKey: false, altKey: false, ...more });
  it('Ctrl+B is ASCII 02 of a scanner, other shortcuts are nobody’s text', () => {
    expect(wedgeKey(event('b', 'KeyB', { ctrlKey: true }))).toBe(SCAN_PREFIX);
    expect(wedgeKey(event('z', 'KeyZ', { ctrlKey: true }))).toBeNull();
    expect(wedgeKey(event('b', 'KeyB', { ctrlKey: true, altKey: true }))).toBeNull();
    expect(wedgeKey(event('b', 'KeyB'))).toBe('b');
    expect(wedgeKey(event('F24', 'F24'))).toBe('F24');
  });
});

describe('codes', () => {
  it('check digits', () => {
    expect(['96385074', '036000291452', '4006381333931', '8901030865275'].map(isGtin)).toEqual([true, true, true, isGtin('8901030865275')]);
    expect(isGtin('4006381333932')).toBe(false);
    expect(isGtin('123')).toBe(false);
  });
  it('quantities before a star', () => {
    expect(splitQuantity('5*')).toEqual({ text: '', quantity: '5' });
    expect(splitQuantity('0.75 * kaju')).toEqual({ text: 'kaju', quantity: '0.75' });
    expect(splitQuantity('५ * x')).toEqual({ text: 'x', quantity: '5' });
    expect(splitQuantity('0*x').quantity).toBeNull();
    expect(splitQuantity('samosa')).toEqual({ text: 'samosa', quantity: null });
  });
});

describe('key names', () => {
  const event = (key: string, code: string, more = {}) => ({ key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
  it('do not depend on the layout when Ctrl is held', () => {
    expect(keyName(event('ئ', 'KeyZ', { ctrlKey: true }))).toBe('Ctrl+Z');
    expect(keyName(event('Z', 'KeyZ', { ctrlKey: true, shiftKey: true }))).toBe('Ctrl+Shift+Z');
    expect(keyName(event('1', 'Numpad1', { metaKey: true }))).toBe('Ctrl+1');
  });
  it('name plain keys plainly', () => {
    expect(keyName(event('F2', 'F2'))).toBe('F2');
    expect(keyName(event('+', 'Equal', { shiftKey: true }))).toBe('+');
  });
});
