// What a person types, chooses or looks at stays theirs, whatever becomes known meanwhile and however late an answer comes.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";
import { Till } from "./till.mjs";

const w = words("en");
let eyes;
let shop;
let owner;
before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
  owner = await shop.session("owner");
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

const ask = (path) => shop.call("GET", path, undefined, owner.token);
const send = (method, path, body = {}) => shop.call(method, path, { id: uuid(), ...body }, owner.token);

async function office(name, path, run) {
  const context = await eyes.person({ shop, session: await shop.session("owner") });
  const page = await context.newPage();
  try {
    await page.goto(`/#/office/${path}`);
    await run(page);
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, `failed-kept-${name}`).catch(() => undefined);
    eyes.trouble();
    throw error;
  } finally {
    await context.close();
  }
}
/** Answers to `pattern` wait until the gate is opened; `seen` is how many came to it. */
async function gate(page, pattern, method) {
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  const held = { seen: 0, open };
  await page.route(pattern, async (route) => {
    if (method && route.request().method() !== method) return route.fallback();
    held.seen += 1;
    await opened;
    await route.continue().catch(() => undefined);
  });
  return held;
}
/** Another sale somewhere, with a tip. */
async function sold(tip) {
  const product = (await ask("/products?limit=20&sort=grid")).items.find((one) => one.unit === "piece" && !one.open_price && !one.asks);
  const cart = await send("POST", "/cart/changes", { change: { kind: "add", product: product.id } });
  await send("POST", "/orders", { cart: cart.id, tenders: [{ id: uuid(), method: "cash", amount_minor: cart.total_minor, tip_minor: tip }], expected_total_minor: cart.total_minor });
}

test("tips are shared out while the shop goes on selling", async () => {
  await sold(700);
  await office("tips", "tips", async (page) => {
    const left = page.getByTestId("tips-left");
    const before = await left.textContent();
    await page.getByRole("button", { name: w("tips.pay") }).click();
    const pool = page.getByLabel(w("tips.pool"));
    const weight = page.getByRole("dialog").locator(".weight input").first();
    await weight.waitFor();
    await pool.fill("3.00");
    await weight.fill("4");
    await sold(900);
    await until(async () => (await left.textContent()) !== before, "the other tip");
    assert.deepEqual([await pool.inputValue(), await weight.inputValue()], ["3.00", "4"]);
  });
});

test("whoever was led to one setting is left alone in another", async () => {
  await office("settings", "settings/receipt.footer", async (page) => {
    const inRow = (key) => page.locator(`[data-setting="${key}"] :is(input, textarea)`);
    await until(() => page.evaluate(() => document.activeElement?.closest("[data-setting]")?.dataset.setting === "receipt.footer"), "the setting that was asked for");
    await inRow("shop.name").click();
    await inRow("shop.name").press("End");
    await page.keyboard.type(" & Sons");
    await send("PUT", "/settings/receipt.footer", { value: "Come again" });
    await until(async () => (await inRow("receipt.footer").inputValue()) === "Come again", "the news");
    assert.equal(await page.evaluate(() => document.activeElement?.closest("[data-setting]")?.dataset.setting), "shop.name");
    assert.match(await inRow("shop.name").inputValue(), / & Sons$/);
  });
});

test("a name that is being typed stays when the one before it is kept", async () => {
  for (const name of ["Aster", "Begonia"]) await send("POST", "/brands", { name });
  await office("brands", "products/brands", async (page) => {
    const fields = page.locator("li input");
    const at = async (name) => fields.nth(await until(async () => (await fields.evaluateAll((all, sought) => all.findIndex((one) => one.value === sought), name)) + 1, name) - 1);
    const held = await gate(page, "**/api/v1/brands/*", "PUT");
    const second = await at("Begonia");
    await (await at("Aster")).fill("Aster Mills");
    await second.click();
    await until(() => held.seen === 1, "the first name on its way");
    await second.fill("Begonia Far");
    held.open();
    await page.getByRole("status").getByText(w("product.saved", { name: "Aster Mills" })).first().waitFor();
    await until(async () => (await ask("/brands")).items.some((one) => one.name === "Aster Mills"), "the first name");
    await second.pressSequentially("m");
    await second.press("Tab");
    await until(async () => (await ask("/brands")).items.some((one) => one.name === "Begonia Farm"), "the second name, whole");
  });
});

test("what somebody else changed of a product stays when another thing of it is saved, and the way back takes back only that", async () => {
  const product = (await ask("/products?limit=20&sort=grid")).items.find((one) => one.unit === "piece" && !one.open_price && !one.variant_of);
  const { id, names, sku, unit, category, barcodes, art, available, favourite, position, open_price, units, brand, modifiers, parts, picture, tax_class, hsn } = product;
  const rest = { names, sku, unit, category, barcodes, art, available, favourite, position, open_price, units: units.map(({ unit, holds, barcodes, own_price, price_minor }) => ({ unit, holds, barcodes, price_minor: own_price ? price_minor : null })), brand, modifiers, parts, picture, tax_class, hsn };
  await office("product", `products/${id}`, async (page) => {
    const name = page.getByLabel(w("catalog.name"), { exact: true }).first();
    await name.waitFor();
    await shop.call("PUT", `/products/${id}`, { id, name: product.name, ...rest, price_minor: product.price_minor + 300 }, owner.token);
    await name.fill("Renamed here");
    await page.getByRole("button", { name: w("product.save") }).click();
    await page.getByRole("status").getByText(w("product.saved", { name: "Renamed here" })).first().waitFor();
    let now = await ask(`/products/${id}`);
    assert.deepEqual([now.name, now.price_minor], ["Renamed here", product.price_minor + 300]);
    await page.getByRole("button", { name: w("action.undo"), exact: true }).click();
    await until(async () => (now = await ask(`/products/${id}`)).name === product.name, "the way back");
    assert.equal(now.price_minor, product.price_minor + 300);
  });
});

test("what somebody else changed of a customer, a level, a group or a tax stays when another thing of it is saved", async () => {
  const customer = uuid();
  const form = { name: "Ravi Traders", phones: ["+919811122233"], email: null, type: "retail", segment: "regular", level: null, region: null, tax_numbers: [], addresses: [], note: null, consents: { email: null, message: null, call: null }, limit_minor: 0, terms_days: 0, language: null };
  await shop.call("POST", "/customers", { id: customer, ...form }, owner.token);
  await office("customer", `customers/${customer}/edit`, async (page) => {
    const name = page.getByTestId("form-name");
    await name.waitFor();
    await shop.call("PUT", `/customers/${customer}`, { ...form, note: "Pays on Fridays", limit_minor: 500_000 }, owner.token);
    await name.fill("Ravi Traders & Sons");
    await page.getByTestId("form-save").click();
    await page.getByRole("status").getByText(w("customers.saved", { name: "Ravi Traders & Sons" })).first().waitFor();
    const now = await ask(`/customers/${customer}`);
    assert.deepEqual([now.name, now.note, now.limit_minor, now.phones], ["Ravi Traders & Sons", "Pays on Fridays", 500_000, form.phones]);
  });

  const level = { name: "Neighbours", names: {}, position: 7, customer_types: [], percents: [{ category: null, percent: "-5" }], step_minor: 100, inclusive: null };
  await send("POST", "/price-levels", level);
  const levels = async () => (await ask("/price-levels")).items.find((one) => one.name.startsWith("Neighbours"));
  const { key } = await levels();
  const option = (name) => ({ id: uuid(), name, names: {}, price_minor: 1000, product: null, quantity: null, available: true });
  const group = { name: "Toppings", names: {}, least: 0, most: 1, options: [option("Extra ghee"), option("Saffron")], position: 7 };
  const groupId = uuid();
  await shop.call("POST", "/modifier-groups", { id: groupId, ...group }, owner.token);
  const named = (page, name) => page.getByRole("dialog").getByLabel(w("catalog.name"), { exact: true }).first().fill(name);
  for (const [path, was, change, now] of [
    ["products/levels", "Neighbours", () => shop.call("PUT", `/price-levels/${key}`, { ...level, percents: [{ category: null, percent: "-9" }] }, owner.token), async () => [(await levels()).name, (await levels()).percents[0].percent, "-9"]],
    ["products/modifiers", "Toppings", () => shop.call("PUT", `/modifier-groups/${groupId}`, { ...group, most: 2 }, owner.token), async () => (await ask("/modifier-groups")).items.filter((one) => one.id === groupId).flatMap((one) => [one.name, one.most, 2])],
  ])
    await office(path.replaceAll("/", "-"), path, async (page) => {
      await page.locator("section").filter({ hasText: new RegExp(`^\\s*${was}`) }).getByRole("button", { name: w("goods.change"), exact: true }).click();
      await named(page, was);
      await change();
      await named(page, `${was} here`);
      await page.getByRole("dialog").getByRole("button", { name: w("goods.save") }).click();
      await page.getByRole("status").getByText(w("product.saved", { name: `${was} here` })).first().waitFor();
      const [name, theirs, wanted] = await now();
      assert.deepEqual([name, theirs], [`${was} here`, wanted]);
    });

  const tax = (await ask("/taxes")).classes.find((one) => one.rules.length > 0);
  const { id, performed, rules } = tax;
  await office("tax", `taxes/${id}`, async (page) => {
    const name = page.getByLabel(w("taxes.name"), { exact: true }).first();
    await name.waitFor();
    await shop.call("PUT", `/taxes/classes/${id}`, { name: tax.name, performed: !performed, rules }, owner.token);
    await name.fill(`${tax.name} here`);
    await page.keyboard.press("Control+S");
    await page.getByRole("status").getByText(w("taxes.saved", { name: `${tax.name} here` })).first().waitFor();
    const now = (await ask("/taxes")).classes.find((one) => one.id === id);
    assert.deepEqual([now.name, now.performed], [`${tax.name} here`, !performed]);
  });
});

test("prices change as they were shown, never before", async () => {
  await office("prices", "products/prices", async (page) => {
    const go = page.getByRole("dialog").locator("footer button");
    await until(() => go.isEnabled(), "the first preview");
    const held = await gate(page, "**/api/v1/products/prices");
    await page.getByLabel(w("prices.percent")).fill("50");
    assert.equal(await go.isDisabled(), true, "what is not shown yet cannot be done");
    await until(() => held.seen === 1, "the question");
    held.open();
    await until(() => go.isEnabled(), "the second preview");
  });
});

test("the list of customers is asked for once, not over and over", async () => {
  const context = await eyes.person({ shop, session: await shop.session("owner") });
  const page = await context.newPage();
  try {
    let asked = 0;
    page.on("request", (request) => (asked += Number(/\/api\/v1\/customers\?/.test(request.url()))));
    await page.goto("/#/till");
    await new Till(page).opened();
    await page.keyboard.press("F6");
    await until(() => asked > 0, "the question");
    await page.getByRole("dialog").locator("input").first().waitFor();
    // As long as it takes to be asked again for no reason.
    await page.waitForTimeout(1000);
    assert.equal(asked, 1);
    assert.deepEqual(eyes.trouble(), []);
  } finally {
    await context.close();
  }
});

test("goods of one list are not shown in the other while that one is read", async () => {
  const { id } = await send("POST", "/products", { name: "Long gone", price_minor: 500, unit: "piece" });
  await shop.call("DELETE", `/products/${id}`, undefined, owner.token);
  await office("bin", "products", async (page) => {
    const rows = page.locator(".rows [role=row]");
    await rows.first().waitFor();
    const bin = await gate(page, /\/api\/v1\/products\?.*archived=true/);
    await page.getByRole("button", { name: w("catalog.bin"), exact: true }).click();
    await until(() => bin.seen === 1, "the bin that is asked for");
    assert.equal(await rows.count(), 0, "nothing to restore yet");
    bin.open();
    await rows.getByText("Long gone").waitFor();
    const all = await gate(page, /\/api\/v1\/products\?(?!.*archived=true)/);
    await page.goto("/#/office/products");
    await until(() => all.seen === 1, "the list that is asked for");
    assert.equal(await rows.count(), 0);
    all.open();
    await rows.first().waitFor();
  });
});

test("what the finder found for other words cannot be taken", async () => {
  const { name } = (await ask("/products?limit=20&sort=grid")).items[0];
  await office("finder", "products", async (page) => {
    await page.locator(".rows [role=row]").first().waitFor();
    await page.keyboard.press("Control+k");
    const box = page.getByRole("dialog").getByRole("combobox");
    await box.fill(name);
    const found = page.getByRole("option").filter({ has: page.getByText(w("office.find.product"), { exact: true }) });
    await found.first().waitFor();
    const held = await gate(page, /\/api\/v1\/products\?.*q=qqqq/);
    const before = page.url();
    await box.fill("qqqq");
    assert.equal(await found.count(), 0);
    await box.press("Enter");
    await until(() => held.seen === 1, "the newer question");
    assert.equal(page.url(), before);
    held.open();
  });
});

test("a campaign waits until it is known who sends the letters", async () => {
  await office("campaign", "campaigns/new", async (page) => {
    const held = await gate(page, "**/api/v1/mail/server");
    await page.reload();
    await page.getByTestId("campaign-name").fill("Mango season");
    await page.getByTestId("campaign-title").fill("Mangoes");
    await page.getByTestId("campaign-text").fill("The first crates have come.");
    await page.getByTestId("campaign-sample").getByText("The first crates have come.").waitFor();
    assert(held.seen > 0, "the mail server that is asked for");
    assert.equal(await page.getByTestId("campaign-send").isDisabled(), true);
    held.open();
    await page.getByText(w("campaigns.noServer")).waitFor();
  });
});

/** The till of a context of its own, with one thing in the cart. */
async function selling(name, run) {
  const context = await eyes.person({ shop, session: await shop.session("owner") });
  const page = await context.newPage();
  const till = new Till(page);
  try {
    await page.goto("/#/till");
    await till.opened();
    await till.pieces.first().click();
    await till.items(1);
    await run(page, till);
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, `failed-kept-${name}`).catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
}

test("keys are no scan while the sheet that they are meant for is on its way", async () => {
  const context = await eyes.person({ shop, session: await shop.session("owner") });
  const page = await context.newPage();
  const till = new Till(page);
  try {
    const held = await gate(page, "**/PaySheet*.js");
    let scans = 0;
    page.on("request", (request) => (scans += Number(/\/api\/v1\/(scan|cart\/changes)$/.test(request.url()))));
    await page.goto("/#/till");
    await till.opened();
    await till.pieces.first().click();
    await till.items(1);
    const before = scans;
    await page.keyboard.press("F9");
    await until(() => held.seen > 0, "the sheet's code");
    await page.keyboard.type("500");
    await page.keyboard.press("Enter");
    assert.equal(await till.search.inputValue(), "");
    held.open();
    await till.sheet.waitFor();
    assert.equal(scans, before, "nothing was searched or added");
    assert.equal((await till.amounts()).length, 1);
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-kept-sheet").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

test("a double tap pays no total that came between the two taps", async () => {
  await selling("double", async (page, till) => {
    let asked = 0;
    await page.route("**/api/v1/orders", async (route) => {
      asked += 1;
      if (asked > 1) return route.continue();
      return route.fulfill({ status: 422, json: { error: { code: "total_differs", kind: "refused", message: "", hints: {}, incident: "TEST" } } });
    });
    await till.cash.click();
    await page.getByText(w("error.total_differs")).first().waitFor();
    await till.cash.click({ force: true });
    assert.equal(asked, 1, "nobody has read it yet");
    await until(() => till.cash.isEnabled(), "the button");
    await till.cash.click();
    await until(() => asked === 2, "the payment");
  });
});

test("a drawer opens with all that was counted, however quickly", async () => {
  const who = { staff: uuid(), pin: "2468" };
  await shop.call("POST", "/staff", { id: who.staff, name: "Quick", role: "cashier", language: "en", hand: "right", hue: "teal", pin: who.pin }, owner.token);
  const context = await eyes.person({ shop });
  const page = await context.newPage();
  const till = new Till(page);
  try {
    await page.goto("/");
    await till.signIn(who);
    await page.getByTestId("menu").click();
    await till.sheet.getByRole("button", { name: w("menu.shift") }).click();
    await page.locator('[data-place="50000"]').click();
    const held = await gate(page, "**/api/v1/shifts/count");
    await page.keyboard.type("3");
    await page.getByTestId("open-shift").click();
    await until(() => held.seen === 1, "the sum that is asked for");
    held.open();
    await page.getByTestId("open-shift").waitFor({ state: "detached" });
    const { items } = await ask("/shifts?state=open");
    const mine = items.find((one) => one.holder?.id === who.staff);
    const detail = await ask(`/shifts/${mine.id}`);
    assert.deepEqual(detail.shift.floats.map((one) => one.counted_minor), [150_000]);
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-kept-drawer").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});
