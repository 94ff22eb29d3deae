/** News to many customers, as the office reads them. */
import type { Id } from './schema';

export interface CampaignGroup {
  type: string | null;
  segment: string | null;
  level: string | null;
  language: string | null;
  town: string | null;
  bought_days: number | null;
  absent_days: number | null;
  spent_from_minor: number | null;
  spent_days: number | null;
}

export interface CampaignText {
  language: string;
  title: string;
  text: string;
}

export interface CampaignReader {
  id: Id;
  name: string | null;
  language: string | null;
}

export interface CampaignPreview {
  matched: number;
  letters: number;
  people: CampaignReader[];
  left_out: { why: string; count: number; people: CampaignReader[] }[];
  samples: { language: string; count: number; to_name: string; title: string; text: string }[];
}

export interface CampaignCount {
  what: string;
  count: number;
}

export interface Campaign {
  id: Id;
  name: string;
  channel: string;
  at: string;
  staff: { id: Id; name: string } | null;
  group: CampaignGroup;
  texts: CampaignText[];
  letters: number;
  states: CampaignCount[];
  left_out: CampaignCount[];
}

export interface CampaignLetter {
  customer: Id;
  name: string | null;
  state: string;
  why: string | null;
  at: string | null;
  mail: Id | null;
}
