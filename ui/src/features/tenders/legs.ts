/**
 * A payment while it is put together: its legs, and what they leave. Pure.
 * These are drafts on the way to the core, which adds up once more and refuses what does not fit.
 */
import type { InstalmentPart, NewTender, Tender, TenderMethod } from '$shared/api';

export interface Leg {
  id: string;
  method: TenderMethod;
  amount: number;
  /** Cash that was handed over, when it is more. */
  received?: number;
  tip?: number;
  reference?: string;
  card?: string;
  currency?: string;
  foreign?: number;
  payment?: string;
  /** How what goes on the account is paid. */
  instalments?: InstalmentPart[];
}

/** What the legs do not pay yet; less than nothing when they pay too much. */
export function left(total: number, legs: Pick<Leg, 'amount'>[]): number {
  return legs.reduce((rest, leg) => rest - leg.amount, total);
}

/** In equal parts, which sum to the whole: the first ones are one of the smallest unit larger. */
export function evenly(total: number, parts: number): number[] {
  if (!Number.isSafeInteger(total) || total <= 0 || !Number.isInteger(parts) || parts < 1) return [];
  const more = total % parts;
  const part = (total - more) / parts;
  return Array.from({ length: parts }, (_, at) => (at < more ? part + 1 : part)).filter((one) => one > 0);
}

/** As they are sent. A single leg leaves its amount to the core, which knows the total and its cash rounding. */
export function asTenders(legs: Leg[]): NewTender[] {
  const alone = legs.length === 1;
  return legs.map((leg) => ({
    id: leg.id,
    method: leg.method,
    ...(alone ? {} : { amount_minor: leg.amount }),
    ...(leg.received === undefined ? {} : { received_minor: leg.received }),
    ...(leg.tip ? { tip_minor: leg.tip } : {}),
    ...(leg.reference ? { reference: leg.reference } : {}),
    ...(leg.card ? { card: leg.card } : {}),
    ...(leg.currency ? { currency: leg.currency, received_foreign_minor: leg.foreign } : {}),
    ...(leg.payment ? { payment: leg.payment } : {}),
    ...(leg.instalments ? { instalments: leg.instalments } : {}),
  }));
}

/** Legs that stand: no other way to pay took their place. */
export function standing(legs: Tender[]): Tender[] {
  return legs.filter((leg) => leg.voided_at === null && leg.state !== 'failed');
}

const KEY = 'chandi.legs';

/** A reload in the middle of a split forgets nobody's money: what was taken waits here for the same bill. */
export function keepLegs(bill: string, total: number, legs: Leg[]): void {
  try {
    if (legs.length === 0) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify({ bill, total, legs }));
  } catch {
    // Without storage they live as long as the page.
  }
}

export function keptLegs(bill: string, total: number): Leg[] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as { bill: string; total: number; legs: Leg[] } | null;
    return kept && kept.bill === bill && kept.total === total && Array.isArray(kept.legs) ? kept.legs : [];
  } catch {
    return [];
  }
}
