/** Showing amounts. Nothing here adds or multiplies: amounts come from the core, screens only format them. */

declare const minorBrand: unique symbol;
/** An exact amount in the smallest unit of the shop's currency. */
export type Minor = number & { readonly [minorBrand]: true };

export function minor(value: number): Minor {
  if (!Number.isSafeInteger(value)) throw new RangeError('an amount is a whole number of the smallest unit');
  return value as Minor;
}

export interface Currency {
  /** ISO 4217 */
  code: string;
  /** How many digits stand after the point: 0, 2 or 3. */
  digits: number;
}

const formats = new Map<string, Intl.NumberFormat>();

function formatOf({ code, digits }: Currency): Intl.NumberFormat {
  const key = `${code}/${digits}`;
  let format = formats.get(key);
  if (!format) {
    // Western digits everywhere; lakhs are grouped as Indian shops read them.
    format = new Intl.NumberFormat(code === 'INR' ? 'en-IN' : 'en', {
      style: 'currency',
      currency: code,
      currencyDisplay: 'narrowSymbol',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(key, format);
  }
  return format;
}

/** "12.50" for 1250 with two digits; exact, no floating point on the way. */
export function toDecimal(value: number, digits: number): string {
  const sign = value < 0 ? '-' : '';
  const figures = String(Math.abs(value)).padStart(digits + 1, '0');
  return digits === 0 ? sign + figures : `${sign}${figures.slice(0, -digits)}.${figures.slice(-digits)}`;
}

/** "₹1,241.00", with a true minus before the sign of the currency. */
export function formatMinor(value: number, currency: Currency): string {
  const plain = formatOf(currency).format(toDecimal(Math.abs(value), currency.digits) as unknown as number);
  return value < 0 ? `−${plain}` : plain;
}

/** Just the sign of the currency, for fields. */
export function currencySign(currency: Currency): string {
  const part = formatOf(currency).formatToParts(0).find((piece) => piece.type === 'currency');
  return part?.value ?? currency.code;
}

const OTHER_DIGITS: [number, number][] = [[0x0660, 0x0669], [0x06f0, 0x06f9], [0x0966, 0x096f]];

/** Arabic and Devanagari digits are digits too. */
export function westernDigits(text: string): string {
  return text.replace(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]/g, (figure) => {
    const code = figure.charCodeAt(0);
    const range = OTHER_DIGITS.find(([from, to]) => code >= from && code <= to);
    return range ? String(code - range[0]) : figure;
  }).replace(/\u066b/g, '.');
}

/** Digits in groups of three, or as in India: three in the last and two in those before it. */
function areGroups(text: string, sign: '.' | ','): boolean {
  const groups = sign === ',' ? text : text.replaceAll('.', ',');
  return /^[1-9]\d{0,2}(,\d{3})+$/.test(groups) || /^[1-9]\d?(,\d{2})*,\d{3}$/.test(groups);
}

/**
 * The number with a point before its decimals and nothing between its groups, as the core reads files. Of two signs
 * the later one stands before the decimals; a comma alone is a group's where a group can be, and a decimal comma where
 * none can be. Null where it could be both, as before three decimals: nothing is read a hundred times too large.
 */
export function withPoint(text: string, digits: number): string | null {
  const clean = westernDigits(text).replace(/[\s\u066c\u00a0\u202f]/g, '');
  const commas = clean.split(',').length - 1;
  if (commas === 0) return clean;
  const alone = !clean.includes('.');
  if (alone && commas === 1 && areGroups(clean, ',') && digits > 2) return null;
  const decimal = alone ? (commas === 1 && !areGroups(clean, ',') ? ',' : '.') : clean.lastIndexOf(',') > clean.lastIndexOf('.') ? ',' : '.';
  const group = decimal === ',' ? '.' : ',';
  const at = clean.indexOf(decimal);
  const whole = at < 0 ? clean : clean.slice(0, at);
  if (whole.includes(group) && !areGroups(whole, group)) return null;
  return whole.replaceAll(group, '') + (at < 0 ? '' : `.${clean.slice(at + 1)}`);
}

/** What a person typed as an amount, exactly; null when it is not one. "12", "12.5", "1,241.00", "12,5". */
export function parseMinor(text: string, digits: number): Minor | null {
  const clean = withPoint(text, digits);
  const match = clean === null ? null : /^(\d{0,12})(?:\.(\d*))?$/.exec(clean);
  if (!match || clean === '' || clean === '.') return null;
  const fraction = match[2] ?? '';
  if (fraction.length > digits) return null;
  return minor(Number((match[1] || '0') + fraction.padEnd(digits, '0')));
}
