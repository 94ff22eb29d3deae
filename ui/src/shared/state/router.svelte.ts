/**
 * A tiny router. A screen is `?screen=customer` (windows and second browsers) or a path in the hash: `#/office/products`.
 * The screens that nobody signs in to, the customer's, the hall's and those of a device link, carry their token in the
 * hash instead, or are known by their link.
 */
const UNSIGNED = ['customer', 'board', 'link', 'list'];

function read(): { screen: string; path: string } {
  const asked = new URLSearchParams(location.search).get('screen');
  const hash = location.hash.startsWith('#/') ? location.hash.slice(1) : null;
  const path = hash ?? `/${asked ?? 'till'}`;
  return { screen: asked !== null && UNSIGNED.includes(asked) ? asked : (path.split('/')[1] ?? 'till'), path };
}

const state = $state(read());

export const route = {
  /** 'till', 'sales', 'refund', 'pick', 'office', 'customer', 'board', 'link', 'list' */
  get screen(): string {
    return state.screen;
  },
  /** The whole path: '/office/products'. */
  get path(): string {
    return state.path;
  },
  /** The parts after the screen: ['products', id]. */
  get parts(): string[] {
    return state.path.split('/').slice(2).filter(Boolean).map(decodeURIComponent);
  },
};

export function go(path: string): void {
  if (location.hash !== `#${path}`) location.hash = path;
}

/** For what takes a while: goes on from where it began. Whoever went elsewhere meanwhile is not led away from there. */
export function goFromHere(): (path: string) => void {
  const from = location.hash;
  return (path) => {
    if (location.hash === from) go(path);
  };
}

addEventListener('hashchange', () => Object.assign(state, read()));
