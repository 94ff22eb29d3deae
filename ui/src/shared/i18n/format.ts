/** Turns a message and its values into a sentence. Pure; the reactive part is in `i18n.svelte.ts`. */

/** One sentence, or one per CLDR plural form; `*` stands in for any form a language adds later. */
export type Message = string | Record<string, string>;
export type Messages = Record<string, Message>;
export type Values = Record<string, string | number>;

const RTL_TEXT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const rules = new Map<string, Intl.PluralRules>();

function pluralForm(language: string, count: number): string {
  let rule = rules.get(language);
  if (!rule) rules.set(language, (rule = new Intl.PluralRules(language)));
  return rule.select(count);
}

/** A value inside a sentence of the other direction is isolated, so that amounts and names keep their own order. */
function isolate(text: string, sentenceIsRtl: boolean): string {
  return sentenceIsRtl || RTL_TEXT.test(text) ? `\u2068${text}\u2069` : text;
}

/** Fills `{name}` places; the plural form follows the value called `count`. */
export function formatMessage(language: string, message: Message, values: Values = {}): string {
  let text: string;
  if (typeof message === 'string') text = message;
  else {
    const form = pluralForm(language, Number(values.count ?? 0));
    text = message[form] ?? message['*'] ?? message.other ?? '';
  }
  const rtl = RTL_TEXT.test(text);
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = values[name];
    if (value === undefined) return place;
    return typeof value === 'number' ? String(value) : isolate(value, rtl);
  });
}
