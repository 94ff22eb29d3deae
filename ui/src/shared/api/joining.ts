/** Devices that join a shop, and those that belong to it, as the screens read them. */
import type { Id } from './schema';

export type JoinPhase = 'none' | 'reaching' | 'waiting' | 'preparing' | 'receiving' | 'checking' | 'opening' | 'done' | 'failed';

export interface JoinState {
  phase: JoinPhase;
  digits: string | null;
  received: number;
  size: number;
  /** Why it failed: the code of a refusal. */
  failed: string | null;
}

export type InvitationState = 'open' | 'asked' | 'preparing' | 'sending' | 'joined' | 'declined' | 'withdrawn' | 'expired' | 'guessed' | 'failed';

export interface Invitation {
  id: Id;
  state: InvitationState;
  code: string | null;
  qr_svg: string | null;
  addresses: string[];
  expires_at: string;
  guest: { device: Id; name: string; version: string; digits: string } | null;
  sent: number;
  size: number;
}

export type DeviceRole = 'till' | 'token_counter' | 'sales_counter' | 'kitchen' | 'office';

export interface ShopDevice {
  device: Id;
  name: string;
  role: DeviceRole;
  branch: { id: Id; name: string };
  counter: { id: Id; name: string };
  this: boolean;
  since: string;
  last_at: string | null;
  facts: number;
  revoked: { at: string; last_seq: number; by: Id } | null;
  moving: boolean;
  numbers_shared: boolean;
}
