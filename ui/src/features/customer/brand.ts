/** The shop's colour on the customer's screen: words on it keep a contrast of 4.5, whatever colour a shop chooses. */
export interface ShopColours {
  /** The stage and the total band. */
  shop: string;
  /** The far end of the stage. */
  deep: string;
  /** Words on either. */
  on: string;
  /** The second line and the saving. */
  accent: string;
}

type Rgb = [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const NIGHT: Rgb = [10, 15, 21];
/** Without a colour of its own a shop stands in Chandi's indigo. */
const OURS: Rgb = [29, 61, 138];
const GOLD: Rgb = [255, 184, 77];

function parse(text: string | null | undefined): Rgb | null {
  const match = /^#?([0-9a-f]{6})$/i.exec((text ?? '').trim());
  if (!match) return null;
  const value = Number.parseInt(match[1]!, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

const hex = (rgb: Rgb) => `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
const mix = (from: Rgb, to: Rgb, share: number): Rgb => from.map((part, at) => part + (to[at]! - part) * share) as Rgb;

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((part) => {
    const light = part / 255;
    return light <= 0.04045 ? light / 12.92 : ((light + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrastOf(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

export function contrast(a: string, b: string): number {
  return contrastOf(parse(a) ?? WHITE, parse(b) ?? WHITE);
}

/** Moves a colour towards another until it can be read on both grounds. */
function readable(colour: Rgb, towards: Rgb, grounds: Rgb[]): Rgb {
  for (let share = 0; share < 1; share += 0.05) {
    const tried = mix(colour, towards, share).map(Math.round) as Rgb;
    if (grounds.every((ground) => contrastOf(tried, ground) >= 4.5)) return tried;
  }
  return towards;
}

export function shopColours(brand: string | null | undefined): ShopColours {
  const own = parse(brand) ?? OURS;
  const light = contrastOf(own, WHITE) < 3;
  // In between, neither white nor night is read well: such a colour gets deeper until white is.
  let shop = own;
  for (let share = 0; !light && contrastOf(shop, WHITE) < 5.5 && share < 1; share += 0.05) shop = mix(own, NIGHT, share).map(Math.round) as Rgb;
  const deep = mix(shop, light ? WHITE : NIGHT, light ? 0.35 : 0.45).map(Math.round) as Rgb;
  const on = light ? NIGHT : WHITE;
  const accent = readable(light ? mix(own, NIGHT, 0.5) : GOLD, on, [shop, deep]);
  return { shop: hex(shop), deep: hex(deep), on: hex(on), accent: hex(accent) };
}
