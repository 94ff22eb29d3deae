import { expect, it } from 'vitest';
import type { PrintJob } from '$shared/api';
import { DRAWER_NEWS_MS, ranked } from './problems';

const NOW = Date.parse('2026-01-01T11:00:05Z');

const job = (id: string, state: PrintJob['state'], printer: string | null, minute: number): PrintJob => ({
  id,
  printer: printer === null ? null : { id: printer, name: printer },
  kind: 'receipt',
  order: null,
  number: 1,
  document: null,
  copy: 1,
  state,
  why: 'paper_out',
  attempts: 1,
  next_try_at: null,
  created_at: `2026-01-01T10:${String(minute).padStart(2, '0')}:00Z`,
  changed_at: '2026-01-01T11:00:00Z',
  staff: null,
  for_till: null,
  at_till: null,
  actions: [],
});

it('asks first, then tells what failed, then what waits', () => {
  const order = ranked([job('waits', 'queued', 'A', 1), job('failed', 'failed', 'B', 2), job('unsure', 'unsure', 'B', 3)], NOW);
  expect(order.map((one) => one.job.id)).toEqual(['unsure', 'failed', 'waits']);
});

it('what waits for one printer is one trouble, told by the oldest', () => {
  const order = ranked([job('c', 'queued', 'A', 3), job('a', 'queued', 'A', 1), job('b', 'queued', 'A', 2), job('other', 'queued', 'B', 4)], NOW);
  expect(order.map((one) => [one.job.id, one.behind])).toEqual([['a', 2], ['other', 0]]);
});

it('every question is asked on its own', () => {
  expect(ranked([job('a', 'unsure', 'A', 1), job('b', 'unsure', 'A', 2)], NOW)).toHaveLength(2);
});

it('a drawer is spoken of last, only the latest, and only while it is news', () => {
  const drawer = (id: string, minute: number) => ({ ...job(id, 'failed', 'A', minute), kind: 'drawer' as const });
  const jobs = [drawer('old', 1), drawer('new', 5), job('waits', 'queued', 'A', 2)];
  expect(ranked(jobs, NOW).map((one) => one.job.id)).toEqual(['waits', 'new']);
  expect(ranked(jobs, NOW + DRAWER_NEWS_MS).map((one) => one.job.id)).toEqual(['waits']);
});
