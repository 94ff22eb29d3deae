/** What fits on the board in the hall, and what is new on it. Pure. */
export interface Waiting {
  number: number;
  since: string;
}

/** At most this many numbers stand in each half; 24 on the whole board. */
export const PER_HALF = 12;
export const PAGE_MS = 8000;
/** For how long a number that became ready stands out. */
export const NOW_MS = 20_000;

/** The numbers of one half on a page; pages follow each other for ever. */
export function pageOf<T>(list: readonly T[], page: number, size = PER_HALF): T[] {
  const pages = pagesOf(list.length, size);
  return list.slice((page % pages) * size, (page % pages) * size + size);
}

export function pagesOf(count: number, size = PER_HALF): number {
  return Math.max(1, Math.ceil(count / size));
}

/** Which of the ready numbers were not ready before. Nothing is new on the first look: a reload rings no bell. */
export function newlyReady(before: readonly Waiting[] | null, now: readonly Waiting[]): number[] {
  if (before === null) return [];
  const known = new Set(before.map((one) => `${one.number} ${one.since}`));
  return now.filter((one) => !known.has(`${one.number} ${one.since}`)).map((one) => one.number);
}

/** The newest first, so that who just came looks where it changed. */
export function newestFirst(list: readonly Waiting[]): Waiting[] {
  return [...list].sort((a, b) => b.since.localeCompare(a.since) || b.number - a.number);
}
