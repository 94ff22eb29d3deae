/** Password and one-time code for whoever comes from another machine, as the screens read them. */
import type { Id } from './schema';

export interface SecondFactor {
  may: boolean;
  set_at: string | null;
  recovery_left: number | null;
  reset: { by: { id: Id; name: string }; at: string } | null;
  needed: boolean;
  here: boolean;
}

export interface SecondFactorOffer {
  id: Id;
  secret: string;
  qr_svg: string;
}

export interface RecoveryCodes {
  shop: string;
  name: string;
  codes: string[];
}
