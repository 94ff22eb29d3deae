/** Words for what the core says of customers: types of the shop's own stand for themselves. */
import { i18n, t, tMaybe, type MessageKey } from '$shared/i18n';
import type { CustomerBrief, Segment, StatementKind } from '$shared/api';

export const SEGMENTS: Segment[] = ['regular', 'vip', 'watch', 'blocked'];
export const METHODS = ['cash', 'card', 'upi', 'wallet', 'bank'] as const;

export const typeWord = (type: string): string => tMaybe(`customers.type.${type}`) ?? type;
export const segmentWord = (segment: Segment): string => t(`customers.segment.${segment}`);
export const methodWord = (method: string): string => tMaybe(`accounts.method.${method}`) ?? method;
export const kindWord = (kind: StatementKind): string => t(`statement.kind.${kind}` as MessageKey);

export function nameOf(one: Pick<CustomerBrief, 'name' | 'phone' | 'erased_at'>): string {
  if (one.erased_at) return t('customers.erasedName');
  return one.name ?? one.phone ?? t('customers.guest');
}

/** A business day, which has no time and no zone. */
export function dayWord(day: string): string {
  const [year, month, date] = day.split('-').map(Number);
  return new Intl.DateTimeFormat(`${i18n.language === 'en' ? 'en-IN' : i18n.language}-u-nu-latn`, { day: 'numeric', month: 'short', year: 'numeric' }).format(new Date(year!, month! - 1, date!));
}
