/**
 * The words of the product. `t('key', { count: 3 })` is reactive: changing the language redraws what used it.
 * Each language is a file of its own, loaded when it is first spoken; back office and sales counter bring their own words.
 */
import type enWords from '$messages/en.json';
import type enOfficeWords from '$messages/office/en.json';
import type enSalesWords from '$messages/sales/en.json';
import { formatMessage, type Messages, type Values } from './format';
import { directionOf, guessLanguage, isLanguage, type Language } from './languages';

export type MessageKey = keyof typeof enWords | keyof typeof enOfficeWords | keyof typeof enSalesWords;

type Loader = () => Promise<{ default: unknown }>;
const till: Record<Language, Loader> = {
  en: () => import('$messages/en.json'),
  hi: () => import('$messages/hi.json'),
  ar: () => import('$messages/ar.json'),
};
const office: Record<Language, Loader> = {
  en: () => import('$messages/office/en.json'),
  hi: () => import('$messages/office/hi.json'),
  ar: () => import('$messages/office/ar.json'),
};
const sales: Record<Language, Loader> = {
  en: () => import('$messages/sales/en.json'),
  hi: () => import('$messages/sales/hi.json'),
  ar: () => import('$messages/sales/ar.json'),
};

const sets: Record<Language, Loader>[] = [till];
const words = $state<Record<Language, Messages>>({ en: {}, hi: {}, ar: {} });
const loaded = new Map<string, Promise<void>>();
const current = $state<{ language: Language }>({ language: 'en' });

async function load(language: Language): Promise<void> {
  await Promise.all(
    sets.map((set, index) => {
      const name = `${language}/${index}`;
      let loading = loaded.get(name);
      if (!loading) {
        loading = set[language]().then((file) => {
          words[language] = { ...words[language], ...(file.default as Messages) };
        });
        loading.catch(() => loaded.delete(name));
        loaded.set(name, loading);
      }
      return loading;
    }),
  );
}

export const i18n = {
  get language(): Language {
    return current.language;
  },
  get direction(): 'ltr' | 'rtl' {
    return directionOf(current.language);
  },
};

/** Speaks another language on this page, and remembers it on this device unless told not to. */
export async function setLanguage(language: Language, remember = true): Promise<void> {
  await load(language);
  current.language = language;
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
  if (remember) {
    try {
      localStorage.setItem('chandi.language', language);
    } catch {
      // A browser without storage still speaks; it only forgets.
    }
  }
}

/** The language this device spoke last, else the system's. */
export async function startLanguage(): Promise<void> {
  let saved: string | null = null;
  try {
    saved = localStorage.getItem('chandi.language');
  } catch {
    saved = null;
  }
  await setLanguage(isLanguage(saved) ? saved : guessLanguage(navigator.languages), false);
}

/** Loads a second language beside the current one, for screens that show two. */
export async function alsoSpeak(language: Language): Promise<void> {
  await load(language);
}

/** Adds the words of back office and onboarding; their screens await this before they draw. */
export async function useOfficeWords(): Promise<void> {
  if (!sets.includes(office)) sets.push(office);
  await load(current.language);
}

/** Adds the words of the sales counter, the refund desk and the board in the hall. */
export async function useSalesWords(): Promise<void> {
  if (!sets.includes(sales)) sets.push(sales);
  await load(current.language);
}

/** The sentence for a key in the current language. */
export function t(key: MessageKey, values?: Values): string {
  return tIn(current.language, key, values);
}

/** The sentence for a key in a named language (loaded by `alsoSpeak`). */
export function tIn(language: Language, key: MessageKey, values?: Values): string {
  const message = words[language][key] ?? words.en[key];
  return message === undefined ? key : formatMessage(language, message, values);
}

/** The same for keys that are put together at run time; null when there is no such message. */
export function tMaybe(key: string, values?: Values): string | null {
  const message = words[current.language][key];
  return message === undefined ? null : formatMessage(current.language, message, values);
}
