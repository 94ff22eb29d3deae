/** How a line of the order is written for the customer. */
import type { DisplayCartLine } from '$shared/api';
import { isMeasured, quantityText, unitShort } from '$shared/i18n/units';

/** "4 ×", "0.750 kg ×" */
export function timesText(line: Pick<DisplayCartLine, 'quantity' | 'unit'>): string {
  const quantity = quantityText(line.quantity, line.unit);
  return isMeasured(line.unit) ? `${quantity} ${unitShort(line.unit)} ×` : `${quantity} ×`;
}
