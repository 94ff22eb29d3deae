import { describe, expect, test } from 'vitest';
import { contrast, shopColours } from './brand';

describe('the shop’s colour', () => {
  test('every colour can be read on, at both ends of the stage', () => {
    for (let r = 0; r <= 255; r += 51) {
      for (let g = 0; g <= 255; g += 51) {
        for (let b = 0; b <= 255; b += 51) {
          const brand = `#${[r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
          const { shop, deep, on, accent } = shopColours(brand);
          for (const ground of [shop, deep]) {
            expect(contrast(on, ground), `${on} on ${ground} for ${brand}`).toBeGreaterThanOrEqual(4.5);
            expect(contrast(accent, ground), `${accent} on ${ground} for ${brand}`).toBeGreaterThanOrEqual(4.5);
          }
        }
      }
    }
  });
  test('a deep colour stays what it is', () => {
    expect(shopColours('#7d1736').shop).toBe('#7d1736');
  });
  test('without one, Chandi’s indigo', () => {
    expect(shopColours('').shop).toBe('#1d3d8a');
    expect(shopColours(null).shop).toBe('#1d3d8a');
    expect(shopColours('red; }').shop).toBe('#1d3d8a');
  });
});
