/** The shapes that travel through the door, as the screens read them; `schema.check.ts` holds them against the core's own. */

export type Id = string;
export type UnitName = 'piece' | 'plate' | 'cup' | 'glass' | 'bowl' | 'box' | 'pack' | 'bottle' | 'kg' | 'g' | 'l' | 'ml' | 'm' | 'hour';
export type Hue = 'rose' | 'amber' | 'coral' | 'leaf' | 'teal' | 'olive' | 'iris' | 'plum';
export type Role = 'owner' | 'manager' | 'cashier' | 'sales' | 'kitchen';
export type Names = Partial<Record<string, string>>;
export type ErrorKind = 'refused' | 'not_found' | 'conflict' | 'wait' | 'signed_out' | 'forbidden' | 'full' | 'broken' | 'malformed';

export interface ErrorBody {
  error: { code: string; kind: ErrorKind; message: string; hints?: Record<string, unknown>; incident?: string };
}

export interface List<T> {
  items: T[];
  next: string | null;
}

export interface Health {
  status: string;
  version: string;
  ready: boolean;
  demo: boolean;
  key_storage: 'keyring' | 'file' | null;
}

export interface Setup {
  ready: boolean;
  demo: boolean;
  trades: string[];
  countries: { code: string; currency: string; regions: { code: string; name: string }[] }[];
  zone: string;
}

export type NewShop =
  | {
      id: Id;
      kind: 'own';
      language: string;
      trade: string;
      shop_name: string;
      country: string;
      region?: string;
      tax_number?: string;
      zone?: string;
      owner_name: string;
      pin: string;
    }
  | { id: Id; kind: 'demo'; language: string };

export interface LockStaff {
  id: Id;
  name: string;
  role: Role;
  hue: Hue;
  language: string | null;
  /** Only in the demo shop. */
  demo_pin?: string;
}

export interface Shop {
  name: string;
  branch: string;
  counter: string;
  demo: boolean;
  language: string;
  currency: string;
  minor_digits: number;
  country: string;
  /** The counter's look, for devices that were told nothing else. */
  theme: 'system' | 'light' | 'dark';
}

export interface Lock {
  shop: Shop;
  staff: LockStaff[];
}

export interface Session {
  id: Id;
  token: string;
  staff: { id: Id; name: string; role: Role; language: string | null; hand: 'right' | 'left' };
  permissions: string[];
  idle_lock_seconds: number;
}

export interface SessionRow {
  id: Id;
  staff: { id: Id; name: string; role: Role };
  seat: Id | null;
  place: 'window' | 'browser';
  address?: string;
  started_at: string;
  last_seen_at: string;
  current: boolean;
}

export type Art = { kind: 'glyph'; glyph: string } | { kind: 'letters' };

export interface Product {
  id: Id;
  name: string;
  names: Names;
  sku: string | null;
  price_minor: number;
  unit: UnitName;
  category: Id | null;
  barcodes: string[];
  art: Art;
  available: boolean;
  favourite: boolean;
  position: number;
  open_price: boolean;
  archived_at: string | null;
  sample: boolean;
}

export interface Category {
  id: Id;
  name: string;
  names: Names;
  hue: Hue;
  parent: Id | null;
  position: number;
  active: boolean;
  archived_at: string | null;
}

export interface Catalog {
  categories: Category[];
  products: Product[];
  more: boolean;
}

export interface Discount {
  percent?: string | null;
  amount_minor?: number | null;
  reason: string;
}

export interface CartLine {
  line: number;
  product: Id | null;
  name: string;
  names: Names;
  unit: UnitName;
  quantity: string;
  unit_price_minor: number;
  gross_minor: number;
  discount: Discount | null;
  discount_minor: number;
  order_discount_minor: number;
  amount_minor: number;
  note: string;
  art: Art;
  category?: Id | null;
}

export interface TaxLine {
  name: string;
  amount_minor: number;
}

export interface Cart {
  id: Id;
  revision: number;
  state: 'open' | 'parked';
  label: string;
  parked_at: string | null;
  lines: CartLine[];
  discount: Discount | null;
  items: string;
  subtotal_minor: number;
  discount_minor: number;
  taxes: TaxLine[];
  rounding_minor: number;
  total_minor: number;
  can_undo: boolean;
  can_redo: boolean;
  stage: 'cart' | 'cash';
  received_minor: number | null;
  cash_suggestions_minor: number[];
  /** The line that was touched last. */
  last_line?: number | null;
}

export type CartChange =
  | { kind: 'add'; product: Id; quantity?: string; unit_price_minor?: number }
  | { kind: 'add_open'; name: string; unit_price_minor: number; quantity?: string }
  | { kind: 'set_quantity'; line: number; quantity: string }
  | { kind: 'remove'; line: number }
  | { kind: 'discount_line'; line: number; discount: Discount | null }
  | { kind: 'discount_order'; discount: Discount | null }
  | { kind: 'note'; line: number; note: string }
  | { kind: 'stage'; stage: 'cart' | 'cash'; received_minor?: number }
  | { kind: 'clear' }
  | { kind: 'undo' }
  | { kind: 'redo' };

export interface Approval {
  staff: Id;
  pin: string;
}

export interface Named {
  id: Id;
  name: string;
}

export type OrderState = 'placed' | 'preparing' | 'ready' | 'partial' | 'complete' | 'refunded' | 'cancelled';

/** Quantities are decimal strings of the line's unit; ordered = open + given + claimed + kept + refunded. */
export interface OrderLine {
  line: number;
  product: Id | null;
  name: string;
  names: Names;
  unit: UnitName;
  quantity: string;
  unit_price_minor: number;
  gross_minor: number;
  discount_minor: number;
  order_discount_minor: number;
  amount_minor: number;
  ordered: string;
  given: string;
  open: string;
  /** Missing, and its money is due. */
  claimed: string;
  /** Missing, and to be given later. */
  kept: string;
  /** Claimed and kept. */
  missing: string;
  refunded: string;
  /** Money back for what is claimed. */
  due_minor: number;
  /** Money back for everything that is not refunded yet. */
  refundable_minor: number;
  note: string;
  art: Art;
  hue: Hue | null;
}

export interface OrderToken {
  code: string;
  number: string;
  generation: number;
  expires_at: string;
  number_expires_at: string;
}

export interface Claim {
  id: Id;
  /** This seat has it open. */
  mine: boolean;
  staff: Named | null;
  counter: Named;
  /** What people call the counter. */
  seat: number;
  at: string;
  by: 'qr' | 'number' | 'confirmed';
}

export type HistoryKind = 'placed' | 'preparing' | 'ready' | 'handed_over' | 'handover_undone' | 'refunded' | 'token_reissued' | 'token_revoked' | 'cancelled';

export interface HistoryEntry {
  /** The handover or refund that it is about. */
  id: Id | null;
  kind: HistoryKind;
  at: string;
  staff: Named | null;
  counter: Named | null;
  seat: number | null;
  amount_minor: number | null;
  reason: string | null;
  approved_by: Named | null;
  lines: { line: number; name: string; unit: UnitName; given: string; missing: string }[];
  by: 'qr' | 'number' | 'confirmed' | null;
  undone: boolean;
  offline: boolean;
}

export interface CreditNote {
  id: Id;
  document: string;
  total_minor: number;
  at: string;
  staff: Named | null;
  lines: { line: number; quantity: string; amount_minor: number }[];
  tenders: { id: Id; method: string; amount_minor: number }[];
  reason: string;
  rounding_minor: number;
  approved_by: Named | null;
  offline: boolean;
}

export interface Order {
  id: Id;
  number: number;
  document: string;
  state: OrderState;
  placed_at: string;
  preparing_at: string | null;
  ready_at: string | null;
  /** The handover after which nothing is left to give. */
  delivered_at: string | null;
  business_day: string;
  counter: Named;
  staff: Named | null;
  /** Masked: 98••••3210 */
  phone: string | null;
  lines: OrderLine[];
  items: string;
  subtotal_minor: number;
  discount_minor: number;
  taxes: TaxLine[];
  rounding_minor: number;
  total_minor: number;
  due_minor: number;
  refunded_minor: number;
  tenders: { id: Id; method: 'cash'; amount_minor: number; received_minor: number | null; change_minor: number }[];
  token: OrderToken | null;
  token_revoked: boolean;
  undo_until: string;
  cancelled: null | { at: string; staff: Named | null; reason: string };
  claim: Claim | null;
  /** Until when the newest handover of this person may be undone without asking. */
  handover_undo_until: string | null;
  anomaly: string | null;
  history: HistoryEntry[];
  credit_notes: CreditNote[];
  demo: boolean;
}

/** A line as the token itself tells it, when the order has not arrived here. */
export interface TokenLine {
  line: number;
  /** Null when this device does not know the product. */
  name: string | null;
  names: Names;
  product: Id | null;
  quantity: string;
  unit: UnitName;
  art: Art;
  hue: Hue | null;
}

export interface Redeemed {
  claim: {
    id: Id;
    by: 'qr' | 'number' | 'confirmed';
    offline: boolean;
    seat: number;
    /** Known from the token too, when the order itself is not here. */
    order?: Id | null;
    number?: number | null;
  };
  order: Order | null;
  lines: TokenLine[] | null;
  count: number;
  to_give: string;
  expires_at: string | null;
}

export interface Candidate {
  order: Id;
  number: number;
  items: string;
  placed_at: string;
  state: OrderState;
  phone: string | null;
}

/** What the marks on the rows come to, by the core. */
export interface Marked {
  missing_as: 'refund' | 'keep';
  due_minor: number;
  given: string;
  missing: string;
  to: 'complete' | 'partial' | 'refund';
}

export interface Mark {
  line: number;
  given: string;
  missing: string;
}

export interface RecentHandover {
  order: Id;
  number: number;
  items: string;
  state: OrderState;
  at: string;
  /** The handover that may be undone. */
  undo: Id | null;
}

export interface RefundPreview {
  total_minor: number;
  rounding_minor: number;
  lines: { line: number; quantity: string; amount_minor: number; claimed: boolean }[];
  tenders: { method: string; amount_minor: number; original: boolean }[];
  approval_needed: null | 'not_claimed' | 'above_limit' | 'other_tender' | 'other_counter_offline';
  /** The document number that the next one gets. */
  credit_note: string;
}

export interface Board {
  preparing: { number: number; since: string }[];
  ready: { number: number; since: string }[];
  shop: Display['shop'];
  now: string;
  /** Read it again then. */
  until: string | null;
}

/** Medians; null when no order had both ends. */
export interface Waits {
  placed_ready_ms: number | null;
  ready_delivered_ms: number | null;
  placed_delivered_ms: number | null;
  orders: number;
}

export interface Times {
  today: Waits;
  last_week: Waits;
}

export interface NewOrder {
  id: Id;
  cart: Id;
  tenders: { id: Id; method: 'cash'; amount_minor?: number; received_minor?: number }[];
  expected_total_minor?: number;
  phone?: string;
}

/** A label of the scales: the weight is in `quantity`, or its price is here. */
export interface ScannedLabel {
  code: string;
  weight: boolean;
  amount_minor: number | null;
}

export type Scanned =
  | { kind: 'product'; product: Product; quantity: string; label?: ScannedLabel | null }
  | { kind: 'token'; order: Order | null; verdict: string; lines?: unknown[] }
  | { kind: 'unknown'; code: string; why: 'not_listed' | 'upi' | 'url' | 'too_long' };

export interface DisplayCartLine {
  line: number;
  name: string;
  names: Names;
  unit: UnitName;
  quantity: string;
  unit_price_minor: number;
  amount_minor: number;
  gross_minor: number;
  art: Art | null;
  hue: Hue | null;
}

export interface HandingLine {
  line: number;
  name: string;
  names: Names;
  unit: UnitName;
  quantity: string;
  given: string;
  missing: string;
  art: Art;
  hue: Hue | null;
}

export interface Display {
  state: 'idle' | 'cart' | 'cash' | 'paid' | 'handing' | 'refund';
  shop: { name: string; demo: boolean; language: string; currency: string; minor_digits: number; brand_color: string | null };
  theme: 'system' | 'light' | 'dark';
  cart: null | {
    lines: DisplayCartLine[];
    last_line: number | null;
    items: string;
    subtotal_minor: number;
    discount_minor: number;
    taxes: TaxLine[];
    rounding_minor: number;
    total_minor: number;
  };
  cash: null | { total_minor: number; received_minor: number | null; change_minor: number | null };
  paid: null | {
    total_minor: number;
    number: number;
    token_code: string | null;
    one_time_number: string | null;
    document: string;
    change_minor: number;
    received_minor: number;
    at: string;
    /** Read the display again then. */
    until: string;
  };
  handing: null | {
    number: number | null;
    verdict: 'open' | 'partial' | 'complete' | 'refund';
    lines: HandingLine[];
    given: string;
    missing: string;
    due_minor: number;
    missing_as: 'refund' | 'keep';
    done: boolean;
  };
  refund: null | { number: number; total_minor: number; method: string; document: string; state: 'done'; until: string };
}

export type LiveKind = 'cart' | 'order' | 'product' | 'category' | 'staff' | 'setting' | 'session' | 'display' | 'claim' | 'board' | 'print' | 'device' | 'payment' | 'card' | 'rate' | 'tip' | 'shift' | 'batch' | 'resync';
export type LiveKind =
  | 'cart'
  | 'order'
  | 'product'
  | 'category'
  | 'staff'
  | 'setting'
  | 'session'
  | 'display'
  | 'claim'
  | 'board'
  | 'print'
  | 'device'
  | 'payment'
  | 'card'
  | 'rate'
  | 'tip'
  | 'shift'
  | 'batch'
  | 'mail'
  | 'quotation'
  | 'resync';

export interface LiveMessage {
  seq: number;
  kind: LiveKind;
  id: string | null;
  data: unknown;
}

export interface Staff {
  id: Id;
  name: string;
  role: Role;
  language: string | null;
  hand: 'right' | 'left';
  hue: Hue;
  active: boolean;
  archived_at: string | null;
}

export interface Setting {
  key: string;
  group: string;
  kind: 'text' | 'choice' | 'int' | 'bool' | 'time' | 'list';
  value: unknown;
  default: unknown;
  scope: 'shop' | 'branch' | 'counter';
  options?: string[];
  min?: number;
  max?: number;
  unit?: 'seconds' | 'minutes' | 'percent' | 'minor';
  read_only: boolean;
}

export interface Today {
  day: string;
  orders: number;
  sold_minor: number;
  same_weekday_minor: number;
  by_hour: { hour: number; sold_minor: number; usual_minor: number }[];
  top: { product: Id | null; name: string; quantity: string; unit: UnitName; sold_minor: number }[];
  week: { day: string; sold_minor: number }[];
}
