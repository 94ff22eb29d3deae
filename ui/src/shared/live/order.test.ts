import { expect, it } from 'vitest';
import { inOrder } from './order';

it('lets no answer come after a later one', () => {
  const asked = inOrder();
  const [first, second, third] = [asked(), asked(), asked()];
  expect([second(), first(), third(), second()]).toEqual([true, false, true, false]);
});

it('takes every answer while news come faster than answers do', () => {
  const asked = inOrder();
  const first = asked();
  asked();
  expect(first()).toBe(true);
});

it('forgets the answer to another question', () => {
  const asked = inOrder();
  const old = asked('north');
  const fresh = asked('south');
  expect([old(), fresh(), fresh()]).toEqual([false, true, true]);
});
