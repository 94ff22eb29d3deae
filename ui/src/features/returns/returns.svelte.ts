/** Goods that come back without a receipt: which, how many, and what the core offers for them. The page adds nothing up. */
import { post, uuidv7, type Approval, type GoodsReturn, type Product, type ReturnPreview } from '$shared/api';
import { play } from '$shared/sound/sound';
import { summed } from '$features/till/quantity';

export interface Back {
  key: string;
  product: Product;
  quantity: string;
  /** Null is what is offered. */
  price: number | null;
}

interface State {
  lines: Back[];
  method: string;
  preview: ReturnPreview | null;
  previewing: boolean;
  busy: boolean;
  done: GoodsReturn | null;
}

const fresh = (): State => ({ lines: [], method: 'store_credit', preview: null, previewing: false, busy: false, done: null });
const state = $state<State>(fresh());

export const returns = {
  get lines() { return state.lines; },
  get method() { return state.method; },
  get preview() { return state.preview; },
  get previewing() { return state.previewing; },
  get busy() { return state.busy; },
  get done() { return state.done; },
};

const asked = () => state.lines.map((one) => ({ product: one.product.id, quantity: one.quantity, ...(one.price === null ? {} : { unit_price_minor: one.price }) }));

let run = 0;

/** What the core would give for them. A refusal leaves the lines as they were. */
async function look(lines: Back[], method: string): Promise<void> {
  const before = { lines: state.lines, method: state.method };
  Object.assign(state, { lines, method });
  const mine = ++run;
  if (lines.length === 0) {
    state.preview = null;
    return;
  }
  state.previewing = true;
  try {
    const preview = await post<ReturnPreview>('/returns/preview', { lines: asked(), method });
    if (mine === run) state.preview = preview;
  } catch (error) {
    if (mine === run) Object.assign(state, before);
    throw error;
  } finally {
    if (mine === run) state.previewing = false;
  }
}

export function take(product: Product, quantity: string): Promise<void> {
  const same = state.lines.find((one) => one.product.id === product.id && one.price === null);
  const lines = same
    ? state.lines.map((one) => (one === same ? { ...one, quantity: summed([one.quantity, quantity]) } : one))
    : [...state.lines, { key: uuidv7(), product, quantity, price: null }];
  return look(lines, state.method);
}

export function change(key: string, to: Partial<Pick<Back, 'quantity' | 'price'>>): Promise<void> {
  return look(state.lines.map((one) => (one.key === key ? { ...one, ...to } : one)), state.method);
}

export function drop(key: string): Promise<void> {
  return look(state.lines.filter((one) => one.key !== key), state.method);
}

export function payBy(method: string): Promise<void> {
  return look(state.lines, method);
}

export function close(): void {
  run += 1;
  Object.assign(state, fresh());
}

// The same return keeps its id however often it is tried: a lost answer is no second credit.
let attempt: { what: string; id: string } | null = null;

/** Gives the money; a second person agrees. */
export async function give(reason: string, approval: Approval): Promise<void> {
  const { preview } = state;
  if (!preview || state.previewing || state.busy) return;
  const body = { lines: asked(), method: state.method, reason, expected_total_minor: preview.total_minor };
  const what = JSON.stringify(body);
  if (attempt?.what !== what) attempt = { what, id: uuidv7() };
  state.busy = true;
  try {
    state.done = await post<GoodsReturn>('/returns', { id: attempt.id, ...body, approval });
    attempt = null;
    play('paid');
  } finally {
    state.busy = false;
  }
}
