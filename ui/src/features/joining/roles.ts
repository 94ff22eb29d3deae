/** What devices are for, and why one is shut out: in the order in which they are offered. */
import type { DeviceRole } from '$shared/api';

export const DEVICE_ROLES: DeviceRole[] = ['till', 'token_counter', 'sales_counter', 'kitchen', 'office'];
export const REVOKE_REASONS = ['lost', 'stolen', 'sold', 'broken', 'other'] as const;

/** A code as it is typed: groups of four, without what cannot be in one. */
export function tidyCode(text: string): string {
  const letters = text.toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1').replace(/[^0-9A-HJKMNP-TV-Z]/g, '').slice(0, 16);
  return letters.match(/.{1,4}/g)?.join('-') ?? '';
}

export const isWhole = (code: string) => code.replace(/-/g, '').length === 16;

/** A scanned text that invites. */
export const isInvitation = (text: string) => text.startsWith('chandi-join:');
