/** The eight trades of the first set-up: what each is drawn as. Their words are `onboarding.trade.<trade>`. */
import type { Hue } from '$shared/api';

export const TRADES: { trade: string; glyph: string; hue: Hue }[] = [
  { trade: 'food_counter', glyph: 'chai', hue: 'teal' },
  { trade: 'cafe', glyph: 'coffee', hue: 'leaf' },
  { trade: 'sweets', glyph: 'laddu', hue: 'rose' },
  { trade: 'grocery', glyph: 'jar', hue: 'olive' },
  { trade: 'garments', glyph: 'shirt', hue: 'iris' },
  { trade: 'canteen', glyph: 'thali', hue: 'coral' },
  { trade: 'services', glyph: 'hours', hue: 'plum' },
  { trade: 'other', glyph: 'blank', hue: 'amber' },
];

const REGION_LANGUAGE: Record<string, string> = { en: 'en-IN', hi: 'hi-IN', ar: 'ar' };

/** The country in the reader's language. */
export function countryName(code: string, language: string): string {
  return new Intl.DisplayNames([REGION_LANGUAGE[language] ?? language], { type: 'region' }).of(code) ?? code;
}

/** The country that the clock or the language of this device points to, if the core knows it. */
export function guessCountry(codes: string[], zone: string, languages: readonly string[]): string {
  const byZone: Record<string, string> = { 'Asia/Kolkata': 'IN', 'Asia/Calcutta': 'IN', 'Asia/Dubai': 'AE', 'Asia/Riyadh': 'SA', 'Asia/Kuwait': 'KW', 'Asia/Qatar': 'QA', 'Asia/Bahrain': 'BH', 'Europe/Istanbul': 'TR', 'Europe/London': 'GB', 'Asia/Tashkent': 'UZ', 'Asia/Samarkand': 'UZ', 'Europe/Berlin': 'DE' };
  const guesses = [byZone[zone], ...languages.map((tag) => /-([A-Z]{2})$/.exec(tag)?.[1]), 'IN'];
  return guesses.find((code): code is string => code !== undefined && codes.includes(code)) ?? codes[0] ?? 'IN';
}
