/** How a browser opens a link: the code from the address, a secret of its own, and the screen that the link is for. */
import { get, post, type LinkPurpose, type OpenedLink } from '$shared/api';

/** Where each purpose is shown. A phone signs in first, as every till does. */
export const SCREEN_OF: Record<LinkPurpose, string> = { board: '/?screen=board', pick: '/?screen=list', customer: '/?screen=customer', phone: '/' };

/** Kept until the core answered, so that a reload in between repeats the same request instead of a second one. */
const KEY = 'chandi.link.key';

export function newKey(): string {
  try {
    const kept = sessionStorage.getItem(KEY);
    if (kept !== null && /^[0-9a-f]{64}$/.test(kept)) return kept;
  } catch {
    // Without storage a reload asks for another code.
  }
  const key = [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  try {
    sessionStorage.setItem(KEY, key);
  } catch {
    // As above.
  }
  return key;
}

/** What an earlier link or token left here would be shown in place of this one. */
function forgetOthers(): void {
  try {
    sessionStorage.removeItem(KEY);
    sessionStorage.removeItem('chandi.display');
    localStorage.removeItem('chandi.board');
  } catch {
    // Without storage there is nothing to forget.
  }
}

export async function openLink(code: string): Promise<OpenedLink> {
  const opened = await post<OpenedLink>('/device-links/open', { code, key: newKey() }, { token: null });
  forgetOthers();
  return opened;
}

/** The link that this browser has already; the browser keeps it for as long again. */
export const currentLink = (): Promise<OpenedLink> => get<OpenedLink>('/device-links/current', undefined, { token: null, retries: 1 });

const KEEP_MS = 24 * 60 * 60_000;

/** A screen that stands somewhere for years is never forgotten by its browser. Call it in an `$effect` and return what it returns. */
export function keepLink(): () => void {
  // A link that is over is the screen's own to say, which asks far oftener.
  const keep = () => void currentLink().catch(() => undefined);
  keep();
  const timer = setInterval(keep, KEEP_MS);
  return () => clearInterval(timer);
}
