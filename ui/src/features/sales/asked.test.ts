import { describe, expect, it } from 'vitest';
import { askedFor, showable, strangeCode } from './asked';

describe('what was asked for', () => {
  it('tells numbers, one-time numbers, phones and codes apart', () => {
    expect(askedFor('38')).toEqual({ number: '38' });
    expect(askedFor('0038')).toEqual({ number: '38' });
    expect(askedFor('10042')).toEqual({ number: '10042' });
    expect(askedFor('482 913')).toEqual({ code: '482913' });
    expect(askedFor('98765 43210')).toEqual({ phone: '9876543210' });
    expect(askedFor('+91 98765-43210')).toEqual({ phone: '+919876543210' });
    expect(askedFor('P1ABCD')).toEqual({ code: 'P1ABCD' });
    expect(askedFor('A1-2611-0042')).toEqual({ code: 'A1-2611-0042' });
  });
  it('reads figures of other scripts', () => {
    expect(askedFor('३८')).toEqual({ number: '38' });
    expect(askedFor('٤٨٢٩١٣')).toEqual({ code: '482913' });
  });
  it('knows strangers', () => {
    expect(strangeCode('upi://pay?pa=x@y')).toBe('upi');
    expect(strangeCode('https://example.org/menu')).toBe('url');
    expect(strangeCode('WWW.example.org')).toBe('url');
    expect(strangeCode('X'.repeat(4000))).toBe('too_long');
    expect(strangeCode('P1ABCD')).toBeNull();
  });
  it('shows figures, never a code', () => {
    expect(showable('98765 432')).toBe(true);
    expect(showable('P1AB')).toBe(false);
    expect(showable('1'.repeat(40))).toBe(false);
  });
});
