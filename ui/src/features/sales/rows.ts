/** The rows of an order at the sales counter: each is given, missing, or partly so. Pure; the money of it is the core's. */
import type { Art, Hue, Mark, Names, Order, TokenLine, UnitName } from '$shared/api';
import { fromMilli, isNone, minus, plus, toMilli, within } from './quantities';

export interface Row {
  line: number;
  name: string;
  names: Names;
  unit: UnitName;
  note: string;
  art: Art;
  hue: Hue | null;
  /** Null when only the token is here. */
  amount_minor: number | null;
  /** What can still be given out. */
  quantity: string;
  /** How much of it is not there. */
  missing: string;
  /** What the customer has already. */
  before: string;
}

export type Outcome = 'complete' | 'partial' | 'refund' | 'keep';

/** What is left to give, everything given until somebody says otherwise. */
export function rowsOf(order: Order): Row[] {
  return order.lines
    .map((line) => ({
      line: line.line,
      name: line.name,
      names: line.names,
      unit: line.unit,
      note: line.note,
      art: line.art,
      hue: line.hue,
      amount_minor: line.amount_minor,
      quantity: plus(line.open, line.kept),
      missing: '0',
      before: line.given,
    }))
    .filter((row) => !isNone(row.quantity));
}

/** What the token itself says is to be given, when its order is not here. */
export function rowsOfToken(lines: readonly TokenLine[]): Row[] {
  return lines
    .filter((line) => !isNone(line.quantity))
    .map(({ line, name, names, unit, art, hue, quantity }) => ({ line, name: name ?? `#${line}`, names, unit, note: '', art, hue, amount_minor: null, quantity, missing: '0', before: '0' }));
}

/** The order was read again: marks stay as far as there is still something to mark. */
export function keepMarks(fresh: Row[], old: readonly Row[]): Row[] {
  const missing = new Map(old.map((row) => [row.line, row.missing]));
  return fresh.map((row) => ({ ...row, missing: within(missing.get(row.line) ?? '0', row.quantity) }));
}

export const given = (row: Row): string => minus(row.quantity, row.missing);
export const isMissing = (row: Row): boolean => !isNone(row.missing);
export const isAllMissing = (row: Row): boolean => toMilli(row.missing) === toMilli(row.quantity);
/** More than one piece, or goods by weight: a part of it can be missing. */
export const hasParts = (row: Row, measured: boolean): boolean => measured || toMilli(row.quantity) > 1000n;

/** A tap: all of it is missing, or none. */
export const toggled = (row: Row): Row => ({ ...row, missing: isMissing(row) ? '0' : row.quantity });
export const marked = (row: Row, missing: string): Row => ({ ...row, missing: within(missing, row.quantity) });

/** One piece more or less of it is missing. */
export function stepped(row: Row, by: 1 | -1): Row {
  const next = toMilli(row.missing) + BigInt(by) * 1000n;
  return { ...row, missing: next <= 0n ? '0' : within(fromMilli(next), row.quantity) };
}

/** "All missing", and back when they all are already. */
export function allMissing(rows: readonly Row[]): Row[] {
  const back = rows.every(isAllMissing);
  return rows.map((row) => ({ ...row, missing: back ? '0' : row.quantity }));
}

/** What the one button does, from the rows alone. */
export function outcomeOf(rows: readonly Row[], missingAs: 'refund' | 'keep'): Outcome {
  if (!rows.some(isMissing)) return 'complete';
  if (!rows.every(isAllMissing)) return 'partial';
  return missingAs === 'keep' ? 'keep' : 'refund';
}

export const marksOf = (rows: readonly Row[]): Mark[] => rows.map((row) => ({ line: row.line, given: given(row), missing: row.missing }));

/** How many lines are given (also in part) and how many are missing (also in part). */
export function tallyOf(rows: readonly Row[]): { given: number; missing: number } {
  return { given: rows.filter((row) => !isAllMissing(row)).length, missing: rows.filter(isMissing).length };
}
