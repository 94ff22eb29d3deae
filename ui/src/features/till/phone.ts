/** A customer's phone number, as far as a page can judge it: the core has the last word. */
import { westernDigits } from '$shared/money/money';

export function tidyPhone(typed: string): string | null {
  const plain = westernDigits(typed).replace(/[\s\-().]/g, '');
  return /^\+?\d{7,15}$/.test(plain) ? plain : null;
}

/** "98••••3210": enough to know it again, not enough to use it. */
export function maskedPhone(phone: string): string {
  const figures = phone.replace(/^\+/, '');
  return `${figures.slice(0, 2)}••••${figures.slice(-4)}`;
}
