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
    expect(names('डोसा')).toEqual(['Masala Dosa', 'Plain Dosa']);
    expect(names('سمبوسة')).toEqual(['Samosa']);
  });
  it('finds one script by another, and by how it sounds', () => {
    const mixed = indexOf([product('डोसा स्पेशल'), product('Kaju Katli', { ar: 'كاجو كتلي' }), product('वड़ा पाव'), product('Pyaaz Kachori')]);
    const heard = (typed: string) => find(mixed, typed, 10).map((one) => one.name);
    expect(heard('dosa')).toEqual(['डोसा स्पेशल']);
    expect(heard('kaaju')).toEqual(['Kaju Katli']);
    expect(heard('كاجو')).toEqual(['Kaju Katli']);
    expect(heard('wada')).toEqual(['वड़ा पाव']);
    expect(heard('pyaj')).toEqual(['Pyaaz Kachori']);
  });
  it('puts the name that begins so before the one that has it inside', () => {
    const two = indexOf([product('Masala Dosa'), product('Dosa Podi')]);
    expect(find(two, 'dosa', 10).map((one) => one.name)).toEqual(['Dosa Podi', 'Masala Dosa']);
  });
  it('knows the last four of a barcode', () => {
    expect(names('5275')).toEqual(['Samosa']);
  });
  it('finds nothing for nothing', () => {
    expect(names('  ')).toEqual([]);
    expect(fold('ＡB')).not.toBe('');
  });
});
