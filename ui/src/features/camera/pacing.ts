/** When the next picture may go to the reader, and when a code counts as read anew. Pure: time comes in. */

/** Twelve pictures a second find a code as soon as a person holds still; more would only warm the tablet. */
const SHORTEST_GAP_MS = 84;
/** The page's own work with pictures may take a fifth of its time, so that taps stay quick on a slow machine. */
const WORK_SHARE = 5;
const SAME_CODE_MS = 2000;

/** Never two pictures under way, never one faster than its gap, none while paused. */
export class Pacer {
  #running = false;
  #away = false;
  #next = 0;
  #turn = 0;

  /** Begins anew; answers that are still under way from before belong to nobody. */
  start(): void {
    this.#running = true;
    this.#away = false;
    this.#next = 0;
    this.#turn += 1;
  }

  stop(): void {
    this.#running = false;
    this.#away = false;
    this.#turn += 1;
  }

  get running(): boolean {
    return this.#running;
  }

  /** A number for a picture that may leave now, else null. */
  leave(now: number): number | null {
    if (!this.#running || this.#away || now < this.#next) return null;
    this.#away = true;
    this.#next = now + SHORTEST_GAP_MS;
    return this.#turn;
  }

  /** What it cost the page to make the picture of this turn. */
  spent(now: number, work: number): void {
    this.#next = Math.max(this.#next, now + Math.max(0, work) * WORK_SHARE);
  }

  /** Its answer came, or its failure. True when somebody still waits for it. */
  back(turn: number): boolean {
    if (turn !== this.#turn) return false;
    this.#away = false;
    return this.#running;
  }

  /** The reader asked for a pause (it is busy, or it did not answer). */
  rest(now: number, ms: number): void {
    this.#next = Math.max(this.#next, now + ms);
  }
}

/** The same code is told once; again only after it was out of sight for two seconds. */
export class CodeGate {
  readonly #seen = new Map<string, number>();

  fresh(text: string, now: number): boolean {
    for (const [code, at] of this.#seen) if (now - at >= SAME_CODE_MS) this.#seen.delete(code);
    const before = this.#seen.has(text);
    this.#seen.set(text, now);
    return !before;
  }

  clear(): void {
    this.#seen.clear();
  }
}

/** Words about a dark picture come after it stayed dark, and go at once. */
export class Darkness {
  #since: number | null = null;

  /** `mean`: 0 black to 255 white. */
  see(mean: number, now: number): boolean {
    if (mean >= 22) {
      this.#since = null;
      return false;
    }
    this.#since ??= now;
    return now - this.#since >= 1500;
  }

  clear(): void {
    this.#since = null;
  }
}
