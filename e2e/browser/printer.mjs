// A receipt printer on a port of this machine: keeps what was printed, answers for its paper, dies in the middle when told to.
import { createServer } from "node:net";
import { until } from "./stage.mjs";

export class Printer {
  /** Finished papers: { bytes, pictures, dots, codes, text }. */
  papers = [];
  kicks = [];
  paper = true;
  /** Breaks the line after so many bytes of the next paper. */
  dieAfter = null;
  #sockets = new Set();

  static async open() {
    const printer = new Printer();
    printer.server = createServer((socket) => printer.#serve(socket));
    await new Promise((resolve) => printer.server.listen(0, "127.0.0.1", resolve));
    printer.address = `127.0.0.1:${printer.server.address().port}`;
    return printer;
  }

  async close() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** As somebody who pulls its plug. */
  async unplug() {
    const { port } = this.server.address();
    await this.close();
    return async () => {
      this.server = createServer((socket) => this.#serve(socket));
      await new Promise((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    };
  }

  async printed(count, what = `${count} papers`) {
    await until(() => this.papers.length >= count, `${what}, there are ${this.papers.length}`);
    return this.papers[count - 1];
  }

  #serve(socket) {
    this.#sockets.add(socket);
    let waiting = Buffer.alloc(0);
    let sheet = { bytes: 0, pictures: 0, codes: 0, text: "" };
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (data) => {
      waiting = Buffer.concat([waiting, data]);
      for (;;) {
        const used = this.#command(waiting, sheet, socket);
        if (used === 0) break;
        const printing = used > 0 ? used : 0;
        sheet.bytes += printing;
        waiting = waiting.subarray(Math.abs(used));
        if (this.dieAfter !== null && sheet.bytes >= this.dieAfter) {
          this.dieAfter = null;
          socket.destroy();
          return;
        }
        if (sheet.done) {
          this.papers.push(sheet);
          sheet = { bytes: 0, pictures: 0, codes: 0, text: "" };
        }
      }
    });
  }

  /** How many bytes stand for one command: negative for a question, 0 when it is not whole yet. */
  #command(bytes, sheet, socket) {
    if (bytes.length === 0) return 0;
    const whole = (length, run) => (bytes.length < length ? 0 : (run?.(), length));
    const [first, second, third] = bytes;
    if (first === 0x10) {
      if (bytes.length < 3) return 0;
      if (second === 0x04) socket.write(Buffer.from([0x12 | (this.paper ? 0 : third === 4 ? 0x60 : 0x20)]));
      return -3;
    }
    if (first === 0x1b && second === 0x70) return whole(5, () => this.kicks.push({ pin: third === 0 ? 2 : 5, on: bytes[3], off: bytes[4] }));
    if (first === 0x1b && (second === 0x40 || second === 0x32)) return whole(2);
    if (first === 0x1b) return bytes.length < 2 ? 0 : second === 0x24 || second === 0x5c ? whole(4) : whole(3);
    if (first === 0x1c) return bytes.length < 2 ? 0 : second === 0x2e || second === 0x26 ? whole(2) : whole(3);
    if (first === 0x1d) {
      if (bytes.length < 3) return 0;
      if (second === 0x72) return socket.write(Buffer.from([0])), -3;
      if (second === 0x76) return bytes.length < 8 ? 0 : whole(8 + (bytes[4] + bytes[5] * 256) * (bytes[6] + bytes[7] * 256), () => ((sheet.pictures += 1), (sheet.dots = (bytes[4] + bytes[5] * 256) * 8)));
      if (second === 0x28) return bytes.length < 5 ? 0 : whole(5 + bytes[3] + bytes[4] * 256, () => (sheet.codes += 1));
      if (second === 0x56) return whole(third >= 65 ? 4 : 3, () => (sheet.done = true));
      if (second === 0x6b) return bytes.length < 4 ? 0 : whole(4 + bytes[3]);
      if (second === 0x4c || second === 0x57 || second === 0x50) return whole(4);
      return whole(3);
    }
    if (first >= 0x20) sheet.text += String.fromCharCode(first);
    return 1;
  }
}
