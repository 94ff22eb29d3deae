import type { DeviceRole } from '$shared/api';

/** Which work somebody does at this seat. It is kept per seat, because a counter is usually for one thing. */
export type Mode = 'till' | 'sales' | 'refund' | 'pick';

const NEEDS: Record<Mode, string> = { till: 'order.place', sales: 'handover.give', refund: 'refund.make', pick: 'order.progress' };
const KEY = 'chandi.mode';

export function mayWorkAs(mode: Mode, may: (permission: string) => boolean): boolean {
  return may(NEEDS[mode]);
}

/** Where a person belongs after signing in: at the counter whose work this seat did last, as far as they may; else in the back office. */
export function homeOf(may: (permission: string) => boolean, screen: string, sameAsBefore: boolean, last: Mode = 'till', device: DeviceRole = 'till'): '/till' | '/sales' | '/refund' | '/pick' | '/office' | null {
  // An office device opens its books first; whoever went on to a counter goes on there.
  if (device === 'office' && may('report.read') && !sameAsBefore) return screen === 'office' ? null : '/office';
  const counter = [last, 'till' as const, 'sales' as const, 'pick' as const].find((mode) => mayWorkAs(mode, may));
  if (!counter) return screen === 'office' ? null : '/office';
  const here = screen === 'till' || screen === 'sales' || screen === 'refund' || screen === 'pick' ? mayWorkAs(screen, may) && screen === counter : sameAsBefore && may('order.place');
  return here ? null : `/${counter}`;
}

/** What this seat did last; before it did anything, what its device is for. */
export function lastMode(device: DeviceRole = 'till'): Mode {
  const first = device === 'sales_counter' ? 'sales' : device === 'kitchen' ? 'pick' : 'till';
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'sales' || kept === 'refund' || kept === 'till' || kept === 'pick' ? kept : first;
  } catch {
    return first;
  }
}

export function rememberMode(mode: Mode): void {
  try {
    localStorage.setItem(KEY, mode);
  } catch {
    // Then this seat starts at the till again.
  }
}
