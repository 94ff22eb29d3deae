/** Finding products among those on the page, as one types: word starts, SKU, barcodes, and one script by another. Pure. */
import { westernDigits } from '$shared/money/money';
import type { Product } from '$shared/api';

const DEVANAGARI: Record<string, string> = {
  अ: 'a', आ: 'a', इ: 'i', ई: 'i', उ: 'u', ऊ: 'u', ऋ: 'ri', ए: 'e', ऐ: 'ai', ओ: 'o', औ: 'au', ऑ: 'o', ऍ: 'e',
  क: 'k', ख: 'kh', ग: 'g', घ: 'gh', ङ: 'n', च: 'ch', छ: 'ch', ज: 'j', झ: 'jh', ञ: 'n', ट: 't', ठ: 'th', ड: 'd', ढ: 'dh', ण: 'n',
  त: 't', थ: 'th', द: 'd', ध: 'dh', न: 'n', प: 'p', फ: 'f', ब: 'b', भ: 'bh', म: 'm', य: 'y', र: 'r', ल: 'l', ळ: 'l', व: 'v',
  श: 'sh', ष: 'sh', स: 's', ह: 'h',
};
const SIGNS: Record<string, string> = { 'ा': 'a', 'ि': 'i', 'ी': 'i', 'ु': 'u', 'ू': 'u', 'ृ': 'ri', 'े': 'e', 'ै': 'ai', 'ो': 'o', 'ौ': 'au', 'ॉ': 'o', 'ॅ': 'e' };
const ARABIC: Record<string, string> = {
  ا: 'a', أ: 'a', إ: 'i', آ: 'a', ب: 'b', ت: 't', ث: 'th', ج: 'j', ح: 'h', خ: 'kh', د: 'd', ذ: 'd', ر: 'r', ز: 'z', س: 's', ش: 'sh', ص: 's', ض: 'd',
  ط: 't', ظ: 'z', ع: 'a', غ: 'g', ف: 'f', ق: 'q', ك: 'k', ل: 'l', م: 'm', ن: 'n', ه: 'h', ة: 'a', و: 'o', ي: 'i', ى: 'a', ئ: 'i', ؤ: 'o', ء: '', پ: 'p', چ: 'ch', گ: 'g',
};

/** Lower case, western digits, without accents, nukta and Arabic vowel signs. Devanagari vowel signs are letters and stay. */
export function fold(text: string): string {
  return westernDigits(text)
    .normalize('NFD')
    .replace(/[\u0300-\u036f\u064b-\u065f\u0670\u0640\u093c]/g, '')
    .normalize('NFC')
    .toLowerCase()
    .trim();
}

/** Devanagari and Arabic in Latin letters, roughly as people type them. */
export function romanize(folded: string): string {
  let out = '';
  const letters = [...folded];
  letters.forEach((letter, i) => {
    if (letter in DEVANAGARI) {
      out += DEVANAGARI[letter];
      const consonant = letter >= 'क' && letter <= 'ह';
      const next = letters[i + 1] ?? '';
      // The vowel that is not written stands between consonants, and falls silent at the end of a word.
      if (consonant && next in DEVANAGARI) out += 'a';
    } else if (letter in SIGNS) out += SIGNS[letter];
    else if (letter === 'ं' || letter === 'ँ') out += 'n';
    else if (letter === '्' || letter === 'ः') out += '';
    else if (letter in ARABIC) out += ARABIC[letter];
    else out += letter;
  });
  return out;
}

/** Spellings that people mix: kaju/kaaju, pyaz/pyaaj, wada/vada. */
export function loosen(latin: string): string {
  return latin
    .replace(/ph/g, 'f').replace(/w/g, 'v').replace(/z/g, 'j').replace(/q/g, 'k').replace(/x/g, 'ks')
    .replace(/ee|ii|ea/g, 'i').replace(/oo|uu/g, 'u').replace(/y(?![aeiou])/g, 'i')
    .replace(/([bdgjkt])h/g, '$1').replace(/chh/g, 'ch')
    .replace(/(.)\1+/g, '$1');
}

const split = (text: string) => text.split(/[^\p{L}\p{M}\p{N}]+/u).filter(Boolean);

interface Entry {
  product: Product;
  words: string[];
  /** The words in Latin letters, spelled loosely. */
  loose: string[];
  text: string;
}

export function indexOf(products: readonly Product[]): Entry[] {
  return products.map((product) => {
    const text = fold([product.name, ...Object.values(product.names), product.sku ?? ''].join(' '));
    return { product, text, words: split(text), loose: split(romanize(text)).map(loosen) };
  });
}

/** First the products whose words begin with everything that was typed, then those that sound so, then those that contain it. */
export function find(index: readonly Entry[], typed: string, limit: number): Product[] {
  const folded = fold(typed);
  const parts = folded.split(/\s+/).filter(Boolean);
  if (parts.length === 0) return [];
  const loosely = parts.map((part) => loosen(romanize(part)));
  const ranks: Product[][] = [[], [], [], []];
  for (const { product, words, loose, text } of index) {
    if (parts.every((part) => words.some((word) => word.startsWith(part)))) ranks[words[0]?.startsWith(parts[0]!) ? 0 : 1]!.push(product);
    else if (loosely.every((part) => part !== '' && loose.some((word) => word.startsWith(part)))) ranks[2]!.push(product);
    else if (parts.every((part) => text.includes(part)) || product.barcodes.some((code) => code === folded || (folded.length === 4 && code.endsWith(folded)))) ranks[3]!.push(product);
  }
  return ranks.flat().slice(0, limit);
}
