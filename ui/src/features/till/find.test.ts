import { describe, expect, it } from 'vitest';
import type { Product } from '$shared/api';
import { find, fold, indexOf } from './find';

const product = (name: string, names = {}, barcodes: string[] = []) => ({ id: name, name, names, barcodes, sku: null }) as unknown as Product;
const shop = indexOf([product('Masala Dosa', { hi: 'मसाला डोसा' }), product('Plain Dosa'), product('Crème Roll'), product('Samosa', { ar: 'سَمبوسة' }, ['8901030865275'])]);
const names = (typed: string) => find(shop, typed, 10).map((one) => one.name);

describe('finding products on the page', () => {
  it('goes by the beginnings of words, then by what is inside', () => {
    expect(names('dos')).toEqual(['Masala Dosa', 'Plain Dosa']);
    expect(names('mas dos')).toEqual(['Masala Dosa']);
    expect(names('osa')).toEqual(['Masala Dosa', 'Plain Dosa', 'Samosa']);
  });
  it('knows accents and other scripts', () => {
    expect(names('creme')).toEqual(['Crème Roll']);
    expect(names('डोसा')).toEqual(['Masala Dosa']);
    expect(names('سمبوسة')).toEqual(['Samosa']);
  });
  it('knows the last four of a barcode', () => {
    expect(names('5275')).toEqual(['Samosa']);
  });
  it('finds nothing for nothing', () => {
    expect(names('  ')).toEqual([]);
    expect(fold('ＡB')).not.toBe('');
  });
});
