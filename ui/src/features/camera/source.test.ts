import { expect, it } from 'vitest';
import { ASK_AGAIN_MS, stateOfRefusal } from './source';

it('tells the browser’s refusals apart', () => {
  expect(['NotAllowedError', 'NotFoundError', 'NotReadableError', 'SecurityError', 'OverconstrainedError', 'AbortError', ''].map(stateOfRefusal)).toEqual(['denied', 'none', 'busy', 'denied', 'none', 'busy', 'failed']);
});

it('asks again by itself where time can help, and never nags a person who said no', () => {
  expect(ASK_AGAIN_MS.denied).toBeNull();
  for (const state of ['none', 'busy', 'lost', 'failed'] as const) expect(ASK_AGAIN_MS[state]).toBeGreaterThanOrEqual(1000);
});
