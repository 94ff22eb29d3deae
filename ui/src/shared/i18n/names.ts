/** Names that a shop keeps in more than one script. */
import { isLanguage } from './languages';

export interface Named {
  name: string;
  names: Partial<Record<string, string>>;
}

export interface SpokenName {
  text: string;
  /** The language of the text when it is known to differ from the page, for `lang` on the element. */
  lang?: string;
}

const DEVANAGARI = /[\u0900-\u097f]/;
const ARABIC = /[\u0600-\u06ff]/;

function scriptLanguage(text: string): string | undefined {
  if (DEVANAGARI.test(text)) return 'hi';
  if (ARABIC.test(text)) return 'ar';
  return /[A-Za-z]/.test(text) ? 'en' : undefined;
}

/** The name in the reader's language, else the shop's own. */
export function inLanguage(thing: Named, language: string): SpokenName {
  const own = thing.names[language];
  if (own) return { text: own, lang: language };
  return { text: thing.name, lang: scriptLanguage(thing.name) };
}

/** A second name in another script, for customers who read that one; null when the shop has none. */
export function secondName(thing: Named, language: string): SpokenName | null {
  const first = inLanguage(thing, language);
  const others = [{ text: thing.name, lang: scriptLanguage(thing.name) }, ...Object.entries(thing.names)
    .filter(([lang, text]) => isLanguage(lang) && text)
    .map(([lang, text]) => ({ text: text as string, lang }))];
  return others.find((other) => other.text !== first.text && other.lang !== first.lang) ?? null;
}
