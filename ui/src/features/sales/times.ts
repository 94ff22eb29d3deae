/** How long things took, for people: whole minutes, and less than one counts as one. */
export function minutesBetween(from: string | null, to: string | null): number | null {
  if (!from || !to) return null;
  return minutesOf(Date.parse(to) - Date.parse(from));
}

export function minutesOf(ms: number | null): number | null {
  if (ms === null || !Number.isFinite(ms) || ms < 0) return null;
  return Math.max(1, Math.round(ms / 60_000));
}
