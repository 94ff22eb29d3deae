// The catalogue in the office: units, price levels, extras, brands, pictures; files in and out, and taken back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import { axeFaults, cutText, sideways, smallTargets } from "./look.mjs";
import { Eyes, LANGUAGES, Shop, shot, until, uuid, words } from "./stage.mjs";

const w = words("en");
let eyes;
let shop;
let owner;
let context;
let page;

before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
  owner = await shop.session("owner");
  context = await eyes.person({ shop, session: await shop.session("owner") });
  page = await context.newPage();
});
after(async () => {
  await context?.close();
  await eyes?.close();
  await shop?.close();
});

const ask = (path) => shop.call("GET", path, undefined, owner.token);
const add = async (name, more = {}) => shop.call("POST", "/products", { id: uuid(), name, price_minor: 80_00, unit: "kg", ...more }, owner.token);
const field = (label, scope = page) => scope.getByLabel(label, { exact: true });
const says = (text) => page.getByRole("status").getByText(text).first().waitFor();

/** A square of one colour. */
function png(side, colour) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.from([0, ...Array(side).fill(colour).flat()]);
  const dots = deflateSync(Buffer.concat(Array(side).fill(row)));
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("IDAT", dots), chunk("IEND", Buffer.alloc(0))]);
}

function on(name, run) {
  test(name, async () => {
    try {
      await run();
      assert.deepEqual(eyes.trouble(), []);
    } catch (error) {
      await shot(page, `failed-catalog-${name.slice(0, 20).replaceAll(/\W/g, "-")}`).catch(() => undefined);
      await page.keyboard.press("Escape").catch(() => undefined);
      throw error;
    }
  });
}

on("a product gets a sack of its own, with a price and a barcode", async () => {
  const rice = await add("Test rice");
  await page.goto(`/#/office/products/${rice.id}`);
  await page.getByRole("button", { name: w("goods.unit.add") }).click();
  await field(w("goods.unit")).first().selectOption("own");
  await field(w("goods.unit.word")).fill("sack");
  await field(w("goods.unit.holds")).fill("25");
  const unit = page.getByRole("group", { name: "sack" });
  await field(w("catalog.price"), unit).fill("1900");
  await field(w("product.barcode"), unit).fill("8901030865299");
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: w("product.save") }).click();
  await says(w("product.saved", { name: "Test rice" }));
  const [sack] = (await ask(`/products/${rice.id}`)).units;
  assert.deepEqual([sack.unit, sack.holds, sack.price_minor, sack.barcodes], ["=sack", "25", 1_900_00, ["8901030865299"]]);
});

on("a wholesale price is set for a product, and taken back", async () => {
  const dal = await add("Test dal");
  await page.goto(`/#/office/products/${dal.id}`);
  const card = page.locator("section", { has: page.getByRole("heading", { name: w("goods.prices") }) });
  await field(w("goods.price.for"), card).selectOption("wholesale");
  await field(w("goods.price.fromQuantity"), card).fill("10");
  await field(w("catalog.price"), card).fill("65");
  await card.getByRole("button", { name: w("goods.price.add") }).click();
  await says(w("goods.price.added"));
  await card.getByText(w("goods.level.wholesale"), { exact: true }).first().waitFor();
  const priced = async () => (await ask(`/products/${dal.id}/choices?customer_type=wholesale&quantity=10`)).units[0].price_minor;
  assert.equal(await priced(), 65_00);
  await card.getByRole("button", { name: w("goods.price.end") }).click();
  await until(async () => (await priced()) === 80_00, "the catalogue's price again");
});

on("a level with a rule, a group of extras and a brand are made", async () => {
  await page.goto("/#/office/products/levels");
  await page.getByRole("button", { name: w("goods.level.add") }).click();
  const dialog = page.getByRole("dialog");
  await field(w("catalog.name"), dialog).fill("Club");
  await field(w("goods.level.percent"), dialog).fill("-10");
  await dialog.getByRole("button", { name: w("goods.save") }).click();
  await page.getByRole("heading", { name: "Club" }).waitFor();
  const level = (await ask("/price-levels")).items.find((one) => one.name === "Club");
  assert.deepEqual(level.percents, [{ category: null, percent: "-10" }]);

  await page.goto("/#/office/products/modifiers");
  await page.getByRole("button", { name: w("goods.group.add") }).first().click();
  await field(w("catalog.name"), dialog).first().fill("Toppings");
  await field(w("goods.group.least"), dialog).fill("1");
  await field(w("catalog.name"), dialog).nth(1).fill("Cheese");
  await field(w("goods.group.extra"), dialog).first().fill("30");
  await field(w("catalog.name"), dialog).nth(2).fill("Plain");
  await dialog.getByRole("button", { name: w("goods.save") }).click();
  await page.getByRole("heading", { name: "Toppings" }).waitFor();
  const group = (await ask("/modifier-groups")).items.find((one) => one.name === "Toppings");
  assert.deepEqual(group.options.map((one) => one.price_minor), [30_00, 0]);

  await page.goto("/#/office/products/brands");
  await field(w("goods.brands.new")).fill("Amul");
  await page.keyboard.press("Enter");
  await until(async () => (await ask("/brands")).items.some((one) => one.name === "Amul"), "the brand in the core");
});

on("a photograph stands on the tile of the form and of the till", async () => {
  const tea = await add("Test tea", { unit: "cup", favourite: true });
  await page.goto(`/#/office/products/${tea.id}`);
  await page.getByRole("button", { name: w("goods.picture.choose") }).waitFor();
  const red = png(48, [200, 30, 30]);
  await page.locator('input[type="file"]').setInputFiles({ name: "tea.png", mimeType: "image/png", buffer: red });
  await page.locator(".tile img").waitFor({ state: "attached" });
  await page.getByRole("button", { name: w("product.save") }).click();
  await says(w("product.saved", { name: "Test tea" }));
  assert.notEqual((await ask(`/products/${tea.id}`)).picture, null);
  const kept = await fetch(`${shop.address}/api/v1/pictures/${(await ask(`/products/${tea.id}`)).picture}`);
  assert.match(kept.headers.get("content-type"), /^image\//);
});

on("a file with faults says all of them, is taken, and taken back", async () => {
  const before = (await ask("/products?limit=500&sort=name")).items.length;
  await page.goto("/#/office/products/import");
  const csv = "name,sku,price,unit,unit_2,unit_2_holds\nFile one,FT-1,10,kg,unit:sack,25\nFile two,FT-2,ten,stone,,\nFile three,FT-1,12,kg,,\n";
  await page.locator('input[type="file"]').setInputFiles({ name: "stock.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  const dialog = page.getByRole("dialog");
  await dialog.getByText(w("import.row_repeated")).waitFor();
  assert.equal(await dialog.locator("tbody tr").count(), 3, "both faults of the second row and the repeated code");
  await dialog.getByRole("button", { name: w("catalog.import.take", { count: 1 }) }).click();
  await says(w("catalog.import.done", { created: "1", updated: "0" }));
  assert.equal((await ask("/products?q=FT-1")).items.length, 1, "the good row in the core");
  await page.goto("/#/office/products/runs");
  await dialog.getByText("stock.csv").waitFor();
  await dialog.getByRole("button", { name: w("goods.runs.undo") }).first().click();
  await says(w("goods.runs.undone", { count: 1 }));
  await until(async () => (await ask("/products?limit=500&sort=name")).items.length === before, "as many products as before");
});

for (const language of LANGUAGES) {
  on(`the pages are readable to everybody in ${language}`, async () => {
    const other = await eyes.person({ shop, session: await shop.session("owner"), language, theme: language === "hi" ? "dark" : "light" });
    const look = await other.newPage();
    const [first] = (await ask("/products?limit=1")).items;
    for (const path of ["levels", "modifiers", "brands", "labels", "runs", first.id]) {
      await look.goto(`/#/office/products/${path}`);
      await look.getByRole("heading", { level: 1 }).first().waitFor();
      await look.waitForTimeout(400);
      await shot(look, `catalog-${path === first.id ? "product" : path}-${language}`);
      for (const find of [axeFaults, smallTargets, sideways, cutText]) assert.deepEqual(await find(look), [], path);
    }
    await other.close();
  });
}
