/** The only place that knows how the core is reached: `fetch` on our own origin, in the app and in a browser alike. */
import type { ErrorBody, ErrorKind } from './schema';

/** A refusal by the core, or the news that it did not answer. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly code: string,
    readonly kind: ErrorKind | 'no_answer',
    readonly status: number,
    readonly hints: Record<string, unknown> = {},
    readonly incident: string | null = null,
    detail = code,
  ) {
    super(detail);
  }
}

export function isApiError(error: unknown, code?: string): error is ApiError {
  return error instanceof ApiError && (code === undefined || error.code === code);
}

export interface CallOptions {
  /** Sent as JSON; carry an `id` in it, then a repeat after a lost answer is safe. */
  body?: unknown;
  /** Raw bytes of a file (never a Blob or FormData: they crash the app's web view). */
  bytes?: ArrayBuffer;
  contentType?: string;
  headers?: Record<string, string>;
  query?: Record<string, string | number | boolean | null | undefined>;
  signal?: AbortSignal;
  /** How often to try again when nothing answered. */
  retries?: number;
  /** The answer is a picture or a document: its bytes. */
  as?: 'bytes';
  /** Speak as this token instead of the signed-in session (the customer's screen). */
  token?: string | null;
}

/** A browser that a device link let in is known by a cookie, on our own origin only. The app's windows need none. */
const CREDENTIALS: RequestCredentials = typeof location !== 'undefined' && location.protocol.startsWith('http') && location.hostname !== 'chandi.localhost' ? 'same-origin' : 'omit';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

const TOKEN = 'chandi.session';
let token: string | null = null;
let onSignedOut: (() => void) | null = null;
let onCodeWanted: (() => Promise<boolean>) | null = null;

export function sessionToken(): string | null {
  if (token === null) {
    try {
      token = sessionStorage.getItem(TOKEN);
    } catch {
      token = null;
    }
  }
  return token;
}

export function keepToken(value: string | null): void {
  token = value;
  try {
    if (value === null) sessionStorage.removeItem(TOKEN);
    else sessionStorage.setItem(TOKEN, value);
  } catch {
    // Without storage the session lives as long as the page.
  }
}

/** Called once when the core says that this session is over. */
export function whenSignedOut(run: () => void): void {
  onSignedOut = run;
}

/** Asked when the core wants a fresh code first; whether one was shown. */
export function whenCodeWanted(ask: () => Promise<boolean>): void {
  onCodeWanted = ask;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const RETRY_AFTER_MS = [150, 500, 1500];
const GIVE_UP_MS = 20_000;

export async function call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== null && value !== '') query.set(key, String(value));
  }
  const asked = query.size > 0 ? `?${query}` : '';
  const headers: Record<string, string> = { accept: options.as === 'bytes' ? '*/*' : 'application/json', ...options.headers };
  const bearer = options.token === undefined ? sessionToken() : options.token;
  if (bearer) headers.authorization = `Bearer ${bearer}`;
  if (method !== 'GET') headers['x-chandi'] = '1';
  let body: BodyInit | undefined;
  if (options.bytes) {
    body = options.bytes;
    headers['content-type'] = options.contentType ?? 'application/octet-stream';
  } else if (options.body !== undefined) {
    body = JSON.stringify(options.body);
    headers['content-type'] = 'application/json';
  }

  const retries = options.retries ?? 3;
  let proven = false;
  for (let attempt = 0; ; attempt++) {
    let response: Response;
    const limit = AbortSignal.timeout(GIVE_UP_MS);
    try {
      response = await fetch(`/api/v1${path}${asked}`, {
        method,
        headers,
        body,
        cache: 'no-store',
        credentials: CREDENTIALS,
        signal: options.signal && 'any' in AbortSignal ? AbortSignal.any([options.signal, limit]) : (options.signal ?? limit),
      });
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      if (attempt < retries) {
        await pause(RETRY_AFTER_MS[Math.min(attempt, RETRY_AFTER_MS.length - 1)]!);
        continue;
      }
      throw new ApiError('no_answer', 'no_answer', 0);
    }
    if (response.status === 204) return undefined as T;
    if (response.ok && options.as === 'bytes') return (await response.arrayBuffer()) as T;
    const text = await response.text();
    let json: unknown = null;
    if (text !== '') {
      try {
        json = JSON.parse(text);
      } catch {
        json = null;
      }
    }
    if (response.ok) return json as T;
    const error = (json as ErrorBody | null)?.error;
    // A wrong PIN is a 401 too, but ends no session.
    if (response.status === 401 && bearer && bearer === token && (error?.code === 'signed_out' || error?.code === 'session_idle')) {
      keepToken(null);
      onSignedOut?.();
    }
    // The same request once more, when whoever sits here has shown that it is them.
    if (error?.code === 'code_wanted' && !proven && (await onCodeWanted?.())) {
      proven = true;
      continue;
    }
    throw new ApiError(
      error?.code ?? `http_${response.status}`,
      error?.kind ?? (response.status >= 500 ? 'broken' : 'refused'),
      response.status,
      error?.hints ?? {},
      error?.incident ?? null,
      error?.message,
    );
  }
}

export const get = <T>(path: string, query?: CallOptions['query'], options?: CallOptions) => call<T>('GET', path, { ...options, query });
export const post = <T>(path: string, body?: unknown, options?: CallOptions) => call<T>('POST', path, { ...options, body });
export const put = <T>(path: string, body?: unknown, options?: CallOptions) => call<T>('PUT', path, { ...options, body });
export const del = <T>(path: string, body?: unknown, options?: CallOptions) => call<T>('DELETE', path, { ...options, body });
