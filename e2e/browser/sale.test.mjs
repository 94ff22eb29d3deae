// The sale, as a cashier makes it: by finger, by keyboard, by scanner; and everything that can go wrong in the middle.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Eyes, LANGUAGES, Shop, shot, THEMES, until, uuid, words } from "./stage.mjs";
import { money, Till } from "./till.mjs";

let eyes;
let shop;
let owner;
const w = words("en");
/** A cashier for each language, so that a person's own language is what the test expects. */
const cashiers = {};

before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
  owner = await shop.session("owner");
  for (const [language, name, pin] of [["en", "Nora", "2468"], ["hi", "नीता", "3579"], ["ar", "نورة", "4680"]]) {
    const id = uuid();
    await shop.call("POST", "/staff", { id, name, role: "cashier", language, hand: "right", hue: "teal", pin }, owner.token);
    cashiers[language] = { staff: id, pin };
  }
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

/** A browser of its own with someone signed in; whatever it wrote to its console is a fault. */
async function at(run, { language = "en", theme = "light", who = cashiers[language], ...more } = {}) {
  const context = await eyes.person({ shop, language, theme, ...more });
  const page = await context.newPage();
  const till = new Till(page, language);
  try {
    await page.goto("/");
    await till.signIn(who);
    await run({ context, page, till, keys: page.keyboard });
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, `failed-${Date.now() % 100_000}`).catch(() => undefined);
    eyes.trouble();
    throw error;
  } finally {
    await context.close();
  }
}

const product = async (name) => (await shop.call("GET", `/products?q=${encodeURIComponent(name)}`, undefined, owner.token)).items.find((one) => one.name === name);
const orders = async () => (await shop.call("GET", "/today", undefined, owner.token)).orders;
const newest = async () => (await shop.call("GET", "/orders?limit=1", undefined, owner.token)).items[0];

describe("by finger, with the customer watching", () => {
  for (const language of LANGUAGES) {
    for (const theme of THEMES) {
      test(`${language}, ${theme}: two products, cash with change, the token on both screens`, () =>
        at(
          async ({ page, till }) => {
            assert.equal(await page.locator("html").getAttribute("lang"), language);
            assert.equal(await page.locator("html").getAttribute("data-theme"), theme);
            const customer = await till.customer();
            await customer.is("idle");
            await till.pieces.nth(0).click();
            await till.items(1);
            await customer.is("cart");
            await till.pieces.nth(1).click();
            await till.items(2);
            const total = await till.total();
            await until(async () => money(await customer.page.getByTestId("customer-total").textContent()) === total, "the total on the customer's screen");
            await shot(page, `sale-cart-${language}-${theme}`);
            await shot(customer.page, `sale-customer-cart-${language}-${theme}`);

            await till.payment();
            await customer.is("cash");
            const note = till.sheet.getByTestId("note").last();
            const given = money(await note.textContent());
            assert.ok(given > total, "a note that gives change is suggested");
            await note.click();
            const number = await till.paid();
            const order = await newest();
            assert.equal(String(order.number), number);
            assert.equal(order.total_minor, total);
            assert.equal(order.tenders[0].change_minor, given - total);
            await page.getByTestId("paid").getByText(order.token.number).waitFor();
            await customer.is("paid");
            await until(async () => (await customer.page.getByTestId("customer-number").textContent()) === number, "the number on the customer's screen");
            assert.equal(await customer.page.locator("svg.qr").getAttribute("data-code"), order.token.code);
            await shot(page, `sale-paid-${language}-${theme}`);
            await shot(customer.page, `sale-customer-paid-${language}-${theme}`);

            // The next sale begins with its first product.
            await till.pieces.nth(0).click();
            await till.items(1);
            await customer.is("cart");
            await till.tool("more.clear");
            await till.items(0);
          },
          { language, theme },
        ));
    }
  }
});

describe("by keyboard alone", () => {
  test("search by typing, Enter, plus and minus, Ctrl+1", () =>
    at(async ({ page, till, keys }) => {
      const samosa = await product("Samosa");
      await keys.type("samos", { delay: 30 });
      await till.tile("Samosa").waitFor();
      await keys.press("Enter");
      await till.items(1);
      await keys.press("+");
      await keys.press("+");
      await until(async () => (await till.quantity(0)) === "3", "three of it");
      await keys.press("-");
      await till.totalIs(2 * samosa.price_minor);
      await keys.press("Control+1");
      const number = await till.paid();
      assert.equal(String((await newest()).number), number);
      assert.equal((await newest()).total_minor, 2 * samosa.price_minor);
    }));

  test("sign in, move, change, remove, undo, pay with change: no pointer at all", async () => {
    const context = await eyes.person({ shop });
    const page = await context.newPage();
    const keys = page.keyboard;
    const till = new Till(page, "en");
    try {
      await page.goto("/");
      await page.locator(`[data-staff="${cashiers.en.staff}"]`).waitFor();
      // Tab until the name, arrows among the names, Enter takes it; then figures and Enter.
      for (let i = 0; i < 40 && !(await page.evaluate(() => document.activeElement?.hasAttribute("data-staff"))); i++) await keys.press("Tab");
      await keys.press("End");
      for (let i = 0; i < 20 && !(await page.evaluate((id) => document.activeElement?.getAttribute("data-staff") === id, cashiers.en.staff)); i++) await keys.press("ArrowLeft");
      await keys.press("Enter");
      await keys.type(cashiers.en.pin);
      await keys.press("Enter");
      await till.opened();

      for (const word of ["samosa", "gulab jamun", "masala chai"]) {
        await keys.type(word, { delay: 20 });
        await keys.press("Enter");
        await until(async () => (await till.search.inputValue()) === "", "an empty search box");
      }
      await till.items(3);
      await keys.press("ArrowDown");
      await keys.press("ArrowDown");
      await keys.press("Delete");
      await till.items(2);
      await keys.press("Control+Z");
      await till.items(3);
      await keys.press("Control+Y");
      await till.items(2);
      await keys.press("Control+Z");
      await till.items(3);

      await keys.press("F9");
      await till.sheet.waitFor();
      await keys.type("500");
      await till.sheet.getByText("₹500.00").first().waitFor();
      await keys.press("Enter");
      const number = await till.paid();
      const order = await newest();
      assert.equal(String(order.number), number);
      assert.equal(order.tenders[0].received_minor, 50_000);
      await keys.press("Control+L");
      await page.getByText(w("lock.who")).waitFor();
      assert.deepEqual(eyes.trouble(), []);
    } finally {
      await context.close();
    }
  });

  test("the search box by F2, the grid by arrows, Escape back one step", () =>
    at(async ({ page, till, keys }) => {
      await keys.press("F2");
      await keys.type("jamun");
      await till.tile("Gulab Jamun").waitFor();
      await keys.press("ArrowDown");
      await until(() => page.evaluate(() => document.activeElement?.hasAttribute("data-product")), "the first tile focused");
      await keys.press("Enter");
      await till.items(1);
      await keys.press("F2");
      await keys.type("zzzzqq");
      await till.says(w("till.nothing", { query: "zzzzqq" }));
      await keys.press("Escape");
      await until(async () => (await till.search.inputValue()) === "", "an empty search box");
      await till.items(1);
    }));
});

describe("by scanner", () => {
  test("a product; an unknown code; three of it; a code while a field is focused", () =>
    at(async ({ page, till, keys }) => {
      const rasgulla = await product("Rasgulla");
      await till.scan(rasgulla.barcodes[0]);
      await till.items(1);
      assert.equal(await till.quantity(0), "1");
      await keys.type("3 *");
      await till.scan(rasgulla.barcodes[0]);
      await until(async () => (await till.quantity(0)) === "4", "four of it");

      await till.scan("8901030865299");
      await till.says(w("scan.notListed", { code: "8901030865299" }));
      assert.equal(await till.quantity(0), "4");
      await keys.press("Escape");
      await until(async () => !(await page.getByText(w("scan.notListed", { code: "8901030865299" })).isVisible()), "the banner gone");

      await keys.press("F2");
      await till.scan(rasgulla.barcodes[0]);
      await until(async () => (await till.quantity(0)) === "5", "five of it");
      assert.equal(await till.search.inputValue(), "");

      await till.scan("upi://pay?pa=shop@bank&am=10");
      await till.says(w("scan.upi"));
      await keys.press("Escape");
      await till.scan("https://example.org/menu");
      await till.says(w("scan.url"));
      await till.items(1);
    }));

  test("in a burst nothing is lost", () =>
    at(async ({ till }) => {
      const rasgulla = await product("Rasgulla");
      const gulab = await product("Gulab Jamun");
      for (let i = 0; i < 6; i++) {
        await till.scan(rasgulla.barcodes[0]);
        await till.scan(gulab.barcodes[0]);
      }
      await until(async () => (await till.amounts()).map((line) => line.quantity).join() === "6,6", "six of each");
    }));

  test("a token is known again, a broken one is refused in words", () =>
    at(async ({ till, keys }) => {
      await till.pieces.nth(0).click();
      await till.items(1);
      await till.cash.click();
      const number = await till.paid();
      const { token } = await newest();
      await till.scan(token.code);
      await till.says(w("order.title", { number }));
      await keys.press("Escape");
      await till.sheet.waitFor({ state: "detached" });
      const broken = token.code.slice(0, -3) + (token.code.endsWith("AAA") ? "BBB" : "AAA");
      await till.scan(broken);
      await till.says(w("error.token_tampered"));
    }));
});

describe("the cart", () => {
  test("weighed goods ask how much", () =>
    at(async ({ till, keys }) => {
      const katli = await product("Kaju Katli");
      await till.tile("Kaju Katli").click();
      await till.sheet.waitFor();
      await keys.type("0.75");
      await keys.press("Enter");
      await till.items(1);
      await till.totalIs(Math.round(katli.price_minor * 0.75));
      // The same by the pad.
      await till.lines.first().locator(".weight").click();
      for (const key of ["1"]) await till.sheet.getByRole("button", { name: key, exact: true }).click();
      await till.sheet.getByRole("button", { name: w("pad.point") }).click();
      await till.sheet.getByRole("button", { name: "5", exact: true }).click();
      await till.sheet.getByRole("button", { name: w("line.set") }).click();
      await till.totalIs(Math.round(katli.price_minor * 1.5));
    }));

  test("a discount says why; above the limit a second person agrees with a PIN", () =>
    at(async ({ page, till, keys }) => {
      await till.pieces.nth(0).click();
      await till.items(1);
      const before = await till.total();
      await keys.press("F8");
      const form = till.sheet;
      await form.getByRole("textbox", { name: w("discount.value") }).fill("10");
      await form.getByRole("button", { name: w("discount.apply") }).click();
      await form.getByText(w("discount.reason.missing")).waitFor();
      await form.getByRole("button", { name: w("discount.reason.regular") }).click();
      await form.getByRole("button", { name: w("discount.apply") }).click();
      await until(async () => (await till.total()) < before, "a smaller total");
      await page.getByText(w("cart.discount")).first().waitFor();

      await keys.press("F8");
      await form.getByRole("textbox", { name: w("discount.value") }).fill("50");
      await form.getByRole("button", { name: w("discount.reason.damaged") }).click();
      await form.getByRole("button", { name: w("discount.apply") }).click();
      await page.getByText(w("approve.title")).waitFor();
      const manager = shop.person("manager");
      await till.sheet.getByRole("button", { name: manager.name }).click();
      await keys.type(manager.pin === "0000" ? "1111" : "0000");
      await keys.press("Enter");
      await page.getByText(w("error.pin_wrong")).first().waitFor();
      await keys.type(manager.pin);
      await keys.press("Enter");
      await till.sheet.waitFor({ state: "detached" });
      await until(async () => Math.abs((await till.total()) - before / 2) <= 100, "half the total");
      await keys.press("Control+Z");
      await until(async () => (await till.total()) > before * 0.8, "the smaller discount again");
    }));

  test("a line: note, discount, one less, away and back", () =>
    at(async ({ page, till, keys }) => {
      await till.pieces.nth(0).click();
      await till.pieces.nth(0).click();
      await until(async () => (await till.quantity(0)) === "2", "two of it");
      await till.lines.first().locator(".name").click();
      await till.sheet.getByLabel(w("line.note")).fill("less sugar");
      await till.sheet.getByRole("button", { name: w("action.save") }).click();
      await till.lines.first().getByText("less sugar").waitFor();
      await till.lines.first().locator(".name").click();
      await till.sheet.getByRole("button", { name: w("line.remove") }).click();
      await till.items(0);
      await page.getByRole("button", { name: w("action.undo") }).first().click();
      await till.items(1);
      await till.lines.first().getByText("less sugar").waitFor();
    }));

  test("parked and recalled, by keyboard", () =>
    at(async ({ page, till, keys }) => {
      await keys.type("samosa");
      await keys.press("Enter");
      await till.items(1);
      await keys.press("F4");
      await till.sheet.getByLabel(w("park.label")).fill("blue shirt");
      await keys.press("Enter");
      await till.items(0);
      await page.getByTestId("parked").waitFor();
      await till.sheet.waitFor({ state: "detached" });
      await keys.press("F3");
      await till.sheet.getByRole("button", { name: "blue shirt" }).click();
      await till.items(1);
      await page.getByTestId("parked").waitFor({ state: "detached" });
    }));

  test("a line that is in no list, with its price typed", () =>
    at(async ({ till, keys }) => {
      await till.tool("more.open");
      await till.sheet.getByLabel(w("open.name")).fill("Gift wrap");
      await till.sheet.getByRole("textbox", { name: w("open.price") }).fill("36.00");
      await keys.press("Enter");
      await till.items(1);
      await till.totalIs(3600);
      assert.equal((await till.amounts())[0].name, "Gift wrap");
    }));

  test("paid by mistake: undone within ten seconds, the token is dead, the cart is back", () =>
    at(async ({ page, till }) => {
      await till.pieces.nth(1).click();
      await till.items(1);
      const total = await till.total();
      await till.cash.click();
      const number = await till.paid();
      const order = await newest();
      await page.getByTestId("undo-payment").click();
      await till.says(w("paid.undoneBack", { number }));
      await till.totalIs(total);
      assert.equal((await shop.call("GET", `/orders/${order.id}`, undefined, owner.token)).state, "cancelled");
      await till.scan(order.token.code);
      await till.says(w("error.order_cancelled"));
    }));

  test("a reload in the middle loses nothing", () =>
    at(async ({ page, till }) => {
      for (const n of [0, 1, 2, 1]) await till.pieces.nth(n).click();
      await until(async () => (await till.amounts()).map((line) => line.quantity).join() === "1,2,1", "three lines");
      const before = await till.amounts();
      await page.reload();
      await till.opened();
      await till.items(3);
      assert.deepEqual(await till.amounts(), before);
    }));

  test("two tabs are one till, another browser is another", () =>
    at(async ({ context, till }) => {
      const second = new Till(await context.newPage(), "en");
      await second.page.goto("/");
      await second.signIn(cashiers.en);
      await till.pieces.nth(0).click();
      await second.items(1);
      await second.pieces.nth(1).click();
      await till.items(2);
      await second.items(2);
      assert.deepEqual(await till.amounts(), await second.amounts());
      await at(async ({ till: other }) => {
        await other.pieces.nth(2).click();
        await other.items(1);
        await till.items(2);
      });
      await till.cash.click();
      await till.paid();
      await second.items(0);
    }));
});

describe("who is at the till", () => {
  test("five wrong PINs: a wait in words, for this name only", () =>
    at(
      async ({ page, keys, till }) => {
        const lata = shop.person("cashier", 2);
        await page.getByTestId("lock").click();
        await page.locator(`[data-staff="${lata.staff}"]`).click();
        for (let i = 0; i < 5; i++) {
          await keys.type(lata.pin === "1111" ? "2222" : "1111");
          await keys.press("Enter");
          await page.getByText(w("lock.wrong")).first().or(page.getByTestId("pin-wait")).first().waitFor();
          await until(async () => (await page.getByTestId("pin").inputValue()) === "", "an empty PIN field");
        }
        await page.getByTestId("pin-wait").waitFor();
        assert.match(await page.getByTestId("pin-wait").textContent(), /\d+ (second|minute)/);
        await shot(page, "lock-wait-en");
        await till.signIn(cashiers.en);
      },
    ));

  test("a till that nobody touches says so, then locks; the cart waits for the next person", () =>
    at(async ({ page, till }) => {
      await till.pieces.nth(0).click();
      await till.items(1);
      await page.clock.install();
      await page.reload();
      await till.items(1);
      // Quiet from here on, however long the page took to stand here.
      await page.keyboard.press("Shift");
      await page.clock.runFor(282_000);
      await page.getByTestId("idle-warning").waitFor();
      // The page's clock is ours now, and with it what a click waits for: the button is pressed by key.
      await page.getByRole("button", { name: w("idle.stay") }).press("Enter");
      await page.getByTestId("idle-warning").waitFor({ state: "detached" });
      await page.clock.runFor(301_000);
      await page.getByText(w("lock.who")).waitFor();
      await page.clock.resume();
      await till.signIn(shop.person("cashier", 1));
      await till.items(1);
    }));

  test("a session ended from the office locks the screen", () =>
    at(async ({ page }) => {
      await until(async () => !(await page.getByText(w("app.reconnecting")).isVisible()), "a live line");
      const mine = (await shop.call("GET", "/sessions", undefined, owner.token)).items.find((one) => one.staff.name === "Meena");
      await shop.call("DELETE", `/sessions/${mine.id}`, { id: uuid() }, owner.token);
      await page.getByText(w("lock.who")).waitFor();
    }, { who: shop.person("cashier", 0) }));
});

describe("when the core is away", () => {
  test("an answer that got lost is no second order", () =>
    at(async ({ page, till }) => {
      await till.pieces.nth(0).click();
      await till.items(1);
      const before = await orders();
      let lost = 0;
      await page.route("**/api/v1/orders", async (route) => {
        if (route.request().method() === "POST" && lost++ === 0) {
          await route.fetch(); // the core took it
          await route.abort("connectionreset"); // the till never hears of it
        } else await route.continue();
      });
      eyes.expectLoss = true;
      try {
        await till.cash.click();
        await till.paid();
      } finally {
        eyes.expectLoss = false;
      }
      assert.ok(lost >= 2, "the till tried again");
      assert.equal(await orders(), before + 1);
    }));

  test("killed in mid-sale and started again: said in words, nothing lost, one order", () =>
    at(async ({ page, till }) => {
      eyes.expectLoss = true;
      try {
        await till.pieces.nth(0).click();
        await till.pieces.nth(1).click();
        await till.items(2);
        const total = await till.total();
        const before = await orders();
        await shop.kill();
        await page.getByText(w("app.reconnecting")).waitFor();
        await till.cash.click();
        await page.getByText(w("error.no_answer")).first().waitFor();
        await shop.start();
        // The core is another process now and knows nobody: the till asks who it is, and the cart is where it was.
        await page.getByText(w("lock.who")).waitFor();
        owner = await shop.session("owner");
        await till.signIn(cashiers.en);
        await till.items(2);
        await till.totalIs(total);
        await till.cash.click();
        await till.paid();
        assert.equal(await orders(), before + 1);
      } finally {
        eyes.expectLoss = false;
        eyes.trouble();
      }
    }));
});
