/** What a scanner is set to, by what its keys did when a known code was scanned. Pure: keys and their times come in. */
import { SCAN_PREFIX, SCAN_PREFIX_KEY, type Key } from '$shared/keyboard/scan';

export type Layout =
  /** Every character arrived as it stands in the code. */
  | 'same'
  /** Letters arrived, large for small: Caps Lock, or a scanner that knows no shift. */
  | 'case'
  /** Other characters in the same places: the scanner types on another keyboard than this computer has. */
  | 'other'
  /** Some are missing: the computer was too busy, or the scanner is too quick. */
  | 'short'
  /** Another code. */
  | 'different';

export interface ScannerReading {
  text: string;
  prefix: 'F24' | 'STX' | null;
  suffix: 'Enter' | 'Tab' | null;
  /** Mean time between two keys. */
  gap_ms: number;
  layout: Layout;
}

/** After this long without a key, a code without a suffix has ended. */
export const QUIET_MS = 400;

/** Letters of `part` in their order within `whole`. */
function within(part: string, whole: string): boolean {
  let at = 0;
  for (const letter of whole) if (letter === part[at]) at += 1;
  return at === part.length;
}

export function layoutOf(text: string, expected: string): Layout {
  if (text === expected) return 'same';
  if (text.toLowerCase() === expected.toLowerCase()) return 'case';
  if (text.length === expected.length) {
    const right = [...text].filter((letter, at) => letter.toLowerCase() === expected[at]?.toLowerCase()).length;
    return right * 3 >= expected.length ? 'other' : 'different';
  }
  return text.length * 2 >= expected.length && text.length < expected.length && within(text, expected) ? 'short' : 'different';
}

/** Collects the keys of one scan of a code that is known. */
export class ScannerTest {
  #keys: Key[] = [];
  #prefix: ScannerReading['prefix'] = null;

  constructor(readonly expected: string) {}

  get empty(): boolean {
    return this.#keys.length === 0;
  }

  /** Feeds one key; answers the reading when this key ends the code. */
  press(key: Key): ScannerReading | null {
    if (key.key === SCAN_PREFIX_KEY || key.key === SCAN_PREFIX) {
      this.#keys = [];
      this.#prefix = key.key === SCAN_PREFIX ? 'STX' : 'F24';
      return null;
    }
    if (key.key === 'Enter' || key.key === 'Tab') return this.empty ? null : this.#read(key.key);
    if ([...key.key].length === 1) this.#keys.push(key);
    return null;
  }

  /** No key came for a while: answers the reading when there is one. */
  quiet(): ScannerReading | null {
    // Fewer keys than this are a finger, not a code.
    if (this.#keys.length < 4) {
      this.#clear();
      return null;
    }
    return this.#read(null);
  }

  #read(suffix: ScannerReading['suffix']): ScannerReading {
    const text = this.#keys.map((one) => one.key).join('');
    const span = this.#keys.at(-1)!.at - this.#keys[0]!.at;
    const reading = { text, prefix: this.#prefix, suffix, gap_ms: this.#keys.length > 1 ? Math.round(span / (this.#keys.length - 1)) : 0, layout: layoutOf(text, this.expected) };
    this.#clear();
    return reading;
  }

  #clear(): void {
    this.#keys = [];
    this.#prefix = null;
  }
}

export type Advice = 'good' | 'prefix' | 'suffix' | 'layout' | 'case' | 'slow' | 'short' | 'different';

/** What to tell about a reading, the weightiest first. */
export function adviceOn(reading: ScannerReading): Advice[] {
  if (reading.layout === 'different') return ['different'];
  const advice: Advice[] = [];
  if (reading.layout === 'short') advice.push('short');
  if (reading.layout === 'other') advice.push('layout');
  if (reading.layout === 'case') advice.push('case');
  if (reading.suffix === null) advice.push('suffix');
  if (reading.gap_ms > 50) advice.push('slow');
  if (advice.length === 0) advice.push('good');
  if (reading.prefix === null) advice.push('prefix');
  return advice;
}
