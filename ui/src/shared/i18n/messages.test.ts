import { describe, expect, it } from 'vitest';
import ar from '$messages/ar.json';
import en from '$messages/en.json';
import hi from '$messages/hi.json';
import officeAr from '$messages/office/ar.json';
import officeEn from '$messages/office/en.json';
import officeHi from '$messages/office/hi.json';
import salesAr from '$messages/sales/ar.json';
import salesEn from '$messages/sales/en.json';
import salesHi from '$messages/sales/hi.json';
import { formatMessage, type Message, type Messages } from './format';
import { LANGUAGES } from './languages';

const sets: Record<string, Record<(typeof LANGUAGES)[number], Messages>> = {
  till: { en, hi, ar },
  office: { en: officeEn, hi: officeHi, ar: officeAr },
  sales: { en: salesEn, hi: salesHi, ar: salesAr },
};

function places(message: Message): string[] {
  const texts = typeof message === 'string' ? [message] : Object.values(message);
  return [...new Set(texts.flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort();
}

describe.each(Object.keys(sets))('%s words', (name) => {
  const set = sets[name]!;
  it.each(LANGUAGES)('has every key in %s', (language) => {
    expect(Object.keys(set[language]).sort()).toEqual(Object.keys(set.en).sort());
  });

  it.each(LANGUAGES)('has every plural form of %s, and the one that stands in', (language) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const [key, message] of Object.entries(set[language])) {
      if (typeof message === 'string') continue;
      expect(Object.keys(message).sort(), `${language} ${key}`).toEqual([...forms, '*'].sort());
    }
  });

  it.each(LANGUAGES)('leaves no place empty and no sentence blank in %s', (language) => {
    for (const [key, message] of Object.entries(set[language])) {
      const texts = typeof message === 'string' ? [message] : Object.values(message);
      for (const text of texts) expect(text.trim(), `${language} ${key}`).not.toBe('');
      expect(typeof message, `${language} ${key} is a plural in every language or in none`).toBe(typeof set.en[key]);
      // A plural may say "one item" without the figure, so only the names of the places are compared.
      expect(places(message), `${language} ${key}`).toEqual(places(set.en[key]!));
    }
  });
});

describe('formatMessage', () => {
  it('chooses the plural form of the language', () => {
    const items = { zero: 'z', one: 'o', two: 't', few: 'f', many: 'm', other: 'x', '*': 's' };
    expect([0, 1, 2, 3, 11, 100].map((count) => formatMessage('ar', items, { count })).join('')).toBe('zotfmx');
  });
  it('isolates values of the other direction', () => {
    expect(formatMessage('en', 'Removed {name}', { name: 'سمبوسة' })).toBe('Removed \u2068سمبوسة\u2069');
    expect(formatMessage('ar', 'الإجمالي {total}', { total: '−₹22.00' })).toBe('الإجمالي \u2068−₹22.00\u2069');
    expect(formatMessage('en', 'Removed {name}', { name: 'Samosa' })).toBe('Removed Samosa');
  });
  it('leaves an unknown place visible', () => {
    expect(formatMessage('en', 'Hello {who}')).toBe('Hello {who}');
  });
});
