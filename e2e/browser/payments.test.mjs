// Payments that nobody knows of, cards, rates and tips: what the back office shows of them and what it can do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SIZES, walk } from "./look.mjs";
import { Eyes, PAYING_NODE, Shop, shot, until, uuid, words } from "./stage.mjs";

const w = words("en");
let eyes;
let shop;
let owner;
let context;
let page;

before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open({ program: PAYING_NODE });
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
const send = (path, body = {}) => shop.call("POST", path, { id: uuid(), ...body }, owner.token);
const payment = (id) => ask(`/payments/${id}`);
const dialog = () => page.getByRole("dialog");
const press = (key) => dialog().getByRole("button", { name: w(key), exact: true }).click();

/** A cart at the owner's own counter, and a payment begun for it. */
async function begun(manner) {
  shop.gateway(`will ${manner}`);
  const cart = await ask("/cart");
  if (cart.lines.length > 0) await send("/cart/changes", { change: { kind: "clear" } });
  const product = (await ask("/products?limit=20&sort=grid")).items.find((one) => one.unit === "piece" && !one.open_price);
  const filled = await send("/cart/changes", { change: { kind: "add", product: product.id } });
  const id = uuid();
  await shop.call("POST", "/payments", { id, method: "card", cart: filled.id ?? filled.cart?.id, amount_minor: filled.total_minor }, owner.token);
  return { id, cart: filled };
}

function on(path, heading, name, run) {
  test(name, async () => {
    try {
      await page.goto(`/#/office/${path}`);
      await page.getByRole("heading", { level: 1, name: heading }).first().waitFor();
      await run();
      assert.deepEqual(eyes.trouble(), []);
    } catch (error) {
      await shot(page, `failed-${path}`).catch(() => undefined);
      await page.keyboard.press("Escape").catch(() => undefined);
      throw error;
    }
  });
}

on("payments", w("office.payments"), "a payment without an answer is looked at, said, comes late, and goes back", async () => {
  await page.getByText(w("payments.clear")).waitFor();
  const { id } = await begun("silent");
  const row = page.locator(`[data-payment="${id}"]`);
  await row.getByText(w("payments.why.unknown")).waitFor();
  await row.locator("a").click();
  await press("payments.do.ask");
  await page.getByRole("status").getByText(w("payments.asked")).first().waitFor();
  assert.equal((await payment(id)).state, "unknown", "asking alone decides nothing");
  await shot(page, "payment-unknown");
  await press("payments.do.notCharged");
  await dialog().locator('[data-state="failed"]').waitFor();
  assert.equal((await payment(id)).holds, false, "the cart goes on");
  shop.gateway("speak");
  shop.gateway(`late ${id}`);
  await dialog().getByText(w("payments.why.late")).waitFor();
  await shot(page, "payment-late");
  await press("payments.do.refund");
  await dialog().getByLabel(w("payments.reason")).fill("paid in cash");
  await dialog().locator("form").getByRole("button", { name: w("payments.do.refund"), exact: true }).click();
  await dialog().locator('[data-state="refunded"]').waitFor();
  const steps = (await payment(id)).steps.map((step) => step.step);
  assert.deepEqual(steps.filter((step) => step === "refund_asked").length, 1, "once");
  await page.keyboard.press("Escape");
  await page.getByText(w("payments.clear")).waitFor();
  await page.getByRole("button", { name: w("payments.all"), exact: true }).click();
  await row.getByText(w("payments.state.refunded")).waitFor();
  await page.getByRole("button", { name: w("payments.methods"), exact: true }).click();
  await page.getByText(w("payments.noMethods")).or(page.getByRole("table")).first().waitFor();
});

on("cards", w("office.cards"), "store credit is made with a reason, its code shown once asked for, and blocked", async () => {
  await page.getByRole("button", { name: w("cards.new") }).first().click();
  await dialog().getByLabel(w("cards.amount")).fill("500");
  await dialog().getByLabel(w("cards.reason")).fill("came back without a receipt");
  await press("cards.issue");
  const code = page.getByTestId("card-code");
  await code.waitFor();
  const found = await shop.call("POST", "/cards/find", { code: await code.textContent() }, owner.token);
  assert.equal(found.balance_minor, 50_000);
  await shot(page, "card-made");
  await press("cards.block");
  await dialog().getByLabel(w("cards.reason")).fill("lost");
  await dialog().locator("form").getByRole("button", { name: w("cards.block"), exact: true }).click();
  await dialog().getByText(w("cards.state.blocked")).first().waitFor();
  assert.equal((await ask(`/cards/${found.id}`)).available_minor, 0);
  await page.keyboard.press("Escape");
  await page.locator(`[data-card="${found.id}"]`).getByText(w("cards.state.blocked")).waitFor();
  await page.getByLabel(w("cards.find")).fill("!!!!");
  await page.getByText(w("cards.nothing")).waitFor();
});

on("cards", w("office.cards"), "much on a card needs a second person", async () => {
  await page.getByRole("button", { name: w("cards.new") }).first().click();
  await dialog().getByLabel(w("cards.amount")).fill("50000");
  await dialog().getByLabel(w("cards.reason")).fill("a big gift");
  await press("cards.issue");
  await page.getByText(w("cards.approve")).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
});

on("rates", w("office.rates"), "a rate is set, changed and taken off, and what was stays", async () => {
  await page.getByRole("button", { name: w("rates.add") }).first().click();
  await dialog().getByLabel(w("rates.currency")).selectOption("USD");
  await dialog().getByLabel(w("rates.rate", { currency: "USD", own: "INR" })).fill("eighty");
  await press("rates.save");
  await dialog().getByText(w("rates.rate.wrong")).waitFor();
  await dialog().getByLabel(w("rates.rate", { currency: "USD", own: "INR" })).fill("83.4567");
  await press("rates.save");
  const row = page.locator('[data-currency="USD"]');
  await row.getByText("83.4567").waitFor();
  const worth = await ask("/rates/convert?currency=USD&due_minor=87400&received_minor=2000");
  assert.deepEqual([worth.worth_minor, worth.amount_minor, worth.change_minor], [166_913, 87_400, 79_513]);
  await row.getByRole("button", { name: w("rates.change") }).click();
  await dialog().getByLabel(w("rates.rate", { currency: "USD", own: "INR" })).fill("84");
  await press("rates.save");
  await row.getByText("84", { exact: true }).waitFor();
  await page.getByText(w("rates.history")).click();
  await page.getByText("83.4567").waitFor();
  await shot(page, "rates");
  await row.getByRole("button", { name: w("rates.change") }).click();
  await press("rates.stop");
  await row.getByText(w("rates.off")).waitFor();
  await assert.rejects(ask("/rates/convert?currency=USD&due_minor=87400"), /rate_missing/);
});

for (const language of ["en", "hi", "ar"]) {
  test(`payments, cards, rates and tips as they look in ${language}`, async () => {
    const session = await shop.session("owner");
    const { id } = await begun("silent");
    await until(async () => (await payment(id)).state === "unknown", "nobody knows");
    await send("/rates", { currency: "EUR", rate: "90.125", source: "the bank's board" });
    await send("/cards", { kind: "gift_card", amount_minor: 50_000, reason: "a gift" });
    const person = await eyes.person({ shop, language, session });
    try {
      const page = await person.newPage();
      const said = words(language);
      const title = (key) => page.getByRole("heading", { level: 1, name: said(key) }).waitFor();
      await walk(
        [
          ["payments", async () => (await page.goto("/#/office/payments"), await title("office.payments"), await page.locator(`[data-payment="${id}"]`).waitFor())],
          ["payment", async () => (await page.goto(`/#/office/payments/${id}`), await page.getByTestId("payment-detail").waitFor())],
          ["cards", async () => (await page.goto("/#/office/cards"), await title("office.cards"), await page.locator("[data-card]").first().waitFor())],
          ["card", async () => (await page.locator("[data-card] a").first().click(), await page.getByTestId("card-code").waitFor())],
          ["rates", async () => (await page.goto("/#/office/rates"), await title("office.rates"), await page.locator('[data-currency="EUR"]').waitFor())],
          ["tips", async () => (await page.goto("/#/office/tips"), await title("office.tips"), await page.getByTestId("tips-left").waitFor())],
        ],
        page, language, eyes, Object.values(SIZES),
      );
    } finally {
      await shop.call("POST", `/payments/${id}/answer`, { id: uuid(), charged: false }, owner.token);
      await person.close();
    }
  });
}
