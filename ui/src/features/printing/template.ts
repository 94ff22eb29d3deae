/** Changes of a receipt's template, each a new one. Pure. */
import type { ReceiptPart, ReceiptTemplate } from '$shared/api';

/** Without these a paper is no receipt. */
const NEEDED = new Set(['shop_name', 'document', 'lines', 'totals']);
/** Parts that have no letters, so no size. */
const UNSIZED = new Set(['logo', 'token', 'barcode']);
const MOST_LINES = 8;
const LONGEST_LINE = 120;

export const WIDTHS = { '58': 384, '80': 576 } as const;
export type Width = keyof typeof WIDTHS;

export function isNeeded(part: ReceiptPart): boolean {
  return NEEDED.has(part.block);
}

export function hasSize(part: ReceiptPart): boolean {
  return !UNSIZED.has(part.block);
}

/** The part one place up (−1) or down (1); the first and the last stay. */
export function moved(template: ReceiptTemplate, block: string, by: 1 | -1): ReceiptTemplate {
  const from = template.blocks.findIndex((part) => part.block === block);
  const to = from + by;
  if (from < 0 || to < 0 || to >= template.blocks.length) return template;
  const blocks = [...template.blocks];
  [blocks[from], blocks[to]] = [blocks[to]!, blocks[from]!];
  return { ...template, blocks };
}

export function changed(template: ReceiptTemplate, block: string, change: Partial<Omit<ReceiptPart, 'block'>>): ReceiptTemplate {
  return { ...template, blocks: template.blocks.map((part) => (part.block === block ? { ...part, ...change } : part)) };
}

/** What was typed as lines of paper: as many and as long as a receipt takes; empty lines between others stay. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trimEnd().slice(0, LONGEST_LINE));
  while (lines.length > 0 && lines.at(-1) === '') lines.pop();
  while (lines.length > 0 && lines[0] === '') lines.shift();
  return lines.slice(0, MOST_LINES);
}

export function widthOf(template: ReceiptTemplate): Width {
  return template.paper.dots <= WIDTHS['58'] ? '58' : '80';
}

/** The size a picture is sent in as a logo: no wider than the paper, no higher than a logo may be. */
export function logoSize(width: number, height: number, dots: number): { width: number; height: number } {
  const scale = Math.min(1, dots / Math.max(1, width), 480 / Math.max(1, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
