/** What a device that was shut out shows of it. */
import type { Id } from './schema';

export interface Unaccepted {
  changes: number;
  since: string | null;
  orders: number;
  sold_minor: number;
  refunds: number;
  refunded_minor: number;
}

/** What guests were or may yet be charged here without a sale. */
export interface OpenCharges {
  count: number;
  charged_minor: number;
}

export interface ShutOut {
  by: { id: Id; name: string };
  person: string | null;
  at: string;
  /** A reason of a newer build is told as no closer one. */
  reason: string;
  heard_at: string | null;
  left: Unaccepted;
  /** It began again from a copy of itself: `left` is all that it ever did. */
  copied: boolean;
  charges: OpenCharges;
}
