import { expect, test } from 'vitest';
import { waitWords } from './waits';

test('a wait is told in the unit that people count', () => {
  expect(waitWords(30_000)).toEqual({ unit: 'seconds', count: 30 });
  expect(waitWords(400)).toEqual({ unit: 'seconds', count: 1 });
  expect(waitWords(90_000)).toEqual({ unit: 'seconds', count: 90 });
  expect(waitWords(91_000)).toEqual({ unit: 'minutes', count: 2 });
  expect(waitWords(3_600_000)).toEqual({ unit: 'minutes', count: 60 });
});
