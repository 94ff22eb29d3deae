/** What the core asks of a PIN, said while it is chosen instead of after it was sent. */
export type PinFault = 'short' | 'same' | 'run';

export const PIN_LENGTH = { least: 4, most: 8 };

export function pinFault(pin: string): PinFault | null {
  if (pin.length < PIN_LENGTH.least) return 'short';
  if (new Set(pin).size === 1) return 'same';
  const steps = new Set([...pin].slice(1).map((digit, index) => Number(digit) - Number(pin[index])));
  return steps.size === 1 && (steps.has(1) || steps.has(-1)) ? 'run' : null;
}
