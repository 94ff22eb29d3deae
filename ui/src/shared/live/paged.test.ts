import { expect, it } from 'vitest';
import { Paged } from './paged.svelte';

const deferred = () => {
  let give!: (page: { items: number[]; next: string | null }) => void;
  const page = new Promise<{ items: number[]; next: string | null }>((resolve) => (give = resolve));
  return { page, give };
};

it('adds pages behind each other and asks for none twice at once', async () => {
  const asked: (string | null)[] = [];
  const list = new Paged<number>(async (after) => {
    asked.push(after);
    return after ? { items: [3], next: null } : { items: [1, 2], next: 'b' };
  });
  await list.read();
  await Promise.all([list.further(), list.further()]);
  expect([list.items, list.next, asked]).toEqual([[1, 2, 3], null, [null, 'b']]);
});

it('stays as long as it was when it is read anew after news', async () => {
  let last = 4;
  const list = new Paged<number>(async (after) => (after === null ? { items: [1, 2], next: 'b' } : after === 'b' ? { items: [3, last], next: 'c' } : { items: [5], next: null }));
  await list.read();
  await list.further();
  last = 40;
  await list.again();
  expect([list.items, list.next]).toEqual([[1, 2, 3, 40], 'c']);
});

it('forgets the answer to what nobody asks any more', async () => {
  const first = deferred();
  const answers = [first.page, Promise.resolve({ items: [9], next: null })];
  const list = new Paged<number>(() => answers.shift()!);
  const old = list.read();
  await list.read();
  first.give({ items: [1], next: 'late' });
  await old;
  expect([list.items, list.next]).toEqual([[9], null]);
});
