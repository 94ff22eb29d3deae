/** The shapes that travel through the door, as the screens read them; `schema.check.ts` holds them against the core's own. */

import type { InstalmentPart } from './invoices';
import type { DeviceRole } from './joining';

export type Id = string;
/** A unit that everybody knows, or a shop's own: "=tray" is counted, "~foot" is measured. */
export type UnitName = 'piece' | 'plate' | 'cup' | 'glass' | 'bowl' | 'box' | 'pack' | 'bottle' | 'kg' | 'g' | 'l' | 'ml' | 'm' | 'hour' | `=${string}` | `~${string}`;
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
  /** How they sign in from here. */
  asks: 'pin' | 'password' | 'set_up';
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
  /** The branch's zone, and when its day begins there. */
  zone: string;
  day_starts_at: string;
  /** The counter's look, for devices that were told nothing else. */
  theme: 'system' | 'light' | 'dark';
  /** What this device is for, and so what it opens first. */
  device_role: DeviceRole;
  /** The shop shut this device out. */
  shut_out: boolean;
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
  /** What the one before left at this till; only told when somebody signs in. */
  left: null | {
    cart: null | { by: Named; items: string; total_minor: number };
    drawer: null | { holder: Named; since: string };
  };
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
  /** What this device's branch asks for one today; `price_minor` is the catalogue's. */
  here_minor: number;
  unit: UnitName;
  category: Id | null;
  barcodes: string[];
  art: Art;
  available: boolean;
  /** Branches at which it is not sold. */
  hidden_at: Id[];
  /** It is not sold where this device stands. */
  hidden_here: boolean;
  favourite: boolean;
  position: number;
  open_price: boolean;
  archived_at: string | null;
  sample: boolean;
  /** The other units it is sold by. */
  units: { unit: UnitName; holds: string; price_minor: number; own_price: boolean; barcodes: string[] }[];
  /** A variant or a modifier has to be chosen before it can be sold. */
  asks: boolean;
  brand: Id | null;
  /** The product this is a variant of. */
  variant_of: Id | null;
  variant: { name: string; value: string }[];
  /** What there is to choose between its variants. */
  choices: { name: string; values: string[] }[];
  modifiers: Id[];
  /** What a bundle holds. */
  parts: { product: Id; quantity: string }[];
  picture: Id | null;
  tax_class: Id | null;
  hsn: string | null;
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
  /** Until when these prices hold, as far as the day decides. */
  until: string;
}

export interface Discount {
  percent?: string | null;
  amount_minor?: number | null;
  reason: string;
}

/** Where the price of a line comes from. */
export type PriceSource = 'catalog' | 'level' | 'break' | 'branch' | 'customer' | 'typed';

export interface ChosenModifier {
  id: Id;
  name: string;
  price_minor: number;
}

export interface CartLine {
  line: number;
  product: Id | null;
  name: string;
  names: Names;
  unit: UnitName;
  /** The level that gave the price, when one did. */
  level: string | null;
  /** The level that was chosen for this line alone; null is the cart's. */
  own_level: string | null;
  price_source: PriceSource;
  modifiers: ChosenModifier[];
  /** The amount contains its taxes. */
  inclusive: boolean;
  hsn: string;
  taxable_minor: number;
  tax_minor: number;
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
  /** Percent, as text. */
  rate: string;
  taxable_minor: number;
  amount_minor: number;
}

/** The customer of a cart or an order, as the till may show them. */
export interface CartCustomer {
  id: Id;
  name: string;
  phone: string | null;
  type: string;
  level: string | null;
  tax_number: string | null;
  /** What they owe. */
  balance_minor: number;
  limit_minor: number;
  blocked: boolean;
}

export type OrderType = 'counter' | 'eat_in' | 'take_away' | 'delivery';

/** A price that is another one than when the cart was last changed. */
export interface RateChange {
  line: number;
  name: string;
  was_minor: number;
  now_minor: number;
}

export interface Cart {
  id: Id;
  revision: number;
  state: 'open' | 'parked';
  label: string;
  parked_at: string | null;
  /** Whoever worked on it last. */
  held_by: Named | null;
  lines: CartLine[];
  discount: Discount | null;
  customer: CartCustomer | null;
  /** The price level of the whole cart; null is the customer's own, or the counter's. */
  level: string | null;
  order_type: OrderType;
  /** The region that the goods are delivered to. */
  delivered_to: string | null;
  /** The amounts of the lines contain the taxes that are listed, but for what is on top. */
  inclusive: boolean;
  tax_on_top_minor: number;
  items: string;
  subtotal_minor: number;
  discount_minor: number;
  taxable_minor: number;
  taxes: TaxLine[];
  tax_minor: number;
  rounding_minor: number;
  total_minor: number;
  /** What it cost when it was last changed, where that is no longer so. */
  total_was_minor: number | null;
  /** What comes back for it. */
  exchange: CartExchange | null;
  /** The total less what the goods pay that come back. */
  to_pay_minor: number;
  /** What is asked when all of it is paid in cash. */
  cash_due_minor: number;
  rate_changes: RateChange[];
  /** What the customer is asked to pay another way than cash. */
  offer: Offer | null;
  can_undo: boolean;
  can_redo: boolean;
  stage: 'cart' | 'cash';
  received_minor: number | null;
  cash_suggestions_minor: number[];
  /** The line that was touched last. */
  last_line?: number | null;
}

export type CartChange =
  | { kind: 'add'; product: Id; quantity?: string; unit_price_minor?: number; unit?: string; modifiers?: Id[]; price_level?: string }
  | { kind: 'add_open'; name: string; unit_price_minor: number; quantity?: string }
  | { kind: 'set_quantity'; line: number; quantity: string }
  | { kind: 'set_unit'; line: number; unit: string }
  | { kind: 'set_level'; line: number; level: string | null }
  | { kind: 'set_price'; line: number; unit_price_minor: number | null }
  | { kind: 'set_modifiers'; line: number; modifiers: Id[] }
  | { kind: 'set_customer'; customer: Id | null }
  | { kind: 'set_cart_level'; level: string | null }
  | { kind: 'set_order_type'; order_type: OrderType }
  | { kind: 'set_delivery'; region: string | null }
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

export type HistoryKind = 'placed' | 'preparing' | 'ready' | 'handed_over' | 'handover_undone' | 'refunded' | 'token_reissued' | 'token_revoked' | 'cancelled' | 'tender_moved' | 'payment_changed';

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
  /** The new order of an exchange. */
  exchanged_for: { order: Id; number: number; document: string; amount_minor: number } | null;
}

export interface ExchangeLine {
  line: number;
  name: string;
  names: Names;
  unit: UnitName;
  quantity: string;
  amount_minor: number;
}

/** Goods that come back for a cart. */
export interface CartExchange {
  order: Id;
  number: number;
  document: string;
  lines: ExchangeLine[];
  reason: string;
  back_minor: number;
  /** What of it pays for the cart. */
  pays_minor: number;
  /** What is paid back. */
  owed_minor: number;
  tenders: { method: string; amount_minor: number; original: boolean }[];
  /** Why it is not possible any more. */
  refused: string | null;
}

/** `exchange` is what goods paid that came back: nobody picks it. */
export type TenderMethod = 'cash' | 'card' | 'upi' | 'wallet' | 'bank' | 'account' | 'store_credit' | 'gift_card' | 'exchange';
export type TenderState = 'pending' | 'authorised' | 'captured' | 'failed' | 'voided' | 'refunded' | 'unknown';

/** One leg of a payment. */
export interface Tender {
  id: Id;
  method: TenderMethod;
  amount_minor: number;
  received_minor: number | null;
  change_minor: number;
  tip_minor: number;
  state: TenderState;
  reference: string;
  provider: string;
  cash_rounding_minor: number;
  currency: string | null;
  foreign_minor: number | null;
  /** The gateway's payment behind it. */
  payment: Id | null;
  at: string;
  staff: Named | null;
  /** When another way to pay took its place. */
  voided_at: string | null;
  voided_by: Named | null;
}

/** A way to pay, as the shop takes it. */
export interface PayMethod {
  method: TenderMethod;
  needs: ('reference' | 'customer' | 'card' | 'digits')[];
  /** Above this the last four digits of the payment are typed; 0 is never. */
  digits_above_minor: number;
  opens_drawer: boolean;
  /** The customer's screen can show a code for it. */
  shows_code: boolean;
}

/** One leg as it is sent; the core works out what is left open. */
export interface NewTender {
  id: Id;
  method: TenderMethod;
  amount_minor?: number;
  received_minor?: number;
  reference?: string;
  provider?: string;
  currency?: string;
  received_foreign_minor?: number;
  tip_minor?: number;
  card?: string;
  payment?: Id;
  instalments?: InstalmentPart[];
}

/** What the customer's screen shows of a leg that is asked for. */
export interface Offer {
  method: TenderMethod | '';
  amount_minor: number;
  reference: string;
  /** What the QR says. */
  uri: string | null;
  tip_minor: number;
  /** The legs of a split that are there already. */
  taken: { method: TenderMethod; amount_minor: number }[];
}

/** What the customer is asked at their own screen, as the till sees it. */
export interface GuestAsk {
  id: Id;
  kind: 'tip' | 'phone';
  state: 'asked' | 'answered' | 'skipped';
  tip_minor: number | null;
  phone: string | null;
  phone_masked: string | null;
}

/** What the customer says to it: one of the three. */
export interface GuestAnswer {
  id: Id;
  tip_minor?: number;
  phone?: string;
  skip?: boolean;
}

/** Whom the document is made out to. */
export interface Buyer {
  /** Null once the customer was erased. */
  name: string | null;
  tax_number: string | null;
  region: string | null;
  address: string | null;
}

/** The goods that came back for an order. */
export interface TookBack {
  order: Id;
  number: number;
  document: string;
  refund: Id;
  credit_note: string;
  lines: ExchangeLine[];
  back_minor: number;
  pays_minor: number;
  /** How the rest was paid back. */
  tenders: { id: Id; method: string; amount_minor: number }[];
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
  /** Only where the shop has more than one. */
  branch: Named | null;
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
  tenders: Tender[];
  paid_minor: number;
  /** What no captured leg pays. */
  unpaid_minor: number;
  document_kind: 'tax_invoice' | 'bill_of_supply' | 'receipt';
  customer: Id | null;
  buyer: Buyer | null;
  place_of_supply: string;
  inclusive: boolean;
  tax_on_top_minor: number;
  taxable_minor: number;
  tax_minor: number;
  order_type: OrderType;
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
  /** What came back for it, in an exchange. */
  took_back: TookBack | null;
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
  tenders: NewTender[];
  expected_total_minor?: number;
  phone?: string;
}

/** What may be chosen about a product before it is sold. */
export interface Choices {
  product: Product;
  /** The base unit first. */
  units: { unit: UnitName; holds: string; measured: boolean; price_minor: number; source: PriceSource; prices: { level: string; price_minor: number; source: PriceSource; inclusive: boolean | null }[] }[];
  /** Counter first; names are empty where the shop gave none. */
  levels: { key: string; name: string; names: Names }[];
  groups: ModifierGroup[];
  variants: { id: Id; name: string; names: Names; values: { name: string; value: string }[]; price_minor: number; here_minor: number; hidden_here: boolean; available: boolean }[];
  parts: { product: Id; name: string; names: Names; unit: UnitName; quantity: string }[];
}

export interface ModifierGroup {
  id: Id;
  name: string;
  names: Names;
  /** How many must be chosen, and how many may. */
  least: number;
  most: number;
  options: { id: Id; name: string; names: Names; price_minor: number; available: boolean }[];
}

/** A label of the scales: the weight is in `quantity`, or its price is here. */
export interface ScannedLabel {
  code: string;
  weight: boolean;
  amount_minor: number | null;
}

export type Scanned =
  | { kind: 'product'; product: Product; unit: UnitName; quantity: string; label?: ScannedLabel | null }
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
  state: 'idle' | 'cart' | 'ask' | 'cash' | 'pay' | 'failed' | 'paid' | 'handing' | 'refund';
  shop: { name: string; demo: boolean; language: string; currency: string; minor_digits: number; brand_color: string | null };
  theme: 'system' | 'light' | 'dark';
  cart: null | {
    lines: DisplayCartLine[];
    last_line: number | null;
    items: string;
    subtotal_minor: number;
    discount_minor: number;
    inclusive: boolean;
    tax_on_top_minor: number;
    taxes: TaxLine[];
    /** A price changed while the cart stood open. */
    rate_changed: boolean;
    rounding_minor: number;
    total_minor: number;
    /** What comes back for it. */
    exchange: null | { lines: ExchangeLine[]; back_minor: number; to_pay_minor: number; owed_minor: number };
  };
  cash: null | { total_minor: number; received_minor: number | null; change_minor: number | null };
  /** A question to the customer, to be answered at this screen. */
  ask: null | {
    id: Id;
    kind: 'tip' | 'phone';
    amount_minor: number;
    choices: { percent: string; amount_minor: number }[];
    most_minor: number;
    answered: boolean;
    tip_minor: number | null;
    /** All but six digits hidden. */
    phone: string | null;
    at: string;
    /** Read the display again then. */
    until: string;
  };
  /** What is asked for now, another way than cash, and where the bill stands with it. */
  pay: null | {
    /** Empty between two legs: what is paid and what is left. */
    method: TenderMethod | '';
    amount_minor: number;
    tip_minor: number;
    /** Both of them. */
    asked_minor: number;
    reference: string;
    /** What the QR says. */
    uri: string | null;
    /** The legs of a split that are there already. */
    taken: { method: TenderMethod; amount_minor: number }[];
    total_minor: number;
    paid_minor: number;
    /** What is still to be paid after this. */
    left_minor: number;
  };
  failed: null | {
    /** Empty when several ways paid. */
    method: TenderMethod | '';
    amount_minor: number;
    /** It was paid, and went back. */
    voided: boolean;
    at: string;
    /** Read the display again then. */
    until: string;
  };
  paid: null | {
    total_minor: number;
    legs: { method: TenderMethod; amount_minor: number; tip_minor: number; reference: string }[];
    /** What was paid back in an exchange. */
    back: { method: TenderMethod; amount_minor: number; tip_minor: number; reference: string }[];
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
  refund: null | { number: number | null; total_minor: number; method: string; document: string; state: 'done'; until: string };
}

export type LiveKind =
  | 'cart'
  | 'order'
  | 'product'
  | 'modifier_group'
  | 'category'
  | 'customer'
  | 'staff'
  | 'setting'
  | 'session'
  | 'display'
  | 'ask'
  | 'claim'
  | 'board'
  | 'print'
  | 'device'
  | 'hub'
  | 'sharing'
  | 'join'
  | 'payment'
  | 'card'
  | 'rate'
  | 'tip'
  | 'shift'
  | 'batch'
  | 'mail'
  | 'campaign'
  | 'backup'
  | 'program'
  | 'link'
  | 'quotation'
  | 'sync'
  | 'anomaly'
  | 'lead'
  | 'carts'
  | 'resync';

export interface LiveMessage {
  seq: number;
  kind: LiveKind;
  id: string | null;
  data: unknown;
}

export interface Branch {
  id: Id;
  name: string;
  address: string;
  phone: string;
  region: string;
  zone: string;
  tax_number: string;
  opened_at: string;
  closed_at: string | null;
  devices: number;
  here: boolean;
}

/** What somebody is at one branch. */
export interface StaffAtBranch {
  branch: Id;
  role: Role;
}

export interface Staff {
  id: Id;
  name: string;
  role: Role;
  /** Where they work and as what; empty: everywhere, as their role says. */
  branches: StaffAtBranch[];
  language: string | null;
  hand: 'right' | 'left';
  hue: Hue;
  active: boolean;
  /** Signs in from other machines with password and code. */
  second_factor: boolean;
  archived_at: string | null;
}

export type SettingScope = 'shop' | 'branch' | 'counter';

export interface Setting {
  key: string;
  group: string;
  kind: 'text' | 'choice' | 'int' | 'bool' | 'time' | 'list';
  value: unknown;
  default: unknown;
  scope: SettingScope;
  /** Who may have a value of their own, the widest first. */
  scopes: SettingScope[];
  /** Whose the value in force is; null when nobody set one. */
  set_at: SettingScope | null;
  /** The value without that one. */
  inherited: unknown;
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
  refunds: number;
  /** Money that went back. */
  back_minor: number;
  same_weekday_minor: number;
  by_hour: { hour: number; sold_minor: number; usual_minor: number }[];
  top: { product: Id | null; name: string; quantity: string; unit: UnitName; sold_minor: number }[];
  week: { day: string; sold_minor: number }[];
}
