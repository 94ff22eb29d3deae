/** The sales counter's desk: what was scanned, the order that is open here, its marks. The core decides; this keeps the page in step. */
import { ApiError, get, isApiError, post, uuidv7, type Approval, type Candidate, type Claim, type List, type Marked, type Order, type RecentHandover, type Redeemed, type Setting } from '$shared/api';
import { inOrder, onLive, onResync } from '$shared/live';
import { play } from '$shared/sound/sound';
import { askedFor } from './asked';
import { allMissing, keepMarks, marksOf, outcomeOf, rowsOf, rowsOfToken, type Outcome, type Row } from './rows';
import { opened, over, refused, SHAKES, type Verdict } from './verdict';

export type MissingAs = 'refund' | 'keep';

/** How the open order came here, so that it can be asked for again. */
type Way = { code: string } | { order: string; confirmed: true };

interface Open {
  id: string;
  /** Null for a genuine token whose order is not on this device yet: its rows come from the token itself. */
  order: Order | null;
  number: number | null;
  claim: Redeemed['claim'];
  way: Way;
  rows: Row[];
  missingAs: MissingAs;
}

interface State {
  verdict: Verdict | null;
  /** What was refused, said once more on the scan screen with what can be done about it. */
  refusal: { verdict: Verdict; way: Way | null; code: string } | null;
  candidates: { sought: string; list: Candidate[] } | null;
  open: Open | null;
  /** Another counter took the open order over. */
  lost: Claim | null;
  marked: Marked | null;
  /** The marks that the core has not answered yet. */
  marking: boolean;
  /** A genuine token whose order is not on this device and can only be looked at: its rows are the token's own, none when it was too long for them. */
  absent: { code: string; claim: Redeemed['claim']; count: number; rows: Row[] } | null;
  /** An order that is only looked at. */
  seen: Order | null;
  recent: RecentHandover[];
  busy: boolean;
  missingAs: MissingAs;
  showPrices: boolean;
}

export const VERDICT_MS = 800;

const state = $state<State>({ verdict: null, refusal: null, candidates: null, open: null, lost: null, marked: null, marking: false, absent: null, seen: null, recent: [], busy: false, missingAs: 'refund', showPrices: false });

export const desk = {
  get verdict() { return state.verdict; },
  get refusal() { return state.refusal; },
  get candidates() { return state.candidates; },
  get open() { return state.open; },
  get lost() { return state.lost; },
  get marked() { return state.marked; },
  get marking() { return state.marking; },
  get absent() { return state.absent; },
  get seen() { return state.seen; },
  get recent() { return state.recent; },
  get busy() { return state.busy; },
  get showPrices() { return state.showPrices; },
  get outcome(): Outcome {
    return state.open ? outcomeOf(state.open.rows, state.open.missingAs) : 'complete';
  },
  /** No order is open here: the next scan counts. */
  get listening(): boolean {
    return !state.open && !state.absent && !state.busy;
  },
};

let verdictOver: ReturnType<typeof setTimeout> | undefined;

function pronounce(verdict: Verdict): void {
  state.verdict = verdict;
  play(verdict.tone === 'go' ? 'ok' : verdict.tone === 'warn' ? 'warn' : 'no');
  navigator.vibrate?.(SHAKES[verdict.tone]);
  clearTimeout(verdictOver);
  verdictOver = setTimeout(endVerdict, VERDICT_MS);
}

export function endVerdict(): void {
  clearTimeout(verdictOver);
  state.verdict = null;
}

function clear(): void {
  Object.assign(state, { refusal: null, candidates: null, open: null, lost: null, marked: null, marking: false, absent: null, seen: null });
}

function take(redeemed: Redeemed, way: Way): void {
  clear();
  pronounce(opened(redeemed));
  const { order, claim } = redeemed;
  const id = order?.id ?? claim.order ?? null;
  const rows = order ? rowsOf(order) : rowsOfToken(redeemed.lines ?? []);
  if (id && rows.length > 0) state.open = { id, order, number: order?.number ?? claim.number ?? null, claim, way, rows, missingAs: state.missingAs };
  else if (order) {
    // Nothing to give: it is only looked at, and the next counter need not take it over.
    state.seen = order;
    void post(`/claims/${claim.id}/release`, { id: uuidv7() }).catch(() => undefined);
  }
  else state.absent = { code: 'code' in way ? way.code : '', claim, count: redeemed.count, rows };
}

/** Scanned or typed: an order, people to choose from, or a refusal. */
export async function ask(text: string): Promise<void> {
  const asked = askedFor(text);
  if (!desk.listening || text.trim() === '') return;
  state.seen = null;
  state.candidates = null;
  if ('code' in asked) return redeem(asked);
  state.busy = true;
  try {
    const { candidates } = await post<{ candidates: Candidate[] }>('/tokens/redeem', { id: uuidv7(), ...asked });
    state.refusal = null;
    if (candidates.length === 0) refuse(new ApiError('number_unknown', 'refused', 422), text, null);
    else state.candidates = { sought: text.trim(), list: candidates };
  } catch (error) {
    refuse(error, text, null);
  } finally {
    state.busy = false;
  }
}

function refuse(error: unknown, code: string, way: Way | null): void {
  const told = isApiError(error) ? error : new ApiError('broken', 'broken', 0);
  if (!isApiError(error)) console.error(error);
  const verdict = refused(told, code);
  pronounce(verdict);
  state.refusal = { verdict, way, code };
}

async function redeem(way: Way, takeOver = false): Promise<void> {
  state.busy = true;
  const again = takeOver ? { take_over: true } : {};
  try {
    take(await post<Redeemed>('/tokens/redeem', { id: uuidv7(), ...way, ...again }), way);
  } catch (error) {
    // This very counter has it open already (a reload, a lock in between): it goes on with it.
    if (!takeOver && isApiError(error, 'claim_held') && error.hints.mine === true) return await redeem(way, true);
    refuse(error, 'code' in way ? way.code : '', way);
  } finally {
    state.busy = false;
  }
}

/** "Open at counter 2 · Take over" */
export async function takeOver(): Promise<void> {
  const way = state.refusal?.way ?? state.open?.way;
  if (way && !state.busy) await redeem(way, true);
}

/** Somebody of the staff stands for it that this customer may have the order. */
export async function confirm(order: string): Promise<void> {
  if (!state.busy) await redeem({ order, confirmed: true });
}

export function closeCandidates(): void {
  state.candidates = null;
}

export function closeRefusal(): void {
  state.refusal = null;
}

const looks = inOrder();

/** Looks at an order without opening it. */
export async function look(order: string): Promise<void> {
  const counts = looks(order);
  const seen = await get<Order>(`/orders/${order}`);
  if (!counts() || state.open) return;
  state.seen = seen;
  state.refusal = null;
}

/** What is looked at changed; whoever closed it meanwhile is done with it. */
async function lookOnceMore(order: string): Promise<void> {
  const counts = looks(order);
  const seen = await get<Order>(`/orders/${order}`);
  if (counts() && state.seen?.id === order) state.seen = seen;
}

export function closeSeen(): void {
  looks(null);
  state.seen = null;
}

// --- marks ---------------------------------------------------------------------------------------------------------

let sending = false;
let again = false;

/** Tells the core what is marked: it works out the money, and the customer's screen follows. Only the newest marks count. */
async function tellMarks(): Promise<void> {
  if (sending) {
    again = true;
    return;
  }
  sending = true;
  state.marking = true;
  try {
    do {
      again = false;
      const open = state.open;
      if (!open) break;
      const answer = await post<Marked>(`/claims/${open.claim.id}/marks`, { lines: marksOf(open.rows), missing_as: open.missingAs });
      if (!again && state.open?.claim.id === open.claim.id) state.marked = answer;
    } while (again);
  } catch (error) {
    if (isApiError(error, 'claim_lost')) await readOpen();
    // Without the order nobody here can say what it cost.
    else if (!isApiError(error, 'order_not_here')) throw error;
  } finally {
    sending = false;
    state.marking = false;
  }
}

export function mark(change: (rows: Row[]) => Row[]): Promise<void> {
  const open = state.open;
  if (!open || state.lost) return Promise.resolve();
  state.open = { ...open, rows: change(open.rows) };
  return tellMarks();
}

export const markRow = (line: number, change: (row: Row) => Row): Promise<void> => mark((rows) => rows.map((row) => (row.line === line ? change(row) : row)));
export const markAll = (): Promise<void> => mark(allMissing);

export function keepAs(missingAs: MissingAs): Promise<void> {
  const open = state.open;
  if (!open) return Promise.resolve();
  state.open = { ...open, missingAs };
  return tellMarks();
}

// --- handing over --------------------------------------------------------------------------------------------------

// The same handover keeps its id however often it is tried, so that a lost answer is not a second one.
let attempt: { claim: string; marks: string; id: string } | null = null;

export interface Done {
  id: string;
  number: number | null;
  /** Null when the order itself is not here. */
  order: Order | null;
  handover: string;
  outcome: Outcome;
}

/** Gives out what is marked as given. Null when there was nothing to do. */
export async function handOver(): Promise<Done | null> {
  const open = state.open;
  if (!open || state.busy || state.lost) return null;
  const lines = marksOf(open.rows);
  const marks = JSON.stringify([lines, open.missingAs]);
  if (attempt?.claim !== open.claim.id || attempt.marks !== marks) attempt = { claim: open.claim.id, marks, id: uuidv7() };
  const handover = attempt.id;
  const outcome = outcomeOf(open.rows, open.missingAs);
  state.busy = true;
  try {
    const order = await post<Order | null>(`/orders/${open.id}/handovers`, { id: handover, lines, missing_as: open.missingAs, claim: open.claim.id });
    attempt = null;
    clear();
    play('paid');
    void readRecent();
    return { id: open.id, number: open.number, order, handover, outcome };
  } catch (error) {
    if (isApiError(error, 'claim_lost') || isApiError(error, 'claim_held')) {
      await readOpen();
      return null;
    }
    if (isApiError(error, 'nothing_left')) {
      const { id } = open;
      clear();
      refuse(error, '', null);
      await look(id);
      return null;
    }
    throw error;
  } finally {
    state.busy = false;
  }
}

/** Back without handing over: the order is free for the next counter. */
export async function goBack(): Promise<void> {
  const claim = state.lost ? null : (state.open?.claim.id ?? state.absent?.claim.id);
  clear();
  endVerdict();
  if (claim) await post(`/claims/${claim}/release`, { id: uuidv7() });
}

export async function undo(order: string, handover: string, approval?: Approval): Promise<Order | null> {
  const undone = await post<Order | null>(`/orders/${order}/handovers/${handover}/undo`, { id: uuidv7(), ...(approval ? { approval } : {}) });
  await readRecent();
  return undone;
}

// --- keeping up ----------------------------------------------------------------------------------------------------

const recentAsked = inOrder();

export async function readRecent(): Promise<void> {
  const counts = recentAsked();
  const answer = await get<List<RecentHandover> | RecentHandover[]>('/sales/recent');
  if (!counts()) return;
  state.recent = Array.isArray(answer) ? answer : answer.items;
}

async function readSettings(): Promise<void> {
  const { items } = await get<List<Setting>>('/settings');
  for (const { key, value } of items) {
    if (key === 'sales.missing' && (value === 'refund' || value === 'keep')) state.missingAs = value;
    if (key === 'sales.show_prices') state.showPrices = value === true;
  }
}

const openAsked = inOrder();

/** Reads the open order again: who has it now, and what is left of it. */
async function readOpen(): Promise<void> {
  const open = state.open;
  if (!open) return;
  if (!open.order) return askAgain();
  const counts = openAsked(open.claim.id);
  const order = await get<Order>(`/orders/${open.id}`);
  if (!counts() || state.open?.claim.id !== open.claim.id || state.busy) return;
  const ended = over(order);
  if (ended) {
    clear();
    pronounce(ended);
    state.refusal = { verdict: ended, way: null, code: '' };
    return;
  }
  state.lost = order.claim && !order.claim.mine ? order.claim : null;
  const rows = keepMarks(rowsOf(order), state.open.rows);
  if (rows.length === 0) {
    clear();
    state.seen = order;
  } else state.open = { ...state.open, order, rows };
}

async function askAgain(): Promise<void> {
  const { absent, open } = state;
  const code = absent?.code ?? (open && !open.order && 'code' in open.way ? open.way.code : '');
  if (!code || state.busy) return;
  const claim = (absent ?? open)?.claim.id;
  try {
    const redeemed = await post<Redeemed>('/tokens/redeem', { id: uuidv7(), code, take_over: true }, { retries: 0 });
    if (!redeemed.order || (state.absent ?? state.open)?.claim.id !== claim) return;
    const marks = open?.rows ?? [];
    take(redeemed, { code });
    if (state.open) state.open = { ...state.open, rows: keepMarks(state.open.rows, marks) };
    endVerdict();
  } catch {
    // It is asked again at the next news; what the token says stands meanwhile.
  }
}

/** The order of the token may have arrived meanwhile. */
export const lookAgain = askAgain;

/** Follows the core while the screen is shown. */
export function follow(): () => void {
  const quietly = (work: () => Promise<unknown>) => void work().catch(() => undefined);
  const start = () => {
    quietly(readRecent);
    quietly(readSettings);
    quietly(readOpen);
  };
  start();
  let soon: ReturnType<typeof setTimeout> | undefined;
  const news = (id: string | null) => {
    if (state.open && (id === null || id === state.open.id || !state.open.order)) quietly(readOpen);
    if (state.seen && id === state.seen.id) quietly(() => lookOnceMore(id));
    if (state.absent) quietly(askAgain);
    clearTimeout(soon);
    soon = setTimeout(() => quietly(readRecent), 150);
  };
  const stops = [onLive('order', ({ id }) => news(id)), onLive('claim', ({ id }) => news(id)), onLive('setting', () => quietly(readSettings)), onResync(start)];
  return () => {
    clearTimeout(soon);
    clearTimeout(verdictOver);
    stops.forEach((stop) => stop());
    clear();
    state.verdict = null;
  };
}
