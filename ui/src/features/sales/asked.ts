/** What somebody scanned or typed at the sales counter or the refund desk. */
import { westernDigits } from '$shared/money/money';

export type Asked = { code: string } | { number: string } | { phone: string };

/** Display numbers are short, one-time numbers have six figures, phone numbers more; everything else is read as a code. */
export function askedFor(text: string): Asked {
  const plain = westernDigits(text).trim();
  const figures = plain.replace(/[\s\-().]/g, '');
  if (/^\d{1,5}$/.test(figures)) return { number: figures.replace(/^0+(?=\d)/, '') };
  if (/^\d{6}$/.test(figures)) return { code: figures };
  if (/^\+?\d{7,15}$/.test(figures)) return { phone: figures };
  return { code: plain };
}

/** What a code that is not ours most likely is, so that the word fits. */
export function strangeCode(text: string): 'upi' | 'url' | 'too_long' | null {
  const code = text.trim();
  if (/^upi:/i.test(code)) return 'upi';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(code) || /^www\./i.test(code)) return 'url';
  return code.length > 2000 ? 'too_long' : null;
}

/** Whether the keys so far look like a person's figures, which may be shown while they come. */
export function showable(text: string): boolean {
  return text.length <= 18 && /^[+\d\s\-().\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]*$/.test(text);
}
