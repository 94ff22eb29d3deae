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
  /** It came behind a scanner's prefix: certainly no search. */
  scanned?: boolean;
}

const ENDS = new Set(['Enter', 'Tab']);
const MULTIPLY = /^\s*(\d{1,6}(?:[.,]\d{1,3})?)\s*[*×]\s*(.*)$/s;
/** A code with this first character comes from a scanner that was set up with our configuration code. */
export const SCAN_PREFIX = '\u0002';
/** F24 is the other prefix that scanners can be set to send. */
export const SCAN_PREFIX_KEY = 'F24';

/**
 * The key as the rules below take it, or null when it is a shortcut. Scanners that send ASCII 02 arrive as Ctrl+B, since a
 * keyboard has no other way to say it.
 */
export function wedgeKey(event: Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey'>): string | null {
  if (event.ctrlKey && !event.metaKey && !event.altKey && event.code === 'KeyB') return SCAN_PREFIX;
  return event.ctrlKey || event.metaKey || event.altKey ? null : event.key;
}

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
  #prefixed = false;

  get text(): string {
    return this.#text;
  }

  set text(value: string) {
    this.#text = value;
    this.#prefixed = false;
  }

  clear(): void {
    this.#text = '';
    this.#prefixed = false;
  }

  /**
   * Feeds one key. 'kept' when it was taken, a commit when it ended something, 'ignored' when it belongs to the screen.
   * An empty buffer leaves Enter, Tab, Space, + and − to the screen.
   */
  press(key: string): Committed | 'kept' | 'ignored' {
    if (key === SCAN_PREFIX_KEY || key === SCAN_PREFIX) {
      // "3 *" waits for what it counts, and this is it; anything else was never ended.
      const { text, quantity } = splitQuantity(this.#text);
      if (text !== '' || quantity === null) this.#text = '';
      this.#prefixed = true;
      return 'kept';
    }
    if (ENDS.has(key)) {
      if (this.#text.trim() === '') return 'ignored';
      const { text, quantity } = splitQuantity(this.#text);
      if (text === '' && quantity !== null) return 'kept'; // "3 *" waits for what it counts
      const scanned = this.#prefixed;
      this.clear();
      return scanned ? { text, quantity, scanned } : { text, quantity };
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
      const scanned = this.#scanned(at);
      this.clear();
      return scanned;
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

  #scanned(at: number): string | null {
    const all = this.#keys;
    const text = textOf(all);
    if (text === '') return null;
    if (this.#prefixed || isScan(all, at)) return text;
    // Somebody typed, paused, and then scanned: what came after the last pause stands for itself.
    let cut = all.length - 1;
    while (cut > 0 && all[cut]!.at - all[cut - 1]!.at < PAUSE_MS) cut -= 1;
    const last = all.slice(cut);
    return cut > 0 && isScan(last, at) ? textOf(last) : null;
  }
}

/** Longer than any scanner waits within a code, even on a busy machine; shorter than a person's hand takes to the scanner. */
const PAUSE_MS = 500;

const textOf = (keys: readonly Key[]) => keys.map((one) => one.key).join('');

/** By its check digit, or by a mean gap that no hand keeps up; single gaps say nothing, since a busy machine delivers late. */
function isScan(keys: readonly Key[], end: number): boolean {
  if (isGtin(textOf(keys))) return true;
  return keys.length >= 6 && (end - keys[0]!.at) / keys.length <= 50;
}
