// PDFs as other programs read them: poppler's text, and its pictures beside the screenshots.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SHOTS } from "./stage.mjs";

/** What readers see, the columns kept; figures and words that bidirectional marks isolate are plain. */
export function textOf(file) {
  return execFileSync("pdftotext", ["-layout", "-enc", "UTF-8", file, "-"]).toString().replace(/[\u2066-\u2069\u200e\u200f]/g, "");
}

/** The first page as a picture, to be looked at. */
export function pictureOf(file, name) {
  mkdirSync(SHOTS, { recursive: true });
  execFileSync("pdftoppm", ["-png", "-r", "110", "-singlefile", file, join(SHOTS, name)]);
}
