// Customers in the back office: one is written down, owes, pays, gets a statement, becomes one with another, and is forgotten.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { SIZES, walk } from "./look.mjs";
import { textOf } from "./pdf.mjs";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";

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
const tell = (path, body) => shop.call("POST", path, { id: uuid(), ...body }, owner.token);

describe("one customer from beginning to end", () => {
  const w = words("en");
  let context;
  let page;
  let id;
  before(async () => {
    context = await eyes.person({ shop, session: await shop.session("owner") });
    page = await context.newPage();
  });
  after(() => context?.close());
  const says = (text) => page.getByRole("status").getByText(text).first().waitFor();
  const step = (name, run) =>
    test(name, async () => {
      try {
        await run();
        assert.deepEqual(eyes.trouble(), []);
      } catch (error) {
        await shot(page, `failed-customers-${name.slice(0, 30).replaceAll(" ", "-")}`).catch(() => undefined);
        throw error;
      }
    });

  step("is written down, with a tax number that says its State", async () => {
    await page.goto("/#/office/customers");
    await page.getByTestId("customer-add").click();
    await page.getByTestId("form-save").waitFor();
    await page.getByTestId("form-save").click();
    await page.getByText(w("customers.nameMissing")).waitFor();
    await page.getByTestId("form-name").fill("Bright Traders");
    await page.getByLabel(w("customers.phone"), { exact: true }).fill("98765 43210");
    await page.getByLabel(w("customers.email"), { exact: true }).fill("books@bright.example");
    await page.getByRole("button", { name: w("customers.taxNumber.add") }).click();
    const number = page.getByLabel(w("customers.taxNumber"), { exact: true });
    await number.fill("27AAPFU0939F1ZW");
    await page.getByText(w("customers.gstin.check")).waitFor();
    await number.fill("27aapfu0939f1zv");
    await page.getByText(w("customers.region.filled", { state: "Maharashtra" })).waitFor();
    await page.getByTestId("form-limit").fill("5000");
    await page.getByLabel(w("customers.terms"), { exact: true }).fill("15");
    await page.getByTestId("form-save").click();
    await page.getByRole("heading", { level: 1, name: "Bright Traders" }).waitFor();
    const [known] = (await ask("/customers?q=bright")).items;
    id = known.id;
    assert.deepEqual([known.phone, known.tax_number, known.region, known.limit_minor], ["+919876543210", "27AAPFU0939F1ZV", "27", 500_000]);
  });

  step("owes what was in the old book, pays a part, and both are on the statement", async () => {
    await page.goto(`/#/office/customers/${id}/account`);
    await page.getByTestId("adjust").click();
    await page.getByTestId("adjust-amount").fill("1200");
    await page.getByTestId("adjust-reason").fill("the old book");
    await page.getByTestId("adjust-save").click();
    await says(w("accounts.adjusted"));
    await until(async () => /1,200\.00/.test(await page.getByTestId("balance").innerText()), "the balance");
    await page.getByTestId("receive").click();
    await page.getByTestId("payment-amount").fill("500");
    await page.getByTestId("payment-save").click();
    await page.getByRole("status").getByText("₹500.00").first().waitFor();
    const slip = page.waitForEvent("download");
    await page.getByTestId("payment-pdf").click();
    const said = textOf(await (await slip).path());
    for (const word of ["Payment receipt", "Bright Traders", "500.00", "Rupees five hundred only", "Still owed", "700.00"]) assert.ok(said.includes(word), `${word} is not on\n${said}`);
    await page.keyboard.press("Escape");
    await until(async () => /700\.00/.test(await page.getByTestId("balance").innerText()), "what is left");
    await page.goto(`/#/office/customers/${id}/statement`);
    await until(async () => /700\.00/.test(await page.getByTestId("closing").innerText()), "the closing balance");
    const rows = await page.locator("tbody tr").allInnerTexts();
    assert.equal(rows.length, 2);
    assert.match(rows[0], /1,200\.00[\s\S]*1,200\.00/);
    assert.match(rows[1], /500\.00[\s\S]*700\.00/, "the balance runs on");
    const download = page.waitForEvent("download");
    await page.getByTestId("statement-pdf").click();
    const sheet = textOf(await (await download).path());
    for (const word of ["Statement of account", "Bright Traders", "27AAPFU0939F1ZV", "1,200.00", "500.00", "700.00"]) assert.ok(sheet.includes(word), `${word} is not on\n${sheet}`);
    // The running balance, line by line.
    assert.match(sheet, /1,200\.00[\s\S]*1,200\.00[\s\S]*500\.00[\s\S]*700\.00/);
  });

  step("a payment is taken back with a reason, and nothing is struck out", async () => {
    await page.locator("tbody tr").nth(1).click();
    await page.getByLabel(w("accounts.reverse.why")).fill("the cheque bounced");
    await page.getByTestId("reverse").click();
    await says(w("accounts.reversed"));
    await until(async () => (await page.locator("tbody tr").count()) === 3, "a third line");
    await until(async () => /1,200\.00/.test(await page.getByTestId("closing").innerText()), "what is owed again");
    await tell(`/customers/${id}/payments`, { method: "bank", amount_minor: 120_000 });
  });

  step("becomes one with a double, which is found by typing", async () => {
    const double = uuid();
    await shop.call("POST", "/customers", { id: double, name: "Brite Trader", phones: ["98111 22233"] }, owner.token);
    await page.goto(`/#/office/customers/${id}`);
    await page.getByTestId("merge").click();
    await page.getByTestId("customer-search").fill("brite");
    await page.getByRole("dialog").getByRole("button", { name: /Brite Trader/ }).click();
    await page.getByTestId("merge-do").click();
    await says(w("customers.merge.done"));
    const known = await ask(`/customers/${id}`);
    assert.deepEqual([known.phones, known.merged], [["+919876543210", "+919811122233"], [double]]);
  });

  step("is exported whole, and forgotten for good", async () => {
    const download = page.waitForEvent("download");
    await page.getByTestId("export").click();
    assert.equal(readFileSync(await (await download).path()).subarray(0, 2).toString(), "PK");
    await page.getByTestId("erase").click();
    await page.getByTestId("erase-do").click();
    await says(w("customers.erase.done"));
    await page.getByRole("heading", { level: 1, name: w("customers.erasedName") }).waitFor();
    const gone = await ask(`/customers/${id}`);
    assert.deepEqual([gone.name, gone.phones, gone.email], [null, [], null]);
    assert.deepEqual((await ask("/customers?q=bright")).items, []);
  });
});

describe("how it looks", () => {
  let id;
  before(async () => {
    id = uuid();
    await shop.call("POST", "/customers", { id, name: "आशा राव & Sons (Wholesale) Pvt. Ltd.", phones: ["98200 11223", "022 2345 6789"], email: "accounts@asha-rao-and-sons.example.in", type: "wholesale", segment: "vip", limit_minor: 2_500_000, terms_days: 30, tax_numbers: [{ number: "27AAPFU0939F1ZV", until: "2026-12-31" }], addresses: [{ label: "Billing", street: "17/4 Old Cloth Market, Near the Clock Tower", city: "Pune", region: "Maharashtra", postal_code: "411002" }], note: "Pays at the end of the month.", consents: { email: true, call: false } }, owner.token);
    for (const [amount, due] of [[450_000, "2026-06-01"], [320_000, "2026-09-10"], [275_050, "2026-10-20"], [99_900, "2027-01-15"]]) await tell(`/customers/${id}/adjustments`, { kind: "opening", amount_minor: amount, due, reason: "From the old book" });
    await tell(`/customers/${id}/payments`, { method: "upi", amount_minor: 600_000, reference: "UPI 412233445566" });
    for (let n = 0; n < 8; n++) await shop.call("POST", "/customers", { id: uuid(), name: ["Meera Nair", "Farid Khan", "José Silva", "سارة أحمد", "Li Wei", "Anil Kapoor", "Hotel Blue Lagoon", "Zubin Mehta"][n], phones: [`98450 0${n}${n}11`], type: n % 3 === 0 ? "wholesale" : "retail", segment: n === 5 ? "blocked" : "regular" }, owner.token);
  });
  for (const language of ["en", "hi", "ar"]) {
    test(language, async () => {
      const w = words(language);
      const context = await eyes.person({ shop, language, session: await shop.session("owner") });
      try {
        const page = await context.newPage();
        const open = async (path) => void (await page.goto(`/#/office/customers${path}`));
        const every = { sizes: Object.values(SIZES) };
        await walk(
          [
            ["customers-list", async () => (await open(""), await page.getByText("Meera Nair").first().waitFor()), every],
            ["customers-owing", async () => (await open("/owing"), await page.locator("tbody tr").first().waitFor())],
            ["customers-profile", async () => (await open(`/${id}`), await page.getByTestId("erase").waitFor())],
            ["customers-account", async () => (await open(`/${id}/account`), await page.getByTestId("balance").waitFor())],
            ["customers-receive", async () => (await page.getByTestId("receive").click(), await page.getByTestId("payment-amount").waitFor(), await page.locator('input[value="chosen"]').click())],
            ["customers-statement", async () => (await page.keyboard.press("Escape"), await open(`/${id}/statement`), await page.getByTestId("closing").waitFor())],
            ["customers-orders", async () => (await open(`/${id}/orders`), await page.getByText(w("customers.noOrders")).waitFor())],
            ["customers-form", async () => (await open(`/${id}/edit`), await page.getByTestId("form-save").waitFor())],
            ["customers-erase", async () => (await open(`/${id}`), await page.getByTestId("erase").click(), await page.getByTestId("erase-do").waitFor())],
            ["customers-picker", async () => (await page.keyboard.press("Escape"), await page.getByTestId("merge").click(), await page.getByTestId("customer-search").waitFor(), await page.getByRole("dialog").getByText("Farid Khan").waitFor())],
            ["customers-picker-new", async () => (await page.getByTestId("customer-new").click(), await page.getByTestId("customer-tax").fill("27AAPFU0939F1ZV"), await page.getByText(w("customers.region.filled", { state: "Maharashtra" })).waitFor())],
          ],
          page,
          language,
          eyes,
        );
      } finally {
        await context.close();
      }
    });
  }
});
