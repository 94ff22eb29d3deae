/** The printers of this device, for the pages that change them. */
import { get, post, put, uuidv7, type Looked, type Look, type PrintJob, type Printer } from '$shared/api';
import { inOrder, onLive, onResync } from '$shared/live';

const state = $state<{ list: Printer[] | null }>({ list: null });

export const printerList = {
  /** Null until they were read. */
  get all(): Printer[] | null {
    return state.list;
  },
  find(id: string): Printer | null {
    return state.list?.find((one) => one.id === id) ?? null;
  },
};

const asked = inOrder();

export async function readPrinters(): Promise<void> {
  const counts = asked();
  const { items } = await get<{ items: Printer[] }>('/printers');
  if (counts()) state.list = items;
}

/** What an answer told is shown at once; the next reading holds. */
export function showPrinter(printer: Printer): void {
  asked()(); // what was read before that is older
  const list = state.list ?? [];
  state.list = list.some((one) => one.id === printer.id) ? list.map((one) => (one.id === printer.id ? printer : one)) : [...list, printer];
}

export function dropPrinter(id: string): void {
  asked()();
  state.list = state.list?.filter((one) => one.id !== id) ?? null;
}

export function followPrinters(onfault: (error: unknown) => void): () => void {
  const again = () => void readPrinters().catch(onfault);
  again();
  const stops = [onLive('device', (message) => void (message.id !== 'find' && message.id !== 'camera' ? again() : undefined)), onResync(again)];
  return () => stops.forEach((stop) => stop());
}

/** Writes a printer as it should be; everything that is not named stays. */
export async function savePrinter(printer: Printer, change: Partial<Omit<Printer, 'id' | 'profile'>> & { profile?: Partial<Printer['profile']> }): Promise<Printer> {
  const next = { ...printer, ...change };
  const body = {
    id: uuidv7(),
    name: next.name,
    driver: next.driver,
    address: next.address,
    profile: { ...printer.profile, ...change.profile },
    jobs: next.jobs,
    fallback: next.fallback,
    drawer: next.drawer,
  };
  const saved = await put<Printer>(`/printers/${printer.id}`, body);
  showPrinter(saved);
  return saved;
}

export function testPrinter(id: string, part: 'card' | 'drawer'): Promise<PrintJob> {
  return post<PrintJob>(`/printers/${id}/test`, { id: uuidv7(), part });
}

export async function tellLook(id: string, answer: Look): Promise<Looked> {
  const looked = await post<Looked>(`/printers/${id}/looks`, { id: uuidv7(), answer });
  showPrinter(looked.printer);
  return looked;
}
