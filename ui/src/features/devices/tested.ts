/** When a scanner was last tried on this device. A scanner that types is a keyboard: nobody can ask it how it is. */
const KEY = 'chandi.scanner';

export interface ScannerTried {
  at: string;
  good: boolean;
}

export function scannerTested(): ScannerTried | null {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as ScannerTried | null;
    return kept && typeof kept.at === 'string' && typeof kept.good === 'boolean' ? kept : null;
  } catch {
    return null;
  }
}

export function keepTested(good: boolean): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ at: new Date().toISOString(), good }));
  } catch {
    // Tried all the same; only the list will not know.
  }
}
