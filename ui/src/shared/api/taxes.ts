/** The shapes of taxes, as the screens read them. */
import type { Id } from './schema';

export interface Tax {
  name: string;
  /** In percent: "2.5". */
  rate: string;
  compound: boolean;
}

export interface TaxRule {
  from: string;
  to: string | null;
  above_minor: number | null;
  up_to_minor: number | null;
  order_types: string[];
  customer_types: string[];
  regions: string[];
  registered: boolean | null;
  treatment: string;
  taxes: Tax[];
  source: string;
}

export interface TaxClass {
  id: Id;
  name: string;
  key: string;
  performed: boolean;
  rules: TaxRule[];
  today: string;
  products: number;
  usual: boolean;
  archived_at: string | null;
}

export interface Taxes {
  country: string;
  india: boolean;
  classes: TaxClass[];
  regions: { code: string; name: string }[];
  pack: boolean;
  untaxed: string | null;
}

export interface TaxClassVersion {
  at: string;
  by: string | null;
  name: string;
  performed: boolean;
  rules: TaxRule[];
  archived: boolean;
}

export interface TriedTaxes {
  taxable_minor: number;
  tax_minor: number;
  gross_minor: number;
  round_off_minor: number;
  payable_minor: number;
  taxes: { name: string; rate: string; amount_minor: number }[];
  place_of_supply: string;
  document: string;
  treatment: string;
}

export interface TaxIdentity {
  /** Null: the number of the settings. */
  id: Id | null;
  number: string;
  name: string;
  region: string;
  region_name: string | null;
  from: string | null;
  to: string | null;
  composition: boolean;
  /** Null: every branch that has none of its own. */
  branch: Id | null;
  today: boolean;
}

export interface GstinChecked {
  number: string;
  valid: boolean;
  fault: string | null;
  expected: string | null;
  state: string | null;
  state_name: string | null;
  pan: string | null;
}

export interface TaxReport {
  from: string;
  to: string;
  taxes: { name: string; rate: string; sold_taxable_minor: number; sold_minor: number; back_taxable_minor: number; back_minor: number; tax_minor: number }[];
  taxable_minor: number;
  tax_minor: number;
}

export interface Gstr1 {
  month: string;
  gstin: string;
  gstins: string[];
  sections: { section: string; documents: number; taxable_minor: number; igst_minor: number; cgst_minor: number; sgst_minor: number; cess_minor: number }[];
  hsn: { hsn: string; name: string; uqc: string; quantity: string; rate: string; to_business: boolean; taxable_minor: number; tax_minor: number }[];
  series: { kind: string; from: string; to: string; issued: number; cancelled: number; net: number }[];
  faults: { code: string; document: string; about: string }[];
}
