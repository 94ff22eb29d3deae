/** What a person changed of a record, laid over the record as it is now: what somebody else changed meanwhile stays. */
export function changedOver<Record extends object>(before: Record, mine: Record, now: Record): Record {
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const changed = (Object.keys(mine) as (keyof Record)[]).filter((key) => !same(mine[key], before[key]));
  return { ...now, ...(Object.fromEntries(changed.map((key) => [key, mine[key]])) as Partial<Record>) };
}
