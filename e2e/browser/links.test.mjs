// Screens by link: made in the office, opened once in another browser, seen there, copied in vain, and taken back; and
// the list of open orders, which the kitchen has signed in.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeFaults, rawKeys, sideways, smallTargets } from "./look.mjs";
import { hire, sell } from "./counter.mjs";
import { Pair } from "./pair.mjs";
import { Eyes, Shop, shot, until, words } from "./stage.mjs";

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

/** Another browser that opens an address, with nobody signed in. */
async function screenAt(address, options = {}) {
  const context = await eyes.person({ shop, ...options });
  const page = await context.newPage();
  await page.goto(address);
  return { context, page };
}

async function looksRight(page) {
  assert.deepEqual(await axeFaults(page), []);
  assert.deepEqual(await smallTargets(page), []);
  assert.deepEqual(await sideways(page), []);
  assert.deepEqual(await rawKeys(page), []);
}

test("a link is made, opens one browser, and goes dark when it is taken back", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session: await shop.session("owner") });
  const page = await context.newPage();
  const opened = [];
  try {
    await page.goto("/#/office/devices/links");
    await page.getByText(w("links.none")).waitFor();
    await page.getByTestId("link-new").click();
    await page.getByTestId("link-for-pick").check();
    await page.getByTestId("link-name").fill("Tablet by the oven");
    assert.equal(await page.getByTestId("link-where").count(), 0, "one till asks nowhere");
    await shot(page, "link-make");
    await looksRight(page);
    await page.getByTestId("link-make").click();
    const address = await page.getByTestId("link-address").textContent();
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/\?screen=link#[0-9a-f-]{36}\.[0-9a-f]{32}$/);
    await shot(page, "link-show");
    await looksRight(page);
    await page.getByTestId("link-done").click();
    assert.equal(await page.getByTestId("link").getAttribute("data-state"), "waiting");

    const tablet = await screenAt(address);
    opened.push(tablet.context);
    await tablet.page.locator("[data-screen='list'][data-state='open']").waitFor();
    assert.ok(!tablet.page.url().includes("#"), "the code is gone from the address");
    const kept = await tablet.context.cookies();
    const cookie = kept.find((one) => one.name === "chandi_link");
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/api/v1"]);
    assert.equal(await tablet.page.evaluate(() => document.cookie), "", "no page reads it");
    await page.locator("[data-testid='link'][data-state='open']").waitFor();

    // A new order is there without anybody touching the screen.
    const toMake = tablet.page.getByTestId("pick-make-count");
    await toMake.or(tablet.page.locator("main .none")).first().waitFor();
    const before = (await toMake.count()) === 0 ? 0 : Number(await toMake.textContent());
    const sold = await sell(shop, [["Samosa", "2"]]);
    await tablet.page.locator("[data-testid='pick-order']", { hasText: String(sold.number) }).first().waitFor();
    await until(async () => Number(await toMake.textContent()) === before + 1, "one more to make");
    assert.equal(await tablet.page.getByTestId("pick-order").first().getByRole("button").count(), 0, "nothing can be pressed");
    await shot(tablet.page, "list");
    await tablet.page.reload();
    await tablet.page.locator("[data-screen='list'][data-state='open']").waitFor();

    const copy = await screenAt(address);
    opened.push(copy.context);
    await copy.page.getByText(w("error.link_used")).waitFor();
    await shot(copy.page, "link-refused");
    await looksRight(copy.page);

    // The node is killed and comes again: the screen finds it by itself.
    eyes.expectLoss = true;
    await shop.kill();
    await shop.start();
    owner = shop.owner = await shop.session("owner");
    await tablet.page.reload();
    await tablet.page.locator("[data-screen='list'][data-state='open']").waitFor();
    eyes.expectLoss = false;

    const again = await eyes.person({ shop, session: await shop.session("owner") });
    opened.push(again);
    const office = await again.newPage();
    await office.goto("/#/office/devices/links");
    await office.getByRole("button", { name: `${w("links.take")}: Tablet by the oven` }).click();
    await office.getByTestId("link-take").click();
    eyes.expectLoss = true;
    await tablet.page.getByText(w("pick.ended")).waitFor();
    await office.locator("[data-testid='link'][data-state='revoked']").waitFor();
  } catch (error) {
    await shot(page, "failed-links").catch(() => undefined);
    throw error;
  } finally {
    await Promise.all([context, ...opened].map((one) => one.close()));
    eyes.expectLoss = false;
    eyes.trouble();
  }
});

test("with two tills a link is made for the other one, and opens there alone", async () => {
  const w = words("en");
  const pair = await Pair.open();
  const context = await eyes.person({ shop: pair.near, session: await pair.near.session("owner") });
  const tablet = await eyes.browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  try {
    await page.goto("/#/office/devices/links");
    await page.getByTestId("link-new").click();
    const where = page.getByTestId("link-where");
    await where.waitFor();
    const other = await where.locator("option:not(:checked)").textContent();
    await where.selectOption({ label: other });
    await page.getByTestId("link-for-customer").check();
    await page.getByText(w("links.where.window")).waitFor();
    for (const [language, theme, size] of [["en", "light", [1280, 800]], ["en", "dark", [390, 844]]]) {
      await page.setViewportSize({ width: size[0], height: size[1] });
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await shot(page, `link-where-${language}-${theme}-${size[0]}`);
      await looksRight(page);
    }
    await page.getByTestId("link-for-board").check();
    await page.getByTestId("link-make").click();
    const address = await page.getByTestId("link-address").textContent();
    assert.ok(address.startsWith(`https://127.0.0.1:${pair.far.lanPort}/?screen=link#`), address);
    await page.getByText(w("links.opensAt", { till: other })).waitFor();
    await shot(page, "link-show-there");
    await looksRight(page);
    await page.getByTestId("link-done").click();

    // Where it was made it opens nothing.
    const wrong = await context.newPage();
    await wrong.goto(address.replace(/^https:\/\/[^/]+/, pair.near.address));
    await wrong.getByText(w("error.link_elsewhere")).waitFor();
    await wrong.close();
    const board = await tablet.newPage();
    await board.goto(address);
    await until(async () => {
      if (await board.locator("[data-screen='board'][data-state='open']").count()) return true;
      const retry = board.getByRole("button");
      // It may be gone by now: what was asked before is answered, and the board opens.
      if (await retry.count()) await retry.first().click({ timeout: 1000 }).catch(() => undefined);
      return false;
    }, "the other till has heard of it and opens");
    const cookie = (await tablet.cookies()).find((one) => one.name === "chandi_link");
    assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path], [true, true, "Strict", "/api/v1"]);
    await page.locator("[data-testid='link'][data-state='open']").waitFor();

    // The other device is away: its address is not known here, and the page says what to do.
    eyes.expectLoss = true;
    await board.close();
    await pair.far.kill();
    const owner = await pair.near.session("owner");
    await until(async () => !(await pair.near.call("GET", "/sharing", undefined, owner.token)).others.some((one) => one.reachable), "it is missed", 30_000);
    await page.getByTestId("link-new").click();
    await where.selectOption({ label: other });
    await page.getByTestId("link-make").click();
    await page.getByText(w("links.behind", { till: other })).waitFor();
    assert.match(await page.getByTestId("link-path").textContent(), /^\/\?screen=link#[0-9a-f-]{36}\.[0-9a-f]{32}$/);
    await shot(page, "link-show-unknown");
    await looksRight(page);
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-link-where").catch(() => undefined);
    throw error;
  } finally {
    eyes.expectLoss = false;
    await context.close();
    await tablet.close();
    await pair.close();
  }
});

test("a board, a customer's screen and a phone open what each is for", async () => {
  const make = async (purpose) => {
    const made = await shop.call("POST", "/device-links", { id: crypto.randomUUID(), name: purpose, purpose, until: null }, owner.token);
    return `/?screen=link#${made.code}`;
  };
  for (const [purpose, seen] of [["board", "[data-screen='board'][data-state='open']"], ["customer", "[data-screen='customer']"], ["phone", "[data-staff]"]]) {
    const { context, page } = await screenAt(await make(purpose));
    try {
      await page.locator(seen).first().waitFor();
      // Opened once more at the same browser, it goes on.
      await page.goto("/?screen=link");
      await page.locator(seen).first().waitFor();
      assert.deepEqual(eyes.trouble(), []);
    } catch (error) {
      await shot(page, `failed-link-${purpose}`).catch(() => undefined);
      throw error;
    } finally {
      await context.close();
    }
  }
});

test("the kitchen signs in before its list, and takes an order through its steps", async () => {
  const w = words("en");
  const { staff: id } = await hire(shop, "kitchen", "Ravi", "5937");
  const sold = await sell(shop, [["Samosa", "2"]]);
  const context = await eyes.person({ shop });
  const page = await context.newPage();
  try {
    await page.goto("/");
    await page.locator(`[data-staff="${id}"]`).click();
    for (const figure of "5937") await page.getByRole("button", { name: figure, exact: true }).click();
    await page.getByTestId("open").click();
    await page.locator("[data-screen='pick']").waitFor();
    const card = page.locator("[data-testid='pick-order']", { hasText: String(sold.number) }).first();
    await card.getByRole("button", { name: w("order.do.preparing"), exact: true }).click();
    await page.locator("[data-testid='pick-order'][data-state='preparing']", { hasText: String(sold.number) }).waitFor();
    await card.getByRole("button", { name: w("order.do.ready"), exact: true }).click();
    await page.locator("[data-testid='pick-order'][data-state='ready']", { hasText: String(sold.number) }).waitFor();
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-pick").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

for (const [language, theme, size] of [["en", "light", [1280, 800]], ["hi", "dark", [1920, 1080]], ["ar", "light", [1280, 800]], ["ar", "dark", [390, 844]], ["en", "light", [390, 844]]]) {
  test(`links and the open orders look right: ${language}, ${theme}, ${size.join("×")}`, async () => {
    const context = await eyes.person({ shop, language, theme, size, session: await shop.session("owner") });
    const page = await context.newPage();
    const name = `${language}-${theme}-${size[0]}`;
    try {
      await page.goto("/#/office/devices/links");
      await page.getByTestId("link").first().waitFor();
      await shot(page, `links-${name}`);
      await looksRight(page);
      await page.goto("/#/office/settings");
      await page.locator("nav.rail [aria-current]").waitFor();
      await shot(page, `settings-${name}`);
      await page.goto("/#/pick");
      await page.locator("[data-screen='pick'] [data-testid='pick-order']").first().waitFor();
      await shot(page, `pick-${name}`);
      await looksRight(page);
      assert.deepEqual(eyes.trouble(), []);
    } catch (error) {
      await shot(page, `failed-links-${name}`).catch(() => undefined);
      throw error;
    } finally {
      await context.close();
    }
  });
}
