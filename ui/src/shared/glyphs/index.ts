// The door to the product drawings: names, groups for the picker, and their SVG.
// Deliberately without any idea of what a product is; colours come from --hue-line, --hue-fill, --hue-lite.

import { DRAWINGS, GROUPS } from './drawings';

export type GlyphName = keyof typeof DRAWINGS;
export type GlyphGroup = keyof typeof GROUPS;

export const glyphGroups = GROUPS as { readonly [group in GlyphGroup]: readonly GlyphName[] };
export const glyphNames = Object.keys(DRAWINGS) as GlyphName[];

export function isGlyph(name: string | null | undefined): name is GlyphName {
  return name != null && Object.hasOwn(DRAWINGS, name);
}

const PAINT: Record<string, string> = {
  f: 'fill="var(--hue-fill)"',
  l: 'fill="var(--hue-lite)"',
  n: 'fill="none"',
  h: 'fill="none" stroke="var(--hue-lite)"',
  w: 'fill="none" stroke="var(--hue-fill)"',
  d: 'fill="var(--hue-line)" stroke="none"',
};

/** The short notation of drawings.ts as SVG shapes. */
export function expand(short: string): string {
  return short
    .replace(/<i ([\d.]+) ([\d.]+)\/>/g, '<circle class="d" cx="$1" cy="$2" r="1.3"/>')
    .replace(/class="([flnhwd])"/g, (_, paint: string) => PAINT[paint]!);
}

/** The inside of `<svg viewBox="0 0 48 48">` for one drawing. */
export function glyphMarkup(name: GlyphName): string {
  return `<g stroke="var(--hue-line)" stroke-width="var(--glyph-line, 2)" stroke-linecap="round" stroke-linejoin="round">${expand(DRAWINGS[name])}</g>`;
}

/** One `<symbol id="g-name">` per drawing, for a sprite that stands in the page once. */
export function spriteMarkup(): string {
  return glyphNames.map((name) => `<symbol id="g-${name}" viewBox="0 0 48 48">${glyphMarkup(name)}</symbol>`).join('');
}
