import { expect, it } from 'vitest';
import { changedOver } from './over';

it('keeps what somebody else changed, and what was changed here', () => {
  const before = { name: 'Jalebi', price: 100, codes: ['1'], names: { hi: 'जलेबी' } };
  const mine = { ...before, price: 120, codes: ['1', '2'] };
  const now = { ...before, name: 'Hot jalebi', price: 110 };
  expect(changedOver(before, mine, now)).toEqual({ name: 'Hot jalebi', price: 120, codes: ['1', '2'], names: { hi: 'जलेबी' } });
  // The way back takes only this change back.
  expect(changedOver(mine, before, { ...now, price: 120 })).toEqual({ ...now, price: 100, codes: ['1'] });
});
