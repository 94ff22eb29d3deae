/** What every camera tells the view that shows it, however it is reached. */
import type { Point } from './luma';

export type CameraState =
  | 'off'
  | 'opening'
  | 'live'
  /** No camera is plugged in. */
  | 'none'
  /** Another program holds it. */
  | 'busy'
  /** The person or the browser said no. */
  | 'denied'
  /** Browsers give no camera to an address without a certificate. */
  | 'insecure'
  /** It was unplugged; it goes on by itself. */
  | 'lost'
  | 'failed';

export interface CameraName {
  id: string;
  name: string;
}

export interface SeenCode {
  text: string;
  kind: string;
  /** Clockwise, in the picture's own points. */
  corners: Point[];
}

export interface Watcher {
  state(state: CameraState): void;
  cameras(list: CameraName[], open: string | null): void;
  /** What stands on the picture now; empty when nothing does. */
  seen(codes: SeenCode[], width: number, height: number): void;
  dark(dark: boolean): void;
  /** The picture runs, but nobody reads it at the moment. */
  unread(unread: boolean): void;
}

export interface CameraSource {
  /** The camera that was chosen, or whichever is there. */
  start(camera: string | null): void;
  /** Ends at once: no picture is taken or read after it. */
  stop(): void;
}

/** After how long a camera that could not be had is asked for again by itself; null waits for news of the system. */
export const ASK_AGAIN_MS: Record<CameraState, number | null> = {
  off: null,
  opening: null,
  live: null,
  none: 5000,
  busy: 3000,
  denied: null,
  insecure: null,
  lost: 2000,
  failed: 5000,
};

/** The browser's refusals, by their names in the standard. */
export function stateOfRefusal(name: string): CameraState {
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'none';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}
