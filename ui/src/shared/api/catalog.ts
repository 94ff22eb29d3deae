/** What a product is made of, as the back office and the line sheet read it. */
import type { Id, Names, Product, UnitName } from './schema';

export type PriceFrom = 'catalog' | 'level' | 'break' | 'customer';

export interface SetPrice {
  id: Id;
  product: Id;
  unit: UnitName;
  level: string | null;
  customer: Id | null;
  /** The one branch it holds at; null is everywhere. */
  branch: Id | null;
  from_quantity: string | null;
  first_day: string | null;
  last_day: string | null;
  price_minor: number;
  state: 'now' | 'later' | 'past' | 'ended';
  ended_at: string | null;
}

export interface PriceChangeRow {
  at: string;
  unit: UnitName;
  price_minor: number;
  was_minor: number | null;
  by: Id | null;
}

export interface Prices {
  set: SetPrice[];
  old: SetPrice[];
  changes: PriceChangeRow[];
}

export interface PriceLevel {
  /** wholesale, or an id; the catalogue's own level, counter, is not among them. */
  key: string;
  name: string;
  names: Names;
  position: number;
  customer_types: string[];
  percents: { category: Id | null; percent: string }[];
  step_minor: number;
  /** Whether the prices set for it include tax; null: as the shop's do. */
  inclusive: boolean | null;
  archived_at: string | null;
}

export interface Brand {
  id: Id;
  name: string;
  products: number;
  archived_at: string | null;
}

export interface Extra {
  id: Id;
  name: string;
  names: Names;
  price_minor: number;
  product: Id | null;
  quantity: string | null;
  available: boolean;
}

export interface ExtraGroup {
  id: Id;
  name: string;
  names: Names;
  least: number;
  most: number;
  options: Extra[];
  position: number;
  archived_at: string | null;
}

export interface Variant {
  id: Id;
  name: string;
  names: Names;
  values: { name: string; value: string }[];
  sku: string | null;
  price_minor: number;
  /** What this device's branch asks for one today. */
  here_minor: number;
  hidden_here: boolean;
  available: boolean;
  picture: Id | null;
}

export interface BundlePart {
  product: Id;
  name: string;
  names: Names;
  unit: UnitName;
  quantity: string;
}

export interface GoodsChoices {
  product: Product;
  units: { unit: UnitName; holds: string; measured: boolean; price_minor: number; source: PriceFrom; prices: { level: string; price_minor: number; source: PriceFrom; inclusive: boolean | null }[] }[];
  levels: { key: string; name: string; names: Names }[];
  groups: ExtraGroup[];
  variants: Variant[];
  parts: BundlePart[];
}

export interface RowFault {
  row: number;
  column: string | null;
  code: string;
  message: string;
  value: string | null;
}

export interface CellChange {
  row: number;
  product: string;
  column: string;
  before: string | null;
  after: string | null;
}

export interface ImportOutcome {
  rows: number;
  created: number;
  updated: number;
  unchanged: number;
  wrong: number;
  errors: RowFault[];
  run: Id | null;
  changes: CellChange[];
  changes_cut: boolean;
  unread: string[];
}

export interface CatalogRun {
  id: Id;
  kind: 'import' | 'prices';
  name: string;
  at: string;
  by: Id | null;
  created: number;
  changed: number;
  undone_at: string | null;
}
