/** The shapes of customers and their accounts, as the screens read them. */
import type { Instalment } from './invoices';
import type { Id } from './schema';

export type Segment = 'regular' | 'vip' | 'watch' | 'blocked';
export type Channel = 'email' | 'message' | 'call';

/** A customer in a list. */
export interface CustomerBrief {
  id: Id;
  /** Null for a guest of whom only a phone is known. */
  name: string | null;
  phone: string | null;
  email: string | null;
  type: string;
  segment: Segment;
  level: string | null;
  region: string | null;
  tax_number: string | null;
  /** Above zero: owes. */
  balance_minor: number;
  limit_minor: number;
  last_order_at: string | null;
  archived_at: string | null;
  erased_at: string | null;
}

export interface TaxNumber {
  number: string;
  from: string | null;
  until: string | null;
  /** Of a special economic zone. */
  zone?: boolean;
}

export interface CustomerAddress {
  label: string;
  street: string;
  city: string;
  region: string;
  postal_code: string;
  country: string;
}

export interface ConsentView {
  channel: Channel;
  given: boolean;
  at: string;
  by: string | null;
}

/** All that is known of a customer. */
export interface CustomerProfile {
  id: Id;
  name: string | null;
  phones: string[];
  email: string | null;
  type: string;
  segment: Segment;
  level: string | null;
  region: string | null;
  tax_numbers: TaxNumber[];
  tax_number: string | null;
  addresses: CustomerAddress[];
  note: string | null;
  consents: ConsentView[];
  limit_minor: number;
  terms_days: number;
  language: string | null;
  balance_minor: number;
  left_minor: number;
  since: string;
  orders: number;
  bought_minor: number;
  refunded_minor: number;
  average_minor: number;
  first_order_at: string | null;
  last_order_at: string | null;
  archived_at: string | null;
  erased_at: string | null;
  erased_by: string | null;
  merged: Id[];
}

export interface Ageing {
  not_due_minor: number;
  to_30_minor: number;
  to_60_minor: number;
  to_90_minor: number;
  over_90_minor: number;
  total_minor: number;
}

export interface OpenItem {
  id: Id;
  order: Id | null;
  document: string | null;
  day: string;
  due: string;
  overdue: boolean;
  charged_minor: number;
  open_minor: number;
  instalments: Instalment[];
}

export interface Account {
  customer: Id;
  balance_minor: number;
  limit_minor: number;
  left_minor: number;
  advance_minor: number;
  terms_days: number;
  ageing: Ageing;
  open: OpenItem[];
}

export interface Owing {
  customer: Id;
  name: string | null;
  phone: string | null;
  balance_minor: number;
  limit_minor: number;
  ageing: Ageing;
}

export interface AgeingList {
  items: Owing[];
  next: string | null;
  total: Ageing;
}

export interface PaymentReceipt {
  id: Id;
  customer: Id;
  name: string | null;
  document: string;
  at: string;
  by: string | null;
  method: string;
  amount_minor: number;
  received_minor: number | null;
  change_minor: number;
  reference: string;
  note: string;
  pays: { item: Id; document: string | null; amount_minor: number }[];
  advance_minor: number;
  reversed_at: string | null;
  balance_minor: number;
}

export type StatementKind = 'sale' | 'sale_void' | 'refund' | 'payment' | 'payment_reversed' | 'opening' | 'write_off' | 'correction';

export interface StatementRow {
  id: Id;
  at: string;
  day: string;
  kind: StatementKind;
  order: Id | null;
  document: string | null;
  method: string | null;
  text: string | null;
  amount_minor: number;
  balance_minor: number;
}

export interface Statement {
  customer: Id;
  name: string | null;
  from: string | null;
  until: string | null;
  opening_minor: number;
  charged_minor: number;
  credited_minor: number;
  closing_minor: number;
  count: number;
  rows: StatementRow[];
  next: string | null;
}
