/** The device's own camera, which the core opens, reads and closes: the app's window only looks at what comes of it. */
import { ApiError, get, post, uuidv7 } from '$shared/api';
import { ASK_AGAIN_MS, type CameraName, type CameraSource, type CameraState, type SeenCode, type Watcher } from './source';

type CoreState = 'closed' | 'opening' | 'live' | 'black' | 'none' | 'busy' | 'lost' | 'failed';

interface Cameras {
  items: CameraName[];
  state: CoreState;
  open: string | null;
}

interface Frame {
  seq: number;
  state: CoreState;
  width: number;
  height: number;
  picture: string | null;
  codes: SeenCode[];
}

const STATES: Record<CoreState, CameraState> = { closed: 'opening', opening: 'opening', live: 'live', black: 'live', none: 'none', busy: 'busy', lost: 'lost', failed: 'failed' };
const SHORTEST_GAP_MS = 84;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export class DeviceCamera implements CameraSource {
  #life = 0;
  #asking: AbortController | null = null;

  constructor(
    readonly watcher: Watcher,
    /** A picture to show, as an address that an image takes. */
    readonly show: (picture: string | null) => void,
  ) {}

  start(camera: string | null): void {
    this.stop();
    const life = ++this.#life;
    this.watcher.state('opening');
    void this.#run(camera, life);
  }

  stop(): void {
    this.#life += 1;
    if (this.#asking === null) return;
    this.#asking.abort();
    this.#asking = null;
    this.show(null);
    this.watcher.seen([], 0, 0);
    this.watcher.dark(false);
    this.watcher.unread(false);
    // If this gets lost, the core closes it by itself when nobody looks.
    void post('/camera/close', { id: uuidv7() }, { retries: 0 }).catch(() => undefined);
  }

  async #run(camera: string | null, life: number): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    let open = false;
    let seq = 0;
    while (life === this.#life) {
      const began = performance.now();
      try {
        if (!open) {
          const { items, open: which } = await post<Cameras>('/camera/open', { id: uuidv7(), ...(camera === null ? {} : { camera }) }, { retries: 0, signal: asking.signal });
          if (life !== this.#life) return;
          this.watcher.cameras(items, which);
          open = true;
        }
        const frame = await get<Frame>('/camera/frame', { after: seq }, { retries: 0, signal: asking.signal });
        if (life !== this.#life) return;
        seq = frame.seq;
        const state = STATES[frame.state];
        this.watcher.state(state);
        this.watcher.unread(false);
        this.watcher.dark(frame.state === 'black');
        this.show(state === 'live' ? frame.picture : null);
        this.watcher.seen(state === 'live' ? frame.codes : [], frame.width, frame.height);
        if (frame.state === 'closed') open = false;
        const again = ASK_AGAIN_MS[state];
        // The core tells a camera that came back by itself; one that was never there is asked for again.
        if (again !== null && state !== 'lost') {
          open = false;
          await pause(again);
        }
      } catch (error) {
        if (life !== this.#life || asking.signal.aborted) return;
        if (!(error instanceof ApiError)) throw error;
        open = false;
        this.watcher.unread(true);
        await pause(1000);
      }
      await pause(Math.max(0, SHORTEST_GAP_MS - (performance.now() - began)));
    }
  }
}
