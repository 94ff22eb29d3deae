/** Check digits of printed product codes, to catch a mistyped one while it is typed. */
const LENGTHS = new Set([8, 12, 13, 14]);

/** 'fine' for a right code, 'check' for one digit wrong, 'own' for the shop's own codes, which have no check digit. */
export function readGtin(code: string): 'fine' | 'check' | 'own' {
  if (!/^\d+$/.test(code) || !LENGTHS.has(code.length)) return 'own';
  const sum = [...code].reverse().reduce((total, digit, index) => total + Number(digit) * (index % 2 === 1 ? 3 : 1), 0);
  return sum % 10 === 0 ? 'fine' : 'check';
}
