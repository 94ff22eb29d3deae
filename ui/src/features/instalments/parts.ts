/** Instalments while they are typed: drafts on the way to the core, which adds up once more and refuses what does not fit. */
import type { InstalmentPart } from '$shared/api';
import { parseMinor, toDecimal } from '$shared/money/money';

/** A part as it is typed. */
export interface PartDraft {
  day: string;
  amount: string;
}

export function draftsOf(parts: InstalmentPart[], digits: number): PartDraft[] {
  return parts.map((part) => ({ day: part.day, amount: toDecimal(part.amount_minor, digits) }));
}

/** The parts that were typed; null as long as one of them is no part. */
export function partsOf(drafts: PartDraft[], digits: number): InstalmentPart[] | null {
  const parts: InstalmentPart[] = [];
  for (const draft of drafts) {
    const amount = parseMinor(draft.amount, digits);
    if (!/^\d{4}-\d\d-\d\d$/.test(draft.day) || amount === null || amount <= 0) return null;
    parts.push({ day: draft.day, amount_minor: amount });
  }
  return parts;
}

/** What the parts leave of the whole; less than nothing when they are too much. */
export function leftOf(whole: number, drafts: PartDraft[], digits: number): number {
  return drafts.reduce((left, draft) => left - (parseMinor(draft.amount, digits) ?? 0), whole);
}

/** The same day of the next month, or its last one; of a day of the books, which has no zone. */
export function nextMonth(day: string): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month, Math.min(date, last))).toISOString().slice(0, 10);
}
