// A cash drawer through the screens: opened with a float, cash moved, counted and closed in under a minute; the office's
// Money page beside it; and how all of it looks, in three languages.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SIZES, walk } from "./look.mjs";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";
import { Till, money as strict } from "./till.mjs";

const EVERY = Object.values(SIZES);
/** Nothing, while nothing is counted yet. */
const money = (text) => (/\d/.test(text ?? "") ? strict(text) : null);

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

/** A person's hand: so long for a tap that has to be found, so long for a figure on a pad they know. */
const TAP_MS = 1_500;
const FIGURE_MS = 450;

class Hand {
  constructor(page) {
    this.page = page;
    this.taps = 0;
    this.figures = 0;
  }
  async tap(locator) {
    await locator.click();
    this.taps++;
  }
  /** On the pad, as a finger does. */
  async type(figures) {
    for (const figure of figures) {
      await this.page.getByRole("dialog").getByRole("button", { name: figure === "." ? words("en")("pad.point") : figure, exact: true }).click();
      this.figures++;
    }
  }
  get ms() {
    return this.taps * TAP_MS + this.figures * FIGURE_MS;
  }
}

async function cashier(name, language = "en") {
  const who = { staff: uuid(), pin: "2468" };
  await shop.call("POST", "/staff", { id: who.staff, name, role: "cashier", language, hand: "right", hue: "teal", pin: who.pin }, owner.token);
  return who;
}

test("a drawer is opened, used, counted and closed in under a minute", async () => {
  const who = await cashier("Nora");
  const context = await eyes.person({ shop });
  const page = await context.newPage();
  const till = new Till(page);
  const w = words("en");
  const drawer = async (hand) => {
    await (hand ? hand.tap(page.getByTestId("menu")) : page.getByTestId("menu").click());
    const row = till.sheet.getByRole("button", { name: w("menu.shift") });
    await (hand ? hand.tap(row) : row.click());
  };
  try {
    await page.goto("/");
    await till.signIn(who);

    // The float: two notes of ₹500 and ten of ₹100.
    await drawer();
    await page.locator('[data-place="50000"]').click();
    await page.keyboard.type("2");
    await page.locator('[data-place="10000"]').click();
    await page.keyboard.type("10");
    await until(async () => money(await page.getByTestId("counted").textContent()) === 200_000, "the float added up");
    await page.getByTestId("open-shift").click();
    await till.says(w("shift.opened", { amount: "₹2,000.00" }));

    // A sale in cash, cash to the safe, and cash out that needs a manager.
    await till.pieces.first().click();
    await till.items(1);
    const sold = await till.total();
    await till.cash.click();
    await till.paid();
    await drawer();
    await until(async () => money(await page.getByTestId("expected").textContent()) === 200_000 + sold, "the sale in the drawer");
    await page.getByTestId("shift-drop").click();
    await page.keyboard.type("500");
    await page.getByRole("button", { name: w("shift.reason.bank") }).click();
    await page.getByTestId("move").click();
    await until(async () => money(await page.getByTestId("expected").textContent()) === 150_000 + sold, "less in the drawer");
    await page.getByTestId("shift-out").click();
    await page.keyboard.type("600");
    await page.getByRole("button", { name: w("shift.reason.goods") }).click();
    await page.getByTestId("move").click();
    const manager = shop.person("owner");
    await page.getByText(w("approve.title")).first().waitFor();
    await page.getByRole("dialog").last().getByRole("button", { name: manager.name }).click();
    await page.keyboard.type(manager.pin);
    await page.keyboard.press("Enter");
    await until(async () => money(await page.getByTestId("expected").textContent()) === 90_000 + sold, "paid out with a second person");
    await page.getByRole("button", { name: w("action.close") }).first().click();

    // And now as a person closes it, with a finger: what is there is counted, one rupee is missing.
    const hand = new Hand(page);
    const found = 90_000 + sold - 100;
    const started = performance.now();
    await drawer(hand);
    await hand.tap(page.getByTestId("count"));
    const notes = Math.floor(found / 10_000);
    await hand.tap(page.locator('[data-place="10000"]'));
    await hand.type(String(notes));
    await hand.tap(page.locator('[data-place="loose"]'));
    await hand.type(((found - notes * 10_000) / 100).toFixed(2));
    await until(async () => money(await page.getByTestId("counted").textContent()) === found, "the count added up");
    await hand.tap(page.getByTestId("counted-next"));
    await page.getByTestId("variance").getByText(w("shift.variance.short", { amount: "₹1.00" })).waitFor();
    await hand.tap(page.getByTestId("close-shift"));
    await page.getByRole("heading", { name: w("shift.closed") }).waitFor();
    const machine = performance.now() - started;
    assert.ok(hand.taps <= 7, `${hand.taps} taps`);
    assert.ok(hand.ms + machine < 60_000, `closing takes ${Math.round((hand.ms + machine) / 1000)} s of a person's time`);
    await shot(page, "shift-closed");

    // The core has it, and it is equal to the facts.
    const [closed] = (await shop.call("GET", "/shifts?state=closed", undefined, owner.token)).items;
    const z = await shop.call("GET", `/shift-reports/${closed.id}`, undefined, owner.token);
    assert.deepEqual([z.equals_facts, z.drawers[0].variance_minor, z.drawers[0].count.counted_minor], [true, -100, found]);
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-shift").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

test("a drawer in two currencies: its float, its X at the till, and its count", async () => {
  const w = words("en");
  await shop.call("POST", "/rates", { id: uuid(), currency: "USD", rate: "84.50" }, owner.token);
  const who = await cashier("Vera");
  const context = await eyes.person({ shop });
  const page = await context.newPage();
  const till = new Till(page);
  const drawer = async () => {
    await page.getByTestId("menu").click();
    await till.sheet.getByRole("button", { name: w("menu.shift") }).click();
  };
  const currency = (code) => till.sheet.locator("label").filter({ hasText: code }).click();
  try {
    await page.goto("/");
    await till.signIn(who);
    await drawer();
    await page.locator('[data-place="50000"]').click();
    await page.keyboard.type("2");
    await currency("USD");
    await page.locator('[data-place="2000"]').click();
    await page.keyboard.type("3");
    await until(async () => (await page.getByTestId("counted").textContent()).includes("60"), "sixty dollars");
    await shot(page, "shift-float-usd");
    await page.getByTestId("open-shift").click();
    await till.says("₹1,000.00 + $60.00");
    await till.pieces.first().click();
    await till.items(1);
    const sold = await till.total();
    await till.cash.click();
    await till.paid();

    // The X: read at the till itself, with its number, and printed only when somebody wants it.
    await drawer();
    await page.getByTestId("shift-x").click();
    await page.getByTestId("x-number").waitFor();
    await page.getByText(w("shift.x.equal")).waitFor();
    await page.getByText(w("shift.f.orders")).waitFor();
    await shot(page, "shift-x");
    const [open] = (await shop.call("GET", "/shifts?state=open", undefined, owner.token)).items.filter((one) => one.holder.name === "Vera");
    const { reports } = await shop.call("GET", `/shifts/${open.id}`, undefined, owner.token);
    assert.deepEqual([reports[0].kind, reports[0].equals_facts, reports[0].figures.sales.total_minor], ["x", true, sold]);
    assert.equal((await page.getByTestId("x-number").textContent()).includes(reports[0].number), true);
    await page.getByRole("button", { name: w("shift.done") }).click();

    // Dollars to the safe, then both counted.
    await page.getByTestId("shift-drop").click();
    await currency("USD");
    await page.keyboard.type("2000"); // fills from the right
    await page.getByRole("button", { name: w("shift.reason.bank") }).click();
    await page.getByTestId("move").click();
    await page.getByTestId("count").click();
    await page.locator('[data-place="loose"]').click();
    await page.keyboard.type(((100_000 + sold) / 100).toFixed(2));
    await currency("USD");
    await page.locator('[data-place="2000"]').click();
    await page.keyboard.type("2");
    await until(async () => (await page.getByTestId("counted").textContent()).includes("40"), "forty dollars");
    await page.getByTestId("counted-next").click();
    await page.getByTestId("close-shift").click();
    await page.getByRole("heading", { name: w("shift.closed") }).waitFor();
    await shot(page, "shift-closed-usd");
    const z = await shop.call("GET", `/shift-reports/${open.id}`, undefined, owner.token);
    assert.deepEqual(z.drawers.map((one) => [one.currency, one.variance_minor, one.count.counted_minor]).sort(), [["INR", 0, 100_000 + sold], ["USD", 0, 4_000]]);
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-shift-usd").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

test("the office sees drawers, Zs and batches, makes an X, and reconciles a terminal", async () => {
  const w = words("en");
  const session = await shop.session("manager");
  await shop.call("POST", "/shifts", { id: uuid(), floats: [{ counted_minor: 50_000 }] }, session.token);
  const context = await eyes.person({ shop, session: owner });
  const page = await context.newPage();
  try {
    await page.goto("/#/office/money");
    await page.getByRole("heading", { level: 1, name: w("money.drawers") }).waitFor();
    await page.getByText(w("money.open.count", { count: 1 })).waitFor();
    await page.locator("tbody tr").first().click();
    await page.getByTestId("make-x").click();
    await page.getByText(w("money.equal")).first().waitFor();
    await page.getByRole("button", { name: w("money.slip") }).first().click();
    const slip = page.getByRole("dialog").getByRole("img");
    await until(() => slip.evaluate((image) => image.naturalWidth > 300), "the X as it prints");
    await page.keyboard.press("Escape");
    await page.goto("/#/office/money/z");
    await page.locator("tbody tr").first().click();
    await page.getByRole("heading", { name: w("shift.figures.sales") }).waitFor();
    await page.getByText(w("money.equal")).first().waitFor();
    await page.goto("/#/office/money/reconcile");
    await page.getByText(w("money.r.state.counted")).first().waitFor();
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-money").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

for (const language of ["en", "hi", "ar"]) {
  test(`how it looks: ${language}`, async () => {
    const who = await cashier({ en: "Tara", hi: "तारा", ar: "تارا" }[language], language);
    const context = await eyes.person({ shop, language });
    try {
      const page = await context.newPage();
      const till = new Till(page, language);
      const w = words(language);
      const keys = page.keyboard;
      const back = async () => await till.sheet.getByRole("button", { name: w("action.back"), exact: true }).click();
      await walk(
        [
          ["shift-float", async () => {
            await page.goto("/");
            await till.signIn(who);
            await page.getByTestId("menu").click();
            await till.sheet.getByRole("button", { name: w("menu.shift") }).click();
            await page.locator('[data-place="50000"]').click();
            await keys.type("3");
            await until(async () => money(await page.getByTestId("counted").textContent()) === 150_000, "three notes");
          }, { sizes: EVERY }],
          ["shift-home", async () => {
            await page.getByTestId("open-shift").click();
            await till.sheet.waitFor({ state: "detached" });
            await page.getByTestId("menu").click();
            await till.sheet.getByRole("button", { name: w("menu.shift") }).click();
            await page.getByTestId("expected").waitFor();
          }, { sizes: EVERY }],
          ["shift-out", async () => (await page.getByTestId("shift-out").click(), await keys.type("125"))],
          ["shift-handover", async () => (await back(), await page.getByTestId("shift-handover").click(), await till.sheet.getByText(w("shift.handover.why")).waitFor())],
          ["shift-x", async () => (await back(), await page.getByTestId("shift-x").click(), await page.getByTestId("x-number").waitFor()), { sizes: EVERY }],
          ["shift-count", async () => {
            await back();
            await page.getByTestId("count").click();
            await page.locator('[data-place="50000"]').click();
            await keys.type("2");
            await until(async () => money(await page.getByTestId("counted").textContent()) === 100_000, "two notes");
          }, { sizes: EVERY }],
          ["shift-close", async () => (await page.getByTestId("counted-next").click(), await page.getByTestId("close-shift").waitFor()), { sizes: EVERY }],
          ["shift-done", async () => (await page.getByTestId("close-shift").click(), await page.getByRole("heading", { name: w("shift.closed") }).waitFor()), { sizes: EVERY }],
        ],
        page,
        language,
        eyes,
      );
    } finally {
      await context.close();
    }
    const desk = await eyes.person({ shop, language, session: owner });
    try {
      const page = await desk.newPage();
      const w = words(language);
      await walk(
        [
          ["money-drawers", async () => (await page.goto("/#/office/money"), await page.getByRole("heading", { level: 1, name: w("money.drawers") }).waitFor(), await page.locator("tbody tr").first().waitFor()), { sizes: EVERY }],
          ["money-z", async () => (await page.goto("/#/office/money/z"), await page.locator("tbody tr").first().waitFor()), { sizes: EVERY }],
          ["money-shift", async () => (await page.locator("tbody tr").first().click(), await page.getByText(w("money.equal")).first().waitFor()), { sizes: EVERY }],
          ["money-reconcile", async () => (await page.goto("/#/office/money/reconcile"), await page.locator("tbody tr").first().waitFor()), { sizes: EVERY }],
        ],
        page,
        language,
        eyes,
      );
    } finally {
      await desk.close();
    }
  });
}
