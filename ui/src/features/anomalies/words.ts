/** The sentence of each kind of matter, with its names, numbers and amounts. */
import type { Anomaly } from '$shared/api';
import { i18n, t, type MessageKey } from '$shared/i18n';
import { quantityText, unitShort } from '$shared/i18n/units';
import { formatMinor } from '$shared/money/money';
import { session } from '$shared/state/session.svelte';

const MINUTE_MS = 60_000;

export function amountOf(minor: number | null | undefined): string {
  return formatMinor(minor ?? 0, session.currency);
}

export function muchOf(quantity: string | null | undefined, unit: string | null | undefined): string {
  if (!quantity) return '';
  const known = (unit ?? 'piece') as Parameters<typeof unitShort>[0];
  const short = unitShort(known);
  return `${quantityText(quantity, known)}${short ? ` ${short}` : ''}`;
}

export function sentenceOf(one: Anomaly): string {
  const device = (at: number) => one.devices[at]?.name || t('attention.device');
  const values = {
    name: one.customer ? one.customer.name || t('attention.guest') : (one.name ?? ''),
    number: String(one.order?.number ?? ''),
    quantity: muchOf(one.quantity, one.unit),
    sold: muchOf(one.sold, one.unit),
    amount: amountOf(one.amount_minor),
    barcode: one.barcode ?? '',
    products: new Intl.ListFormat(i18n.language).format(one.products.map((product) => product.name)),
    tail: one.card?.tail ?? '',
    device: device(0),
    other: device(1),
  };
  if (one.kind === 'clock_off') {
    const ahead = one.clock_ahead_ms ?? 0;
    return t(ahead > 0 ? 'attention.clock_off.ahead' : 'attention.clock_off.behind', { device: values.device, count: Math.max(1, Math.round(Math.abs(ahead) / MINUTE_MS)) });
  }
  return t(`attention.${one.kind}.say` as MessageKey, values);
}

/** Where something can be done about it, the likeliest first. */
export function waysOf(one: Anomaly): { path: string; text: string; needs: string }[] {
  if (one.order) return [{ path: `/office/orders/${one.order.id}`, text: t('attention.open.order', { number: String(one.order.number) }), needs: 'order.read' }];
  if (one.customer) return [{ path: `/office/customers/${one.customer.id}`, text: t('attention.open.customer'), needs: 'customer.read' }];
  if (one.card) return [{ path: `/office/cards/${one.card.id}`, text: t('attention.open.card'), needs: 'card.read' }];
  if (one.products.length > 0) return one.products.map((product) => ({ path: `/office/products/${product.id}`, text: t('attention.open.product', { name: product.name }), needs: 'catalog.change' }));
  if (one.kind === 'device_forked' || one.kind === 'numbers_shared') return [{ path: '/office/devices/shop', text: t('attention.open.devices'), needs: 'device.change' }];
  return [];
}
