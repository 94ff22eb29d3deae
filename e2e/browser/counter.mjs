// The sales counter and the refund desk as the tests hold them, and what is sold behind the screens.
import { until, uuid, words } from "./stage.mjs";
import { Customer, money } from "./till.mjs";

/** Someone new of a role, so that the PIN and the language are the test's own. */
export async function hire(shop, role, name, pin, language = "en") {
  shop.owner ??= await shop.session("owner");
  const staff = uuid();
  await shop.call("POST", "/staff", { id: staff, name, role, language, hand: "right", hue: "teal", pin }, shop.owner.token);
  return { staff, pin, name };
}

/** Sells goods by name at a seat of its own: [["Samosa", "2"], …]. */
export async function sell(shop, goods, { phone } = {}) {
  shop.owner ??= await shop.session("owner");
  const { token } = await shop.session("owner");
  for (const [name, quantity] of goods) {
    const product = (await shop.call("GET", `/products?q=${encodeURIComponent(name)}`, undefined, token)).items.find((one) => one.name === name);
    await shop.call("POST", "/cart/changes", { id: uuid(), change: { kind: "add", product: product.id, quantity } }, token);
  }
  const cart = await shop.call("GET", "/cart", undefined, token);
  return shop.call("POST", "/orders", { id: uuid(), cart: cart.id, tenders: [{ id: uuid(), method: "cash" }], expected_total_minor: cart.total_minor, ...(phone ? { phone } : {}) }, token);
}

export async function orderOf(shop, id) {
  return shop.call("GET", `/orders/${id}`, undefined, shop.owner.token);
}

/** Any screen that somebody signs in to. */
class Place {
  constructor(page, language = "en") {
    this.page = page;
    this.w = words(language);
    this.sheet = page.getByRole("dialog");
    this.toast = page.locator("[popover] [role=status]");
  }

  async signIn({ staff, pin }) {
    await this.page.goto("/");
    await this.page.locator(`[data-staff="${staff}"]`).click();
    for (const figure of pin) await this.page.getByRole("button", { name: figure, exact: true }).click();
    await this.page.getByTestId("open").click();
  }

  /** As a scanner types: quick keys, then Enter. */
  async scan(code) {
    await this.page.keyboard.type(code, { delay: 1 });
    await this.page.keyboard.press("Enter");
  }

  /** A manager or the owner agrees with a PIN. */
  async agree({ name, pin }) {
    await this.sheet.getByRole("heading", { name: this.w("approve.title") }).waitFor();
    await this.sheet.getByText(name, { exact: true }).click();
    for (const figure of pin) await this.sheet.getByRole("button", { name: figure, exact: true }).click();
    await this.sheet.getByRole("button", { name: this.w("approve.do") }).click();
  }

  /** Opens the customer's screen of this place, as a second window. */
  async customer() {
    await this.page.getByTestId("menu").click();
    const opening = this.page.context().waitForEvent("page");
    await this.sheet.getByRole("button", { name: this.w("menu.customer") }).click();
    const page = await opening;
    await page.locator("[data-state]").first().waitFor();
    return new Customer(page);
  }
}

export class Counter extends Place {
  constructor(page, language) {
    super(page, language);
    this.rows = page.getByTestId("give-row");
    this.primary = page.getByTestId("hand-over");
    this.refusal = page.getByTestId("refusal");
    this.recent = page.getByTestId("recent");
  }

  async signIn(person) {
    await super.signIn(person);
    await this.page.getByTestId("sales").waitFor();
  }

  /** From here on the page itself notes every verdict: one stands for 0.8 seconds, and a busy machine may look too late. */
  async scan(code) {
    await this.page.evaluate(() => {
      window.verdicts = [];
      window.noting ??= (() => {
        const note = () => document.querySelectorAll("[data-testid=verdict]").forEach((one) => window.verdicts.push(one.dataset.kind));
        const observer = new MutationObserver(note);
        observer.observe(document.documentElement, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-kind"] });
        return observer;
      })();
    });
    await super.scan(code);
  }

  /** The verdict that stood over everything since the last scan. */
  async verdict(kind) {
    await until(() => this.page.evaluate((kind) => window.verdicts?.includes(kind) || document.querySelector(`[data-testid=verdict][data-kind=${kind}]`) !== null, kind), `the verdict “${kind}”`);
  }

  /** The order is open and can be worked on. */
  async opened(order) {
    await until(async () => (await this.page.getByTestId("order-number").textContent().catch(() => "")) === String(order.number), `order ${order.number} at the counter`);
    await this.page.getByTestId("verdict").waitFor({ state: "detached" });
  }

  async open(order) {
    await this.scan(order.token.code);
    await this.opened(order);
  }

  row(name) {
    return this.rows.filter({ has: this.page.getByText(name, { exact: true }) });
  }

  async missing(name) {
    await this.row(name).getByTestId("missing").click();
  }

  async outcome() {
    return this.primary.getAttribute("data-outcome");
  }

  /** The money on the button, once the core has worked it out. */
  async back() {
    return money(await until(async () => /\d\.\d\d/.test((await this.primary.textContent()) ?? "") && this.primary.textContent(), "the money on the button"));
  }

  async scanning() {
    await this.page.locator("[data-testid=sales][data-stage=scan]").waitFor();
  }
}

export class Desk extends Place {
  constructor(page, language) {
    super(page, language);
    this.rows = page.getByTestId("case-row");
    this.pay = page.getByTestId("pay-back");
    this.done = page.getByTestId("refunded");
  }

  async open() {
    await this.page.goto("/#/refund");
    await this.page.getByTestId("refund").waitFor();
  }

  async total() {
    return money(await this.page.getByTestId("refund-total").textContent());
  }

  async totalIs(minor) {
    await until(async () => (await this.pay.isEnabled()) && (await this.total()) === minor, `a refund of ${minor}`);
  }
}
