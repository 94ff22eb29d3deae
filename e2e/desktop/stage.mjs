// The stage of the desktop tests: an X server with two monitors, a window manager, a message bus, and the app on it.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Driver, Page, pause, until } from "./driver.mjs";

const here = new URL(".", import.meta.url).pathname;
export const BINARY = process.env.CHANDI_APP ?? join(process.env.CARGO_TARGET_DIR ?? join(here, "../../target"), "debug/chandi");
export const SHOTS = process.env.CHANDI_SHOTS ?? join(here, "shots");

const free = () => 20_000 + Math.floor(Math.random() * 20_000);

/** To a child's whole process group; answers whether it was there. */
function signal(child, name) {
  try {
    process.kill(-child.pid, name);
    return true;
  } catch {
    return false;
  }
}

export class Stage {
  static async open() {
    const stage = new Stage();
    try {
      await stage.build();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  children = [];
  folder = mkdtempSync(join(tmpdir(), "chandi-desktop-"));

  async build() {
    // However this process ends, nothing of it stays behind.
    process.once("exit", () => this.children.forEach((child) => signal(child, "SIGKILL")));
    mkdirSync(SHOTS, { recursive: true });
    const number = 60 + Math.floor(Math.random() * 900);
    this.env = {
      ...process.env,
      DISPLAY: `:${number}`,
      LANG: "C.UTF-8",
      HOME: this.folder,
      XDG_CONFIG_HOME: join(this.folder, "config"),
      XDG_DATA_HOME: join(this.folder, "share"),
      XDG_CACHE_HOME: join(this.folder, "cache"),
      XDG_RUNTIME_DIR: join(this.folder, "run"),
      CHANDI_DATA: join(this.folder, "data"),
      GDK_BACKEND: "x11",
      NO_AT_BRIDGE: "1",
      LIBGL_ALWAYS_SOFTWARE: "1",
    };
    delete this.env.WAYLAND_DISPLAY;
    mkdirSync(this.env.XDG_RUNTIME_DIR, { mode: 0o700 });

    const config = join(here, "dummy.conf");
    const xorg = ["Xorg", this.env.DISPLAY, "-config", config, "-logfile", join(this.folder, "Xorg.log"), "-noreset", "-nolisten", "tcp", "-novtswitch", "-sharevts"];
    // Only root may start an X server without a console.
    const [first, ...rest] = process.getuid() === 0 ? xorg : ["sudo", "-n", ...xorg];
    this.start("xorg", first, rest);
    await until("the X server answers", () => this.xrandr("--listmonitors"), (text) => typeof text === "string", 20_000);
    this.xrandr("--output", "DUMMY0", "--mode", "1280x800", "--pos", "0x0", "--primary");
    this.xrandr("--addmode", "DUMMY1", "1024x768");
    await this.plug();

    const address = `unix:path=${join(this.folder, "bus")}`;
    this.env.DBUS_SESSION_BUS_ADDRESS = address;
    this.start("bus", "dbus-daemon", ["--session", "--nofork", `--address=${address}`]);
    this.start("openbox", "openbox", ["--sm-disable"]);
    await until("the window manager answers", () => this.xprop("-root", "_NET_SUPPORTING_WM_CHECK"), (text) => /0x/.test(text));
  }

  start(name, command, args, env = this.env) {
    const log = openSync(join(this.folder, `${name}.log`), "a");
    // Its own process group, so that teardown takes its children too.
    const child = spawn(command, args, { env, stdio: ["ignore", log, log], detached: true });
    child.label = name;
    child.done = new Promise((done) => child.once("exit", (code, signal) => done(signal ?? code)));
    child.once("error", (error) => (child.failed = error));
    this.children.push(child);
    return child;
  }

  /** Opens the app under WebDriver and finds its windows. */
  async app({ args = [], env = {}, windows = ["cashier", "customer"] } = {}) {
    const port = free();
    const all = { ...this.env, ...env, TAURI_WEBVIEW_AUTOMATION: "true" };
    const server = this.start("webdriver", "WebKitWebDriver", [`--port=${port}`], all);
    const base = `http://127.0.0.1:${port}`;
    await until("WebKitWebDriver answers", () => fetch(`${base}/status`).then((r) => r.ok), true);
    const driver = await Driver.open(base, { "webkitgtk:browserOptions": { binary: BINARY, args } });
    const found = {};
    await until("the windows are there", async () => {
      for (const handle of await driver.handles()) {
        const page = new Page(driver, handle);
        const url = await page.url();
        if (url.startsWith("chandi:")) found[url.includes("screen=customer") ? "customer" : "cashier"] = page;
      }
      return windows.every((name) => found[name]);
    }, true, 20_000);
    return { ...found, driver, server, close: async () => (await driver.close(), this.stop(server)) };
  }

  tool(command, ...args) {
    return execFileSync(command, args, { env: this.env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 10_000 });
  }
  xrandr(...args) {
    return this.tool("xrandr", ...args);
  }
  xprop(...args) {
    return this.tool("xprop", ...args);
  }
  xdotool(...args) {
    return this.tool("xdotool", ...args).trim();
  }
  monitors() {
    return Number(/^Monitors: (\d+)/.exec(this.xrandr("--listmonitors"))?.[1]);
  }
  async plug() {
    await until("two monitors", () => {
      this.xrandr("--output", "DUMMY1", "--mode", "1024x768", "--pos", "1280x0");
      return this.monitors();
    }, 2);
  }
  async unplug() {
    await until("one monitor", () => {
      this.xrandr("--output", "DUMMY1", "--off");
      return this.monitors();
    }, 1);
  }

  /** The app's windows by their ids. Toolkits keep helper windows that no manager manages: not those. */
  windows() {
    try {
      const ids = this.xdotool("search", "--class", "^[Cc]handi").split("\n").filter(Boolean);
      return ids.filter((id) => {
        try {
          return /window state/.test(this.xprop("-id", id, "WM_STATE"));
        } catch {
          return false; // it closed while it was asked
        }
      });
    } catch {
      return []; // the search fails where it finds nothing
    }
  }

  /** Where a window is on the glass, by the name of its app and whether it is the customer's. */
  window(which) {
    for (const id of this.windows()) {
      try {
        const shape = this.xdotool("getwindowgeometry", "--shell", id);
        const [x, y, width, height] = ["X", "Y", "WIDTH", "HEIGHT"].map((key) => Number(new RegExp(`^${key}=(-?\\d+)`, "m").exec(shape)?.[1]));
        const hints = this.xprop("-id", id, "WM_HINTS", "_NET_WM_STATE");
        // The customer's window is the one that never takes the keyboard.
        const customers = /accepts input or input focus: False/.test(hints);
        if (customers === (which === "customer")) return { id, x, y, width, height, hidden: /_HIDDEN/.test(hints), full: /FULLSCREEN/.test(hints) };
      } catch {
        // it closed while it was asked
      }
    }
    return null;
  }
  active() {
    try {
      return this.xdotool("getactivewindow");
    } catch {
      return null;
    }
  }

  /** The glass once the pages have drawn what they know, and what fades has faded. */
  async shot(name, { cashier, customer } = {}) {
    for (const page of [cashier, customer]) {
      await page?.run(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    }
    await pause(600);
    this.tool("import", "-window", "root", join(SHOTS, `${name}.png`));
  }

  log(name) {
    return readFileSync(join(this.folder, `${name}.log`), "utf8");
  }
  path(...parts) {
    return join(this.folder, ...parts);
  }

  async stop(child) {
    signal(child, "SIGTERM");
    for (let i = 0; i < 20 && signal(child, 0); i++) await pause(50);
    signal(child, "SIGKILL");
    this.children = this.children.filter((other) => other !== child);
  }

  async close() {
    for (const child of [...this.children].reverse()) await this.stop(child);
    if (!process.env.CHANDI_KEEP) rmSync(this.folder, { recursive: true, force: true });
    else console.log("kept", this.folder);
  }
}
