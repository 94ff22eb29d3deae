/** Browsers that a link let in, and what is open to prepare, as the screens read them. */
import type { Board, Id, Names, UnitName } from './schema';

export type LinkPurpose = 'board' | 'pick' | 'customer' | 'phone';

export interface DeviceLink {
  id: Id;
  name: string;
  purpose: LinkPurpose;
  state: 'waiting' | 'open' | 'ended' | 'revoked';
  branch: { id: Id; name: string };
  counter: { id: Id; name: string };
  until: string | null;
  code_until: string | null;
  opened_at: string | null;
  browser: string | null;
  seen_at: string | null;
  seen_from: string | null;
}

export interface DeviceLinks {
  items: DeviceLink[];
  addresses: string[];
}

export interface MadeDeviceLink {
  link: DeviceLink;
  /** Told once. */
  code: string | null;
  addresses: string[];
  /** Whether it is opened at the device that answered. */
  here: boolean;
}

export interface OpenedLink {
  id: Id;
  purpose: LinkPurpose;
}

export interface PickLine {
  line: number;
  name: string;
  names: Names;
  quantity: string;
  unit: UnitName;
  modifiers: string[];
  note: string | null;
}

export interface PickOrder {
  id: Id;
  number: number;
  state: 'placed' | 'preparing' | 'ready' | 'partial';
  placed_at: string;
  preparing_at: string | null;
  ready_at: string | null;
  order_type: string;
  lines: PickLine[];
}

export interface OpenOrders {
  orders: PickOrder[];
  /** Older ones that are open besides. */
  more: number;
  shop: Board['shop'];
  now: string;
}
