import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, call, keepToken, post } from './client';
import { uuidv7 } from './ids';

const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

beforeEach(() => {
  keepToken(null);
  vi.useFakeTimers({ toFake: ['setTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the door', () => {
  it('marks writes, carries the session, and sends the same bytes again when nothing answered', async () => {
    const sent: { headers: Record<string, string>; body: string }[] = [];
    vi.stubGlobal('fetch', async (_: string, init: { headers: Record<string, string>; body: string }) => {
      sent.push(init);
      if (sent.length < 3) throw new TypeError('network');
      return answer(201, { id: 'x' });
    });
    keepToken('secret');
    const done = post('/orders', { id: uuidv7() });
    await vi.runAllTimersAsync();
    await expect(done).resolves.toEqual({ id: 'x' });
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map((one) => one.body)).size, 'the id must not change between tries').toBe(1);
    expect(sent[0]!.headers['x-chandi']).toBe('1');
    expect(sent[0]!.headers.authorization).toBe('Bearer secret');
  });

  it('says that nothing answered when the tries are used up', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('network');
    });
    const done = call('GET', '/cart', { retries: 1 }).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    expect(await done).toMatchObject({ kind: 'no_answer' });
  });

  it('turns a refusal into its code, and does not repeat it', async () => {
    const fetching = vi.fn(async () =>
      answer(403, { error: { code: 'discount_above_limit', kind: 'forbidden', message: '…', hints: { limit_percent: '10' }, incident: 'K4T9' } }),
    );
    vi.stubGlobal('fetch', fetching);
    const error = (await post('/cart/changes', {}).catch((caught: unknown) => caught)) as ApiError;
    expect(error).toMatchObject({ code: 'discount_above_limit', kind: 'forbidden', incident: 'K4T9', hints: { limit_percent: '10' } });
    expect(fetching).toHaveBeenCalledTimes(1);
  });
});

describe('uuidv7', () => {
  it('begins with the time and says its version', () => {
    const id = uuidv7(0x0123456789ab, new Uint8Array(10).fill(0xff));
    expect(id).toBe('01234567-89ab-7fff-bfff-ffffffffffff');
  });
  it('sorts by time', () => {
    expect(uuidv7(1000) < uuidv7(2000)).toBe(true);
  });
});
