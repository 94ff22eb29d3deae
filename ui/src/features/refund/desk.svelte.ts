/** The refund desk: one order, the lines that are chosen, and what the core says they come to. The page adds nothing up. */
import { get, isApiError, post, uuidv7, type Approval, type Candidate, type CreditNote, type Order, type RefundPreview } from '$shared/api';
import { inOrder, onLive, onResync } from '$shared/live';
import { play } from '$shared/sound/sound';
import { chosenLines, claimedOf, keepChoice, type Choice } from './choice';

interface State {
  order: Order | null;
  choice: Choice;
  /** The tender that a person chose; null is the original. */
  method: string | null;
  preview: RefundPreview | null;
  previewing: boolean;
  candidates: { sought: string; list: Candidate[] } | null;
  /** What was just paid back. */
  done: CreditNote | null;
  busy: boolean;
}

const state = $state<State>({ order: null, choice: {}, method: null, preview: null, previewing: false, candidates: null, done: null, busy: false });

export const refund = {
  get order() { return state.order; },
  get choice() { return state.choice; },
  get method() { return state.method; },
  get preview() { return state.preview; },
  get previewing() { return state.previewing; },
  get candidates() { return state.candidates; },
  get done() { return state.done; },
  get busy() { return state.busy; },
};

function show(order: Order): void {
  Object.assign(state, { order, choice: claimedOf(order), method: null, preview: null, candidates: null, done: null });
}

/** Scanned or typed: QR text, one-time number, bill, display number or phone. */
export async function find(text: string): Promise<void> {
  const code = text.trim();
  if (code === '' || state.busy) return;
  const counts = opens(code);
  state.busy = true;
  try {
    const found = await post<{ order?: Order; candidates?: Candidate[] }>('/refunds/find', { code });
    if (!counts()) return;
    if (found.order) {
      play('ok');
      show(found.order);
    } else state.candidates = { sought: code, list: found.candidates ?? [] };
  } finally {
    state.busy = false;
  }
  await preview();
}

const opens = inOrder();

export async function openOrder(id: string): Promise<void> {
  const counts = opens(id);
  const order = await get<Order>(`/orders/${id}`);
  // Closed, or another one was opened meanwhile.
  if (!counts()) return;
  show(order);
  await preview();
}

export function close(): void {
  opens(null);
  Object.assign(state, { order: null, choice: {}, method: null, preview: null, candidates: null, done: null });
}

export function closeCandidates(): void {
  state.candidates = null;
}

let run = 0;

/** What the chosen lines come to, to which tender, and whether somebody has to agree. */
async function preview(): Promise<void> {
  const order = state.order;
  const mine = ++run;
  const lines = order ? chosenLines(order, state.choice) : [];
  if (!order || lines.length === 0) {
    state.preview = null;
    state.previewing = false;
    return;
  }
  state.previewing = true;
  try {
    const tenders = state.method ? { tenders: [{ id: uuidv7(), method: state.method }] } : {};
    const answer = await post<RefundPreview>(`/orders/${order.id}/refunds/preview`, { lines, ...tenders });
    if (mine === run) state.preview = answer;
  } finally {
    if (mine === run) state.previewing = false;
  }
}

export function choose(line: number, quantity: string): Promise<void> {
  state.choice = { ...state.choice, [line]: quantity };
  return preview();
}

/** What is chosen, for an exchange. */
export function chosenGoods(reason: string): { order: string; lines: { line: number; quantity: string }[]; reason: string } | null {
  const lines = state.order ? chosenLines(state.order, state.choice) : [];
  return state.order && lines.length > 0 ? { order: state.order.id, lines, reason } : null;
}

export function payTo(method: string | null): Promise<void> {
  state.method = method;
  return preview();
}

// The same refund keeps its ids however often it is tried: a lost answer is not a second credit note.
let attempt: { what: string; id: string; tender: string } | null = null;

/** Pays back. Throws `refund_needs_approval` when a second person has to agree. */
export async function pay(reason: string, approval?: Approval): Promise<void> {
  const { order, preview: known } = state;
  if (!order || !known || state.previewing || state.busy) return;
  const lines = chosenLines(order, state.choice);
  const what = JSON.stringify([order.id, lines, state.method, reason]);
  if (attempt?.what !== what) attempt = { what, id: uuidv7(), tender: uuidv7() };
  const { id, tender } = attempt;
  const tenders = state.method && !known.tenders.some((one) => one.original && one.method === state.method) ? { tenders: [{ id: tender, method: state.method }] } : {};
  state.busy = true;
  try {
    const paid = await post<Order>(`/orders/${order.id}/refunds`, { id, lines, reason, ...tenders, ...(approval ? { approval } : {}) });
    attempt = null;
    state.order = paid;
    state.choice = {};
    state.preview = null;
    state.done = paid.credit_notes.find((note) => note.id === id) ?? paid.credit_notes.at(-1) ?? null;
    play('paid');
  } catch (error) {
    // Another desk was first: the page shows what is left of it now.
    if (isApiError(error, 'nothing_to_refund') || isApiError(error, 'refund_too_much')) await readAgain();
    throw error;
  } finally {
    state.busy = false;
  }
}

const reads = inOrder();

async function readAgain(): Promise<void> {
  const before = state.order;
  if (!before) return;
  const counts = reads(before.id);
  const order = await get<Order>(`/orders/${before.id}`);
  if (!counts() || state.order?.id !== order.id || state.done) return;
  state.choice = keepChoice(order, state.choice, before);
  state.order = order;
  await preview();
}

export function follow(): () => void {
  const again = () => {
    if (!state.busy) void readAgain().catch(() => undefined);
  };
  const stops = [onLive('order', ({ id }) => (id === null || id === state.order?.id) && again()), onResync(again)];
  return () => {
    stops.forEach((stop) => stop());
    close();
  };
}
