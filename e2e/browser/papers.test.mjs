// Papers over time: a GST bill made at the till and corrected a week later, an offer that becomes an invoice, and a sum
// paid in instalments. The node's clock is the tests' own; the files are read back and looked at.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { walk } from "./look.mjs";
import { pictureOf, textOf } from "./pdf.mjs";
import { Printer } from "./printer.mjs";
import { Eyes, PAYING_NODE, SHOTS, Shop, shot, until, uuid, words } from "./stage.mjs";
import { Till } from "./till.mjs";

const DAY = 24 * 3_600_000;
const w = words("en");
let eyes;
let shop;
before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open({ program: PAYING_NODE });
  // The demo is too small a shop for GST until it has a number and rates.
  const { token } = await shop.session("owner");
  await shop.call("POST", "/taxes/pack", { id: uuid() }, token);
  const { classes } = await shop.call("GET", "/taxes", undefined, token);
  const rate = (key) => classes.find((one) => one.key === key).id;
  await shop.call("PUT", "/settings/tax.class", { id: uuid(), value: rate("goods_5") }, token);
  for (const [name, hindi, price_minor, hsn, key] of [["Gift Box", "उपहार डिब्बा", 45_000, "210690", "goods_5"], ["Steel Tin", "स्टील डिब्बा", 29_900, "732393", "goods_18"]]) {
    await shop.call("POST", "/products", { id: uuid(), name, names: { hi: hindi }, price_minor, unit: "piece", hsn, tax_class: rate(key), art: { kind: "letters" }, favourite: true, position: 0 }, token);
  }
  await shop.call("POST", "/taxes/identities", { id: uuid(), number: "27AAPFU0939F1ZV", from: "2026-01-01" }, token);
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

/** Sessions of yesterday are gone: whoever looks signs in. */
const ask = async (path) => shop.call("GET", path, undefined, (await shop.session("owner")).token);

async function at(run, more = {}) {
  const context = await eyes.person({ shop, session: await shop.session("owner"), ...more });
  const page = await context.newPage();
  try {
    await run(page);
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, `failed-papers-${Date.now() % 100_000}`).catch(() => undefined);
    eyes.trouble();
    throw error;
  } finally {
    await context.close();
  }
}
async function downloaded(page, press) {
  const [file] = await Promise.all([page.waitForEvent("download"), press()]);
  return file.path();
}
/** The same document in other languages, as pictures. */
async function pictures(path, name) {
  const { token } = await shop.session("owner");
  for (const language of ["en", "hi", "ar"]) {
    const answer = await fetch(`${shop.address}/api/v1${path}${path.includes("?") ? "&" : "?"}language=${language}`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200);
    const file = join(SHOTS, `${name}-${language}.pdf`);
    writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
    pictureOf(file, `${name}-${language}`);
  }
}
const says = (text, all) => all.forEach((one) => assert.ok(text.includes(one), `${one} is not on\n${text}`));

test("a GST bill from the till, corrected a week later; both versions are printed", async () => {
  let order;
  await at(async (page) => {
    const till = new Till(page);
    await page.goto("/#/till");
    await till.opened();
    await till.tile("Gift Box").click();
    await till.tile("Gift Box").click();
    await till.tile("Steel Tin").click();
    await till.items(2);
    await till.cash.click();
    await till.paid();
    await page.getByTestId("paid-bill").click();
    await page.getByTestId("bill-number").fill("27AAACN2082N1ZX");
    await page.getByTestId("bill-name").fill("Nirlon Ltd");
    await page.getByTestId("bill-make").click();
    await page.getByText(w("bill.number.check")).waitFor();
    await page.getByTestId("bill-number").fill("27aaacn2082n1z8");
    await page.getByRole("dialog").getByText("Maharashtra").waitFor();
    await shot(page, "papers-bill");
    await page.getByTestId("bill-make").click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    [order] = (await ask("/orders?limit=1")).items;
  });
  await shop.forward(7 * DAY);
  await at(async (page) => {
    await page.goto(`/#/office/invoices/${order.id}`);
    const panel = page.getByRole("complementary", { name: order.document });
    await panel.getByText("Maharashtra").waitFor();
    await panel.getByTestId("correct").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByTestId("buyer-name").fill("Nirlon Limited");
    await dialog.getByTestId("issue").click();
    await dialog.waitFor({ state: "hidden" });
    await panel.getByTestId("versions").getByText(w("invoices.version.first")).waitFor();
    const print = (version) => downloaded(page, () => panel.getByRole("button", { name: w("invoices.printVersion", { version }) }).click());
    const first = textOf(await print(w("invoices.version.first")));
    const before = textOf(await print(w("invoices.version.n", { n: 1 })));
    const file = await print(w("invoices.version.n", { n: 2 }));
    const now = textOf(file);
    const whole = await ask(`/invoices/${order.id}`);
    assert.equal(whole.revisions, 2);
    for (const paper of [first, before, now]) says(paper, [order.document, whole.day, "Amount in words", "By HSN/SAC"]);
    assert.ok(!first.includes("Nirlon"), "the first version stays as it was");
    says(before, ["Nirlon Ltd", "27AAACN2082N1Z8", "Revision 1"]);
    says(now, ["Tax invoice", "Nirlon Limited", "27AAPFU0939F1ZV", "27AAACN2082N1Z8", "Revision 2", "Place of supply", "Maharashtra (27)", "CGST 2.5%", "SGST 9%", "210690", "732393", "2 PCS"]);
    const { token } = await shop.session("owner");
    const slip = await fetch(`${shop.address}/api/v1/orders/${order.id}/receipt.pdf`, { headers: { authorization: `Bearer ${token}` } });
    const receipt = join(SHOTS, "papers-receipt.pdf");
    writeFileSync(receipt, Buffer.from(await slip.arrayBuffer()));
    pictureOf(receipt, "papers-receipt");
    says(textOf(receipt), ["Tax invoice", "Nirlon Limited", "27AAACN2082N1Z8", "HSN 210690", "CGST 2.5%"]);
    assert.notEqual(whole.versions[2].day, whole.day, "a week later");
  });
  await pictures(`/invoices/${order.id}/sheet.pdf`, "papers-invoice");
});

test("an offer is made from the till, taken up and becomes an invoice", () =>
  at(async (page) => {
    const till = new Till(page);
    await page.goto("/#/till");
    await till.opened();
    for (const n of [2, 3]) await till.pieces.nth(n).click();
    await till.items(2);
    const total = await till.total();
    await page.goto("/#/office/quotations");
    await page.getByTestId("quote").click();
    await page.getByLabel(w("quotes.note")).fill("for Friday");
    await page.getByTestId("quote-make").click();
    const panel = page.getByRole("complementary");
    await panel.getByTestId("accept").waitFor();
    const [made] = (await ask("/quotations")).items;
    const offer = textOf(await downloaded(page, () => panel.getByRole("button", { name: w("invoices.print") }).click()));
    says(offer, ["Quotation", made.document, "This is not an invoice.", "Amount in words"]);
    await panel.getByTestId("accept").click();
    // It leads to the till once it is taken up: whoever goes there before finds the cart as it was.
    await page.waitForURL(/#\/till$/);
    await till.opened();
    await till.totalIs(total);
    await till.cash.click();
    await till.paid();
    await page.goto(`/#/office/quotations/${made.id}`);
    await panel.getByText(w("quotes.state.invoiced")).waitFor();
    await panel.getByRole("button", { name: w("quotes.invoice") }).click();
    const [order] = (await ask("/orders?limit=1")).items;
    await page.getByRole("complementary", { name: order.document }).getByRole("button", { name: w("invoices.quotation") }).waitFor();
    assert.equal((await ask(`/invoices/${order.id}`)).quotation, made.id);
    await pictures(`/quotations/${made.id}/sheet.pdf`, "papers-quotation");
  }));

test("money on account has a receipt, printed twice; the statement is read back in three languages", async () => {
  const printer = await Printer.open();
  try {
    const { token } = await shop.session("owner");
    const tell = (path, body) => shop.call("POST", path, { id: uuid(), ...body }, token);
    await tell("/printers", { name: "Counter", driver: "network", address: printer.address, jobs: ["receipt"] });
    const people = {};
    for (const [language, name] of [["en", "Bright Traders"], ["hi", "आशा ट्रेडर्स"], ["ar", "شركة النور"]]) {
      const { id } = await tell("/customers", { name, phones: [], limit_minor: 0, terms_days: 15, language, tax_numbers: [{ number: "27AAACN2082N1Z8" }] });
      await tell(`/customers/${id}/adjustments`, { kind: "opening", amount_minor: 1_20_000, due: "2026-10-01", reason: "the old book" });
      people[language] = id;
    }
    await at(async (page) => {
      await page.goto(`/#/office/customers/${people.en}/account`);
      await page.getByTestId("receive").click();
      await page.getByTestId("payment-amount").fill("500");
      await page.getByTestId("payment-save").click();
      await page.getByTestId("payment-print").click();
      await printer.printed(1);
      await page.getByTestId("payment-print").click();
      await printer.printed(2);
      await until(async () => (await ask("/print/jobs")).items.every((job) => job.state === "printed"), "both printed");
      const jobs = (await ask("/print/jobs")).items.filter((job) => job.kind === "payment");
      assert.deepEqual(jobs.map((job) => job.copy).sort(), [1, 2], "the second paper says that it is one");
      await shot(page, "papers-payment");
    });
    for (const [language, id] of Object.entries(people)) {
      await shop.call("POST", `/customers/${id}/payments`, { id: uuid(), method: "bank", reference: "NEFT 4711", amount_minor: 20_000 }, token);
      const answer = await fetch(`${shop.address}/api/v1/customers/${id}/statement.pdf`, { headers: { authorization: `Bearer ${token}` } });
      const file = join(SHOTS, `papers-statement-${language}.pdf`);
      writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
      pictureOf(file, `papers-statement-${language}`);
      says(textOf(file), ["27AAACN2082N1Z8", "1,200.00", "200.00", language === "en" ? "500.00" : "1,000.00"]);
    }
  } finally {
    await printer.close();
  }
});

describe("instalments", () => {
  let asha;
  let order;
  before(async () => {
    const { token } = await shop.session("owner");
    asha = uuid();
    await shop.call("POST", "/customers", { id: asha, name: "Asha Furnishing", phones: ["98450 11223"], limit_minor: 10_000_000, terms_days: 15 }, token);
    await shop.call("PUT", "/settings/tender.methods", { id: uuid(), value: "cash,upi,card,account" }, token);
  });
  /** The till up to the step where the account is charged. */
  async function toAccount(page) {
    const till = new Till(page);
    await page.goto("/#/till");
    await till.opened();
    await till.pieces.nth(0).click();
    await page.getByTestId("customer").click();
    await page.getByTestId("customer-search").fill("asha f");
    await page.getByRole("dialog").getByRole("button", { name: /Asha Furnishing/ }).click();
    await page.getByTestId("cart-customer").waitFor();
    await till.payment();
    await page.locator('[data-method="account"]').click();
    await page.getByRole("switch").click();
    await page.getByTestId("instalment").nth(2).waitFor();
  }

  test("agreed at the till, changed by hand, overdue when their day is over", async () => {
    await at(async (page) => {
      await toAccount(page);
      await page.getByTestId("take").click();
      await new Till(page).paid();
      [order] = (await ask("/orders?limit=1")).items;
    });
    const bill = await ask(`/invoices/${order.id}`);
    assert.equal(bill.instalments.length, 3);
    assert.equal(bill.instalments.reduce((sum, part) => sum + part.open_minor, 0), order.total_minor);
    await at(async (page) => {
      await page.goto(`/#/office/invoices/${order.id}`);
      await page.getByTestId("instalments-open").click();
      const dialog = page.getByRole("dialog");
      await dialog.getByTestId("instalment").nth(2).waitFor();
      await dialog.getByRole("group", { name: w("instalments.n", { n: 1 }) }).getByLabel(w("instalments.amount")).fill("1.00");
      await dialog.getByText(w("instalments.left")).waitFor();
      assert.ok(await dialog.getByTestId("agree").isDisabled(), "it does not add up");
      await dialog.getByRole("button", { name: w("instalments.parts", { count: 2 }), exact: true }).click();
      await until(async () => (await dialog.getByTestId("instalment").count()) === 2, "two parts");
      await dialog.getByTestId("agree").click();
      await dialog.waitFor({ state: "hidden" });
      await page.getByTestId("instalments").getByRole("listitem").nth(1).waitFor();
      const paper = textOf(await downloaded(page, () => page.getByTestId("a4").click()));
      says(paper, ["Instalments", (await ask(`/invoices/${order.id}`)).instalments[1].day]);
    });
    await shop.forward(45 * DAY);
    await at(async (page) => {
      await page.goto(`/#/office/customers/${asha}/account`);
      await page.getByTestId("instalments").getByText(w("instalments.state.overdue")).waitFor();
      await page.getByTestId("instalments").getByText(w("instalments.state.due"), { exact: true }).waitFor();
    });
    assert.equal((await ask(`/invoices/${order.id}`)).state, "overdue");
    await pictures(`/invoices/${order.id}/sheet.pdf`, "papers-instalments");
  });

  for (const language of ["en", "hi", "ar"]) {
    test(`how they look: ${language}`, async () => {
      const context = await eyes.person({ shop, language, session: await shop.session("owner") });
      try {
        const page = await context.newPage();
        await walk(
          [
            ["instalments-till", () => toAccount(page)],
            ["instalments-invoice", async () => (await page.goto(`/#/office/invoices/${order.id}`), await page.getByTestId("instalments").waitFor())],
            ["instalments-agree", async () => (await page.getByTestId("instalments-open").click(), await page.getByTestId("instalment").nth(2).waitFor())],
            ["instalments-account", async () => (await page.keyboard.press("Escape"), await page.goto(`/#/office/customers/${asha}/account`), await page.getByTestId("instalments").waitFor())],
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
