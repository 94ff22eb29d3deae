// The back office by keyboard: what is changed is in the core afterwards, and can be taken back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";

const w = words("en");
let eyes;
let shop;
let owner;
let context;
let page;
let keys;

before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
  owner = await shop.session("owner");
  context = await eyes.person({ shop, session: await shop.session("owner") });
  page = await context.newPage();
  keys = page.keyboard;
});
after(async () => {
  await context?.close();
  await eyes?.close();
  await shop?.close();
});

const ask = (path) => shop.call("GET", path, undefined, owner.token);
const product = async (name, more = "") => (await ask(`/products?q=${encodeURIComponent(name)}${more}`)).items.find((one) => one.name === name);
const says = (text) => page.getByRole("status").getByText(text).first().waitFor();

/** One test on one page of the office; what stands in the console is a fault. */
function on(path, heading, name, run) {
  test(name, async () => {
    try {
      await page.goto(`/#/office/${path}`);
      await page.getByRole("heading", { level: 1, name: heading }).first().waitFor();
      await run();
      assert.deepEqual(eyes.trouble(), []);
    } catch (error) {
      await shot(page, `failed-office-${path.replaceAll("/", "-")}`).catch(() => undefined);
      await keys.press("Escape").catch(() => undefined);
      throw error;
    }
  });
}

/** Tab until `selector` has the focus: proof that it can be reached without a pointer. */
async function tabTo(selector, most = 60) {
  for (let i = 0; i < most; i++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await keys.press("Tab");
  }
  assert.fail(`${selector} cannot be reached by Tab`);
}

on("products", w("office.products"), "products: a price is changed in its cell, a name too, and both are undone", async () => {
  await page.locator('[data-cell="0-0"]').waitFor();
  const before = (await ask("/products?limit=1&sort=grid")).items[0];
  await tabTo('[data-cell="0-0"]');
  await keys.press("ArrowRight");
  await keys.type("999");
  await keys.press("Enter");
  await says(w("catalog.repriced", { name: before.name, price: "₹999.00" }));
  await until(async () => (await ask(`/products/${before.id}`)).price_minor === 99_900, "the price in the core");
  await keys.press("Control+Z");
  await until(async () => (await ask(`/products/${before.id}`)).price_minor === before.price_minor, "the old price in the core");
  await page.locator('[data-cell="0-0"]').focus();
  await keys.press("Enter");
  await page.locator("[data-cell] input").waitFor();
  await keys.type("Kaju Katli Special");
  await keys.press("Enter");
  await says(w("catalog.renamed", { name: "Kaju Katli Special" }));
  await keys.press("Control+Z");
  await until(async () => (await ask(`/products/${before.id}`)).name === before.name, "the old name in the core");
});

on("products/new", w("catalog.add"), "products: added with a scanned barcode, edited, archived, restored", async () => {
  await page.getByLabel(w("catalog.name"), { exact: true }).waitFor();
  await until(() => page.evaluate(() => document.activeElement?.tagName === "INPUT"), "the name field focused");
  await keys.type("Test Ghevar");
  await page.getByLabel(w("catalog.price"), { exact: true }).focus();
  await keys.type("abc");
  await keys.press("Enter");
  await page.getByText(w("product.price.wrong", { example: "12.50" })).waitFor();
  await page.getByLabel(w("catalog.price"), { exact: true }).fill("120.50");
  await page.getByLabel(w("product.barcode"), { exact: true }).focus();
  await keys.type("4006381333931", { delay: 2 });
  await keys.press("Enter");
  await page.getByRole("button", { name: w("product.barcode.remove", { code: "4006381333931" }) }).waitFor();
  await keys.press("Control+S");
  await says(w("product.added", { name: "Test Ghevar" }));
  const added = await product("Test Ghevar");
  assert.equal(added.price_minor, 12_050);
  assert.deepEqual(added.barcodes, ["4006381333931"]);

  await page.goto(`/#/office/products/${added.id}`);
  await page.getByLabel(w("product.name.hi")).fill("घेवर");
  await keys.press("Control+S");
  await says(w("product.saved", { name: "Test Ghevar" }));
  assert.equal((await ask(`/products/${added.id}`)).names.hi, "घेवर");

  await page.goto(`/#/office/products/${added.id}`);
  await page.getByRole("button", { name: w("product.archive") }).press("Enter");
  await says(w("product.archived", { name: "Test Ghevar" }));
  assert.notEqual((await ask(`/products/${added.id}`)).archived_at, null);

  await page.goto("/#/office/products/archived");
  await page.getByRole("heading", { level: 1, name: w("catalog.bin") }).waitFor();
  // Until the bin is read the rows of the list stand under its heading.
  await page.locator('[data-cell="0-0"]').getByText("Test Ghevar").waitFor();
  await page.locator('[data-cell="0-0"]').focus();
  await keys.press("End");
  await keys.press("Enter");
  await says(w("catalog.restored", { name: "Test Ghevar" }));
  assert.equal((await ask(`/products/${added.id}`)).archived_at, null);
});

on("products/import", w("office.products"), "import: first only read, the bad rows named, then the good ones taken", async () => {
  const rows = ["name,name_hi,sku,barcode,price,unit,category", "Import One,एक,IM-1,,45.00,piece,Sweets", "Import Two,,IM-2,,12.5,kg,Sweets", ",,IM-3,,10,piece,Sweets", "Import Four,,IM-4,,minus,piece,Sweets"];
  await page.locator("input[type=file]").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(rows.join("\r\n")) });
  await page.getByText(w("catalog.import.errors.line")).waitFor();
  assert.deepEqual(await page.locator(".errors tbody tr td:first-child").allTextContents(), ["4", "5"]);
  assert.equal(await product("Import One"), undefined, "nothing was taken yet");
  await tabTo("dialog footer button");
  await keys.press("Enter");
  await says(w("catalog.import.done", { created: "2", updated: "0" }));
  assert.equal((await product("Import One")).price_minor, 4500);
  assert.equal((await product("Import Two")).unit, "kg");
  assert.equal(await product("Import Four"), undefined);
});

on("products/prices", w("office.products"), "prices: a whole category five per cent dearer, seen before it happens", async () => {
  const sweets = (await ask("/categories")).items.find((one) => one.name === "Sweets");
  const rasgulla = await product("Rasgulla");
  await page.getByLabel(w("prices.which")).selectOption(sweets.id);
  await page.getByLabel(w("prices.percent")).fill("10");
  const apply = page.locator("dialog footer button");
  await until(async () => /\d/.test(await apply.textContent()) && (await apply.isEnabled()), "a preview");
  assert.equal((await ask(`/products/${rasgulla.id}`)).price_minor, rasgulla.price_minor);
  await apply.press("Enter");
  await apply.waitFor({ state: "detached" });
  await until(async () => (await ask(`/products/${rasgulla.id}`)).price_minor === 2200, "the new price");
});

on("categories", w("office.categories"), "categories: added, moved up, hidden, archived and restored", async () => {
  await page.getByRole("button", { name: w("categories.add") }).press("Enter");
  await page.getByRole("dialog").waitFor();
  await keys.type("Festival");
  await keys.press("Enter");
  await says(w("product.added", { name: "Festival" }));
  const find = async () => (await ask("/categories")).items.find((one) => one.name === "Festival");
  const made = await find();
  const up = page.getByRole("button", { name: w("categories.up", { name: "Festival" }) });
  await up.press("Enter");
  await until(async () => (await find()).position < made.position, "a place further up");
  await until(() => page.evaluate(() => document.activeElement?.dataset.move?.endsWith(":-1")), "the focus stays on the arrow");
  await page.getByRole("button", { name: /^Festival/ }).press("Enter");
  await page.getByRole("dialog").getByRole("switch").press("Space");
  const other = (await ask("/categories")).items.find((one) => one.name !== "Festival");
  const { id, names, hue, parent, position, active } = other;
  await shop.call("PUT", `/categories/${id}`, { id, name: "Renamed elsewhere", names, hue, parent, position, active }, owner.token);
  await page.getByRole("button", { name: /^Renamed elsewhere/, includeHidden: true }).waitFor({ state: "attached" });
  await page.getByRole("dialog").getByRole("button", { name: w("action.save") }).press("Enter");
  // The form is gone when this is said: before, a key would still be the form's.
  await says(w("product.saved", { name: "Festival" }));
  assert.equal((await find()).active, false, "hidden, though the list was read anew meanwhile");
  await shop.call("PUT", `/categories/${id}`, { id, name: other.name, names, hue, parent, position, active }, owner.token);
  await page.getByRole("button", { name: /^Festival/ }).press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: w("product.archive") }).press("Enter");
  await says(w("product.archived", { name: "Festival" }));
  await page.getByRole("button", { name: w("catalog.restore") }).first().press("Enter");
  await says(w("catalog.restored", { name: "Festival" }));
});

on("staff/new", w("staff.add"), "staff: added with a PIN that works, renamed, given a new PIN, archived; the last owner stays", async () => {
  await page.getByText(w("staff.pin.first")).waitFor();
  await until(() => page.evaluate(() => document.activeElement?.tagName === "INPUT"), "the name field focused");
  await keys.type("Zoya");
  await page.getByLabel(w("staff.pin.first")).focus();
  await keys.type("7777");
  await page.getByText(w("office.pin.same")).waitFor();
  await keys.press("Control+A");
  await keys.type("8264");
  await keys.press("Control+S");
  await says(w("staff.added", { name: "Zoya" }));
  const zoya = (await ask("/staff")).items.find((one) => one.name === "Zoya");
  assert.equal(zoya.role, "cashier");
  await shop.call("POST", "/sessions", { staff: zoya.id, pin: "8264", seat: uuid() });

  await page.goto(`/#/office/staff/${zoya.id}`);
  await page.getByRole("button", { name: w("staff.pin.new") }).press("Enter");
  await keys.type("9173");
  await keys.press("Enter");
  await says(w("staff.pin.saved", { name: "Zoya" }));
  await assert.rejects(shop.call("POST", "/sessions", { staff: zoya.id, pin: "8264", seat: uuid() }), /pin_wrong/);
  await page.getByRole("button", { name: w("product.archive") }).press("Enter");
  await says(w("product.archived", { name: "Zoya" }));
  await keys.press("Control+Z");
  await until(async () => (await ask(`/staff/${zoya.id}`)).archived_at === null, "Zoya back");

  const boss = (await ask("/staff")).items.find((one) => one.role === "owner");
  await page.goto(`/#/office/staff/${boss.id}`);
  await page.getByRole("radio", { name: w("staff.role.cashier") }).press("Space");
  await keys.press("Control+S");
  await page.getByText(w("error.last_owner")).waitFor();
});

on("sessions", w("office.sessions"), "sessions: another one is ended from here", async () => {
  const other = await shop.session("manager");
  const name = shop.person("manager").name;
  const row = page.getByRole("listitem").filter({ hasText: name }).first();
  await row.getByRole("button", { name: w("sessions.end") }).press("Enter");
  await says(w("sessions.ended", { name }));
  await assert.rejects(shop.call("GET", "/sessions/current", undefined, other.token), /401/);
});

on("settings", w("office.settings"), "settings: kept at once, refused out of range, taken back", async () => {
  const value = async (key) => (await ask("/settings")).items.find((one) => one.key === key).value;
  const field = page.locator('[data-setting="lock.idle_seconds"] input');
  await field.focus();
  await field.fill("5");
  await keys.press("Enter");
  await page.locator('[data-setting="lock.idle_seconds"] [aria-invalid]').waitFor();
  await field.fill("600");
  await keys.press("Enter");
  await says(w("settings.saved", { name: w("settings.lock.idle_seconds") }));
  assert.equal(await value("lock.idle_seconds"), 600);
  await keys.press("Control+Z");
  await until(async () => (await value("lock.idle_seconds")) === 300, "five minutes again");
  await page.locator('[data-setting="shop.name"] input').fill("Annapurna Sweets & Snacks");
  await keys.press("Enter");
  await until(async () => (await value("shop.name")) === "Annapurna Sweets & Snacks", "the new name in the core");
});

on("settings", w("office.settings"), "settings: the ways to pay, their order, and where UPI goes", async () => {
  const value = async (key) => (await ask("/settings")).items.find((one) => one.key === key).value;
  const methods = page.locator('[data-setting="tender.methods"]');
  await methods.getByRole("switch", { name: w("tender.wallet") }).click();
  await until(async () => (await value("tender.methods")) === "cash,upi,card,bank,account,store_credit,gift_card", "no wallet any more");
  await methods.getByRole("button", { name: w("settings.tender.methods.up", { name: w("tender.upi") }) }).click();
  await until(async () => (await value("tender.methods")).startsWith("upi,cash,card"), "UPI first");
  const address = page.locator('[data-setting="upi.address"] input');
  await address.fill("annapurna");
  await keys.press("Enter");
  await page.locator('[data-setting="upi.address"] [aria-invalid]').waitFor();
  await address.fill("annapurna@okbank");
  await keys.press("Enter");
  await until(async () => (await value("upi.address")) === "annapurna@okbank", "the new address");
});

on("orders", w("office.orders"), "orders: found by number, opened, cancelled with a reason", async () => {
  const session = await shop.session("cashier");
  const samosa = await product("Samosa");
  await shop.call("POST", "/cart/changes", { id: uuid(), change: { kind: "add", product: samosa.id } }, session.token);
  const cart = await shop.call("GET", "/cart", undefined, session.token);
  const order = await shop.call("POST", "/orders", { id: uuid(), cart: cart.id, tenders: [{ id: uuid(), method: "cash" }], expected_total_minor: cart.total_minor }, session.token);
  await page.getByLabel(w("orders.search")).fill(order.document);
  await until(async () => (await page.locator("tbody tr").count()) === 1, "one order");
  await tabTo("tbody tr");
  await keys.press("Enter");
  await page.locator(".detail .sums").waitFor();
  await page.getByRole("button", { name: w("orders.cancel") }).press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: w("orders.cancel") }).press("Enter");
  await page.getByText(w("discount.reason.missing")).waitFor();
  await page.getByRole("dialog").getByRole("button", { name: w("orders.reason.twice") }).press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: w("orders.cancel") }).press("Enter");
  await says(w("orders.cancelled", { number: String(order.number) }));
  assert.equal((await ask(`/orders/${order.id}`)).state, "cancelled");
});

on("today", w("office.today"), "today: a sale appears by itself; the numbers stand behind the pictures", async () => {
  const before = (await ask("/today")).sold_minor;
  await page.locator(".answers .sum").waitFor();
  const session = await shop.session("cashier");
  const samosa = await product("Samosa");
  await shop.call("POST", "/orders", { id: uuid(), lines: [{ product: samosa.id, quantity: "2" }], tenders: [{ id: uuid(), method: "cash" }] }, session.token);
  const now = (await ask("/today")).sold_minor;
  assert.equal(now, before + 2 * samosa.price_minor);
  const amount = new Intl.NumberFormat("en-IN", { minimumFractionDigits: 2 }).format(now / 100);
  await until(async () => (await page.locator(".answers .sum").textContent()).includes(amount), "the new sum");
  await page.getByRole("button", { name: w("today.numbers") }).press("Enter");
  await page.getByRole("cell", { name: `₹${amount}` }).first().waitFor();
});

on("today", w("office.today"), "Ctrl+K finds a page, a product, a setting", async () => {
  await keys.press("Control+K");
  await keys.type("samosa");
  await page.locator("#found li").filter({ hasText: "Samosa" }).first().waitFor();
  await keys.press("Escape");
  await keys.press("Control+K");
  await keys.type("discount");
  // Products of fewer letters may stand there until the settings are read.
  await page.locator("#found [aria-selected=true]").getByText(w("settings.discount.cashier_percent")).waitFor();
  await keys.press("Enter");
  await until(() => page.evaluate(() => document.activeElement?.closest("[data-setting]")?.dataset.setting === "discount.cashier_percent"), "the setting focused");
});

test("a cashier may look, and change nothing", async () => {
  const session = await shop.session("cashier");
  const other = await eyes.person({ shop, session });
  try {
    const sheet = await other.newPage();
    await sheet.goto("/#/office/settings");
    await sheet.locator("[data-setting] input").first().waitFor();
    assert.equal(await sheet.locator("[data-setting] :is(input, select, textarea, button):enabled").count(), 0);
    assert.equal(await sheet.getByRole("link", { name: w("office.staff") }).count(), 0);
    await sheet.goto("/#/office/products");
    await sheet.locator('[data-cell="0-1"]').focus();
    await sheet.keyboard.type("5");
    assert.equal(await sheet.locator("[data-cell] input").count(), 0);
    assert.equal(await sheet.getByRole("button", { name: w("catalog.add") }).count(), 0);
  } finally {
    await other.close();
  }
});
