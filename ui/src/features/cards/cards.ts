/** How the state of a card looks: a tone, a shape, a word. */
export type CardWord = 'good' | 'empty' | 'blocked' | 'expired' | 'overdrawn';

export const CARD_TONE: Record<CardWord, 'plain' | 'go' | 'warn' | 'bad'> = { good: 'go', empty: 'plain', blocked: 'bad', expired: 'warn', overdrawn: 'bad' };
export const CARD_SHAPE: Record<CardWord, string> = { good: '✓', empty: '○', blocked: '✕', expired: '–', overdrawn: '▲' };
