/** How units are written beside a price and a quantity. */
import { t, type MessageKey } from './i18n.svelte';
import type { UnitName } from '$shared/api';

/** After the slash of a price: "kg", "plate"; nothing for single pieces. */
export function unitShort(unit: UnitName): string {
  if (isOwn(unit)) return unit.slice(1);
  return unit === 'piece' ? '' : t(`unit.${unit}` as MessageKey);
}

/** A shop's own unit carries its word, after the sign that says whether it is counted or measured. */
const isOwn = (unit: UnitName): boolean => unit.startsWith('=') || unit.startsWith('~');

const MEASURED = new Set<UnitName>(['kg', 'g', 'l', 'ml', 'm', 'hour']);

/** Weighed and measured goods have decimals; counted ones have a stepper. */
export function isMeasured(unit: UnitName): boolean {
  return MEASURED.has(unit) || unit.startsWith('~');
}

/** "0.750" for kilograms, "2" for pieces. Text in, text out: quantities are never floats. */
export function quantityText(quantity: string, unit: UnitName): string {
  if (unit !== 'kg' && unit !== 'l') return quantity;
  const [whole = '0', fraction = ''] = quantity.split('.');
  return `${whole}.${fraction.padEnd(3, '0')}`;
}
