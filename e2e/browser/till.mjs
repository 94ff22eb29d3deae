// The till as the tests hold it: by the words people read and the marks the screens carry.
import assert from "node:assert/strict";
import { scan, until, words } from "./stage.mjs";

export class Till {
  constructor(page, language = "en") {
    this.page = page;
    this.w = words(language);
    this.tiles = page.locator("button[data-product]");
    // Sold by the piece: one tap is one of it. What is weighed asks how much.
    this.pieces = page.locator("button[data-product]:not(:has(.unit))");
    this.weighed = page.locator("button[data-product]:has(.unit)");
    this.lines = page.getByTestId("cart-line");
    this.cash = page.getByTestId("pay-cash");
    this.search = page.getByTestId("search");
    this.toast = page.locator("[popover] [role=status]");
    this.sheet = page.getByRole("dialog");
  }

  /** At the lock: the name, then the PIN on the pad. */
  async signIn({ staff, pin }) {
    await this.page.locator(`[data-staff="${staff}"]`).click();
    for (const figure of pin) await this.page.getByRole("button", { name: figure, exact: true }).click();
    await this.page.getByTestId("open").click();
    await this.opened();
  }

  async opened() {
    await this.tiles.first().waitFor();
  }

  tile(name) {
    return this.page.locator("button[data-product]").filter({ has: this.page.getByText(name, { exact: true }) });
  }

  async items(count) {
    await until(async () => (await this.amounts()).length === count, `${count} lines, there are ${await this.lines.count()}`);
  }

  /** [{ name, quantity, amount }] as they stand in the cart. */
  amounts() {
    return this.lines.evaluateAll((lines) =>
      lines.map((line) => ({
        name: line.querySelector(".first")?.textContent ?? "",
        quantity: (line.querySelector(".count bdi, .weight bdi, .pill bdi")?.textContent ?? "").trim(),
        amount: line.querySelector(".amount bdi")?.textContent ?? "",
      })),
    );
  }

  async quantity(at) {
    return (await this.amounts()).at(at)?.quantity;
  }

  async total() {
    return money(await this.cash.textContent());
  }

  async totalIs(minor) {
    await until(async () => (await this.cash.isVisible()) && (await this.total()) === minor, `a total of ${minor}, it is ${await this.cash.textContent()}`);
  }

  /** The number on the panel that says paid. */
  async paid() {
    const number = this.page.getByTestId("paid-number");
    await number.waitFor();
    return (await number.textContent()).trim();
  }

  scan(code) {
    return scan(this.page, code);
  }

  async says(text) {
    await this.page.getByText(text).first().waitFor();
  }

  async tool(key) {
    await this.page.getByTestId("more").click();
    await this.sheet.getByRole("button", { name: this.w(key) }).first().click();
  }

  /** The payment, by way of what is behind More. */
  async payment() {
    await this.page.getByTestId("more").click();
    await this.sheet.getByTestId("cash-change").click();
    await this.sheet.getByTestId("take-cash").waitFor();
  }

  /** Opens the customer's screen from the menu, as a second window. */
  async customer() {
    await this.page.getByTestId("menu").click();
    const opening = this.page.context().waitForEvent("page");
    await this.sheet.getByRole("button", { name: this.w("menu.customer") }).click();
    const page = await opening;
    await page.locator("[data-state]").first().waitFor();
    return new Customer(page);
  }
}

export class Customer {
  constructor(page) {
    this.page = page;
    this.root = page.locator("[data-state]").first();
  }
  state() {
    return this.root.getAttribute("data-state");
  }
  async is(state) {
    await until(async () => (await this.state()) === state, `the customer's screen in “${state}”`);
  }
}

/** "₹1,234.50" and its like, in minor units. */
export function money(text) {
  const match = /(\d[\d,]*)\.(\d\d)/.exec(text ?? "");
  assert.ok(match, `no amount in “${text}”`);
  return Number(match[1].replaceAll(",", "")) * 100 + Number(match[2]);
}
