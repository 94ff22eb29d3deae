// Sales counter, refund desk, the customer's mirror and the hall's board in every state, with names that try to break them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Counter, Desk, hire, orderOf, sell } from "./counter.mjs";
import { axeFaults, cutText, hostile, rawKeys, sideways, SIZES, smallTargets, walk } from "./look.mjs";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";

const TABLET = [820, 1100];
const EVERY = [...Object.values(SIZES), TABLET];
const GOODS = [["Samosa", "4"], ["Methi Khakhra", "1"], ["Gulab Jamun", "6"], ["Kaju Katli", "0.5"], ["Masala Chai", "2"]];

let eyes;
let shop;
before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
  await hostile(shop);
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

/** Everything hostile in one order, with the phone number of somebody. */
async function sellHostile() {
  const { token } = await shop.session("owner");
  const { products } = await shop.call("GET", "/catalog", undefined, token);
  for (const one of products.filter((one) => one.price_minor === 12_345_600)) await shop.call("POST", "/cart/changes", { id: uuid(), change: { kind: "add", product: one.id, quantity: "3" } }, token);
  const cart = await shop.call("GET", "/cart", undefined, token);
  return shop.call("POST", "/orders", { id: uuid(), cart: cart.id, tenders: [{ id: uuid(), method: "cash" }], expected_total_minor: cart.total_minor, phone: "9876543210" }, token);
}

for (const language of ["en", "hi", "ar"]) {
  test(language, async () => {
    const w = words(language);
    const ravi = await hire(shop, "sales", { en: "Ravi", hi: "रवि", ar: "رافي" }[language], "2468", language);
    const imran = await hire(shop, "cashier", { en: "Imran", hi: "इमरान", ar: "عمران" }[language], "3579", language);
    await shop.call("PUT", "/settings/customer.language", { id: uuid(), value: language }, shop.owner.token);
    await shop.call("PUT", "/settings/customer.theme", { id: uuid(), value: "system" }, shop.owner.token);
    const context = await eyes.person({ shop, language });
    const other = await eyes.person({ shop, language });
    const third = await eyes.person({ shop, language });
    const hall = await eyes.person({ shop, language, size: SIZES.LARGE });
    // A verdict lasts 0.8 seconds, a look longer: it is held while it is looked at.
    await context.addInitScript(() => {
      const real = window.setTimeout;
      window.setTimeout = (run, ms, ...more) => (ms === 800 && window.holdVerdict ? 0 : real(run, ms, ...more));
    });
    try {
      const counter = new Counter(await context.newPage(), language);
      const second = new Counter(await other.newPage(), language);
      const desk = new Desk(await third.newPage(), language);
      const { page } = counter;
      const keys = page.keyboard;
      const order = await sell(shop, GOODS, { phone: "9812345678" });
      const wild = await sellHostile();
      const held = await sell(shop, [["Samosa", "1"]]);
      const taken = await sell(shop, [["Samosa", "2"]], { phone: "9812345678" });
      const wide = () => page.setViewportSize({ width: 1280, height: 800 });
      const hold = (on) => page.evaluate((on) => (window.holdVerdict = on), on);
      const pass = async () => (await hold(false), await page.getByTestId("verdict").click(), await page.getByTestId("verdict").waitFor({ state: "detached" }));
      let mirror;
      let screen;
      await walk(
        [
          ["sales-scan", async () => (await counter.signIn(ravi), await counter.recent.first().waitFor()), { sizes: EVERY }],
          ["sales-typed", async () => (await wide(), await keys.type("9812345678"), await page.getByTestId("typed").getByText("9812345678").waitFor())],
          ["sales-candidates", async () => (await wide(), await keys.press("Enter"), await page.getByTestId("candidate").nth(1).waitFor(), await page.getByTestId("candidate").first().getByRole("button").click())],
          ["sales-menu", async () => (await wide(), await keys.press("Escape"), await page.getByTestId("menu").click(), await counter.sheet.waitFor())],
          ["sales-queue", async () => (await wide(), await keys.press("Escape"), await page.getByTestId("queue").click(), await page.getByTestId("queued").first().waitFor())],
          ["sales-verdict", async () => (await wide(), await keys.press("Escape"), (mirror = await counter.customer()), await page.bringToFront(), await hold(true), await counter.scan(order.token.code), await counter.verdict("go")), { sizes: EVERY }],
          ["sales-order", async () => (await wide(), await pass(), await counter.opened(order)), { sizes: EVERY }],
          ["customer-handing", async () => (await mirror.page.bringToFront(), await mirror.is("handing")), { page: () => mirror.page, sizes: EVERY }],
          ["sales-partial", async () => {
            await page.bringToFront();
            await counter.rows.nth(1).getByTestId("missing").click();
            await counter.rows.nth(2).getByTestId("missing").click();
            await counter.rows.nth(2).locator(".stepper button").first().click();
            await counter.back();
          }, { sizes: EVERY }],
          ["sales-amount", async () => (await wide(), await counter.rows.nth(3).getByTestId("missing").click(), await counter.rows.nth(3).getByTestId("missing-amount").click(), await counter.sheet.waitFor())],
          ["customer-missing", async () => (await wide(), await keys.press("Escape"), await mirror.page.bringToFront(), await mirror.page.getByTestId("handing-due").waitFor()), { page: () => mirror.page, sizes: EVERY }],
          ["sales-keep", async () => (await page.bringToFront(), await page.locator("input[value=keep]").check())],
          ["customer-kept", async () => (await mirror.page.bringToFront(), await mirror.page.getByText(w("customer.handing.later")).first().waitFor()), { page: () => mirror.page }],
          ["sales-lost", async () => {
            await page.bringToFront();
            await wide();
            await page.locator("input[value=refund]").check();
            await second.signIn(ravi);
            await second.scan(order.token.code);
            await second.page.getByTestId("take-over").click();
            await second.opened(order);
            await page.getByTestId("take-over").waitFor();
          }],
          ["sales-refused", async () => {
            await wide();
            await keys.press("Escape");
            await counter.scanning();
            await second.page.keyboard.press("Escape");
            await second.scanning();
            await second.open(held);
            await hold(true);
            await counter.scan(held.token.code);
            await counter.verdict("held");
          }],
          ["sales-held", async () => (await wide(), await pass(), await counter.refusal.waitFor()), { sizes: EVERY }],
          ["sales-upi", async () => (await wide(), await counter.scan("upi://pay?pa=shop@bank"), await counter.verdict("upi"), await page.getByTestId("verdict").waitFor({ state: "detached" }))],
          ["sales-hostile", async () => (await wide(), await counter.open(wild)), { sizes: EVERY }],
          ["customer-hostile", async () => (await mirror.page.bringToFront(), await mirror.is("handing"), await until(async () => (await mirror.page.getByTestId("handing-number").textContent()) === String(wild.number), "the mirror of it")), { page: () => mirror.page, sizes: EVERY }],
          ["sales-hostile-missing", async () => (await page.bringToFront(), await wide(), await page.getByTestId("all-missing").click(), await counter.back()), { sizes: EVERY }],
          ["sales-seen", async () => {
            await wide();
            await counter.primary.click();
            await counter.scanning();
            await keys.press("Escape");
            await counter.open(order);
            await counter.rows.nth(1).getByTestId("missing").click();
            await counter.back();
            await counter.primary.click();
            await counter.scanning();
            await counter.recent.first().locator(".which").click();
            await counter.sheet.getByText(w("order.history")).waitFor();
          }],
          ["sales-undo-later", async () => {
            await wide();
            await keys.press("Escape");
            await second.primary.click();
            await second.scanning();
            await shop.call("POST", "/tokens/redeem", { id: uuid(), code: taken.token.code }, shop.owner.token);
            await shop.call("POST", `/orders/${taken.id}/handovers`, { id: uuid(), lines: [{ line: 1, given: "2" }] }, shop.owner.token);
            await counter.recent.filter({ hasText: String(taken.number) }).first().getByRole("button", { name: w("sales.undoOf", { number: String(taken.number) }) }).click();
            await counter.sheet.getByRole("heading", { name: w("approve.title") }).waitFor();
          }],
          ["refund-find", async () => (await keys.press("Escape"), await desk.signIn(imran), await desk.page.locator("button[data-product]").first().waitFor(), await desk.open(), (screen = await desk.customer()), await desk.page.bringToFront(), await desk.page.getByTestId("waiting").first().waitFor()), { page: () => desk.page, sizes: EVERY }],
          ["refund-case", async () => (await desk.page.setViewportSize({ width: 1280, height: 800 }), await desk.scan(order.token.code), await desk.rows.first().waitFor(), await until(() => desk.pay.isEnabled(), "the preview")), { page: () => desk.page, sizes: EVERY }],
          ["refund-more", async () => (await desk.rows.nth(1).locator("label").click(), await desk.page.getByTestId("needs-approval").waitFor()), { page: () => desk.page, sizes: EVERY }],
          ["refund-approve", async () => (await desk.page.setViewportSize({ width: 1280, height: 800 }), await desk.pay.click(), await desk.sheet.getByRole("heading", { name: w("approve.title") }).waitFor()), { page: () => desk.page }],
          ["refund-reason", async () => (await desk.page.setViewportSize({ width: 1280, height: 800 }), await desk.page.keyboard.press("Escape"), await desk.page.locator("button.reason").click(), await desk.sheet.waitFor()), { page: () => desk.page }],
          ["refund-done", async () => (await desk.page.setViewportSize({ width: 1280, height: 800 }), await desk.page.keyboard.press("Escape"), await desk.rows.nth(1).locator("label").click(), await desk.page.getByTestId("needs-approval").waitFor({ state: "detached" }), await desk.pay.click(), await desk.done.waitFor()), { page: () => desk.page, sizes: EVERY }],
          ["customer-refund", async () => {
            await screen.is("refund");
            // Held, as the paid state is in the till's look: it lasts only some seconds.
            const { token } = await shop.session("owner", await desk.page.evaluate(() => localStorage.getItem("chandi.seat")));
            const shown = await shop.call("GET", "/display", undefined, token);
            const until = new Date(Date.now() + 600_000).toISOString();
            await screen.page.route("**/api/v1/display", (route) => route.fulfill({ json: { ...shown, refund: { ...shown.refund, until } } }));
          }, { page: () => screen.page }],
          ["refund-already", async () => (await desk.page.bringToFront(), await desk.page.keyboard.press("Enter"), await desk.scan(order.token.code), await desk.page.getByTestId("already").waitFor()), { page: () => desk.page, sizes: EVERY }],
          ["refund-hostile", async () => (await desk.page.setViewportSize({ width: 1280, height: 800 }), await desk.page.keyboard.press("Escape"), await desk.scan(wild.token.code), await desk.rows.first().waitFor()), { page: () => desk.page, sizes: EVERY }],
        ],
        page,
        language,
        eyes,
      );

      // The board is dark whatever the system says, so it is looked at by itself.
      const { token } = await shop.call("POST", "/displays", { id: uuid(), kind: "board" }, shop.owner.token);
      const many = [];
      for (let at = 0; at < 16; at++) many.push(await sell(shop, [["Samosa", "1"]]));
      for (const [at, one] of many.entries()) await shop.call("POST", `/orders/${one.id}/progress`, { id: uuid(), to: at < 14 ? "ready" : "preparing" }, shop.owner.token);
      const board = await hall.newPage();
      await board.goto(`/?screen=board#${token}`);
      await board.getByTestId("ready").nth(11).waitFor();
      await board.getByText(/^\d\/\d$/).first().waitFor();
      await shop.call("POST", `/orders/${many[15].id}/progress`, { id: uuid(), to: "ready" }, shop.owner.token);
      await board.getByTestId("ready").first().getByText(String(many[15].number), { exact: true }).waitFor();
      assert.ok((await board.getByTestId("ready").count()) <= 12);
      const faults = [];
      for (const [width, height] of [SIZES.LARGE, SIZES.WIDE, TABLET, SIZES.PHONE]) {
        await board.setViewportSize({ width, height });
        await board.waitForTimeout(300);
        for (const check of [axeFaults, smallTargets, sideways, cutText, rawKeys]) faults.push(...(await check(board)).map((fault) => `board ${width}: ${fault}`));
        await shot(board, `board-${language}-${width}`);
      }
      assert.deepEqual(faults, []);
      assert.equal((await orderOf(shop, order.id)).refunded_minor > 0, true);
      assert.deepEqual(eyes.trouble(), []);
    } finally {
      for (const one of [context, other, third, hall]) await one.close();
    }
  });
}
