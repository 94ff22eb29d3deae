import { describe, expect, it } from 'vitest';
import { formatMessage, type Message, type Messages } from './format';
import { LANGUAGES } from './languages';

const files = import.meta.glob<Messages>('../../../messages/**/*.json', { eager: true, import: 'default' });
const sets: Record<string, Record<(typeof LANGUAGES)[number], Messages>> = {};
for (const [path, file] of Object.entries(files)) {
  const [, bundle, language] = /messages\/(?:(\w+)\/)?(\w+)\.json$/.exec(path)!;
  (sets[bundle ?? 'till'] ??= {} as Record<(typeof LANGUAGES)[number], Messages>)[language as (typeof LANGUAGES)[number]] = file;
}

function places(message: Message): string[] {
  const texts = typeof message === 'string' ? [message] : Object.values(message);
  return [...new Set(texts.flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort();
}

it('no two parts of the product use one key', () => {
  const keys = Object.values(sets).flatMap((set) => Object.keys(set.en));
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
});

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
