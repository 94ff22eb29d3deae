/** What price levels are called: the shop's word, or ours for the one it begins with. */
import type { PriceLevel } from '$shared/api';
import { inLanguage, t, type Language } from '$shared/i18n';

export function levelName(level: Pick<PriceLevel, 'key' | 'name' | 'names'>, language: Language): string {
  return level.name === '' ? t('goods.level.wholesale') : inLanguage(level, language).text;
}
