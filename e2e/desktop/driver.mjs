// A W3C WebDriver client with no dependency: what these tests need and no more.

/** Asks until the answer is the wanted one; fails with the last answer. */
export async function until(what, ask, wanted, ms = 10_000) {
  const good = typeof wanted === "function" ? wanted : (got) => got === wanted;
  const end = Date.now() + ms;
  let got;
  do {
    try {
      got = await ask();
      if (good(got)) return got;
    } catch (error) {
      got = error;
    }
    await pause(40);
  } while (Date.now() < end);
  throw new Error(`${what}: wanted ${wanted}, the last answer was ${got instanceof Error ? got.message : JSON.stringify(got)}`);
}

/** Between two looks, never instead of one. */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Driver {
  static async open(base, capabilities) {
    const session = await send("POST", `${base}/session`, { capabilities: { alwaysMatch: capabilities } });
    return new Driver(`${base}/session/${session.sessionId}`);
  }
  constructor(session) {
    this.session = session;
  }
  ask(method, path, body) {
    return send(method, `${this.session}${path}`, body);
  }
  handles() {
    return this.ask("GET", "/window/handles");
  }
  url() {
    return this.ask("GET", "/url");
  }
  reload() {
    return this.ask("POST", "/refresh", {});
  }
  /** Runs a function in the page; it may be async. */
  run(script, ...args) {
    const body = `const done = arguments[arguments.length - 1]; const args = [...arguments].slice(0, -1);
      Promise.resolve().then(() => (${script})(...args)).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    return this.ask("POST", "/execute/async", { script: body, args }).then(({ value, error }) => {
      if (error) throw new Error(error);
      return value;
    });
  }
  /** By CSS, or by XPath where it begins with a slash. */
  async element(where) {
    const using = where.startsWith("/") ? "xpath" : "css selector";
    return Object.values(await this.ask("POST", "/element", { using, value: where }))[0];
  }
  async click(css) {
    return this.ask("POST", `/element/${await this.element(css)}/click`, {});
  }
  async text(css) {
    return this.ask("GET", `/element/${await this.element(css)}/text`);
  }
  /** WebKitWebDriver sometimes never answers this, so it is bounded. */
  close() {
    return Promise.race([this.ask("DELETE", "").catch(() => {}), pause(3000)]);
  }
}

/** One window of the session; every call says first which window it means. */
export class Page {
  constructor(driver, handle) {
    this.driver = driver;
    this.handle = handle;
  }
  async on() {
    await this.driver.ask("POST", "/window", { handle: this.handle });
    return this.driver;
  }
  async url() {
    return (await this.on()).url();
  }
  async run(script, ...args) {
    return (await this.on()).run(script, ...args);
  }
  async click(css) {
    return (await this.on()).click(css);
  }
  async text(css) {
    return (await this.on()).text(css);
  }
  async reload() {
    return (await this.on()).reload();
  }
  /** Clicks as soon as it can be clicked. */
  press(where, ms) {
    return until(`${where} can be pressed`, () => this.click(where).then(() => true), true, ms);
  }
  /** Waits until it is there. */
  sees(where, ms) {
    return until(`${where} is there`, async () => !!(await (await this.on()).element(where)), true, ms);
  }
  /** Everything a person reads here. */
  body() {
    return this.run("() => document.body.innerText");
  }
  shows(text, ms) {
    return until(`the page shows ${text}`, () => this.body(), (body) => typeof body === "string" && body.includes(text), ms);
  }
}

async function send(method, url, body) {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const { value } = await response.json();
  if (value?.error) throw new Error(`${method} ${url}: ${value.error}: ${value.message}`);
  return value;
}
