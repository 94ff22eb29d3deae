/**
 * How long a person's PIN was when it last opened this till, so that the right PIN opens without another tap.
 * It is forgotten at the first wrong one: then the person says when the PIN is complete.
 */
const KEY = 'chandi.pin-lengths';

function read(): Record<string, number> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, number>;
  } catch {
    return {};
  }
}

export function knownLength(staff: string): number | null {
  const length = read()[staff];
  return typeof length === 'number' && length >= 4 && length <= 8 ? length : null;
}

export function keepLength(staff: string, length: number | null): void {
  try {
    const all = read();
    if (length === null) delete all[staff];
    else all[staff] = length;
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // Without storage every PIN is completed by hand.
  }
}
