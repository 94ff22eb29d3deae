// The real app in real windows: WebKitWebDriver drives both, on an X server whose monitors can be unplugged.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { Page, pause, until } from "./driver.mjs";
import { BINARY, Stage } from "./stage.mjs";
import { sell, signIn } from "./till.mjs";

let stage, app, owner;

before(async () => {
  stage = await Stage.open();
  // Tests run what builders run; shops run it with the guard on.
  stage.env.CHANDI_GUARD = "1";
  app = await stage.app();
});
after(() => stage?.close());

/** A request of a page, as the page itself would send it. */
const api = (page, method, path, { body, token, bare } = {}) =>
  page.run(
    async (method, path, body, token, bare) => {
      const headers = bare ? {} : { "x-chandi": "1" };
      if (token) headers.authorization = `Bearer ${token}`;
      if (body) headers["content-type"] = "application/json";
      const response = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
      const text = await response.text();
      let answer = text;
      try {
        answer = JSON.parse(text);
      } catch {
        // not every answer is JSON
      }
      return { status: response.status, body: answer, headers: Object.fromEntries(response.headers) };
    },
    method, path, body ?? null, token ?? null, bare ?? false,
  );

/** An id as clients make them: its time is in front. */
const uuidv7 = () => {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
};
const cart = () => api(app.cashier, "GET", "/cart", { token: owner }).then(({ body }) => body);
const onGlass = (which, wanted) => until(`the ${which}'s window`, () => stage.window(which), wanted, 15_000);
const besideTheTill = (w) => w && w.full && w.x === 1280 && w.y === 0 && w.width === 1024 && w.height === 768;
const onTheTill = (w) => w && !w.hidden && w.x >= 0 && w.x + w.width <= 1280 && w.width > 1000;

test("both windows open, each on its own monitor, and the cashier's has the keyboard", async () => {
  await onGlass("customer", besideTheTill);
  await onGlass("cashier", onTheTill);
  assert.match(await app.cashier.url(), /^chandi:\/\/localhost\//);
  await until("the cashier's window has the keyboard", () => app.cashier.run(() => document.hasFocus()), true);
  assert.equal(await app.customer.run(() => document.hasFocus()), false, "the customer's never has it");
  await stage.shot("1-first-start", app);
});

test("pages come with a policy that lets nothing of others in", async () => {
  for (const page of [app.cashier, app.customer]) {
    const policy = await page.run(async () => (await fetch("/")).headers.get("content-security-policy"));
    assert.match(policy ?? "", /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/, "no inline scripts");
    const ran = await page.run(() => {
      const script = document.createElement("script");
      script.textContent = "window.smuggled = true";
      document.head.append(script);
      return window.smuggled ?? false;
    });
    assert.equal(ran, false, "an inline script does not run");
  }
});

test("the demo shop opens from the cashier's window, never from the customer's", async () => {
  const refused = await api(app.customer, "POST", "/setup", { body: { id: randomUUID(), kind: "demo", language: "en" } });
  assert.equal(refused.status, 403, JSON.stringify(refused.body));
  const made = await api(app.cashier, "POST", "/setup", { body: { id: randomUUID(), kind: "demo", language: "en" } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  owner = made.body.token;
  const health = await api(app.cashier, "GET", "/health");
  assert.deepEqual([health.body.ready, health.body.demo], [true, true]);
});

test("a sale at the till is followed on the customer's screen: cart, then paid", async () => {
  await app.cashier.reload();
  await signIn(app.cashier);
  // What each window is told, from here on.
  for (const page of [app.cashier, app.customer]) {
    await page.run(() => {
      window.heard = [];
      addEventListener("chandi:live", (event) => window.heard.push(event.detail.kind));
    });
  }
  const names = await sell.add(app.cashier, 3);
  for (const page of [app.cashier, app.customer]) for (const name of names) await page.shows(name);
  const total = (await cart()).total_minor / 100;
  for (const page of [app.cashier, app.customer]) await page.shows(total.toFixed(2));
  await stage.shot("2-cart", app);
  const paid = await sell.payCash(app.cashier);
  const shown = await until("the display", () => api(app.customer, "GET", "/display").then(({ body }) => body), (body) => body?.state === "paid");
  assert.equal(String(shown.paid.number), paid.number);
  await app.customer.shows(shown.paid.document);
  await until("the cart is gone from the customer's screen", () => app.customer.body(), (body) => !body.includes(names[0]));
  await stage.shot("3-paid", app);
  assert.equal((await cart()).lines.length, 0, "the next customer starts with an empty cart");
});

test("each window hears what is meant for it", async () => {
  const cashier = await app.cashier.run(() => [...new Set(window.heard)]);
  const customer = await app.customer.run(() => [...new Set(window.heard)]);
  assert.ok(cashier.length > 0, "the cashier's page is told what happens");
  assert.ok(customer.includes("display"), `the customer's page is told what to show: ${customer}`);
  const told = customer.filter((kind) => !["display", "setting", "resync"].includes(kind));
  assert.deepEqual(told, [], "and nothing else");
});

test("unplugging the second screen in mid-sale changes nothing at the till", async () => {
  const [name] = await sell.add(app.cashier, 1);
  const before = await cart();
  await stage.unplug();
  await onGlass("customer", (w) => w && w.hidden);
  await onGlass("cashier", onTheTill);
  await app.cashier.shows(name);
  assert.deepEqual((await cart()).lines, before.lines, "the cart is as it was");
  await until("the keyboard stays with the till", () => app.cashier.run(() => document.hasFocus()), true);
  await sell.add(app.cashier, 2);
  await until("selling goes on", async () => (await cart()).lines.length, before.lines.length + 2);
  await stage.shot("4-unplugged", { cashier: app.cashier });
});

test("plugging it in again brings the customer's window back, with the cart as it is now", async () => {
  const lines = (await cart()).lines;
  await stage.plug();
  await onGlass("customer", besideTheTill);
  await onGlass("cashier", onTheTill);
  for (const { name } of lines) await app.customer.shows(name);
  await until("the keyboard stays with the till", () => app.cashier.run(() => document.hasFocus()), true);
  assert.deepEqual((await cart()).lines, lines);
  await stage.shot("5-plugged-again", app);
});

test("what a scanner types never lands on the customer's screen", async () => {
  await app.customer.run(() => {
    window.typed = [];
    addEventListener("keydown", (event) => window.typed.push(event.key), true);
  });
  stage.xdotool("mousemove", "1700", "400", "click", "1");
  stage.xdotool("type", "--delay", "5", "890");
  await app.cashier.run(() => document.hasFocus());
  await until("the till has the keyboard", () => app.cashier.run(() => document.hasFocus()), true);
  assert.deepEqual(await app.customer.run(() => window.typed), []);
  stage.xdotool("key", "Escape");
});

test("reloading the till in mid-cart loses nothing", async () => {
  const lines = (await cart()).lines;
  await app.cashier.reload();
  assert.deepEqual((await cart()).lines, lines);
  for (const { name } of lines) await app.customer.shows(name);
});

test("the customer's window reads its display and nothing else", async () => {
  assert.equal((await api(app.customer, "GET", "/display")).status, 200);
  for (const path of ["/products", "/catalog", "/orders", "/cart", "/carts", "/staff", "/sessions", "/settings", "/today"]) {
    for (const token of [undefined, owner]) {
      const { status } = await api(app.customer, "GET", path, { token });
      assert.ok([401, 403].includes(status), `GET ${path} ${token ? "with a stolen session" : ""}: ${status}`);
    }
  }
});

test("the customer's window cannot write, not even with the owner's session", async () => {
  const product = (await api(app.cashier, "GET", "/products?limit=1", { token: owner })).body.items[0].id;
  const lines = [{ product, quantity: "1" }];
  const writes = [
    ["POST", "/cart/changes", { id: randomUUID(), change: { kind: "clear" } }],
    ["POST", "/orders", { id: randomUUID(), lines, tenders: [{ id: randomUUID(), method: "cash" }] }],
    ["PUT", "/settings/shop.name", { id: randomUUID(), value: "Mine now" }],
    ["DELETE", `/products/${product}`],
    ["POST", "/demo/leave", { id: randomUUID() }],
  ];
  const was = await cart();
  for (const [method, path, body] of writes) {
    for (const token of [undefined, owner]) {
      const { status } = await api(app.customer, method, path, { body, token });
      assert.ok([401, 403].includes(status), `${method} ${path} ${token ? "with a stolen session" : ""}: ${status}`);
    }
  }
  assert.deepEqual((await cart()).lines, was.lines);
});

test("a write without our header is refused", async () => {
  const { status } = await api(app.cashier, "POST", "/cart/changes", { token: owner, bare: true, body: { id: randomUUID(), change: { kind: "clear" } } });
  assert.equal(status, 403);
});

test("the customer's window cannot call commands, nor listen to the cashier's", async () => {
  const calls = [
    ["api_call", { call: { method: "GET", path: "/api/v1/products", headers: [], body: [] } }],
    ["plugin:event|listen", { event: "live", target: { kind: "Any" }, handler: 1 }],
    ["plugin:event|emit", { event: "live", payload: {} }],
    ["plugin:window|close", {}],
    ["plugin:window|set_fullscreen", { value: false }],
    ["plugin:webview|create_webview_window", { options: { label: "x", url: "https://example.com" } }],
    ["plugin:window-state|save_window_state", { flags: 1 }],
    ["plugin:path|resolve_directory", { directory: 1 }],
    ["plugin:app|version", {}],
  ];
  const answers = await app.customer.run(async (calls) => {
    const answers = [];
    for (const [command, body] of calls) {
      try {
        await window.__TAURI_INTERNALS__.invoke(command, body);
        answers.push(`${command} was allowed`);
      } catch {
        // refused
      }
    }
    return answers;
  }, calls);
  assert.deepEqual(answers, []);
});

test("the cashier's window may call our command, as the same person through the same door", async () => {
  const call = (method, path, headers) => app.cashier.run((call) => window.__TAURI_INTERNALS__.invoke("api_call", { call }), { method, path, headers, body: [] });
  const open = await call("GET", "/api/v1/cart", [["authorization", `Bearer ${owner}`]]);
  assert.equal(open.status, 200);
  assert.equal(JSON.parse(Buffer.from(open.body)).id, (await cart()).id);
  const shut = await call("GET", "/api/v1/cart", []);
  assert.equal(shut.status, 401, "no session, no answer");
});

test("the hall's board stands in a window of its own, follows, and may do nothing else", async () => {
  const before = await app.driver.handles();
  const known = stage.windows();
  const opened = await app.cashier.run(() => fetch("/.shell/board", { method: "POST" }).then((answer) => answer.status));
  assert.equal(opened, 204);
  let handle;
  await until("a third window", async () => {
    handle = (await app.driver.handles()).find((one) => !before.includes(one));
    return !!handle;
  }, true);
  const board = new Page(app.driver, handle);
  await until("the board's page", () => board.url(), (url) => /screen=board/.test(url));
  await until("it may read the board", () => api(board, "GET", "/board").then(({ status }) => status), 200);
  for (const path of ["/display", "/orders", "/products", "/today"]) {
    const { status } = await api(board, "GET", path, { token: owner });
    assert.equal(status, 403, `GET ${path} with a stolen session`);
  }
  const product = (await api(app.cashier, "GET", "/products?limit=1", { token: owner })).body.items[0].id;
  const sale = { id: uuidv7(), lines: [{ product, quantity: "1" }], tenders: [{ id: uuidv7(), method: "cash" }] };
  const order = (await api(app.cashier, "POST", "/orders", { body: sale, token: owner })).body;
  await api(app.cashier, "POST", `/orders/${order.id}/progress`, { body: { id: uuidv7(), to: "ready" }, token: owner });
  await board.shows(String(order.number));
  await stage.shot("5-board");
  assert.notEqual(await app.customer.run(() => fetch("/.shell/board", { method: "POST" }).then((answer) => answer.status)), 204, "not the customer's to open");
  const id = stage.windows().find((one) => !known.includes(one));
  stage.xdotool("windowactivate", "--sync", id);
  stage.xdotool("key", "alt+F4");
  await until("the board is closed, and nothing else", () => stage.windows(), (ids) => ids.length === known.length && ids.every((one) => known.includes(one)));
  await app.cashier.on();
});

test("the customer's window follows an order at the sales counter, and money that comes back", async () => {
  const ask = (path, body) => api(app.cashier, "POST", path, { body: { id: uuidv7(), ...body }, token: owner }).then((answer) => answer.body);
  await ask("/cart/changes", { change: { kind: "clear" } });
  const products = (await api(app.cashier, "GET", "/products?limit=2", { token: owner })).body.items;
  const sold = await ask("/orders", {
    lines: products.map(({ id }) => ({ product: id, quantity: "1" })),
    tenders: [{ id: uuidv7(), method: "cash" }],
  });
  const { claim } = await ask("/tokens/redeem", { code: sold.token.code });
  await until("the order's number", () => app.customer.text("[data-testid=handing-number]"), String(sold.number));
  const lines = [{ line: 1, given: "1" }, { line: 2, missing: "1" }];
  const marks = await api(app.cashier, "POST", `/claims/${claim.id}/marks`, { body: { lines, missing_as: "refund" }, token: owner });
  assert.equal(marks.body.to, "partial");
  await app.customer.shows("Money back");
  await stage.shot("5-handing", app);
  const handed = await ask(`/orders/${sold.id}/handovers`, { lines, missing_as: "refund" });
  assert.equal(handed.due_minor, marks.body.due_minor);
  await app.customer.sees("[data-testid=handing][data-done=true]");
  assert.equal((await api(app.customer, "POST", `/orders/${sold.id}/refunds`, { body: { id: uuidv7(), lines: [] }, token: owner })).status, 403, "it only shows");
  const refunded = await ask(`/orders/${sold.id}/refunds`, { lines: [{ line: 2, quantity: "1" }] });
  assert.equal(refunded.state, "complete");
  await until("the refund is shown", () => api(app.customer, "GET", "/display").then(({ body }) => body.state), "refund");
  await app.customer.shows(refunded.credit_notes[0].document);
  await stage.shot("5-refund", app);
  await ask("/cart/changes", { change: { kind: "add", product: products[0].id, quantity: "2" } });
});

test("no window leaves our pages or opens others", async () => {
  for (const [page, targets] of [
    [app.customer, ["https://example.com/", "file:///etc/passwd", "chandi://localhost/", "about:blank"]],
    [app.cashier, ["https://example.com/", "file:///etc/passwd", "http://127.0.0.1:1/", "data:text/html,hello"]],
  ]) {
    const home = await page.url();
    for (const target of targets) {
      await page.run((target) => void setTimeout(() => (location.href = target), 0), target);
      await pause(150);
      assert.equal(await page.url(), home, `${target} was not followed`);
      assert.equal(await page.run(() => document.visibilityState !== undefined && !!document.body), true);
    }
    const opened = await page.run(() => window.open("https://example.com/") !== null);
    assert.equal(opened, false, "no window of others");
  }
  assert.equal((await app.driver.handles()).length, 2);
});

test("keys of a browser do nothing at the till", async () => {
  await app.cashier.run(() => {
    window.mark = "still here";
    window.menus = 0;
    addEventListener("contextmenu", (event) => (window.menus += event.defaultPrevented ? 0 : 1));
  });
  const { id } = await onGlass("cashier", onTheTill);
  stage.xdotool("windowactivate", "--sync", id);
  for (const key of ["F5", "F11", "F12", "ctrl+r", "ctrl+shift+r", "ctrl+w", "alt+Left", "ctrl+plus", "ctrl+minus"]) {
    stage.xdotool("key", key);
  }
  stage.xdotool("mousemove", "640", "400", "click", "3");
  await pause(300);
  assert.equal(await app.cashier.run(() => window.mark), "still here", "nothing reloaded");
  assert.equal(await app.cashier.run(() => window.menus), 0, "no menu");
  assert.equal(await app.cashier.run(() => window.outerWidth / window.innerWidth > 0.9), true);
  await onGlass("cashier", (w) => onTheTill(w) && !w.full);
});

test("starting Chandi again shows the till that is open", async () => {
  stage.xdotool("windowminimize", "--sync", stage.window("cashier").id);
  const second = spawn(BINARY, [], { env: stage.env, stdio: "ignore" });
  const code = await Promise.race([new Promise((done) => second.once("exit", done)), pause(10_000).then(() => "still running")]);
  if (code === "still running") second.kill("SIGKILL");
  assert.equal(code, 0, "the second one ends by itself");
  await onGlass("cashier", onTheTill);
  await until("the till has the keyboard", () => stage.active() === stage.window("cashier").id, true);
});

test("a page whose engine dies comes back with the cart", async () => {
  const lines = (await cart()).lines;
  const pids = stage.tool("ps", "-eo", "pid,ppid,comm").split("\n").map((line) => line.trim().split(/\s+/));
  const ours = Number(stage.xdotool("getwindowpid", stage.window("cashier").id));
  const engines = pids.filter(([, parent, name]) => Number(parent) === ours && name?.startsWith("WebKitWebProces")).map(([pid]) => Number(pid));
  assert.ok(engines.length >= 1, "the pages run in processes of their own");
  for (const engine of engines) process.kill(engine, "SIGKILL");
  await until("the pages are back", async () => {
    const ids = stage.tool("ps", "-eo", "pid,ppid,comm").split("\n").map((line) => line.trim().split(/\s+/));
    return ids.filter(([pid, parent, name]) => Number(parent) === ours && name?.startsWith("WebKitWebProces") && !engines.includes(Number(pid))).length >= engines.length;
  }, true, 15_000);
  await app.close();
  await stage.shot("6-after-a-crash");
  // WebDriver lost its pages with the engine; the app is asked again after a fresh start.
  app = await stage.app();
  owner = (await signIn(app.cashier)) ?? owner;
  assert.deepEqual((await cart()).lines, lines, "and nothing is lost");
});

test("closing the till closes the app, and it remembers where it was", async () => {
  const { id } = await onGlass("cashier", onTheTill);
  const pid = Number(stage.xdotool("getwindowpid", id));
  const gone = () => !existsSync(`/proc/${pid}`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  stage.xdotool("windowactivate", id);
  stage.xdotool("key", "alt+F4");
  await until("the process ended", gone, true, 10_000);
  await until("the customer's window went with it", () => stage.window("customer"), null);
  assert.ok(existsSync(stage.path("config", "app.chandi.till", ".window-state.json")), "the place is kept");
  await app.close();
});

test("a shop that cannot be opened says so, and opens once the trouble is gone", async () => {
  const folder = stage.path("other");
  mkdirSync(`${folder}/shop`, { recursive: true });
  writeFileSync(`${folder}/shop/chandi.db`, "this is no database ".repeat(500));
  app = await stage.app({ env: { CHANDI_DATA: folder } });
  await app.cashier.shows("Nothing was changed or deleted.");
  assert.equal((await app.customer.body()).trim(), "", "the customer reads nothing about it");
  const { status, body } = await api(app.cashier, "GET", "/health");
  assert.deepEqual([status, body.error?.code], [503, "store_shut"]);
  await stage.shot("7-trouble", app);
  await app.cashier.click("section:not([hidden]) a");
  await app.cashier.shows("Nothing was changed or deleted.");
  rmSync(`${folder}/shop`, { recursive: true });
  await app.cashier.click("a");
  await until("the shop opens", () => api(app.cashier, "GET", "/health").then((answer) => answer.status), 200);
  await until("the customer's screen follows", () => app.customer.run(() => document.querySelector("meta[http-equiv=refresh]") === null), true);
  await app.close();
});
