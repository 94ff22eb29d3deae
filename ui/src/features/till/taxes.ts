/** How a tax is written beside its sum. */
import type { TaxLine } from '$shared/api';

/** "CGST 2.5%"; the rate is said once, also where the shop wrote it into the name. */
export function taxName(tax: Pick<TaxLine, 'name' | 'rate'>): string {
  return tax.rate === '' || tax.name.includes(tax.rate) ? tax.name : `${tax.name} ${tax.rate}%`;
}
