import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { glyphGroups, glyphMarkup, glyphNames, isGlyph, spriteMarkup } from './index';

const assets = join(import.meta.dirname, '../../../../assets');
const read = (path: string) => JSON.parse(readFileSync(join(assets, path), 'utf8'));
const shops: [string, any][] = [
  ['demo/catalog.json', read('demo/catalog.json')],
  ...readdirSync(join(assets, 'trades')).map((file): [string, any] => [`trades/${file}`, read(`trades/${file}`)]),
];

function checkDigitIsRight(ean: string): boolean {
  const sum = [...ean].reduce((total, digit, index) => total + Number(digit) * (index % 2 ? 3 : 1), 0);
  return ean.length === 13 && sum % 10 === 0;
}

describe('drawings', () => {
  it('stand in exactly one group of the picker', () => {
    expect(Object.values(glyphGroups).flat().sort()).toEqual([...glyphNames].sort());
  });

  it('use only the three tones of the hue', () => {
    for (const name of glyphNames) expect(glyphMarkup(name), name).not.toMatch(/class=|#[0-9a-f]{3}|<i /i);
    expect(spriteMarkup().match(/<symbol /g)).toHaveLength(glyphNames.length);
  });
});

describe.each(shops)('%s', (_, shop) => {
  it('names only drawings that exist', () => {
    for (const product of shop.products) {
      if (product.glyph !== null) expect(isGlyph(product.glyph), `${product.name}: ${product.glyph}`).toBe(true);
    }
  });

  it('has both other names, a known category and prices above zero', () => {
    const categories = shop.categories.map((category: any) => category.key);
    for (const product of shop.products) {
      expect(product.names.hi, product.name).toMatch(/[\u0900-\u097f]/);
      expect(product.names.ar, product.name).toMatch(/[\u0600-\u06ff]/);
      expect(categories, product.name).toContain(product.category);
      expect(product.price_minor, product.name).toBeGreaterThan(0);
    }
  });

  it('has keys, codes and barcodes that are not used twice, and right check digits', () => {
    for (const field of ['key', 'sku', 'barcode']) {
      const values = shop.products.map((product: any) => product[field]).filter((value: unknown) => value !== null);
      expect(new Set(values).size, field).toBe(values.length);
    }
    for (const { name, barcode } of shop.products) if (barcode) expect(checkDigitIsRight(barcode), name).toBe(true);
  });
});

it('the demo shop has 240 products and every trade has 24', () => {
  for (const [path, shop] of shops) expect(shop.products, path).toHaveLength(path.startsWith('demo') ? 240 : 24);
});
