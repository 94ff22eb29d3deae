/** One huge answer per scan: what it is, how good, and what can be done about it. The words are `verdict.<kind>`. */
import { ApiError, type Order, type Redeemed } from '$shared/api';
import { isNone } from './quantities';
import { rowsOf } from './rows';
import { strangeCode } from './asked';

export type VerdictKind =
  | 'go' | 'partial' | 'offline' | 'due'
  | 'collected' | 'held' | 'wait' | 'not_arrived'
  | 'refunded' | 'cancelled' | 'expired' | 'revoked' | 'other_branch' | 'other_shop' | 'not_ours' | 'upi' | 'url' | 'tampered' | 'newer' | 'unknown' | 'broken';

export type VerdictTone = 'go' | 'warn' | 'bad';

export interface Verdict {
  kind: VerdictKind;
  tone: VerdictTone;
  /** The order it is about, where that is known. */
  order: string | null;
  number: number | null;
  /** How much there is to give, or left. */
  count: number;
  /** Money that waits at the token counter. */
  due_minor: number;
  /** Who had it before, where and when. */
  staff: string | null;
  counter: string | null;
  at: string | null;
  seconds: number;
  /** What the core said, where no verdict of ours fits. */
  error: ApiError | null;
}

const TONE: Record<VerdictKind, VerdictTone> = {
  go: 'go', partial: 'warn', offline: 'warn', due: 'warn',
  collected: 'warn', held: 'warn', wait: 'warn', not_arrived: 'warn',
  refunded: 'bad', cancelled: 'bad', expired: 'bad', revoked: 'bad', other_branch: 'bad', other_shop: 'bad', not_ours: 'bad', upi: 'bad', url: 'bad', tampered: 'bad', newer: 'bad', unknown: 'bad', broken: 'bad',
};

const OF_CODE: Record<string, VerdictKind> = {
  claim_held: 'held',
  claim_lost: 'held',
  already_collected: 'collected',
  nothing_left: 'collected',
  order_refunded: 'refunded',
  order_cancelled: 'cancelled',
  order_not_here: 'not_arrived',
  number_wait: 'wait',
  number_unknown: 'unknown',
  not_found: 'unknown',
  token_expired: 'expired',
  token_revoked: 'revoked',
  token_other_branch: 'other_branch',
  token_unknown_key: 'other_shop',
  token_not_ours: 'not_ours',
  token_tampered: 'tampered',
  token_unknown_version: 'newer',
};

const blank: Omit<Verdict, 'kind' | 'tone'> = { order: null, number: null, count: 0, due_minor: 0, staff: null, counter: null, at: null, seconds: 0, error: null };

export function opened(redeemed: Redeemed): Verdict {
  const { order } = redeemed;
  if (!order) return { ...blank, kind: 'not_arrived', tone: TONE.not_arrived, order: redeemed.claim.order ?? null, number: redeemed.claim.number ?? null, count: redeemed.count };
  const some = order.lines.some((line) => !isNone(line.given) || !isNone(line.missing) || !isNone(line.refunded));
  const left = rowsOf(order).length;
  // Everything was given or marked as missing before: only the money of it waits, or nothing at all.
  if (left === 0) return { ...blank, kind: order.due_minor > 0 ? 'due' : 'collected', tone: 'warn', order: order.id, number: order.number, due_minor: order.due_minor, at: order.delivered_at };
  const kind = redeemed.claim.offline ? 'offline' : some ? 'partial' : 'go';
  return { ...blank, kind, tone: TONE[kind], order: order.id, number: order.number, count: left };
}

const text = (value: unknown): string | null => {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'object' && value !== null && 'name' in value) return text((value as { name: unknown }).name);
  return null;
};

/** The name of a counter as people call it: its number where it has one, else its name. */
const place = (value: unknown): string | null => (typeof value === 'number' ? String(value) : text(value));

export function refused(error: ApiError, code: string): Verdict {
  let kind: VerdictKind = OF_CODE[error.code] ?? 'broken';
  if (kind === 'not_ours') {
    const why = typeof error.hints.why === 'string' ? error.hints.why : strangeCode(code);
    if (why === 'upi' || why === 'url') kind = why;
  }
  const { hints } = error;
  const seconds = Number(hints.wait_ms ?? 0) / 1000;
  return {
    kind,
    tone: TONE[kind],
    order: text(hints.order),
    number: Number.isFinite(Number(hints.number)) && hints.number !== undefined && hints.number !== null ? Number(hints.number) : null,
    count: 0,
    due_minor: 0,
    staff: text(hints.staff),
    counter: place(hints.seat) ?? text(hints.counter),
    at: text(hints.at),
    seconds: Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : 0,
    error,
  };
}

/** An order that is looked at, not opened: everything was given, or it ended some other way. */
export function over(order: Order): Verdict | null {
  if (order.state === 'cancelled') return { ...blank, kind: 'cancelled', tone: 'bad', order: order.id, number: order.number, at: order.cancelled?.at ?? null, staff: order.cancelled?.staff?.name ?? null };
  if (order.state === 'refunded') return { ...blank, kind: 'refunded', tone: 'bad', order: order.id, number: order.number, at: order.credit_notes.at(-1)?.at ?? null, staff: order.credit_notes.at(-1)?.staff?.name ?? null };
  return null;
}

/** A short shake tells the hand: once for good, twice for a warning, long for no. Where a device cannot, it does nothing. */
export const SHAKES: Record<VerdictTone, number[]> = { go: [40], warn: [40, 60, 40], bad: [220] };
