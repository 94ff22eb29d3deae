// What a camera would see: a token's code as a film that Chromium plays instead of a camera.
import { writeFileSync } from "node:fs";

/** The modules of a code as the page drew it: rows of booleans, quiet zone included. */
export function modules(svg) {
  return svg.evaluate((element) => {
    const size = element.viewBox.baseVal.width;
    const rows = Array.from({ length: size }, () => new Array(size).fill(false));
    for (const [, x, y, length] of element.querySelector("path").getAttribute("d").matchAll(/M(\d+) (\d+)h(\d+)/g)) {
      for (let i = 0; i < Number(length); i++) rows[Number(y)][Number(x) + i] = true;
    }
    return rows;
  });
}

/**
 * A film of one code on a grey counter, held a little askew; some frames are empty, as a hand comes and goes.
 * `frames`: what each of them shows, true for the code.
 */
export function film(path, rows, { width = 640, height = 480, side = 0.55, tilt = 0.06, light = 1, frames = [true] } = {}) {
  const size = rows.length;
  const edge = Math.min(width, height) * side;
  const [sin, cos] = [Math.sin(tilt), Math.cos(tilt)];
  const draw = (shown) => {
    const luma = Buffer.alloc(width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const dx = x - width / 2;
        const dy = y - height / 2;
        const column = Math.floor(((dx * cos + dy * sin) / edge + 0.5) * size);
        const row = Math.floor(((dy * cos - dx * sin) / edge + 0.5) * size);
        const inside = shown && row >= 0 && column >= 0 && row < size && column < size;
        luma[y * width + x] = Math.round((inside ? (rows[row][column] ? 30 : 225) : 90) * light);
      }
    }
    return Buffer.concat([Buffer.from("FRAME\n"), luma, Buffer.alloc((width * height) / 2, 128)]);
  };
  const [code, empty] = [draw(true), draw(false)];
  writeFileSync(path, Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F30:1 Ip A1:1 C420jpeg\n`), ...frames.map((shown) => (shown ? code : empty))]));
}
