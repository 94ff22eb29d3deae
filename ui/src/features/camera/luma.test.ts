import { expect, it } from 'vitest';
import { cutOf, inPicture, lumaOf } from './luma';

it('white is white, black is black, and a picture is its mean', () => {
  const { bytes, mean } = lumaOf(new Uint8ClampedArray([255, 255, 255, 255, 0, 0, 0, 255, 0, 255, 0, 255, 255, 0, 0, 255]));
  expect([...new Uint8Array(bytes)]).toEqual([255, 0, 149, 76]);
  expect(mean).toBe(120);
});

it('a small camera is sent as it is', () => {
  for (const turn of [0, 1, 2, 3]) expect(cutOf(640, 480, turn)).toEqual({ x: 0, y: 0, width: 640, height: 480, outWidth: 640, outHeight: 480 });
});

it('a large one in turns whole and in the middle, never with more bytes than its limit', () => {
  expect(cutOf(1920, 1080, 0)).toMatchObject({ outWidth: 640, outHeight: 360 });
  expect(cutOf(1920, 1080, 1)).toEqual({ x: 680, y: 260, width: 560, height: 560, outWidth: 560, outHeight: 560 });
  expect(cutOf(1080, 1920, 0)).toMatchObject({ outWidth: 360, outHeight: 640 });
  for (const [width, height] of [[1920, 1080], [1080, 1920], [4000, 3000], [1, 1], [1280, 720], [300, 2000]] as const)
    for (const turn of [0, 1]) {
      const cut = cutOf(width, height, turn);
      expect(cut.outWidth * cut.outHeight).toBeLessThanOrEqual(640 * 640);
      expect(cut.x + cut.width).toBeLessThanOrEqual(width);
      expect(cut.y + cut.height).toBeLessThanOrEqual(height);
      expect(Math.min(cut.outWidth, cut.outHeight, cut.width, cut.height)).toBeGreaterThan(0);
    }
});

it('a corner that was found stands where the camera saw it', () => {
  expect(inPicture(cutOf(1920, 1080, 0), [320, 180])).toEqual([960, 540]);
  expect(inPicture(cutOf(1920, 1080, 1), [280, 280])).toEqual([960, 540]);
});
