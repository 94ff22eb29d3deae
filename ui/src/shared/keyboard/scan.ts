/**
 * What a stream of keys means at the till: a scan, a search, or a shortcut. Pure, so that the rules can be tested.
 *
 * No field focused: every printable key fills the buffer and Enter or Tab commits. No timing decides, because a busy
 * machine delivers keys late. In a field: only what cannot be a person's typing counts as a scan.
 */
import { westernDigits } from '$shared/money/money';

export interface Key {
  key: string;
  /** Milliseconds on any steady clock. */
  at: number;
}

export interface Committed {
  text: string;
  /** From "3 *": how many of it. */
  quantity: string | null;
}

const ENDS = new Set(['Enter', 'Tab']);
const MULTIPLY = /^\s*(\d{1,6}(?:[.,]\d{1,3})?)\s*[*×]\s*(.*)$/s;
/** A code with this first character comes from a scanner that was set up with our configuration code. */
export const SCAN_PREFIX = '\u0002';
/** F24 is the other prefix that scanners can be set to send. */
export const SCAN_PREFIX_KEY = 'F24';

/** Splits "3 * 8901030865275" into its quantity and its text. */
export function splitQuantity(typed: string): Committed {
  const match = MULTIPLY.exec(westernDigits(typed));
  if (!match) return { text: typed.trim(), quantity: null };
  const quantity = match[1]!.replace(',', '.').replace(/^0+(?=\d)/, '');
  return { text: match[2]!.trim(), quantity: Number(quantity) > 0 ? quantity : null };
}

/** EAN-8, UPC-A, EAN-13 or GTIN-14 with a right check digit. */
export function isGtin(text: string): boolean {
  if (!/^(\d{8}|\d{12,14})$/.test(text)) return false;
  const figures = [...text].map(Number);
  const check = figures.pop()!;
  const sum = figures.reverse().reduce((total, figure, index) => total + figure * (index % 2 === 0 ? 3 : 1), 0);
  return (10 - (sum % 10)) % 10 === check;
}

/** The buffer for keys that no field takes. */
export class ScanBuffer {
  #text = '';

  get text(): string {
    return this.#text;
  }

  set text(value: string) {
    this.#text = value;
  }

  clear(): void {
    this.#text = '';
  }

  /**
   * Feeds one key. 'kept' when it was taken, a commit when it ended something, 'ignored' when it belongs to the screen.
   * An empty buffer leaves Enter, Tab, Space, + and − to the screen.
   */
  press(key: string): Committed | 'kept' | 'ignored' {
    if (key === SCAN_PREFIX_KEY || key === SCAN_PREFIX) {
      this.#text = '';
      return 'kept';
    }
    if (ENDS.has(key)) {
      if (this.#text.trim() === '') return 'ignored';
      const { text, quantity } = splitQuantity(this.#text);
      if (text === '' && quantity !== null) return 'kept'; // "3 *" waits for what it counts
      this.#text = '';
      return { text, quantity };
    }
    if (key === 'Backspace') {
      if (this.#text === '') return 'ignored';
      this.#text = this.#text.slice(0, -1);
      return 'kept';
    }
    if ([...key].length !== 1) return 'ignored';
    if (this.#text === '' && /^[\s+\-−]$/.test(key)) return 'ignored';
    if (this.#text.length >= 4096) return 'kept';
    this.#text += key;
    return 'kept';
  }
}

/** Decides, when Enter or Tab arrives in a focused field, whether the keys since the last pause were a scanner's. */
export class FieldScan {
  #keys: Key[] = [];
  #prefixed = false;

  /** Feeds one key; returns the scanned text when this key ends a scan. */
  press({ key, at }: Key): string | null {
    if (key === SCAN_PREFIX_KEY || key === SCAN_PREFIX) {
      this.#keys = [];
      this.#prefixed = true;
      return null;
    }
    if (ENDS.has(key)) {
      const text = this.#keys.map((one) => one.key).join('');
      const scanned = this.#isScan(text, at);
      this.#keys = [];
      this.#prefixed = false;
      return scanned ? text : null;
    }
    if ([...key].length === 1) this.#keys.push({ key, at });
    else if (key !== 'Shift' && key !== 'Alt' && key !== 'Control' && key !== 'CapsLock') {
      this.#keys = []; // an arrow or a backspace: a person is editing
      this.#prefixed = false;
    }
    return null;
  }

  clear(): void {
    this.#keys = [];
    this.#prefixed = false;
  }

  #isScan(text: string, at: number): boolean {
    if (text === '') return false;
    if (this.#prefixed) return true;
    if (isGtin(text)) return true;
    if (this.#keys.length < 6) return false;
    const span = at - this.#keys[0]!.at;
    return span / this.#keys.length <= 50;
  }
}
