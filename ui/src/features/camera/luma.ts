/** From the colours of a picture to the one channel that codes are read from, and from its frame to the screen. */

export interface Luma {
  bytes: ArrayBuffer;
  /** 0 black to 255 white. */
  mean: number;
}

/** Brightness as cameras themselves weigh it (BT.601), in whole numbers. */
export function lumaOf(rgba: Uint8ClampedArray | Uint8Array): Luma {
  const count = rgba.length >> 2;
  const bytes = new Uint8Array(count);
  let sum = 0;
  for (let at = 0, from = 0; at < count; at++, from += 4) {
    const light = (77 * rgba[from]! + 150 * rgba[from + 1]! + 29 * rgba[from + 2]!) >> 8;
    bytes[at] = light;
    sum += light;
  }
  return { bytes: bytes.buffer, mean: count === 0 ? 0 : sum / count };
}

export interface Cut {
  /** What of the camera's picture is taken. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** How large it is sent. */
  outWidth: number;
  outHeight: number;
}

const LONG_SIDE = 640;

/**
 * What is sent of a picture: in turns the whole of it made small, and its middle (where the frame on the screen is) as sharp as
 * the camera saw it, so that a small code on a large picture is read too.
 */
export function cutOf(width: number, height: number, turn: number): Cut {
  const long = Math.max(width, height);
  const scale = Math.min(1, LONG_SIDE / long);
  const whole: Cut = { x: 0, y: 0, width, height, outWidth: Math.max(1, Math.round(width * scale)), outHeight: Math.max(1, Math.round(height * scale)) };
  if (turn % 2 === 0 || scale > 0.8) return whole;
  const side = Math.min(width, height, 560);
  return { x: Math.round((width - side) / 2), y: Math.round((height - side) / 2), width: side, height: side, outWidth: side, outHeight: side };
}

export type Point = [number, number];

/** A point of what was sent, as a point of the camera's picture. */
export function inPicture(cut: Cut, [x, y]: Point): Point {
  return [cut.x + (x * cut.width) / cut.outWidth, cut.y + (y * cut.height) / cut.outHeight];
}
