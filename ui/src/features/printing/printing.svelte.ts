/** What the printers of this device say, and what a person asks of them. The sale itself never waits for any of it. */
import { get, isApiError, post, uuidv7, type DeviceStatus, type List, type PrintJob, type Printer } from '$shared/api';
import { t, tMaybe } from '$shared/i18n';
import { inOrder, onLive, onResync } from '$shared/live';
import { session } from '$shared/state/session.svelte';
import { say, sayError } from '$shared/state/toasts.svelte';
import { DRAWER_NEWS_MS, ranked, type Problem } from './problems';

const state = $state<{ status: DeviceStatus | null; last: string | null; now: number }>({ status: null, last: null, now: 0 });

export const printing = {
  get lights() {
    return state.status?.lights ?? [];
  },
  get problems(): Problem[] {
    return ranked(state.status?.problems ?? [], state.now);
  },
  get hasPrinter(): boolean {
    return this.lights.some((one) => one.kind === 'printer');
  },
  /** Is there another one to print on? */
  get several(): boolean {
    return this.lights.filter((one) => one.kind === 'printer').length > 1;
  },
  /** Has this person a printer to print on? */
  get offered(): boolean {
    return this.hasPrinter && session.may('print.use');
  },
  get hasDrawer(): boolean {
    return this.lights.some((one) => one.kind === 'drawer');
  },
};

let later: ReturnType<typeof setTimeout> | undefined;

const asked = inOrder();

export async function readStatus(): Promise<void> {
  if (!session.may('device.read')) return;
  const counts = asked();
  const status = await get<DeviceStatus>('/devices/status', undefined, { retries: 1 });
  if (!counts()) return;
  state.status = status;
  state.now = Date.now();
  clearTimeout(later);
  if (state.status.problems.some((job) => job.kind === 'drawer')) later = setTimeout(() => (state.now = Date.now()), DRAWER_NEWS_MS);
}

/** Follows the printers while a screen is shown. Several changes at once are read once. */
export function followPrinting(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void readStatus().catch(() => undefined), 60); // what is shown stays until it can be read again
  };
  again();
  const stops = [onLive('print', again), onLive('device', again), onResync(again)];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}

export function printers(): Promise<List<Printer>> {
  return get<List<Printer>>('/printers');
}

/** "Receipt 42", "Test card". */
export function paperName(job: PrintJob): string {
  const name = job.number === null ? t(`print.kind.${job.kind}`) : t('print.numbered', { what: t(`print.kind.${job.kind}`), number: String(job.number) });
  return job.copy > 1 ? t('print.copyOf', { what: name, copy: String(job.copy) }) : name;
}

export function whyText(why: string | null): string | null {
  return why === null ? null : (tMaybe(`print.why.${why}`) ?? t('print.why.printer_error'));
}

/** Why this paper did not come, and where, when that is not here. */
export function whyOf(job: PrintJob): string | null {
  const why = whyText(job.why);
  const till = job.at_till;
  if (why === null || till === null) return why;
  if (job.why === 'device_silent') return t('print.why.silent_there', { till });
  return job.why === 'unreachable' ? t('print.why.device_away', { till }) : t('print.why.at', { why, till });
}

/** Words that stand alone begin as a sentence does. */
export function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

export type PrintAsk = { kind: 'retry'; printer?: string } | { kind: 'answer'; came_out: boolean } | { kind: 'discard' };

/** Answers whether it was done; what went wrong is said. */
export async function ask(job: PrintJob, what: PrintAsk): Promise<boolean> {
  try {
    const id = uuidv7();
    if (what.kind === 'retry') await post(`/print/jobs/${job.id}/retry`, { id, ...(what.printer ? { printer: what.printer } : {}) });
    else if (what.kind === 'answer') await post(`/print/jobs/${job.id}/answer`, { id, came_out: what.came_out });
    else await post(`/print/jobs/${job.id}/discard`, { id });
    return true;
  } catch (error) {
    // Somebody else was quicker: the list shows what came of it.
    if (!isApiError(error, 'job_settled')) sayError(error);
    return false;
  } finally {
    await readStatus().catch(() => undefined);
  }
}

/** Puts an order's paper into the queue once more; the second of a kind says COPY by itself. */
export async function printOrder(order: string, what: 'receipt' | 'token' | 'credit_note' = 'receipt', creditNote?: string): Promise<PrintJob | null> {
  try {
    const job = await post<PrintJob>(`/orders/${order}/print`, { id: uuidv7(), what, ...(creditNote ? { credit_note: creditNote } : {}) });
    say(job.copy > 1 ? t('print.copySent', { copy: String(job.copy) }) : t('print.sent'));
    void readStatus().catch(() => undefined);
    return job;
  } catch (error) {
    sayError(error);
    return null;
  }
}

/** The order whose receipt Ctrl+P prints once more. */
export function rememberPaid(order: string): void {
  state.last = order;
}

export async function reprintLast(): Promise<void> {
  let order = state.last;
  try {
    if (order === null) {
      const { items } = await get<List<PrintJob>>('/print/jobs', { limit: 20 });
      order = items.find((job) => job.kind === 'receipt' && job.order !== null)?.order ?? null;
    }
  } catch (error) {
    sayError(error);
    return;
  }
  if (order === null) say(t('print.nothingYet'));
  else await printOrder(order);
}
