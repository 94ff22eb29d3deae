/** Finding products among those on the page, as one types. Pure. The core does the same over the whole catalogue. */
import { westernDigits } from '$shared/money/money';
import type { Product } from '$shared/api';

const MARKS = /[\u0300-\u036f\u064b-\u065f\u0670]/g;

/** Lower case, without accents and Arabic vowel signs. Devanagari vowel signs are letters and stay. */
export function fold(text: string): string {
  return westernDigits(text).normalize('NFD').replace(MARKS, '').normalize('NFC').toLowerCase().trim();
}

interface Entry {
  product: Product;
  words: string[];
  text: string;
}

export function indexOf(products: readonly Product[]): Entry[] {
  return products.map((product) => {
    const text = fold([product.name, ...Object.values(product.names), product.sku ?? ''].join(' '));
    return { product, text, words: text.split(/[\s()/,.\-]+/).filter(Boolean) };
  });
}

/** The products whose words begin with everything that was typed, then those that contain it. */
export function find(index: readonly Entry[], typed: string, limit: number): Product[] {
  const parts = fold(typed).split(/\s+/).filter(Boolean);
  if (parts.length === 0) return [];
  const starts: Product[] = [];
  const inside: Product[] = [];
  for (const { product, words, text } of index) {
    if (parts.every((part) => words.some((word) => word.startsWith(part)))) starts.push(product);
    else if (parts.every((part) => text.includes(part)) || product.barcodes.some((code) => code === typed || (typed.length === 4 && code.endsWith(typed)))) inside.push(product);
    if (starts.length >= limit) break;
  }
  return [...starts, ...inside].slice(0, limit);
}
