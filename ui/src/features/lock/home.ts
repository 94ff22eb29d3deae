/** Which work somebody does at this seat. It is kept per seat, because a counter is usually for one thing. */
export type Mode = 'till' | 'sales' | 'refund';

const NEEDS: Record<Mode, string> = { till: 'order.place', sales: 'handover.give', refund: 'refund.make' };
const KEY = 'chandi.mode';

export function mayWorkAs(mode: Mode, may: (permission: string) => boolean): boolean {
  return may(NEEDS[mode]);
}

/** Where a person belongs after signing in: at the counter whose work this seat did last, as far as they may; else in the back office. */
export function homeOf(may: (permission: string) => boolean, screen: string, sameAsBefore: boolean, last: Mode = 'till'): '/till' | '/sales' | '/refund' | '/office' | null {
  const counter = [last, 'till' as const, 'sales' as const].find((mode) => mayWorkAs(mode, may));
  if (!counter) return screen === 'office' ? null : '/office';
  const here = screen === 'till' || screen === 'sales' || screen === 'refund' ? mayWorkAs(screen, may) && screen === counter : sameAsBefore && may('order.place');
  return here ? null : `/${counter}`;
}

export function lastMode(): Mode {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'sales' || kept === 'refund' ? kept : 'till';
  } catch {
    return 'till';
  }
}

export function rememberMode(mode: Mode): void {
  try {
    localStorage.setItem(KEY, mode);
  } catch {
    // Then this seat starts at the till again.
  }
}
