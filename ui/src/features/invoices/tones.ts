/** The tone of a document's state, the same on every screen. */
export function invoiceTone(state: string): 'plain' | 'go' | 'warn' | 'bad' | 'brand' {
  if (state === 'paid' || state === 'accepted' || state === 'invoiced') return 'go';
  if (state === 'overdue' || state === 'cancelled' || state === 'failed' || state === 'declined') return 'bad';
  if (state === 'part_paid' || state === 'expired' || state === 'queued' || state === 'sending') return 'warn';
  return state === 'sent' ? 'brand' : 'plain';
}

/** "14 Nov 2026" from a day of the books, which has no zone. */
export function dayOf(day: string, language: string): string {
  const [year, month, date] = day.split('-').map(Number);
  const at = new Date(year ?? 0, (month ?? 1) - 1, date ?? 1);
  return new Intl.DateTimeFormat(`${language === 'en' ? 'en-IN' : language}-u-nu-latn`, { day: 'numeric', month: 'short', year: 'numeric' }).format(at);
}
