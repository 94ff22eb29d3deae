// Goods that come back without a receipt, and goods that come back for others: one ticket, only the difference, both screens.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Desk, hire, orderOf, sell } from "./counter.mjs";
import { SIZES, walk } from "./look.mjs";
import { Eyes, LANGUAGES, Shop, shot, until, uuid, words } from "./stage.mjs";
import { money, Till } from "./till.mjs";

let eyes;
let shop;
let boss;
before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
  boss = await hire(shop, "manager", "Farah", "4826");
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

const newest = async () => (await shop.call("GET", "/orders?limit=1", undefined, shop.owner.token)).items[0];
const legs = (order) => order.tenders.filter((leg) => leg.voided_at === null).map((leg) => [leg.method, leg.amount_minor]).sort();

async function at(run, more = {}) {
  const context = await eyes.person({ shop, ...more });
  const page = await context.newPage();
  const desk = new Desk(page);
  const till = new Till(page, "en");
  try {
    await desk.signIn(await hire(shop, "cashier", `Nora ${Date.now() % 100_000}`, "2468"));
    await till.opened();
    await run({ page, desk, till });
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, `failed-returns-${Date.now() % 100_000}`).catch(() => undefined);
    eyes.trouble();
    throw error;
  } finally {
    await context.close();
  }
}

/** At the refund desk: this order's first line is to come back for something else, and the manager agrees. */
async function exchange(desk, till, order) {
  await desk.open();
  await desk.scan(order.token.code);
  await desk.rows.first().waitFor();
  await desk.rows.first().locator("label").click();
  await until(() => desk.page.getByTestId("exchange-now").isEnabled(), "what it comes to");
  const back = await desk.total();
  await desk.page.getByTestId("exchange-now").click();
  await desk.agree(boss);
  await till.opened();
  await till.page.getByTestId("exchange").waitFor();
  return back;
}

async function add(till, name) {
  await till.search.fill(name);
  await till.tile(name).first().click();
}

test("dearer goods: the guest pays the difference, and both screens say what came back", () =>
  at(async ({ page, desk, till }) => {
    const sold = await sell(shop, [["Samosa", "2"]]);
    const customer = await till.customer();
    await page.bringToFront();
    const back = await exchange(desk, till, sold);
    for (const n of [0, 1, 2, 3, 4, 5]) await till.pieces.nth(n).click();
    await till.items(6);
    await until(async () => money(await page.getByTestId("goods-back").textContent()) === back, "what came back in the sums");
    let due = 0;
    await until(async () => {
      due = await till.total();
      await page.waitForTimeout(300);
      return due > 0 && due === (await till.total());
    }, "a sum that stays");
    await customer.is("cart");
    await until(async () => money(await customer.page.getByTestId("customer-total").textContent()) === due, "the same on the guest's screen");
    assert.equal(money(await customer.page.getByTestId("customer-goods").textContent()), back);
    await shot(page, "exchange-due");
    await shot(customer.page, "exchange-due-customer");
    await till.cash.dblclick();
    await till.paid();
    const made = await newest();
    assert.deepEqual(legs(made), [["cash", due], ["exchange", back]].sort());
    assert.equal(made.total_minor, due + back);
    assert.equal(made.took_back.order, sold.id);
    await page.getByTestId("paid-goods").waitFor();
    assert.equal(await page.getByTestId("undo-payment").count(), 0, "nothing undoes what came back but another refund");
    await shot(page, "exchange-paid");
    await customer.is("paid");
    await shot(customer.page, "exchange-paid-customer");
    assert.equal((await orderOf(shop, sold.id)).credit_notes.length, 1, "once, however often it was tapped");
    await page.getByTestId("exchange").waitFor({ state: "detached" });
  }));

test("cheaper goods: the rest goes back, as store credit when somebody chooses it", () =>
  at(async ({ page, desk, till }) => {
    const sold = await sell(shop, [["Kaju Katli", "1"]]);
    const back = await exchange(desk, till, sold);
    await add(till, "Samosa");
    await till.items(1);
    const owed = await till.total();
    assert.ok(owed > 0 && owed < back);
    await page.getByTestId("exchange").getByRole("radio", { name: words("en")("tender.store_credit") }).click();
    await shot(page, "exchange-owed");
    await till.cash.click();
    await till.paid();
    const made = await newest();
    assert.deepEqual(legs(made), [["exchange", back - owed]]);
    assert.deepEqual(made.took_back.tenders.map((leg) => [leg.method, leg.amount_minor]), [["store_credit", owed]]);
    assert.equal(money(await page.getByTestId("paid-back").textContent()), owed);
    await shot(page, "exchange-owed-paid");
  }));

test("goods that somebody paid back meanwhile are refused in words, and the cart stands", () =>
  at(async ({ page, desk, till }) => {
    const sold = await sell(shop, [["Samosa", "1"]]);
    await exchange(desk, till, sold);
    await add(till, "Samosa");
    await till.items(1);
    await shop.call("POST", `/orders/${sold.id}/refunds`, { id: uuid(), lines: [{ line: 1, quantity: "1" }], approval: { staff: boss.staff, pin: boss.pin } }, shop.owner.token);
    await till.cash.click();
    await page.getByTestId("exchange-refused").waitFor();
    await shot(page, "exchange-gone");
    await page.getByTestId("exchange").getByRole("button", { name: words("en")("exchange.off") }).click();
    await page.getByTestId("exchange").waitFor({ state: "detached" });
    await till.items(1);
    await till.cash.click();
    await till.paid();
  }));

test("without a receipt: at most the lowest price, a second person, and store credit whose code pays", () =>
  at(async ({ page, desk }) => {
    await desk.open();
    await page.getByTestId("no-receipt").click();
    const rows = page.getByTestId("return-row");
    await page.getByTestId("return-search").fill("Samosa");
    await page.keyboard.press("Enter");
    await rows.first().waitFor();
    await until(() => page.getByTestId("return-give").isEnabled(), "an offer");
    const offered = money(await page.getByTestId("return-total").textContent());
    await page.getByTestId("return-price").click();
    await desk.sheet.getByRole("textbox").fill("99999.00");
    await page.keyboard.press("Enter");
    await desk.sheet.getByRole("alert").or(desk.sheet.getByText(/99|at most/)).first().waitFor();
    await desk.sheet.getByRole("textbox").fill("5.00");
    await page.keyboard.press("Enter");
    await until(async () => money(await page.getByTestId("return-total").textContent()) === 500, "less than was offered");
    assert.ok(offered > 500);
    await page.getByTestId("return-quantity").click();
    await page.keyboard.type("3");
    await page.keyboard.press("Enter");
    await until(async () => money(await page.getByTestId("return-total").textContent()) === 1_500, "three of them");
    await page.getByTestId("return-give").click();
    await desk.agree(boss);
    await page.getByTestId("returned").waitFor();
    const text = (await page.getByTestId("return-code").textContent()).trim();
    const card = await shop.call("POST", "/cards/find", { code: text }, shop.owner.token);
    assert.deepEqual([card.kind, card.balance_minor], ["store_credit", 1_500]);
    const made = (await shop.call("GET", "/returns?limit=1", undefined, shop.owner.token)).items[0];
    assert.equal((await page.getByTestId("return-document").textContent()).trim(), made.document);
    assert.deepEqual([made.total_minor, made.approved_by.name], [1_500, "Farah"]);
    await shot(page, "return-done");
  }));

for (const language of LANGUAGES) {
  test(`looks: ${language}`, async () => {
    const w = words(language);
    const context = await eyes.person({ shop, language });
    const page = await context.newPage();
    const desk = new Desk(page, language);
    const till = new Till(page, language);
    const all = Object.values(SIZES);
    const wide = () => page.setViewportSize({ width: 1280, height: 800 });
    const find = async (name) => {
      await page.getByTestId("return-search").fill(name);
      await page.locator(".found button").first().click();
      await until(() => page.getByTestId("return-give").isEnabled(), "an offer");
    };
    try {
      await desk.signIn(await hire(shop, "cashier", { en: "Imran", hi: "इमरान", ar: "عمران" }[language], "3579", language));
      await till.opened();
      const sold = await sell(shop, [["Kaju Katli", "1"], ["Samosa", "3"]]);
      await walk(
        [
          ["return-empty", async () => (await desk.open(), await page.getByTestId("no-receipt").click(), await page.getByTestId("return-search").waitFor()), { sizes: all }],
          ["return-found", async () => (await wide(), await page.getByTestId("return-search").fill("Samosa"), await page.locator(".found button").first().waitFor()), { sizes: all }],
          ["return-lines", async () => (await wide(), await page.locator(".found button").first().click(), await find("Masala Chai")), { sizes: all }],
          ["return-price", async () => (await wide(), await page.getByTestId("return-price").first().click(), await desk.sheet.waitFor())],
          ["return-agree", async () => (await wide(), await page.keyboard.press("Escape"), await page.getByTestId("return-give").click(), await desk.sheet.getByRole("heading", { name: w("approve.title") }).waitFor())],
          ["return-done", async () => (await wide(), await desk.agree(boss), await page.getByTestId("returned").waitFor()), { sizes: all }],
          ["exchange-desk", async () => (await wide(), await page.getByTestId("returned").getByRole("button", { name: w("refund.again") }).click(), await page.getByTestId("refund").waitFor(), await desk.scan(sold.token.code), await desk.rows.first().waitFor(), await desk.rows.first().locator("label").click(), await until(() => page.getByTestId("exchange-now").isEnabled(), "what it comes to")), { sizes: all }],
          ["exchange-owed", async () => (await wide(), await page.getByTestId("exchange-now").click(), await desk.agree(boss), await page.getByTestId("exchange").waitFor(), await till.pieces.nth(0).click(), await till.items(1)), { sizes: [SIZES.WIDE, SIZES.LARGE] }],
          ["exchange-phone", async () => (await page.setViewportSize({ width: 390, height: 844 }), await page.getByTestId("cart-bar").click()), { sizes: [SIZES.PHONE] }],
          ["exchange-paid", async () => (await wide(), await till.cash.click(), await till.paid()), { sizes: [SIZES.WIDE, SIZES.LARGE] }],
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
