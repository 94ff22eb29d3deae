/** The products on the till: the grid at once, the rest by asking the core. */
import { get, type Catalog, type Category, type List, type Product } from '$shared/api';
import { inOrder, onLive, onResync } from '$shared/live';
import { find, indexOf } from './find';

const FEW = 6;
const SHOWN = 120;
const DAY_LOOK_MS = 60_000;

const state = $state<{ catalog: Catalog | null; found: { query: string; products: Product[] } | null }>({ catalog: null, found: null });
const index = $derived(indexOf(state.catalog?.products ?? []));
const hues = $derived(new Map((state.catalog?.categories ?? []).map((one) => [one.id, one.hue])));

export const catalog = {
  get loaded(): boolean {
    return state.catalog !== null;
  },
  get products(): Product[] {
    return state.catalog?.products ?? [];
  },
  /** Top categories in the shop's order. */
  get categories(): Category[] {
    return (state.catalog?.categories ?? []).filter((one) => one.active);
  },
  get more(): boolean {
    return state.catalog?.more ?? false;
  },
  hue(category: string | null): string | undefined {
    return category ? hues.get(category) : undefined;
  },
  inCategory(category: string): Product[] {
    const within = new Set([category]);
    for (const one of state.catalog?.categories ?? []) if (one.parent && within.has(one.parent)) within.add(one.id);
    return this.products.filter((one) => one.category !== null && within.has(one.category));
  },
  /** What is found on the page, with what the core found for the same words. */
  search(query: string): Product[] {
    const here = find(index, query, SHOWN);
    const theirs = state.found?.query === query.trim() ? state.found.products : [];
    const seen = new Set(here.map((one) => one.id));
    return [...here, ...theirs.filter((one) => !seen.has(one.id))];
  },
};

/** What this branch does not sell is not on its till. */
const soldHere = (product: Product) => !product.hidden_here;

const asked = inOrder();

export async function readCatalog(): Promise<void> {
  const counts = asked();
  const read = await get<Catalog>('/catalog');
  if (!counts()) return;
  state.catalog = { ...read, products: read.products.filter(soldHere) };
}

let asking: AbortController | null = null;

/**
 * Asks the core where the page itself finds little: big catalogues, slips of the finger, other scripts. What is typed next
 * ends the question, unless it was `entered`: then its answer is waited for.
 */
export async function askCore(query: string, entered = false): Promise<void> {
  const typed = query.trim();
  asking?.abort();
  if (typed.length < 2) return;
  if (!catalog.more && find(index, typed, FEW).length >= FEW) return;
  const stop = new AbortController();
  if (!entered) asking = stop;
  try {
    const { items } = await get<List<Product>>('/products', { q: typed, limit: 60 }, { signal: stop.signal, retries: 0 });
    state.found = { query: typed, products: items.filter(soldHere) };
  } catch {
    // What is on the page is still found.
  }
}

/** The products of a category that do not fit on the page. */
export async function askCategory(category: string): Promise<Product[]> {
  return (await get<List<Product>>('/products', { category, limit: 500 })).items.filter(soldHere);
}

export function followCatalog(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void readCatalog().catch(() => undefined), 120);
  };
  // Prices that hold for days change with the business day, and nobody says so.
  const turn = setInterval(() => {
    if (state.catalog && Date.now() >= Date.parse(state.catalog.until)) again();
  }, DAY_LOOK_MS);
  const stops = [onLive('product', again), onLive('category', again), onResync(again)];
  return () => {
    clearTimeout(timer);
    clearInterval(turn);
    stops.forEach((stop) => stop());
  };
}
