/** Drawers and their reports, as the screens read them; `schema.check.ts` holds them against the core's own. */
import type { Id } from './schema';

interface Named {
  id: Id;
  name: string;
}

export interface Piece {
  value_minor: number;
  count: number;
}

export interface CountForm {
  currency?: string;
  pieces?: Piece[];
  loose_minor?: number;
  counted_minor?: number;
  left_minor?: number;
}

export interface DrawerCount {
  currency: string;
  pieces: Piece[];
  loose_minor: number;
  counted_minor: number;
}

export interface Shift {
  id: Id;
  state: 'open' | 'closed';
  /** Only where the shop has more than one. */
  branch: Named | null;
  counter: Named;
  seat: number;
  opened_by: Named | null;
  holder: Named | null;
  opened_at: string;
  business_day: string;
  closed_at: string | null;
  closed_by: Named | null;
  z: string | null;
  floats: DrawerCount[];
  note: string;
  overdue: boolean;
  variances: { currency: string; variance_minor: number | null }[];
  total_minor: number | null;
  orders: number | null;
  addenda: number;
}

export interface DrawerFigures {
  currency: string;
  float_minor: number;
  sales_minor: number;
  tips_minor: number;
  account_minor: number;
  back_minor: number;
  in_minor: number;
  out_minor: number;
  drop_minor: number;
  tips_out_minor: number;
  expected_minor: number;
}

export interface MethodFigures {
  method: string;
  taken: number;
  taken_minor: number;
  tips_minor: number;
  rounding_minor: number;
  back: number;
  back_minor: number;
  net_minor: number;
}

export interface ShiftFigures {
  drawers: DrawerFigures[];
  methods: MethodFigures[];
  sales: {
    orders: number;
    subtotal_minor: number;
    discount_minor: number;
    taxable_minor: number;
    tax_minor: number;
    rounding_minor: number;
    total_minor: number;
    taxes: { name: string; rate: string; taxable_minor: number; amount_minor: number }[];
    refunds: number;
    refunded_minor: number;
    cancelled: number;
    cancelled_minor: number;
    no_sales: number;
    first_document: string;
    last_document: string;
  };
}

export interface ShiftReport {
  id: Id;
  kind: 'z' | 'x' | 'addendum';
  number: string;
  shift: Id;
  of: string | null;
  counter: Named;
  seat: number;
  business_day: string;
  opened_at: string;
  made_at: string;
  staff: Named | null;
  holder: Named | null;
  figures: ShiftFigures;
  drawers: { currency: string; expected_minor: number; count: DrawerCount | null; variance_minor: number; left_minor: number }[];
  note: string;
  equals_facts: boolean;
  differences: string[];
}

export interface ShiftMove {
  id: Id;
  kind: 'in' | 'out' | 'drop' | 'tips' | 'handover';
  currency: string;
  amount_minor: number;
  reason: string;
  at: string;
  staff: Named | null;
  to: Named | null;
  counts: DrawerCount[];
  approved_by: Named | null;
}

export interface ShiftDetail {
  shift: Shift;
  figures: ShiftFigures | null;
  moves: ShiftMove[];
  reports: ShiftReport[];
  late: boolean;
}

export interface DrawerCurrency {
  currency: string;
  digits: number;
  denominations: number[];
  left_minor: number;
  own: boolean;
}

export interface CurrentShift {
  shift: ShiftDetail | null;
  others: Shift[];
  required: boolean;
  blind: boolean;
  per: 'counter' | 'cashier';
  currencies: DrawerCurrency[];
  out_limit_minor: number;
  /** Tips that came in and were not paid out. */
  tips_minor: number;
  manages: boolean;
}

export interface CountSums {
  sums: { currency: string; counted_minor: number; expected_minor: number | null; variance_minor: number | null; to_safe_minor: number }[];
}

export interface Batch {
  id: Id;
  system_minor: number;
  system_count: number;
  batch_minor: number;
  batch_count: number | null;
  difference_minor: number;
  reference: string;
  note: string;
  staff: Named | null;
  at: string;
  stale: boolean;
}

export interface MethodDay {
  method: string;
  provider: string;
  taken: number;
  taken_minor: number;
  tips_minor: number;
  rounding_minor: number;
  back: number;
  back_minor: number;
  net_minor: number;
  batches: Batch[];
  state: 'open' | 'equal' | 'differs' | 'stale' | 'covered';
}

export interface Reconciliation {
  day: string;
  methods: MethodDay[];
}
