import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GLYPH_GROUPS } from './groups';

const sets = Object.values(import.meta.glob<{ GLYPHS: Record<string, string> }>('./sets/*.ts', { eager: true })).map((set) => set.GLYPHS);
const names = sets.flatMap((set) => Object.keys(set));
const all: Record<string, string> = Object.assign({}, ...sets);

interface SampleShop {
  categories: { key: string }[];
  products: { key: string; name: string; names: { hi: string; ar: string }; sku: string; barcode: string | null; price_minor: number; category: string; glyph: string | null }[];
}
const assets = join(import.meta.dirname, '../../../../assets');
const read = (path: string): SampleShop => JSON.parse(readFileSync(join(assets, path), 'utf8')) as SampleShop;
const shops = ['demo/catalog.json', ...readdirSync(join(assets, 'trades')).map((file) => `trades/${file}`)].map((path) => ({ path, shop: read(path) }));

function checkDigitIsRight(ean: string): boolean {
  const sum = [...ean].reduce((total, digit, index) => total + Number(digit) * (index % 2 ? 3 : 1), 0);
  return ean.length === 13 && sum % 10 === 0;
}

describe('drawings', () => {
  it('have a name of their own', () => {
    expect(new Set(names).size).toBe(names.length);
  });

  it('stand in exactly one family of the picker', () => {
    expect(Object.values(GLYPH_GROUPS).flat().sort()).toEqual([...names].sort());
  });

  it('use only the three tones of the hue', () => {
    for (const [name, drawing] of Object.entries(all)) {
      expect(drawing, name).not.toMatch(/#[0-9a-f]{3}|<script|style=/i);
      expect([...drawing.matchAll(/class="(.)"/g)].every((match) => 'flnd'.includes(match[1]!)), name).toBe(true);
    }
  });
});

describe.each(shops)('$path', ({ shop, path }) => {
  it('names only drawings that exist', () => {
    for (const product of shop.products) if (product.glyph !== null) expect(names, product.name).toContain(product.glyph);
  });

  it('has both other names, a known category and a price for every product', () => {
    const categories = shop.categories.map((category) => category.key);
    for (const product of shop.products) {
      expect(product.names.hi, product.name).toMatch(/[\u0900-\u097f]/);
      expect(product.names.ar, product.name).toMatch(/[\u0600-\u06ff]/);
      expect(categories, product.name).toContain(product.category);
      expect(product.price_minor, product.name).toBeGreaterThan(0);
    }
  });

  it('uses no key, code or barcode twice, and its check digits are right', () => {
    for (const field of ['key', 'sku', 'barcode'] as const) {
      const values = shop.products.map((product) => product[field]).filter((value) => value !== null);
      expect(new Set(values).size, field).toBe(values.length);
    }
    for (const { name, barcode } of shop.products) if (barcode) expect(checkDigitIsRight(barcode), name).toBe(true);
  });

  it('is as long as the shop was promised', () => {
    expect(shop.products).toHaveLength(path.startsWith('demo') ? 240 : 24);
  });
});
