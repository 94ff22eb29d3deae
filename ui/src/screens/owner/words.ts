/** What a refusal of the hub means, in words. */
import { t, tMaybe } from '$shared/i18n';
import { Refused } from './ask';

export function sentence(error: unknown): string {
  if (!(error instanceof Refused)) {
    console.error(error);
    return t('owner.error.unavailable');
  }
  const seconds = Math.ceil((error.waitMs ?? 0) / 1000);
  return tMaybe(`owner.error.${error.code}`, { count: seconds }) ?? t('owner.error.unavailable');
}
