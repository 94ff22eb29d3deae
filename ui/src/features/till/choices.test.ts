import { expect, it } from 'vitest';
import { groupNeeds, toggled } from './choices';

const size = { most: 1, options: [{ id: 's' }, { id: 'l' }] };
const extras = { most: 2, options: [{ id: 'cheese' }, { id: 'onion' }, { id: 'egg' }] };

it('a group of at most one changes over and can be left', () => {
  expect(toggled([], size, 's')).toEqual(['s']);
  expect(toggled(['s'], size, 'l')).toEqual(['l']);
  expect(toggled(['s', 'cheese'], size, 'l')).toEqual(['cheese', 'l']);
  expect(toggled(['l'], size, 'l')).toEqual([]);
});
it('a full group takes no more, and never touches another', () => {
  expect(toggled(['cheese', 'onion'], extras, 'egg')).toEqual(['cheese', 'onion']);
  expect(toggled(['s', 'cheese', 'onion'], extras, 'cheese')).toEqual(['s', 'onion']);
});
it('says what a group still needs', () => {
  expect(groupNeeds({ group: { least: 1, most: 1 }, chosen: 0 })).toBe('missing');
  expect(groupNeeds({ group: { least: 1, most: 1 }, chosen: 1 })).toBe('full');
  expect(groupNeeds({ group: { least: 0, most: 10 }, chosen: 9 })).toBe('free');
});
