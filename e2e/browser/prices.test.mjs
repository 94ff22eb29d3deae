// The price chip: levels, units, typed prices, quantity prices; what goes with a product; a price that changes before it is paid.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";
import { money, Till } from "./till.mjs";

let eyes;
let shop;
let owner;
const w = words("en");
const who = {};

before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
  owner = await shop.session("owner");
  for (const [role, pin] of [["cashier", "2468"], ["manager", "3579"]]) {
    who[role] = { staff: uuid(), pin };
    await shop.call("POST", "/staff", { id: who[role].staff, name: `A ${role}`, role, language: "en", hand: "right", hue: "teal", pin }, owner.token);
  }
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

async function at(run, { role = "manager", ...more } = {}) {
  const context = await eyes.person({ shop, ...more });
  const page = await context.newPage();
  const till = new Till(page, "en");
  try {
    await page.goto("/");
    await till.signIn(who[role]);
    await run({ page, till, keys: page.keyboard });
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, `failed-prices-${Date.now() % 100_000}`).catch(() => undefined);
    eyes.trouble();
    throw error;
  } finally {
    await context.close();
  }
}

/** A product of the test's own, so that no other test moves its price. */
async function product(name, price, more = {}) {
  const id = uuid();
  await shop.call("POST", "/products", { id, name, price_minor: price, barcodes: [], ...more }, owner.token);
  return id;
}
const price = (id, more) => shop.call("POST", `/products/${id}/prices`, { id: uuid(), ...more }, owner.token);
async function ring(till, name) {
  const before = await till.lines.count();
  await till.page.keyboard.type(name, { delay: 8 });
  await till.tile(name).waitFor();
  await till.page.keyboard.press("Enter");
  return before;
}
const chip = (till, at) => till.lines.nth(at).getByTestId("price-chip");

test("one tap on the chip, one on the level; the word stands beside the price, and the usual one comes back", () =>
  at(async ({ page, till }) => {
    const id = await product("Chip Tray", 20_000);
    await price(id, { level: "wholesale", price_minor: 16_000 });
    await ring(till, "Chip Tray");
    await till.items(1);
    assert.equal(money(await chip(till, 0).textContent()), 20_000);
    const before = await till.total();
    await chip(till, 0).click();
    await till.sheet.getByRole("button", { name: w("level.wholesale") }).click();
    await till.sheet.waitFor({ state: "detached" });
    await until(async () => money(await chip(till, 0).textContent()) === 16_000, "the wholesale price");
    await chip(till, 0).getByText(w("level.wholesale")).waitFor();
    assert.ok((await till.total()) < before);
    await shot(page, "prices-level");
    await chip(till, 0).click();
    await till.sheet.getByRole("button", { name: w("level.counter") }).click();
    await until(async () => money(await chip(till, 0).textContent()) === 20_000, "the counter's price again");
    await till.totalIs(before);
  }));

test("the whole order at wholesale, one line kept at the counter's price", () =>
  at(async ({ till, keys }) => {
    const one = await product("Level Sugar", 10_000);
    const two = await product("Level Salt", 5_000);
    await price(one, { level: "wholesale", price_minor: 9_000 });
    await price(two, { level: "wholesale", price_minor: 4_000 });
    await ring(till, "Level Sugar");
    await till.items(1);
    await ring(till, "Level Salt");
    await till.items(2);
    await till.page.getByTestId("more").click();
    await till.sheet.getByTestId("cart-prices").click();
    await till.sheet.getByTestId("cart-level").selectOption("wholesale");
    await until(async () => money(await chip(till, 0).textContent()) === 9_000 && money(await chip(till, 1).textContent()) === 4_000, "both at wholesale");
    await keys.press("Escape");
    await till.page.getByTestId("cart-customer").waitFor();
    await chip(till, 1).click();
    await till.sheet.getByRole("button", { name: w("level.counter") }).click();
    await until(async () => money(await chip(till, 1).textContent()) === 5_000, "the counter's price on one line");
    assert.equal(money(await chip(till, 0).textContent()), 9_000);
  }));

test("a typed price, by whoever may; the tag says so", () =>
  at(async ({ till, keys }) => {
    await product("Typed Vase", 30_000);
    await ring(till, "Typed Vase");
    await till.items(1);
    await chip(till, 0).click();
    await till.sheet.getByTestId("price-type").click();
    await till.sheet.getByRole("textbox", { name: w("open.price") }).fill("275.50");
    await keys.press("Enter");
    await until(async () => money(await chip(till, 0).textContent()) === 27_550, "the typed price");
    await chip(till, 0).getByText(w("price.typed"), { exact: true }).waitFor();
    await chip(till, 0).click();
    await till.sheet.getByRole("button", { name: w("price.back") }).click();
    await until(async () => money(await chip(till, 0).textContent()) === 30_000, "the catalogue's price");
  }));

test("who may not type a price is not offered it", () =>
  at(async ({ till }) => {
    await product("Fixed Mug", 8_000);
    await ring(till, "Fixed Mug");
    await till.items(1);
    await chip(till, 0).click();
    await till.sheet.getByRole("button", { name: w("level.counter") }).waitFor();
    assert.equal(await till.sheet.getByTestId("price-type").count(), 0);
  }, { role: "cashier" }));

test("from six on it costs less, and the chip says why", () =>
  at(async ({ till, keys }) => {
    const id = await product("Many Pens", 1_000);
    await price(id, { from_quantity: "6", price_minor: 800 });
    await keys.type("6 *");
    await ring(till, "Many Pens");
    await till.items(1);
    await until(async () => money(await chip(till, 0).textContent()) === 800, "the price from six on");
    await chip(till, 0).getByText(w("price.break")).waitFor();
    await keys.press("-");
    await until(async () => money(await chip(till, 0).textContent()) === 1_000, "the price of one again");
  }));

test("another unit: its own price, chosen on the chip or by its own barcode", () =>
  at(async ({ till }) => {
    await product("Unit Eggs", 700, { barcodes: ["96385074"], units: [{ unit: "box", holds: "12", price_minor: 7_500, barcodes: ["73513537"] }] });
    await ring(till, "Unit Eggs");
    await till.items(1);
    await chip(till, 0).click();
    await till.sheet.getByRole("radio", { name: w("unit.box") }).check({ force: true });
    await until(async () => money(await chip(till, 0).textContent()) === 7_500, "the price of a box");
    await till.page.keyboard.press("Escape");
    await till.scan("73513537");
    await until(async () => (await till.amounts()).some((line) => line.quantity === "2") || (await till.lines.count()) === 2, "another box");
    assert.ok((await chip(till, (await till.lines.count()) - 1).textContent()).includes(w("unit.box")));
  }));

test("what must be chosen is asked before the product is added, and can be changed later", () =>
  at(async ({ page, till }) => {
    const group = { id: uuid(), name: "Spice", least: 1, most: 1, options: [{ id: uuid(), name: "Mild" }, { id: uuid(), name: "Hot", price_minor: 500 }] };
    await shop.call("POST", "/modifier-groups", group, owner.token);
    await product("Asked Roll", 10_000, { modifiers: [group.id] });
    await page.reload();
    await till.opened();
    await ring(till, "Asked Roll");
    await till.sheet.getByTestId("options-set").click();
    await till.sheet.getByText(w("options.missing")).waitFor();
    await till.sheet.getByRole("button", { name: "Hot" }).click();
    await shot(page, "prices-options");
    await till.sheet.getByTestId("options-set").click();
    await till.items(1);
    await till.lines.first().getByText("Hot").waitFor();
    const hot = await till.total();
    await till.lines.first().locator(".name").click();
    await till.sheet.getByRole("button", { name: w("line.options") }).click();
    await till.sheet.getByRole("button", { name: "Mild" }).click();
    await till.sheet.getByTestId("options-set").click();
    await till.lines.first().getByText("Mild").waitFor();
    await until(async () => (await till.total()) < hot, "less without the hot one");
  }));

test("a price that changes between the cart and the payment is said before it is paid", () =>
  at(async ({ page, till }) => {
    const customer = await till.customer();
    const id = await product("Moving Gold", 50_000);
    await ring(till, "Moving Gold");
    await till.items(1);
    const before = await till.cash.textContent();
    const known = await shop.call("GET", `/products/${id}`, undefined, owner.token);
    await shop.call("PUT", `/products/${id}`, { id, name: known.name, price_minor: 60_000, barcodes: [] }, owner.token);
    // Pressed once and at the old total only, unless the news are here already: a late press would pay the new one.
    await till.cash.evaluate((button, before) => button.textContent === before && button.click(), before);
    await page.getByTestId("rate-change").first().waitFor();
    assert.equal(await page.getByTestId("paid").count(), 0, "nothing was paid at a total that nobody saw");
    assert.match(await page.getByTestId("rate-change").first().textContent(), /600\.00.*500\.00/);
    await customer.page.getByTestId("rate-changed").waitFor();
    await shot(page, "prices-changed");
    await shot(customer.page, "prices-changed-customer");
    await till.cash.click();
    await till.paid();
  }));
