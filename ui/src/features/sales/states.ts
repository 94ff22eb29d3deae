/** The tone of an order's state, the same on every screen. */
export function stateTone(state: string): 'plain' | 'go' | 'warn' | 'bad' {
  if (state === 'ready' || state === 'complete') return 'go';
  if (state === 'preparing' || state === 'partial') return 'warn';
  return state === 'refunded' || state === 'cancelled' ? 'bad' : 'plain';
}
