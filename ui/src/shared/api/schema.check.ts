/**
 * The shapes of `schema.ts`, held against what the core says of itself (`generated.ts`, written by `./dev types`).
 * Nothing here runs: where a field is missing, left over or of another type, the type check fails and names it.
 */
import type { components } from './generated';
import type * as Page from './schema';

type Core = components['schemas'];

/** Same fields, same kinds of value: which strings are allowed, and whether null is, may be told more closely by the page. */
type Shape<T> = [T] extends [never]
  ? never
  : T extends string
    ? string
    : T extends number
      ? number
      : T extends boolean
        ? boolean
        : T extends null | undefined
          ? never
          : T extends readonly (infer Item)[]
            ? Shape<Item>[]
            : string extends keyof T
              ? Record<string, unknown>
              : { [Key in keyof T]-?: Shape<T[Key]> };

type Wrong<Sent, Read> = {
  [Key in keyof Sent | keyof Read as Key extends keyof Sent & keyof Read
    ? [Shape<Sent[Key]>, Shape<Read[Key]>] extends [Shape<Read[Key]>, Shape<Sent[Key]>]
      ? never
      : Key
    : Key]: Key extends keyof Sent ? (Key extends keyof Read ? 'another type' : 'not read here') : 'not sent by the core';
};

type Same<Sent, Read> = {} extends Wrong<Sent, Read> ? true : Wrong<Sent, Read>;
type Checked<_Answers extends Record<string, true>> = true;

export type Checks = Checked<{
  health: Same<Core['Health'], Page.Health>;
  setup: Same<Core['SetupView'], Page.Setup>;
  lock: Same<Core['LockView'], Page.Lock>;
  session: Same<Core['SignedIn'], Page.Session>;
  sessionRow: Same<Core['SessionView'], Page.SessionRow>;
  product: Same<Core['ProductView'], Page.Product>;
  category: Same<Core['CategoryView'], Page.Category>;
  catalog: Same<Core['CatalogView'], Page.Catalog>;
  discount: Same<Core['DiscountForm'], Page.Discount>;
  cartLine: Same<Core['CartLineView'], Page.CartLine>;
  cart: Same<Core['CartView'], Page.Cart>;
  orderLine: Same<Core['OrderLineView'], Page.OrderLine>;
  order: Same<Core['OrderView'], Page.Order>;
  display: Same<Core['DisplayView'], Page.Display>;
  staff: Same<Core['StaffView'], Page.Staff>;
  setting: Same<Core['SettingView'], Page.Setting>;
  today: Same<Core['TodayView'], Page.Today>;
}>;
