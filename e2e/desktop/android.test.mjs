// Android's road around the missing bodies, on a page that is played by this test.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import vm from "node:vm";

const script = readFileSync(new URL("../../src-tauri/pages/android.js", import.meta.url), "utf8");
const home = "http://chandi.localhost";

/** A page with the script in it; `plain` and `invoked` collect what went which way. */
function page(reply) {
  const plain = [];
  const invoked = [];
  // A page resolves addresses against itself; Node has no page.
  class PageRequest extends Request {
    constructor(input, init) {
      super(typeof input === "string" ? new URL(input, `${home}/`) : input, init);
    }
  }
  const window = {
    fetch: async (...args) => (plain.push(args), new Response("plain")),
    __TAURI_INTERNALS__: { invoke: async (command, { call }) => (invoked.push([command, call]), reply) },
  };
  vm.runInNewContext(script, { window, location: new URL(home), URL, Request: PageRequest, Response, Uint8Array, Array });
  return { fetch: window.fetch, plain, invoked };
}

test("a write takes the invoke road with everything it carries", async () => {
  const answer = { status: 201, headers: [["content-type", "application/json"]], body: [...Buffer.from('{"id":1}')] };
  const { fetch, plain, invoked } = page(answer);
  const body = JSON.stringify({ name: "मोदक" });
  const response = await fetch("/api/v1/products?x=1", { method: "POST", headers: { "x-chandi": "1", "content-type": "application/json" }, body });
  assert.equal(response.status, 201);
  assert.deepEqual(await response.json(), { id: 1 });
  assert.equal(plain.length, 0);
  const [[command, call]] = invoked;
  assert.equal(command, "api_call");
  assert.equal(call.method, "POST");
  assert.equal(call.path, "/api/v1/products?x=1");
  assert.equal(Buffer.from(call.body).toString(), body);
  assert.equal(Object.fromEntries(call.headers)["x-chandi"], "1");
});

test("bytes arrive as they are, and an answer without a body has none", async () => {
  const { fetch, invoked } = page({ status: 204, headers: [], body: [] });
  const bytes = new Uint8Array([0, 255, 13, 10, 128]);
  const response = await fetch("/api/v1/products/import", { method: "POST", body: bytes.buffer });
  assert.equal(response.status, 204);
  assert.equal(await response.text(), "");
  assert.deepEqual([...invoked[0][1].body], [...bytes]);
});

test("reading goes the ordinary way", async () => {
  const { fetch, plain, invoked } = page();
  assert.equal(await (await fetch("/api/v1/health")).text(), "plain");
  await fetch("/api/v1/health", { method: "HEAD" });
  assert.equal(plain.length, 2);
  assert.equal(invoked.length, 0);
});
