/** What a price chip says: where the price of a line comes from. Pure. */
import { t, tMaybe } from '$shared/i18n';
import type { Cart, CartLine } from '$shared/api';

/** The levels that every shop has are said in the language of the screen; a shop's own have the name it gave them. */
export function levelName(level: string): string {
  return tMaybe(`level.${level}`) ?? level;
}

/** Said beside the price where it is another one than the catalogue's. */
export function sourceWord(line: Pick<CartLine, 'price_source' | 'level' | 'own_level'>, cart: Pick<Cart, 'level' | 'customer'> | null): string | null {
  switch (line.price_source) {
    case 'typed':
      return t('price.typed');
    case 'customer':
      return t('price.customer');
    case 'break':
      return t('price.break');
    case 'branch':
      return t('price.branch');
    case 'level': {
      const level = line.level ?? line.own_level ?? cart?.level ?? cart?.customer?.level;
      return level ? levelName(level) : null;
    }
    case 'catalog':
      return null;
  }
}
