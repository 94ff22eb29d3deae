/** How this device is reached on the LAN, as the screens read it. */
export interface Sharing {
  on: boolean;
  state: 'off' | 'starting' | 'on' | 'failed';
  problem: 'port_taken' | 'no_network' | null;
  port: number | null;
  /** The likeliest first. */
  addresses: SharingAddress[];
  fingerprint: string | null;
  typed: string[];
  others: SharingOther[];
}

export interface SharingAddress {
  url: string;
  /** What another screen is shown first. */
  guide: string;
}

export interface SharingOther {
  device: string;
  name: string | null;
  address: string | null;
  version: string | null;
  reachable: boolean;
  seen: string | null;
}
