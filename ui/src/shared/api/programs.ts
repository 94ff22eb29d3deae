/** Other programs: their keys, and the addresses that are told what happens. */
import type { Id } from './schema';

export interface ProgramPerson {
  id: Id;
  name: string;
}

export interface ApiKey {
  id: Id;
  name: string;
  permissions: string[];
  near: boolean;
  state: 'good' | 'ended' | 'revoked';
  ends_at: string | null;
  made_at: string;
  made_by: ProgramPerson | null;
  used_at: string | null;
  revoked_at: string | null;
}

export interface ApiKeyList {
  items: ApiKey[];
  permissions: string[];
  counter: string;
}

export interface MadeApiKey {
  key: ApiKey;
  secret: string | null;
}

export interface Webhook {
  id: Id;
  name: string;
  address: string;
  near: boolean;
  events: string[];
  personal: boolean;
  state: 'on' | 'off' | 'gave_up';
  failing_since: string | null;
  attempts: number;
  next_try_at: string | null;
  up_to_date: boolean;
  cursor: string;
  made_at: string;
  made_by: ProgramPerson | null;
}

export interface MadeWebhook {
  hook: Webhook;
  secret: string | null;
}

export interface WebhookDelivery {
  number: number;
  event_id: Id;
  event: string;
  attempt: number;
  at: string;
  duration_ms: number;
  ok: boolean;
  status: number | null;
  why: string | null;
  said: string;
}

export interface EventType {
  type: string;
  permission: string;
}
