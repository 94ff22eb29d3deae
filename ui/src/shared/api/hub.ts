/** The shop's hub on the Internet, as the screens read it. */
export interface HubState {
  address: string | null;
  state: 'off' | 'connecting' | 'online' | 'unreachable' | 'refused';
  /** The words are `online.refusal.*`. */
  refusal: string | null;
  since: string | null;
  exchanged_at: string | null;
  to_send: number;
  set_aside: number;
}

/** A one-time code with which an owner makes a login at the hub's page. */
export interface HubLogin {
  page: string;
  code: string;
  until: string;
  /** Else an owner who has a login says yes to it first. */
  confirmed: boolean;
}
