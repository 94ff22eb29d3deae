/** Which device decides for the branch, as the core says it. */
import type { Id } from './schema';

export interface LeadDevice {
  device: Id;
  counter: { id: Id; name: string };
  me: boolean;
  decides: boolean;
  /** Whether it answers the one that decides just now; only that one knows. */
  heard: boolean | null;
  chosen_at: string | null;
}

export interface Lead {
  state: 'here' | 'alone' | 'there' | 'nobody' | 'fixed';
  device: Id | null;
  counter: { id: Id; name: string } | null;
  waiting_for: { id: Id; name: string } | null;
  devices: LeadDevice[];
  takes_over: boolean;
}

/** A cart at another till of the branch. */
export interface CartElsewhere {
  id: Id;
  label: string;
  total_minor: number;
  items: string;
  parked_at: string;
  counter: { id: Id; name: string };
  seat: number;
  held_by: { id: Id; name: string } | null;
  /** A parked one can be taken up here; an open one is somebody's. */
  state: 'parked' | 'open';
}

export interface CartsElsewhere {
  items: CartElsewhere[];
  /** The other tills' carts cannot be seen just now. */
  apart: boolean;
}
