/** About how wide a figure is, in its own font size, so that it can be as large as its place allows. */
export function widthInEms(text: string): number {
  let ems = 0;
  for (const character of text) {
    if (/\d/.test(character)) ems += 0.625;
    else if (/[.,'’·\u200e\u200f\u061c]/.test(character)) ems += 0.3;
    else if (/\s/.test(character)) ems += 0.27;
    else ems += 0.72;
  }
  return Math.max(1, Math.round(ems * 100) / 100);
}
