import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const source = join(import.meta.dirname, '../..');
const components = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.svelte'));

/** A page's style stays in the page: once it is loaded, a bare global class hides columns of every other page. */
test('no component styles the classes of all others', () => {
  const strays = components.flatMap((path) => {
    const style = /<style>([\s\S]*)<\/style>/.exec(readFileSync(join(source, path), 'utf8'))?.[1] ?? '';
    return [...style.matchAll(/(?:^|[{},])\s*(:global\(\.[^{},]*)/g)].map(([, selector]) => `${path}: ${selector}`);
  });
  expect(components.length).toBeGreaterThan(100);
  expect(strays).toEqual([]);
});
