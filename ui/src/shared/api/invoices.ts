/** Orders as documents, quotations, and the letters that carry them. */
import type { UnitName } from './schema';

export interface InvoiceBuyer {
  name: string;
  tax_number: string;
  region: string;
  address: string;
}

export type InvoiceState = 'issued' | 'sent' | 'part_paid' | 'paid' | 'overdue' | 'cancelled';

export interface Invoice {
  id: string;
  document: string;
  kind: 'tax_invoice' | 'bill_of_supply' | 'receipt';
  state: InvoiceState;
  day: string;
  placed_at: string;
  due_day: string | null;
  buyer: InvoiceBuyer | null;
  customer: string | null;
  total_minor: number;
  tax_minor: number;
  refunded_minor: number;
  paid_minor: number;
  owed_minor: number;
  revisions: number;
  sent_at: string | null;
}

/** A part of a sum, and the day by which it is to be paid. */
export interface InstalmentPart {
  day: string;
  amount_minor: number;
}

/** The same as it stands. */
export interface Instalment extends InstalmentPart {
  open_minor: number;
  state: 'due' | 'overdue' | 'paid';
}

export interface InvoiceVersion {
  revision: number;
  at: string;
  day: string;
  staff: { id: string; name: string } | null;
  buyer: InvoiceBuyer | null;
  reason: string | null;
}

export interface SentDocument {
  kind: string;
  revision: number;
  way: string;
  to: string;
  at: string;
  staff: { id: string; name: string } | null;
}

export interface InvoiceWhole extends Invoice {
  versions: InvoiceVersion[];
  sent: SentDocument[];
  credit_notes: { id: string; document: string; at: string; total_minor: number; reason: string }[];
  instalments: Instalment[];
  /** What could be paid in parts now. */
  on_account_minor: number;
  quotation: string | null;
  mail_to: string | null;
  wants_buyer: boolean;
}

export interface MailLetter {
  id: string;
  kind: string;
  subject: string | null;
  document: string | null;
  to: string;
  to_name: string;
  title: string;
  text: string;
  file: string | null;
  state: 'queued' | 'sending' | 'sent' | 'failed' | 'discarded';
  why: string | null;
  said: string | null;
  attempts: number;
  next_try_at: string | null;
  created_at: string;
  changed_at: string;
  staff: { id: string; name: string } | null;
  actions: string[];
}

export interface MailServer {
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
  user: string;
  from: string;
  from_name: string;
  authority: string;
}

export interface MailServerState {
  server: MailServer | null;
  password: boolean;
  waiting: number;
  failed: number;
}

export interface MailTested {
  ok: boolean;
  why: string | null;
  said: string | null;
}

export interface Quotation {
  id: string;
  document: string;
  state: 'drafted' | 'sent' | 'accepted' | 'declined' | 'withdrawn' | 'expired' | 'invoiced';
  made_at: string;
  valid_until: string;
  customer: string | null;
  total_minor: number;
  order: string | null;
}

export interface QuotationWhole extends Quotation {
  buyer: InvoiceBuyer | null;
  lines: { line: number; name: string; quantity: string; unit: UnitName; unit_price_minor: number; amount_minor: number; note: string }[];
  tax_minor: number;
  note: string;
  versions: { revision: number; at: string; staff: { id: string; name: string } | null; total_minor: number }[];
  sent: SentDocument[];
  mail_to: string | null;
}
