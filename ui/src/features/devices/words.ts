/** How devices are spoken of in lists. */
import type { Printer } from '$shared/api';
import { t } from '$shared/i18n';
import { capital, whyText } from '$features/printing/printing.svelte';

export function driverName(driver: Printer['driver']): string {
  return t(`devices.driver.${driver}`);
}

/** "Network · 192.168.1.20:9100", or the till on whose device it hangs. */
export function placeOf(printer: Pick<Printer, 'driver' | 'address'> & { till?: string | null }): string {
  if (printer.driver === 'device') return t('devices.elsewhere.at', { till: printer.till ?? '–' });
  return `${driverName(printer.driver)} · \u2068${printer.address}\u2069`;
}

/** "Paper out", or null when nothing is wrong. */
export function troubleOf(printer: Pick<Printer, 'light' | 'why'>): string | null {
  const why = whyText(printer.why);
  return why === null ? null : capital(why);
}
