// Branches: one is opened from the office, a price and a setting hold there alone, and every page is looked at.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SIZES, walk } from "./look.mjs";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";
import { Till } from "./till.mjs";

const EVERY = Object.values(SIZES);
const OWN = { kind: "own", language: "en", trade: "cafe", shop_name: "Annapurna", country: "IN", region: "27", tax_number: "27AAPFU0939F1ZV", owner_name: "Asha", pin: "2580" };

let eyes;
let shop;
let session;
let tea;
before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open({ demo: false });
  session = await shop.call("POST", "/setup", { ...OWN, id: uuid(), seat: uuid() });
  tea = await shop.call("POST", "/products", { id: uuid(), name: "Ginger tea", price_minor: 20_00 }, session.token);
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

test("a shop with one branch is asked nothing, and opens another", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session });
  try {
    const page = await context.newPage();
    await page.goto("/#/office/settings");
    await page.getByText(w("settings.group.shop"), { exact: true }).first().waitFor();
    assert.equal(await page.getByLabel(w("branches.setting.for"), { exact: true }).count(), 0, "nobody asks for which branch");
    await page.goto("/#/office/branches");
    await page.getByText(w("branches.one")).waitFor();
    await page.getByRole("button", { name: w("branches.open") }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: w("branches.open") }).click();
    await dialog.getByText(w("branches.name.missing")).waitFor();
    await dialog.getByLabel(w("branches.name"), { exact: true }).fill("Airport");
    await dialog.getByLabel(w("branches.address")).fill("Terminal 2\nGate 40");
    await dialog.getByLabel(w("settings.shop.tax_number")).fill("29AAGCB7383J1Z4");
    await dialog.getByLabel(w("settings.shop.region")).selectOption("29");
    await dialog.getByRole("button", { name: w("branches.open") }).click();
    await page.locator("[data-branch=Airport]").getByText("Gate 40").waitFor();
    const { items } = await shop.call("GET", "/branches", undefined, session.token);
    assert.deepEqual(items.map((one) => [one.name, one.region, one.tax_number, one.here]), [["Main branch", "27", "27AAPFU0939F1ZV", true], ["Airport", "29", "29AAGCB7383J1Z4", false]]);
    assert.deepEqual(eyes.trouble(), []);
  } finally {
    await context.close();
  }
});

test("a price, a setting and a shelf of one branch alone", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session });
  try {
    const page = await context.newPage();
    await page.goto(`/#/office/products/${tea.id}`);
    await page.getByLabel(w("branches.where")).selectOption({ label: "Airport" });
    await page.getByLabel(w("catalog.price")).last().fill("45");
    await page.getByRole("button", { name: w("goods.price.add") }).click();
    await page.getByText(w("goods.price.added")).waitFor();
    await page.getByRole("switch", { name: "Airport" }).click();
    await page.getByText(w("branches.sold.no", { name: "Ginger tea", branch: "Airport" })).waitFor();
    const { items: branches } = await shop.call("GET", "/branches", undefined, session.token);
    const airport = branches[1].id;
    const prices = await shop.call("GET", `/products/${tea.id}/prices`, undefined, session.token);
    assert.deepEqual(prices.set.map((one) => [one.branch, one.price_minor]), [[airport, 45_00]]);
    assert.deepEqual((await shop.call("GET", `/products/${tea.id}`, undefined, session.token)).hidden_at, [airport]);

    await page.goto("/#/office/settings");
    await page.getByLabel(w("branches.setting.for"), { exact: true }).selectOption({ label: "Airport" });
    const row = page.locator('[data-setting="discount.cashier_percent"]');
    await row.getByText(w("branches.setting.shop")).waitFor();
    await row.getByRole("textbox").fill("25");
    await row.getByRole("textbox").press("Enter");
    await row.getByText(w("branches.setting.own")).waitFor();
    const value = async (query) => (await shop.call("GET", `/settings${query}`, undefined, session.token)).items.find((one) => one.key === "discount.cashier_percent").value;
    assert.deepEqual([await value(`?branch=${airport}`), await value("")], [25, 10], "only the airport changed");
    await row.getByRole("button", { name: w("branches.setting.back") }).click();
    await row.getByText(w("branches.setting.shop")).waitFor();
    assert.equal(await value(`?branch=${airport}`), 10);
    assert.deepEqual(eyes.trouble(), []);
  } finally {
    await context.close();
  }
});

test("the till's tiles and rows show what its branch asks, and not what it does not sell", async () => {
  const here = (await shop.call("GET", "/branches", undefined, session.token)).items.find((one) => one.here).id;
  const add = (name, price_minor) => shop.call("POST", "/products", { id: uuid(), name, price_minor }, session.token);
  const [lassi, halwa] = [await add("Mango lassi", 60_00), await add("Carrot halwa", 80_00)];
  const context = await eyes.person({ shop, session: { token: session.token } });
  const page = await context.newPage();
  const till = new Till(page);
  const price = (name) => till.tile(name).first().locator(".price bdi").textContent();
  try {
    await page.goto("/");
    await till.opened();
    await till.tile("Carrot halwa").first().waitFor();
    assert.match(await price("Mango lassi"), /60\.00/);
    // Told to the open till as it happens.
    await shop.call("POST", `/products/${lassi.id}/prices`, { id: uuid(), price_minor: 75_00, branch: here }, session.token);
    await until(async () => /75\.00/.test(await price("Mango lassi")), "the tile with this branch's price");
    await shop.call("PUT", `/products/${halwa.id}/sold`, { id: uuid(), branch: here, sold: false }, session.token);
    await till.tile("Carrot halwa").first().waitFor({ state: "detached" });
    await till.search.fill("lassi");
    assert.match(await price("Mango lassi"), /75\.00/);
    await till.tile("Mango lassi").first().click();
    await till.items(1);
    await till.totalIs(75_00);
    await till.search.fill("halwa");
    await till.tile("Mango lassi").first().waitFor({ state: "detached" });
    assert.equal(await till.tile("Carrot halwa").count(), 0, "what is not sold here is not found either");
    await till.search.fill("");
    for (const [theme, [width, height]] of [["light", SIZES.LARGE], ["dark", SIZES.PHONE]]) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await shot(page, `till-branch-price-${theme}-${width}`);
    }
    const office = await shop.call("GET", `/products/${lassi.id}`, undefined, session.token);
    assert.deepEqual([office.price_minor, office.here_minor], [60_00, 75_00], "the catalogue keeps its own");
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-branch-price").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

/** A file in which one price of the airport goes, another comes, and a column and a cell are wrong. */
const FILE = ["name,price,price_at_main_branch,price_at_airport,sold_at_airport,sold_at_harbour", "Ginger tea,20,22.50,,yes,no", "Carrot halwa,80,,perhaps,no,"].join("\r\n");
const chosen = async (page) => {
  await page.goto("/#/office/products/import");
  await page.locator("input[type=file]").setInputFiles({ name: "branches.csv", mimeType: "text/csv", buffer: Buffer.from(FILE) });
};

test("a file says what branches ask, and shows it before it happens", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session });
  try {
    const page = await context.newPage();
    const airport = (await shop.call("GET", "/branches", undefined, session.token)).items[1].id;
    const asked = async () => (await shop.call("GET", `/products/${tea.id}/prices`, undefined, session.token)).set.filter((one) => one.state === "now").map((one) => one.price_minor);
    const hidden = async () => (await shop.call("GET", `/products/${tea.id}`, undefined, session.token)).hidden_at;
    assert.deepEqual([await asked(), await hidden()], [[45_00], [airport]]);
    await chosen(page);
    const dialog = page.getByRole("dialog");
    await dialog.getByText(w("import.branches")).waitFor();
    const changes = dialog.getByRole("region", { name: w("import.changes") }).locator("tbody tr");
    await until(async () => (await changes.count()) === 3, "the three cells that change");
    const cells = (await changes.locator("td").allTextContents()).map((text) => text.trim());
    assert.deepEqual(cells, [
      ...["2", "Ginger tea", "price_at_main_branch", w("import.shopsPrice"), "22.50"],
      ...["2", "Ginger tea", "price_at_airport", "45.00", w("import.shopsPrice")],
      ...["2", "Ginger tea", "sold_at_airport", "no", "yes"],
    ]);
    await dialog.getByText(w("import.unread")).waitFor();
    await dialog.getByText("sold_at_harbour", { exact: true }).waitFor();
    await dialog.getByText(w("import.column.price_wholesale")).waitFor();
    assert.deepEqual([await asked(), await hidden()], [[45_00], [airport]], "nothing happened yet");
    await dialog.getByRole("button", { name: w("catalog.import.take", { count: 1 }) }).click();
    await until(async () => (await asked()).join() === "2250", "the file's prices");
    assert.deepEqual(await hidden(), []);
    // As it was, for the pages that are looked at.
    const [run] = (await shop.call("GET", "/products/runs", undefined, session.token)).items;
    await shop.call("POST", `/products/runs/${run.id}/undo`, { id: uuid() }, session.token);
    assert.deepEqual([await asked(), await hidden()], [[45_00], [airport]]);
    assert.deepEqual(eyes.trouble(), []);
  } finally {
    await context.close();
  }
});

for (const language of ["en", "hi", "ar"]) {
  test(`every page of branches is looked at: ${language}`, async () => {
    const w = words(language);
    const [owner] = (await shop.call("GET", "/staff", undefined, session.token)).items;
    const { archived_at: _, second_factor: __, ...same } = owner;
    await shop.call("PUT", `/staff/${owner.id}`, { ...same, language }, session.token);
    session = await shop.call("POST", "/sessions", { staff: owner.id, pin: OWN.pin, seat: session.seat });
    const context = await eyes.person({ shop, language, session });
    try {
      const page = await context.newPage();
      const open = async (path, heading) => {
        await page.goto(`/#/office/${path}`);
        await page.getByRole("heading", { level: 1, name: heading }).first().waitFor();
      };
      await walk(
        [
          ["branches", async () => (await open("branches", w("office.branches")), await page.locator("[data-branch=Airport]").waitFor()), { sizes: EVERY }],
          ["branches-change", async () => (await page.locator("[data-branch=Airport]").getByRole("button").click(), await page.getByRole("dialog").waitFor()), { sizes: EVERY }],
          ["branches-settings", async () => (await open("settings", w("office.settings")), await page.getByLabel(w("branches.setting.for"), { exact: true }).selectOption({ label: "Airport" }), await page.locator('[data-setting="discount.cashier_percent"] .own').waitFor()), { sizes: EVERY }],
          ["branches-product", async () => (await open(`products/${tea.id}`, "Ginger tea"), await page.getByRole("switch", { name: "Airport" }).waitFor())],
          ["branches-orders", async () => (await open("orders", w("office.orders")), await page.getByLabel(w("branches.branch")).first().waitFor())],
          ["branches-today", async () => (await open("today", w("office.today")), await page.getByLabel(w("branches.branch")).first().waitFor()), { sizes: EVERY }],
          ["branches-import", async () => (await chosen(page), await page.locator(".changes tbody tr").first().waitFor()), { sizes: EVERY }],
          ["branches-staff", async () => (await open("staff/new", w("staff.add")), await page.getByRole("switch", { name: w("branches.staff.all") }).click(), await page.getByRole("switch", { name: "Airport" }).waitFor())],
        ],
        page, language, eyes,
      );
      assert.deepEqual(eyes.trouble(), []);
    } finally {
      await context.close();
    }
  });
}
