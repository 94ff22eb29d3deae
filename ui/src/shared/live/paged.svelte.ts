/** A list that comes in pages. What was asked last counts, and no page is asked for twice at once. */
import { explain, type Explained, type List } from '$shared/api';

export class Paged<Item, Page extends List<Item> = List<Item>> {
  page = $state.raw<Page | null>(null);
  failure = $state<Explained | null>(null);
  busy = $state(false);
  readonly #ask: (after: string | null) => Promise<Page>;
  #run = 0;

  constructor(ask: (after: string | null) => Promise<Page>) {
    this.#ask = ask;
  }
  get items(): Item[] | null {
    return this.page?.items ?? null;
  }
  get next(): string | null {
    return this.page?.next ?? null;
  }
  /** The first page, again or of another question. */
  read = async (): Promise<void> => {
    const mine = ++this.#run;
    try {
      const page = await this.#ask(null);
      if (mine !== this.#run) return;
      this.page = page;
      this.failure = null;
    } catch (error) {
      if (mine === this.#run) this.failure = explain(error);
    }
  };
  /** The same question again, after news: as much as stands here, so that nobody who looked far down is led back up. */
  again = async (): Promise<void> => {
    const before = this.page?.items.length ?? 0;
    const mine = ++this.#run;
    try {
      let page = await this.#ask(null);
      while (page.next && page.items.length < before && mine === this.#run) {
        const more = await this.#ask(page.next);
        page = { ...more, items: [...page.items, ...more.items] };
      }
      if (mine !== this.#run) return;
      this.page = page;
      this.failure = null;
    } catch (error) {
      if (mine === this.#run) this.failure = explain(error);
    }
  };
  further = async (): Promise<void> => {
    const before = this.page;
    if (!before?.next || this.busy) return;
    const mine = this.#run;
    this.busy = true;
    try {
      const page = await this.#ask(before.next);
      if (mine === this.#run) this.page = { ...page, items: [...before.items, ...page.items] };
    } catch (error) {
      if (mine === this.#run) this.failure = explain(error);
    } finally {
      this.busy = false;
    }
  };
  /** Another list stands here now: what was read is gone. */
  clear(): void {
    this.#run += 1;
    this.page = null;
  }
}
