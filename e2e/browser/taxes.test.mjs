// Taxes in the back office: a rate of one's own, a number whose last character is wrong, and every page looked at.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SIZES, walk } from "./look.mjs";
import { Eyes, Shop, until, uuid, words } from "./stage.mjs";

const EVERY = Object.values(SIZES);
const OWN = { kind: "own", language: "en", trade: "garments", shop_name: "Meena Textiles", country: "IN", region: "27", tax_number: "27AAPFU0939F1ZV", owner_name: "Meena", pin: "2580" };

let eyes;
let shop;
let session;
before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open({ demo: false });
  session = await shop.call("POST", "/setup", { ...OWN, id: uuid(), seat: uuid() });
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

test("a rate of one's own is made, tried out, and looked up in its history", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session });
  try {
    const page = await context.newPage();
    await page.goto("/#/office/taxes/new");
    await page.getByRole("heading", { level: 1, name: w("taxes.add") }).waitFor();
    await page.getByLabel(w("taxes.name")).fill("Handloom");
    await page.getByLabel(w("taxes.tax.rate")).fill("12");
    await page.getByLabel(w("taxes.rule.source")).fill("a letter of the office");
    await page.getByRole("button", { name: w("action.save") }).click();
    await page.getByRole("heading", { level: 1, name: w("taxes.title") }).waitFor();
    await page.getByLabel(w("taxes.class"), { exact: true }).first().selectOption({ label: "Handloom" });
    await page.getByLabel(w("taxes.try.amount")).fill("1120");
    await page.getByText("CGST 6 %").waitFor();
    await until(async () => /60\.00/.test(await page.locator("dl").innerText()), "1,120 with 12 % in it is 1,000 and twice 60");
    await page.getByText("Handloom", { exact: true }).first().click();
    await page.getByRole("button", { name: w("taxes.history") }).click();
    await page.getByRole("dialog").getByText("Meena").waitFor();
    assert.deepEqual(eyes.trouble(), []);
  } finally {
    await context.close();
  }
});

test("a wrong GSTIN is told its right end, and a right one fills in the State", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session });
  try {
    const page = await context.newPage();
    await page.goto("/#/office/taxes/numbers");
    await page.getByRole("button", { name: w("taxes.number.add") }).click();
    const number = page.getByRole("dialog").getByLabel(w("taxes.gstin"));
    await number.fill("29AAGCB7383J1Z5");
    await page.getByText(w("taxes.gstin.check", { expected: "4" })).waitFor();
    await number.fill("29AAGCB7383J1Z4");
    await page.getByText(w("taxes.gstin.right", { state: "Karnataka" })).waitFor();
    await page.getByRole("dialog").getByLabel(w("taxes.rule.from")).fill("2027-01-01");
    await page.getByRole("dialog").getByRole("button", { name: w("action.save") }).click();
    await page.getByRole("cell", { name: /29AAGCB7383J1Z4/ }).or(page.getByText("29AAGCB7383J1Z4")).first().waitFor();
    const { items } = await shop.call("GET", "/taxes/identities", undefined, session.token);
    assert.deepEqual(items.map((one) => [one.number, one.region, one.today]), [["27AAPFU0939F1ZV", "27", true], ["29AAGCB7383J1Z4", "29", false]]);
    assert.deepEqual(eyes.trouble(), []);
  } finally {
    await context.close();
  }
});

for (const language of ["en", "hi", "ar"]) {
  test(`every page of taxes is looked at: ${language}`, async () => {
    const w = words(language);
    // The owner's own language wins over the browser's.
    const [owner] = (await shop.call("GET", "/staff", undefined, session.token)).items;
    const { archived_at: _, second_factor: __, ...same } = owner;
    await shop.call("PUT", `/staff/${owner.id}`, { ...same, language }, session.token);
    session = await shop.call("POST", "/sessions", { staff: owner.id, pin: OWN.pin, seat: session.seat });
    const context = await eyes.person({ shop, language, session });
    try {
      const page = await context.newPage();
      const { classes } = await shop.call("GET", "/taxes", undefined, session.token);
      const open = async (path, heading) => {
        await page.goto(`/#/office/${path}`);
        await page.getByRole("heading", { level: 1, name: heading }).first().waitFor();
      };
      await walk(
        [
          ["taxes-classes", async () => (await open("taxes", w("taxes.title")), await page.locator("tbody tr").first().waitFor(), await page.locator("dl").waitFor()), { sizes: EVERY }],
          ["taxes-class", async () => (await open(`taxes/${classes.find((one) => one.key === "apparel").id}`, classes.find((one) => one.key === "apparel").name), await page.locator(".rule").first().waitFor())],
          ["taxes-class-conditions", async () => (await page.getByRole("button", { name: w("taxes.conditions") }).first().click(), await page.getByLabel(w("taxes.rule.regions")).waitFor())],
          ["taxes-history", async () => (await page.getByRole("button", { name: w("taxes.history") }).click(), await page.getByRole("dialog").waitFor())],
          ["taxes-numbers", async () => (await open("taxes/numbers", w("taxes.numbers")), await page.getByText("27AAPFU0939F1ZV").first().waitFor())],
          ["taxes-number-wrong", async () => (await page.getByRole("button", { name: w("taxes.number.add") }).click(), await page.getByRole("dialog").getByLabel(w("taxes.gstin")).fill("27AAPFU0939F1ZW"), await page.getByText(w("taxes.gstin.check", { expected: "V" })).waitFor())],
          ["taxes-report", async () => (await open("taxes/report", w("taxes.report")), await page.getByText(w("taxes.report.byRate")).first().waitFor()), { sizes: EVERY }],
        ],
        page, language, eyes,
      );
    } finally {
      await context.close();
    }
  });
}
