export { inApp, live, onLive, onResync, startLive, stopLive } from './live.svelte';
export { keepRead } from './keep';
export { Paged } from './paged.svelte';
