import { expect, it } from 'vitest';
import { arranged, windowOn } from './screens';

const monitor = (left: number, top: number, width: number, height: number) => ({ left, top, width, height, availLeft: left, availTop: top + 20, availWidth: width, availHeight: height - 20, here: left === 0 });

it('draws monitors as they stand: beside each other, above, and left of the first', () => {
  expect(arranged([monitor(0, 0, 1920, 1080), monitor(1920, 0, 1280, 1080)])).toEqual({
    places: [{ x: 0, y: 0, width: 60, height: 33.75 }, { x: 60, y: 0, width: 40, height: 33.75 }],
    height: 33.75,
  });
  const left = arranged([monitor(0, 0, 1000, 500), monitor(-1000, -500, 1000, 500)]);
  expect(left.places.map((one) => [one.x, one.y])).toEqual([[50, 25], [0, 0]]);
  expect(left.height).toBe(50);
});

it('opens a window where one may stand', () => {
  expect(windowOn(monitor(1920, 0, 1280, 1024))).toBe('popup,left=1920,top=20,width=1280,height=1004');
});
