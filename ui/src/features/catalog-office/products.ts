/** Calls about products and categories, each with the id that makes a repeat safe. */
import { changedOver, del, get, post, put, uuidv7, type Category, type Id, type List, type Product, type UnitName } from '$shared/api';
import { t, type MessageKey } from '$shared/i18n';

/** The word that people read: a shop's own unit without its sign. */
export const unitWord = (unit: UnitName): string => (/^[=~]/.test(unit) ? unit.slice(1) : t(`unit.${unit}` as MessageKey));

export const UNITS: UnitName[] = ['piece', 'plate', 'cup', 'glass', 'bowl', 'box', 'pack', 'bottle', 'kg', 'g', 'l', 'ml', 'm', 'hour'];
export const HUES = ['rose', 'amber', 'coral', 'leaf', 'teal', 'olive', 'iris', 'plum'] as const;

/** What belongs to the core: how a variant came to be, and what follows from other things. */
type Given = 'archived_at' | 'sample' | 'asks' | 'variant_of' | 'variant' | 'choices';
export type ProductDraft = Omit<Product, Given | 'hidden_at' | 'hidden_here' | 'here_minor'>;
export type CategoryDraft = Omit<Category, 'archived_at'>;

/** The fields that a write carries: the rest belongs to the core. */
export function writable(product: Product | ProductDraft): ProductDraft {
  const { id, name, names, sku, price_minor, unit, category, barcodes, art, available, favourite, position, open_price, units, brand, modifiers, parts, picture, tax_class, hsn } = product;
  return { id, name, names, sku, price_minor, unit, category, barcodes, art, available, favourite, position, open_price, units, brand, modifiers, parts, picture, tax_class, hsn };
}

/** As the core reads it: a unit without a price of its own sends none. */
function form(product: Product | ProductDraft) {
  const draft = writable(product);
  return { ...draft, units: draft.units.map(({ unit, holds, price_minor, own_price, barcodes }) => ({ unit, holds, price_minor: own_price ? price_minor : null, barcodes })) };
}

export const saveProduct = (product: Product | ProductDraft) => put<Product>(`/products/${product.id}`, form(product));
/** Writes what differs between the two: what somebody else changed of the product meanwhile stays. */
export async function changeProduct(before: Product | ProductDraft, after: Product | ProductDraft): Promise<Product> {
  const now = await get<Product>(`/products/${after.id}`);
  return saveProduct(changedOver(writable(before), writable(after), writable(now)));
}
export const addProduct = (product: ProductDraft) => post<Product>('/products', form(product));
export const archiveProduct = (id: Id) => del<unknown>(`/products/${id}`, { id: uuidv7() });
export const restoreProduct = (id: Id) => post<Product>(`/products/${id}/restore`, { id: uuidv7() });

export function writableCategory(category: Category | CategoryDraft): CategoryDraft {
  const { id, name, names, hue, parent, position, active } = category;
  return { id, name, names, hue, parent, position, active };
}
export const saveCategory = (category: Category | CategoryDraft) => put<Category>(`/categories/${category.id}`, writableCategory(category));
/** As for products. */
export async function changeCategory(before: Category | CategoryDraft, after: Category | CategoryDraft): Promise<Category> {
  const now = (await readCategories()).find((one) => one.id === after.id);
  return saveCategory(now ? changedOver(writableCategory(before), writableCategory(after), writableCategory(now)) : after);
}
export const addCategory = (category: CategoryDraft) => post<Category>('/categories', category);
export const archiveCategory = (id: Id) => del<unknown>(`/categories/${id}`, { id: uuidv7() });
export const restoreCategory = (id: Id) => post<Category>(`/categories/${id}/restore`, { id: uuidv7() });

export async function readCategories(archived = false): Promise<Category[]> {
  const { items } = await get<List<Category>>('/categories', archived ? { archived: true } : undefined);
  return [...items].sort((a, b) => a.position - b.position);
}
