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
  missing: string;
  refunded: string;
  open: string;
  note: string | null;
}

export interface OrderToken {
  code: string;
  number: string;
  generation: number;
  expires_at: string;
  number_expires_at: string;
}

export interface Order {
  id: Id;
  number: number;
  document: string;
  state: string;
  placed_at: string;
  business_day: string;
  counter: { id: Id; name: string };
  staff: { id: Id; name: string } | null;
  lines: OrderLine[];
  subtotal_minor: number;
  discount_minor: number;
  taxes: TaxLine[];
  rounding_minor: number;
  total_minor: number;
  tenders: { id: Id; method: 'cash'; amount_minor: number; received_minor: number | null; change_minor: number }[];
  token: OrderToken | null;
  undo_until: string;
  cancelled: null | { at: string; staff: { id: Id; name: string } | null; reason: string };
  demo: boolean;
}

export interface NewOrder {
  id: Id;
  cart: Id;
  tenders: { id: Id; method: 'cash'; amount_minor?: number; received_minor?: number }[];
  expected_total_minor?: number;
}

export type Scanned =
  | { kind: 'product'; product: Product; quantity: string }
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

export interface Display {
  state: 'idle' | 'cart' | 'cash' | 'paid';
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
}

export type LiveKind = 'cart' | 'order' | 'product' | 'category' | 'staff' | 'setting' | 'session' | 'display' | 'resync';

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
  group: 'shop' | 'branch' | 'counter' | 'safety' | 'tokens' | 'look';
  kind: 'text' | 'choice' | 'int' | 'bool' | 'time' | 'list';
  value: unknown;
  default: unknown;
  scope: 'shop' | 'branch' | 'counter';
  options?: string[];
  min?: number;
  max?: number;
  unit?: 'seconds' | 'minutes' | 'percent';
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
