/** What a key can be given, in groups that people read; the core says which of them there are. */
export const GROUPS: { name: 'catalog' | 'sell' | 'give' | 'money' | 'customers' | 'house'; of: string[] }[] = [
  { name: 'catalog', of: ['catalog.read', 'catalog.change', 'catalog.import', 'rate.change'] },
  { name: 'sell', of: ['cart.use', 'order.place', 'order.read', 'order.cancel', 'discount.above_limit', 'price.open', 'price.type', 'tender.split', 'quotation.make', 'scan.use'] },
  { name: 'give', of: ['token.verify', 'token.redeem', 'token.reissue', 'handover.give', 'handover.confirm', 'handover.undo', 'order.progress'] },
  { name: 'money', of: ['refund.make', 'refund.approve', 'payment.read', 'card.read', 'shift.use', 'account.receive'] },
  { name: 'customers', of: ['customer.read', 'customer.change', 'mail.send'] },
  { name: 'house', of: ['event.read', 'report.read', 'setting.read', 'device.read', 'print.use', 'metrics.read'] },
];

/** Sees the shop and what happens in it, and nobody's name. */
export const READS = ['catalog.read', 'order.read', 'payment.read', 'report.read', 'event.read'];

/** Lists products, takes orders and follows them to the counter. */
export const WEB_SHOP = ['catalog.read', 'order.place', 'order.read', 'token.reissue', 'event.read'];
