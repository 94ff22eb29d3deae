/** The shapes of backups, restoring and forgetting, as the screens read them. */
import type { Id } from './schema';

export interface RecoveryKey {
  name: string;
  set_at: string;
  generation: number;
}

export interface BackupTarget {
  id: Id;
  kind: 'folder' | 'stick' | 'hub';
  place: string;
  present: boolean;
  same_disk: boolean;
  last_at: string | null;
  file: string | null;
  bytes: number;
  /** The code of what went wrong the last time. */
  problem: string | null;
}

export interface Backups {
  key: RecoveryKey | null;
  targets: BackupTarget[];
  last_at: string | null;
  nag: boolean;
  running: boolean;
  changes: number;
  sticks: { path: string; label: string }[];
  /** The shop's hub, while it is no place for backups yet. */
  hub: string | null;
  restored: { at: string; backup_at: string; old_device: Id | null; came_since: number; until: string | null } | null;
}

export interface RecoveryCard {
  id: Id;
  shop: string;
  code: string;
  qr_svg: string;
  name: string;
  hub: string | null;
  made_at: string;
}

export interface BackupFile {
  name: string;
  path: string;
  shop: string;
  made_at: string;
  bytes: number;
  key: string;
}

export interface FolderOf {
  path: string;
  parent: string | null;
  folders: { name: string; path: string }[];
  backups: BackupFile[];
}

export interface BackupLook {
  file: BackupFile;
  facts: number;
  opens: boolean;
}

/** The backups at a hub that a card opens, newest first. */
export interface HubBackups {
  address: string;
  backups: { id: Id; device: Id; made_at: string; bytes: number; facts: number }[];
  /** A device that does not speak for the owner made a newer card. */
  replaced: boolean;
}

export interface RestoreState {
  phase: 'idle' | 'fetching' | 'reading' | 'checking' | 'building' | 'done' | 'failed';
  done: number;
  total: number;
}

export interface ShopRestored {
  shop: string;
  made_at: string;
  facts: number;
  left_out: number;
}

export interface Forgetting {
  shop: string;
  only_here: number;
  alone: boolean;
  last_backup_at: string | null;
  changes: number;
}
