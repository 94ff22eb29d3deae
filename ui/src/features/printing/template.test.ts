import { expect, it } from 'vitest';
import type { ReceiptTemplate } from '$shared/api';
import { changed, isNeeded, linesOf, logoSize, moved, widthOf } from './template';

const template: ReceiptTemplate = {
  version: 1,
  paper: { dots: 576 },
  blocks: ['logo', 'shop_name', 'lines', 'footer'].map((block) => ({ block, on: true, size: 1 })),
  header: [],
  footer: [],
  second_names: true,
  unit_prices: true,
  qr_size: 'medium',
  logo: null,
};
const order = (one: ReceiptTemplate) => one.blocks.map((part) => part.block).join(' ');

it('moves a part by one place, and no further than the ends', () => {
  expect(order(moved(template, 'lines', -1))).toBe('logo lines shop_name footer');
  expect(order(moved(template, 'lines', 1))).toBe('logo shop_name footer lines');
  expect(moved(template, 'logo', -1)).toBe(template);
  expect(moved(template, 'footer', 1)).toBe(template);
  expect(moved(template, 'nothing', 1)).toBe(template);
  expect(order(template), 'the old one stays as it was').toBe('logo shop_name lines footer');
});

it('changes one part only', () => {
  const next = changed(template, 'footer', { on: false, size: 2 });
  expect(next.blocks.at(-1)).toEqual({ block: 'footer', on: false, size: 2 });
  expect(next.blocks.slice(0, 3)).toEqual(template.blocks.slice(0, 3));
});

it('knows what no receipt is without', () => {
  expect(template.blocks.filter(isNeeded).map((part) => part.block)).toEqual(['shop_name', 'lines']);
});

it('takes typed words as lines of paper', () => {
  expect(linesOf('\n  Thank you \n\nCome again\n\n')).toEqual(['  Thank you', '', 'Come again']);
  expect(linesOf('')).toEqual([]);
  expect(linesOf(Array(20).fill('x').join('\n'))).toHaveLength(8);
  expect(linesOf('y'.repeat(500))[0]).toHaveLength(120);
});

it('fits a logo to the paper without bending it', () => {
  expect(logoSize(2000, 1000, 576)).toEqual({ width: 576, height: 288 });
  expect(logoSize(1000, 4000, 576)).toEqual({ width: 120, height: 480 });
  expect(logoSize(200, 100, 576)).toEqual({ width: 200, height: 100 });
  expect(logoSize(0, 0, 384)).toEqual({ width: 1, height: 1 });
});

it('reads the width from the dots', () => {
  expect([widthOf(template), widthOf({ ...template, paper: { dots: 384 } })]).toEqual(['80', '58']);
});
