/** Names that a shop keeps in more than one script. */
import { LANGUAGES } from './languages';

export interface Named {
  name: string;
  names: Partial<Record<string, string>>;
}

export interface SpokenName {
  text: string;
  /** The language of the text when it is known to differ from the page, for `lang` on the element. */
  lang?: string;
}

/** Which second script most customers of our shops read. */
const LIKELY = ['hi', 'ar', 'en'];
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

/** A second name in another script, for customers who read that one; null when the shop has none. `first` goes before the rest. */
export function secondName(thing: Named, language: string, first?: string): SpokenName | null {
  const shown = inLanguage(thing, language);
  const order = [...(first ? [first] : []), ...LANGUAGES.filter((one) => one !== first)];
  const others = [
    { text: thing.name, lang: scriptLanguage(thing.name) },
    ...order.flatMap((lang) => (thing.names[lang] ? [{ text: thing.names[lang], lang }] : [])),
  ];
  return others.find((other) => other.text !== shown.text && other.lang !== shown.lang) ?? null;
}
