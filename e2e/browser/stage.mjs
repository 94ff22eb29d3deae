// The stage of the browser tests: a chandi-node of our own on a free port of this machine, and Chromium in front of it.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const here = new URL(".", import.meta.url).pathname;
const root = join(here, "../..");
const target = process.env.CARGO_TARGET_DIR ?? join(process.env.CHANDI_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "chandi"), "target");
export const NODE = process.env.CHANDI_NODE ?? join(target, "debug/chandi-node");
/** The demo shop behind a gateway and a clock of the tests; it stands beside the node, and no release has it. */
export const PAYING_NODE = join(dirname(NODE), "paying-node");
/** What comes by itself is awaited for longer than the busiest machine needs: waiting costs nothing once it is there. */
const PATIENCE = 30_000;
export const SHOTS = process.env.CHANDI_SHOTS ?? mkdtempSync(join(tmpdir(), "chandi-shots-"));
export const LANGUAGES = ["en", "hi", "ar"];
export const THEMES = ["light", "dark"];

const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Whoever starts a process here also ends it, however the tests end. */
const running = new Set();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

function built(program) {
  if (existsSync(program)) return;
  execFileSync("cargo", ["build", "--quiet", ...(program === NODE ? ["--package", "node"] : ["--package", "testkit", "--bin", "paying-node"])], { cwd: root, stdio: "inherit", env: { ...process.env, CARGO_TARGET_DIR: target } });
}

/** One shop behind one door. */
export class Shop {
  /** `demo` makes the demo shop; without it the folder is empty and the door shows the first set-up. */
  static async open({ demo = true, program = NODE } = {}) {
    built(program);
    const shop = new Shop();
    shop.program = program;
    shop.folder = mkdtempSync(join(tmpdir(), "chandi-browser-"));
    await shop.start(demo ? ["--demo"] : []);
    return shop;
  }

  /** Starts the node; after a kill on the same port, so that open pages find it again. */
  async start(more = []) {
    const listen = this.address?.replace("http://", "") ?? "127.0.0.1:0";
    const child = spawn(this.program ?? NODE, ["--data", join(this.folder, "data"), "--listen", listen, "--no-keyring", ...more], { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, CHANDI_LOG: process.env.CHANDI_LOG ?? "warn" } });
    running.add(child);
    this.child = child;
    this.log = "";
    child.stderr.on("data", (data) => (this.log = (this.log + data).slice(-20_000)));
    const line = await new Promise((resolve, reject) => {
      createInterface(child.stdout).once("line", resolve);
      child.once("exit", (code) => reject(new Error(`chandi-node ended with ${code}: ${this.log}`)));
    });
    const said = JSON.parse(line);
    this.address = said.address;
    this.lanPort = said.lan_port;
    if (said.staff.length > 0) this.people = said.staff;
  }

  /** Another counter of this branch with books of its own, as they are now; this node must not be running meanwhile. */
  async admit() {
    const other = new Shop();
    other.folder = mkdtempSync(join(tmpdir(), "chandi-browser-"));
    other.people = this.people;
    execFileSync(NODE, ["admit", "--data", join(this.folder, "data"), "--into", join(other.folder, "data"), "--no-keyring"], { stdio: "pipe" });
    return other;
  }

  /** Ends the node as a power cut would. */
  async kill(name = "SIGKILL") {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.removeAllListeners("exit");
    child.once("exit", () => running.delete(child));
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(name);
    await Promise.race([ended, gone]);
  }

  async close() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Tells the gateway of the tests what to do; only for a shop behind one. */
  gateway(command) {
    this.child.stdin.write(`${command}\n`);
  }

  /** Moves the clock of the node by days, whose program must be the tests' own; afterwards it is another day there. */
  async forward(ms) {
    const day = async () => (await this.call("GET", "/today", undefined, (await this.session("owner")).token)).day;
    const before = await day();
    this.child.stdin.write(`forward ${ms}\n`);
    // A session of yesterday is refused: then it is another day, too.
    await until(async () => (await day().catch(() => null)) !== before, "another day at the node");
  }

  /** A person of the demo by role. */
  person(role, index = 0) {
    return this.people.filter((one) => one.role === role)[index];
  }

  async call(method, path, body, token) {
    const answer = await fetch(`${this.address}/api/v1${path}`, {
      method,
      headers: { accept: "application/json", "x-chandi": "1", ...(body === undefined ? {} : { "content-type": "application/json" }), ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    const json = text === "" ? null : JSON.parse(text);
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return json;
  }

  /** A session of the demo's person (one per seat), for what a test prepares and looks up behind the screens. */
  async session(role = "owner", seat = uuid()) {
    const { staff, pin } = this.person(role);
    return this.call("POST", "/sessions", { staff, pin, seat });
  }
}

/** A UUIDv7, as the screens make them. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let at = Date.now();
  for (let i = 5; i >= 0; i--, at = Math.floor(at / 256)) bytes[i] = at % 256;
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Chromium, with what went wrong on its pages. */
export class Eyes {
  /** `more`: further switches of the browser, as a camera that plays a file. */
  static async open(more = []) {
    const eyes = new Eyes();
    eyes.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: [...QUIET, ...more] });
    return eyes;
  }

  troubles = [];
  /** While the node is away on purpose, refused connections are no trouble. */
  expectLoss = false;

  /** A browser of its own: own storage, therefore own seat. */
  async person({ shop, language = "en", theme = "light", size = [1280, 800], touch = false, session, motion = "reduce" }) {
    const context = await this.browser.newContext({
      baseURL: shop.address,
      viewport: { width: size[0], height: size[1] },
      colorScheme: theme,
      locale: { en: "en-IN", hi: "hi-IN", ar: "ar-AE" }[language],
      timezoneId: "Asia/Kolkata",
      reducedMotion: motion,
      hasTouch: touch,
    });
    context.setDefaultTimeout(PATIENCE);
    await context.addInitScript(
      ({ language, token, seat }) => {
        addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} blocks ${event.blockedURI}`));
        try {
          if (!localStorage.getItem("chandi.language")) localStorage.setItem("chandi.language", language);
          if (seat && !localStorage.getItem("chandi.seat")) localStorage.setItem("chandi.seat", seat);
          if (token && !sessionStorage.getItem("test.given")) sessionStorage.setItem("chandi.session", token);
          sessionStorage.setItem("test.given", "1");
        } catch {
          // about:blank has no storage
        }
      },
      { language, token: session?.token, seat: session?.seat },
    );
    context.on("page", (page) => this.watch(page));
    return context;
  }

  watch(page) {
    const note = (text) => {
      if (this.expectLoss && /ERR_|WebSocket|Failed to fetch|Failed to load resource/.test(text)) return;
      // A refusal that the screen answers with words (wrong PIN, a discount above the limit) is also written by Chromium.
      if (/Failed to load resource: the server responded with a status of (401|403|404|409|422|429)/.test(text)) return;
      this.troubles.push(`${page.url()}: ${text}`);
    };
    page.on("console", (message) => message.type() === "error" && note(message.text()));
    page.on("pageerror", (error) => note(`${error.name}: ${error.message}`));
  }

  /** What was written to the console since the last look. */
  trouble() {
    return this.troubles.splice(0);
  }

  async close() {
    await this.browser?.close();
  }
}

// --- words ------------------------------------------------------------------------------------------------------------

const dictionaries = new Map();
/** The product's own words, so that the tests press what people read, in each language. */
export function words(language) {
  if (!dictionaries.has(language)) {
    const folder = join(root, "ui/messages");
    const read = (name) => JSON.parse(readFileSync(join(folder, name, `${language}.json`), "utf8"));
    const parts = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory());
    dictionaries.set(language, Object.assign({}, read("."), ...parts.map((one) => read(one.name))));
  }
  const all = dictionaries.get(language);
  return (key, values = {}) => {
    let message = all[key];
    if (message === undefined) throw new Error(`there are no words for ${key}`);
    if (typeof message === "object") message = message[new Intl.PluralRules(language).select(Number(values.count))] ?? message["*"];
    const rtl = /[\u0590-\u08ff]/.test(message);
    // Values in a sentence from right to left stand isolated, as the screens write them.
    return message.replace(/\{(\w+)\}/g, (_, name) => (rtl && typeof values[name] === "string" ? `\u2068${values[name]}\u2069` : String(values[name] ?? "")));
  };
}

// --- looking ----------------------------------------------------------------------------------------------------------

let folderMade = false;
export async function shot(page, name) {
  if (!folderMade) mkdirSync(SHOTS, { recursive: true });
  folderMade = true;
  await page.screenshot({ path: join(SHOTS, `${name}.png`), animations: "disabled" });
}

const ENDS = { Enter: { key: "Enter", code: "Enter", text: "\r", windowsVirtualKeyCode: 13 }, Tab: { key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 } };
const scanners = new WeakMap();
/** As a scanner types: quick keys, then `end`, if any. They carry the scanner's own time, however late a busy machine gets to them. */
export async function scan(page, code, end = "Enter") {
  if (!scanners.has(page)) scanners.set(page, page.context().newCDPSession(page));
  const scanner = await scanners.get(page);
  let at = Date.now() / 1000;
  const keys = [...code].map((key) => ({ key, text: key })).concat(end ? [ENDS[end]] : []);
  await Promise.all(
    keys.flatMap(({ text, ...key }) => {
      at += 0.003;
      return [scanner.send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...key, text, unmodifiedText: text, timestamp: at }), scanner.send("Input.dispatchKeyEvent", { type: "keyUp", ...key, timestamp: at + 0.001 })];
    }),
  );
}

/** Waits until `ask` answers something true, and answers it. */
export async function until(ask, what, limit = PATIENCE) {
  const end = Date.now() + limit;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}
