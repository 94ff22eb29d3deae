/**
 * News from the core: a DOM event of the shell in the app, a WebSocket in browsers, one stream for the screens.
 * After every (re)connection, and whenever a number is missing, listeners are told to read their snapshot again.
 */
import { sessionToken } from '$shared/api';
import type { LiveKind, LiveMessage } from '$shared/api';

type Listener = (message: LiveMessage) => void;

const listeners = new Map<LiveKind, Set<Listener>>();
const resyncs = new Set<() => void>();
const status = $state<{ connected: boolean; silentSince: number | null }>({ connected: false, silentSince: null });

let stopTransport: (() => void) | null = null;
let lastSeq: number | null = null;

export const live = {
  /** False while news may be missing; the screen keeps what it has and says that it is reconnecting. */
  get connected(): boolean {
    return status.connected;
  },
};

export function onLive(kind: LiveKind, run: Listener): () => void {
  const set = listeners.get(kind) ?? new Set();
  listeners.set(kind, set);
  set.add(run);
  return () => set.delete(run);
}

/** Runs when the page's picture may be old: after connecting, and after a gap. */
export function onResync(run: () => void): () => void {
  resyncs.add(run);
  return () => resyncs.delete(run);
}

function resync(): void {
  for (const run of resyncs) run();
}

function receive(message: LiveMessage): void {
  if (typeof message?.seq !== 'number') return;
  // Sessions hear only what is theirs, so the core numbers each listener's own stream.
  const gap = lastSeq !== null && message.seq !== lastSeq + 1;
  lastSeq = message.seq;
  if (message.kind === 'resync' || gap) resync();
  if (message.kind !== 'resync') for (const run of listeners.get(message.kind) ?? []) run(message);
}

/** In the app the pages come by the shell's own scheme (which Windows and Android spell as a host). */
export const inApp = typeof location !== 'undefined' && (location.protocol === 'chandi:' || location.hostname === 'chandi.localhost');

/** Starts listening; `token` when the page is not a signed-in session (the customer's screen in a browser). */
export function startLive(token: string | null = sessionToken()): void {
  stopLive();
  lastSeq = null;
  stopTransport = inApp ? listenInApp() : listenBySocket(token);
}

export function stopLive(): void {
  stopTransport?.();
  stopTransport = null;
  status.connected = false;
}

/** The shell hands each window its own messages as DOM events: Tauri's own could be heard by the customer's page too. */
function listenInApp(): () => void {
  const hear = (event: Event) => receive((event as CustomEvent<LiveMessage>).detail);
  addEventListener('chandi:live', hear);
  status.connected = true;
  resync();
  return () => removeEventListener('chandi:live', hear);
}

function listenBySocket(token: string | null): () => void {
  let stopped = false;
  let socket: WebSocket | null = null;
  let tries = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const connect = () => {
    if (stopped) return;
    const address = `${location.origin.replace(/^http/, 'ws')}/api/v1/live`;
    socket = new WebSocket(address, token ? ['chandi', `bearer.${token}`] : ['chandi']);
    socket.onopen = () => {
      tries = 0;
      lastSeq = null;
      status.connected = true;
      status.silentSince = null;
      resync();
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      try {
        receive(JSON.parse(event.data) as LiveMessage);
      } catch {
        resync();
      }
    };
    socket.onclose = () => {
      if (stopped) return;
      status.connected = false;
      status.silentSince ??= Date.now();
      tries += 1;
      timer = setTimeout(connect, Math.min(8000, 250 * 2 ** Math.min(tries, 5)));
    };
  };
  const hurry = () => {
    if (socket?.readyState === WebSocket.CLOSED) {
      clearTimeout(timer);
      connect();
    }
  };
  addEventListener('online', hurry);
  connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    removeEventListener('online', hurry);
    socket?.close();
  };
}
