/** Words for a discount, and what a person typed as one. */
import type { Discount } from '$shared/api';
import { formatMinor, parseMinor, westernDigits, type Currency } from '$shared/money/money';
import { t } from '$shared/i18n';

export const REASONS = ['regular', 'offer', 'damaged', 'staff', 'wait'] as const;

export function discountText(discount: Discount, currency: Currency): string {
  if (discount.percent) return t('cart.percentOff', { percent: discount.percent });
  return t('cart.amountOff', { amount: formatMinor(discount.amount_minor ?? 0, currency) });
}

export type Typed = { discount: Discount } | { wrong: 'value' | 'most' | 'reason' };

export function typedDiscount(kind: 'percent' | 'amount', value: string, reason: string, currency: Currency): Typed {
  if (kind === 'percent') {
    const percent = westernDigits(value).replace(',', '.').trim();
    if (!/^\d{1,3}(\.\d{1,4})?$/.test(percent) || Number(percent) === 0) return { wrong: 'value' };
    if (Number(percent) > 100) return { wrong: 'most' };
    return reason.trim() ? { discount: { percent, reason: reason.trim() } } : { wrong: 'reason' };
  }
  const amount = parseMinor(value, currency.digits);
  if (amount === null || amount === 0) return { wrong: 'value' };
  return reason.trim() ? { discount: { amount_minor: amount, reason: reason.trim() } } : { wrong: 'reason' };
}
