import { describe, expect, it } from 'vitest';
import { ApiError, type Redeemed } from '$shared/api';
import { opened, refused } from './verdict';

const refusal = (code: string, hints: Record<string, unknown> = {}, kind: 'conflict' | 'refused' | 'wait' = 'refused') => new ApiError(code, kind, 409, hints);

describe('a scan has one verdict', () => {
  it.each([
    ['claim_held', 'held', 'warn'], ['already_collected', 'collected', 'warn'], ['order_refunded', 'refunded', 'bad'], ['order_cancelled', 'cancelled', 'bad'], ['token_expired', 'expired', 'bad'],
    ['token_other_branch', 'other_branch', 'bad'], ['token_unknown_key', 'other_shop', 'bad'], ['token_not_ours', 'not_ours', 'bad'], ['token_tampered', 'tampered', 'bad'], ['token_unknown_version', 'newer', 'bad'],
    ['token_revoked', 'revoked', 'bad'], ['number_unknown', 'unknown', 'bad'], ['number_wait', 'wait', 'warn'], ['order_not_here', 'not_arrived', 'warn'], ['disk_full', 'broken', 'bad'],
  ])('%s is %s', (code, kind, tone) => {
    expect(refused(refusal(code), 'P1ABC')).toMatchObject({ kind, tone });
  });
  it('a stranger is named by what it is, whoever says so', () => {
    expect(refused(refusal('token_not_ours'), 'upi://pay?pa=a@b').kind).toBe('upi');
    expect(refused(refusal('token_not_ours', { why: 'url' }), 'example').kind).toBe('url');
    expect(refused(refusal('token_tampered'), 'https://a.b').kind, 'only where the core says that it is not ours').toBe('tampered');
  });
  it('says who, where and when', () => {
    const held = refused(refusal('claim_held', { staff: 'Ravi', seat: 2, counter: 'Counter A', at: '2026-11-21T06:34:00Z', order: 'o', number: 38 }), '');
    expect(held).toMatchObject({ staff: 'Ravi', counter: '2', at: '2026-11-21T06:34:00Z', order: 'o', number: 38 });
  });
  it('counts the wait', () => {
    expect(refused(refusal('number_wait', { wait_ms: 7200 }), '').seconds).toBe(8);
    expect(refused(refusal('number_wait', { wait_ms: 2100 }), '').seconds).toBe(3);
    expect(refused(refusal('number_wait', { wait_ms: 'soon' }), '').seconds).toBe(0);
  });
  it('knows a fresh order, one that was partly given, and one that never arrived', () => {
    const line = (given: string) => ({ open: '1', kept: '0', given, missing: '0', refunded: '0' });
    const redeemed = (order: unknown, offline = false) => ({ claim: { id: 'c', by: 'qr', offline }, order, lines: null, expires_at: '', to_give: '3', count: 3 }) as unknown as Redeemed;
    expect(opened(redeemed({ id: 'o', number: 4, items: '5', lines: [line('0')] }))).toMatchObject({ kind: 'go', count: 1, number: 4 });
    expect(opened(redeemed({ id: 'o', number: 4, items: '5', lines: [line('2')] }))).toMatchObject({ kind: 'partial', count: 1 });
    expect(opened(redeemed({ id: 'o', number: 4, items: '5', lines: [line('0')] }, true)).kind).toBe('offline');
    expect(opened(redeemed({ id: 'o', number: 4, items: '5', due_minor: 8500, delivered_at: null, lines: [{ ...line('1'), open: '0' }] }))).toMatchObject({ kind: 'due', due_minor: 8500 });
    expect(opened(redeemed(null))).toMatchObject({ kind: 'not_arrived', count: 3, order: null });
  });
});
