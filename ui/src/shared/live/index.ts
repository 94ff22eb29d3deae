export { inApp, live, onLive, onResync, startLive, stopLive } from './live.svelte';
export { keepRead } from './keep';
export { inOrder } from './order';
export { Paged } from './paged.svelte';
