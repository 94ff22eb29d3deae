/**
 * The browser's own camera: its pictures go as brightness to the core, which reads the codes. One picture at a time is under
 * way, always the newest, and none once the view is hidden.
 */
import { ApiError, isApiError, post, uuidv7 } from '$shared/api';
import { cutOf, inPicture, lumaOf, type Cut } from './luma';
import { Darkness, Pacer } from './pacing';
import { ASK_AGAIN_MS, stateOfRefusal, type CameraSource, type CameraState, type SeenCode, type Watcher } from './source';

interface Read {
  codes: SeenCode[];
  took_ms: number;
}

export class BrowserCamera implements CameraSource {
  readonly #pacer = new Pacer();
  readonly #darkness = new Darkness();
  readonly #canvas = document.createElement('canvas');
  // The reader remembers from picture to picture: the whole and the middle are two pictures.
  #readers: [string, string] = [uuidv7(), uuidv7()];
  #life = 0;
  #turn = 0;
  #wanted: string | null = null;
  #stream: MediaStream | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stops: (() => void)[] = [];

  constructor(
    readonly video: HTMLVideoElement,
    readonly watcher: Watcher,
    /** Who reads the pictures: the shop, or this device before it has one. */
    readonly reads: '/codes/frame' | '/join/frame' = '/codes/frame',
  ) {}

  start(camera: string | null): void {
    this.stop();
    this.#wanted = camera;
    const life = ++this.#life;
    this.#readers = [uuidv7(), uuidv7()];
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (!devices?.getUserMedia) {
      this.watcher.state('insecure');
      return;
    }
    const plugged = () => void this.#plugged(life);
    devices.addEventListener('devicechange', plugged);
    this.#stops.push(() => devices.removeEventListener('devicechange', plugged));
    void this.#followPermission(life);
    void this.#open(life);
  }

  stop(): void {
    this.#life += 1;
    clearTimeout(this.#timer);
    for (const stop of this.#stops.splice(0)) stop();
    this.#letGo();
  }

  #letGo(): void {
    this.#pacer.stop();
    this.#darkness.clear();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.video.srcObject = null;
    this.watcher.seen([], 0, 0);
    this.watcher.dark(false);
    this.watcher.unread(false);
  }

  #tell(state: CameraState, life: number): void {
    if (life !== this.#life) return;
    this.watcher.state(state);
    clearTimeout(this.#timer);
    const after = ASK_AGAIN_MS[state];
    if (after !== null) this.#timer = setTimeout(() => void this.#open(life), after);
  }

  async #followPermission(life: number): Promise<void> {
    try {
      const permission = await navigator.permissions.query({ name: 'camera' as PermissionName });
      if (life !== this.#life) return;
      const changed = () => {
        if (permission.state === 'granted' && this.#stream === null) void this.#open(life);
      };
      permission.addEventListener('change', changed);
      this.#stops.push(() => permission.removeEventListener('change', changed));
    } catch {
      // Browsers that cannot tell are asked by the button.
    }
  }

  async #plugged(life: number): Promise<void> {
    if (life !== this.#life) return;
    if (this.#stream === null) await this.#open(life);
    else await this.#list(life);
  }

  async #open(life: number): Promise<void> {
    if (life !== this.#life || this.#stream !== null) return;
    this.watcher.state('opening');
    let stream: MediaStream;
    try {
      stream = await this.#ask(this.#wanted);
    } catch (error) {
      this.#tell(stateOfRefusal(error instanceof DOMException ? error.name : ''), life);
      return;
    }
    // Put away while the person was still being asked: the lamp of the camera must not stay on.
    if (life !== this.#life || this.#stream !== null) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    this.#stream = stream;
    for (const track of stream.getVideoTracks()) {
      track.addEventListener('ended', () => {
        if (life !== this.#life || this.#stream !== stream) return;
        this.#letGo();
        this.#tell('lost', life);
      });
    }
    this.video.srcObject = stream;
    try {
      await this.video.play();
    } catch {
      // Replaced or put away while it began; whoever did that goes on.
    }
    if (life !== this.#life || this.#stream !== stream) return;
    this.#tell('live', life);
    this.#pacer.start();
    this.#follow(life, stream);
    await this.#list(life);
  }

  async #ask(camera: string | null): Promise<MediaStream> {
    const size = { width: { ideal: 1280 }, height: { ideal: 960 }, frameRate: { ideal: 30 } };
    if (camera !== null) {
      try {
        return await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...size, deviceId: { exact: camera } } });
      } catch (error) {
        const gone = error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'OverconstrainedError');
        if (!gone) throw error; // the chosen one is not plugged in: any other serves
      }
    }
    return navigator.mediaDevices.getUserMedia({ audio: false, video: { ...size, facingMode: { ideal: 'environment' } } });
  }

  async #list(life: number): Promise<void> {
    try {
      const all = await navigator.mediaDevices.enumerateDevices();
      if (life !== this.#life) return;
      const list = all.filter((one) => one.kind === 'videoinput' && one.deviceId !== '').map((one) => ({ id: one.deviceId, name: one.label }));
      this.watcher.cameras(list, this.#stream?.getVideoTracks()[0]?.getSettings().deviceId ?? null);
    } catch {
      this.watcher.cameras([], null);
    }
  }

  #follow(life: number, stream: MediaStream): void {
    const video = this.video;
    const next = () => {
      if (life !== this.#life || this.#stream !== stream) return;
      this.#look(life);
      if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(next);
      else requestAnimationFrame(next);
    };
    next();
  }

  #look(life: number): void {
    const { videoWidth: width, videoHeight: height } = this.video;
    const began = performance.now();
    if (width === 0 || height === 0) return;
    const turn = this.#pacer.leave(began);
    if (turn === null) return;
    const parity = this.#turn++ % 2;
    const cut = cutOf(width, height, parity);
    let bytes: ArrayBuffer;
    try {
      bytes = this.#take(cut, began);
    } catch {
      this.#pacer.back(turn); // between two cameras there is no picture
      return;
    }
    const now = performance.now();
    this.#pacer.spent(now, now - began);
    void this.#send(bytes, cut, parity, turn, life, width, height);
  }

  #take(cut: Cut, now: number): ArrayBuffer {
    const canvas = this.#canvas;
    if (canvas.width !== cut.outWidth || canvas.height !== cut.outHeight) {
      canvas.width = cut.outWidth;
      canvas.height = cut.outHeight;
    }
    const context = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
    if (!context) throw new Error('this browser draws no pictures');
    context.drawImage(this.video, cut.x, cut.y, cut.width, cut.height, 0, 0, cut.outWidth, cut.outHeight);
    const { bytes, mean } = lumaOf(context.getImageData(0, 0, cut.outWidth, cut.outHeight).data);
    this.watcher.dark(this.#darkness.see(mean, now));
    return bytes;
  }

  async #send(bytes: ArrayBuffer, cut: Cut, parity: number, turn: number, life: number, width: number, height: number): Promise<void> {
    try {
      const headers = { 'x-width': String(cut.outWidth), 'x-height': String(cut.outHeight), 'x-reader': this.#readers[parity]! };
      const { codes } = await post<Read>(this.reads, undefined, { bytes, headers, retries: 0 });
      if (!this.#pacer.back(turn) || life !== this.#life) return;
      this.watcher.unread(false);
      const seen = codes.map((code) => ({ ...code, corners: code.corners.map((corner) => inPicture(cut, corner)) }));
      // The middle alone does not know that a code at the edge is gone.
      if (seen.length > 0 || parity === 0 || cut.x === 0) this.watcher.seen(seen, width, height);
    } catch (error) {
      if (!this.#pacer.back(turn)) return;
      if (!(error instanceof ApiError)) throw error;
      // A picture that the reader does not like is followed by a better one; a reader that is away, by a pause.
      if (isApiError(error, 'picture_invalid')) return;
      this.#pacer.rest(performance.now(), 1000);
      this.watcher.unread(true);
    }
  }
}
