// A device that was shut out: it hears of it from the one that refuses it, says who did it and what nobody has taken, and lets it be saved.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { axeFaults, rawKeys, sideways, smallTargets } from "./look.mjs";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";

const PIN = "8042";
let eyes;
let first;
let till;
let staff;

/** Somebody at a device, by name. */
async function signedIn(shop, name = "Asha", pin = PIN) {
  const people = (await shop.call("GET", "/lock")).staff;
  return shop.call("POST", "/sessions", { staff: people.find((one) => one.name === name).id, pin, seat: uuid() });
}

before(async () => {
  eyes = await Eyes.open();
  first = await Shop.open({ demo: false });
  const owner = await first.call("POST", "/setup", { id: uuid(), kind: "own", language: "en", trade: "sweets", shop_name: "Sharma Sweets", country: "IN", region: "27", owner_name: "Asha", pin: PIN, seat: uuid() });
  const tea = uuid();
  await first.call("POST", "/products", { id: tea, name: "Masala tea", price_minor: 2500 }, owner.token);
  await first.call("POST", "/staff", { id: uuid(), name: "Meena", role: "cashier", pin: "3571" }, owner.token);
  await first.kill();
  till = await first.admit();
  await first.start(["--share", "--share-port", "0"]);
  // It sells apart from everybody, and is shut out meanwhile.
  await till.start();
  staff = await signedIn(till);
  for (const quantity of ["2", "3"]) {
    await till.call("POST", "/orders", { id: uuid(), lines: [{ product: tea, quantity }], tenders: [{ id: uuid(), method: "cash" }] }, staff.token);
  }
  const asha = await signedIn(first);
  const devices = (await first.call("GET", "/shop-devices", undefined, asha.token)).items;
  await first.call("POST", `/shop-devices/${devices.find((one) => !one.this).device}/revoke`, { id: uuid(), reason: "lost" }, asha.token);
  await till.kill();
  await till.start(["--share", "--share-port", "0", "--neighbour", `127.0.0.1:${first.lanPort}`]);
  await until(async () => (await till.call("GET", "/lock")).shop.shut_out, "it hears that it is out");
});
after(async () => {
  await eyes?.close();
  await till?.close();
  await first?.close();
});

/** Lets the device say that guests were charged there; a gateway's own part is told over the API. */
const charged = (page) => page.route("**/api/v1/shut-out", async (route) => {
  const answer = await route.fetch();
  await route.fulfill({ response: answer, json: { ...(await answer.json()), charges: { count: 2, charged_minor: 1_250_000 } } });
});

test("whoever signs in reads who did it, what is left, and saves it", async () => {
  const w = words("en");
  const context = await eyes.person({ shop: till });
  const page = await context.newPage();
  try {
    await page.goto("/");
    await page.getByText(w("error.device_revoked")).waitFor();
    await page.getByRole("button", { name: "Asha" }).click();
    await page.keyboard.type(PIN);
    await page.keyboard.press("Enter");
    const news = page.getByTestId("shut-out");
    await news.waitFor();
    const said = await until(async () => { const text = await news.textContent(); return text.includes(w("shutOut.reason.lost")) && text; }, "why it was shut out");
    assert.match(said, /Sharma Sweets/);
    assert.match(said, /Asha/, "who did it");
    const left = await page.getByTestId("shut-out-left").textContent();
    assert.match(left, /2 orders/);
    assert.match(left, /125/, "what they came to");
    const saving = page.waitForEvent("download");
    await page.getByTestId("shut-out-save").click();
    const file = await saving;
    assert.match(file.suggestedFilename(), /^chandi-not-taken-.*\.zip$/);
    assert.equal(readFileSync(await file.path()).subarray(0, 2).toString(), "PK");
    // What is here stays to be read, and the way back is there.
    await page.getByTestId("shut-out-look").click();
    await page.getByRole("button", { name: w("app.shutOut") }).click();
    await news.waitFor();
    await page.getByTestId("shut-out-forget").click();
    await page.getByTestId("forget").waitFor();
    assert.deepEqual(eyes.trouble(), []);
  } finally {
    await context.close();
  }
});

test("what was charged without a sale is said first, and its way back is one tap away", async () => {
  const w = words("en");
  const context = await eyes.person({ shop: till, session: await signedIn(till) });
  const page = await context.newPage();
  try {
    await page.goto("/");
    await page.getByTestId("shut-out-left").waitFor();
    assert.equal(await page.getByTestId("shut-out-charges").count(), 0, "there is none");
    await charged(page);
    await page.reload();
    const said = await page.getByTestId("shut-out-charges").textContent();
    assert.match(said, /2 payments/);
    assert.match(said, /12,500/);
    await page.getByTestId("shut-out-payments").click();
    await page.getByRole("heading", { level: 1, name: w("office.payments") }).first().waitFor();
    assert.deepEqual(eyes.trouble(), []);
  } finally {
    await context.close();
  }
});

test("a cashier reads it too and is told whom to ask", async () => {
  const w = words("en");
  const context = await eyes.person({ shop: till, session: await signedIn(till, "Meena", "3571") });
  const page = await context.newPage();
  try {
    await page.goto("/");
    await page.getByText(w("shutOut.save.owner")).waitFor();
    assert.equal(await page.getByTestId("shut-out-save").count(), 0);
    assert.equal(await page.getByTestId("shut-out-forget").count(), 0);
    await shot(page, "shut-out-cashier");
    await page.getByTestId("shut-out-lock").click();
    await page.getByText(w("lock.who")).waitFor();
  } finally {
    await context.close();
  }
});

for (const [language, theme, size] of [["en", "light", [1280, 800]], ["en", "dark", [390, 844]], ["hi", "dark", [1920, 1080]], ["hi", "light", [390, 844]], ["ar", "light", [1280, 800]], ["ar", "dark", [390, 844]]]) {
  test(`the page looks right: ${language}, ${theme}, ${size.join("×")}`, async () => {
    const context = await eyes.person({ shop: till, language, theme, size, session: await signedIn(till) });
    const page = await context.newPage();
    try {
      // The owner's own language is English; the page is read in each.
      await page.route("**/api/v1/sessions/current", async (route) => {
        const answer = await route.fetch();
        const session = await answer.json();
        await route.fulfill({ response: answer, json: { ...session, staff: { ...session.staff, language } } });
      });
      for (const part of ["left", "nothing"]) {
        if (part === "left") await charged(page);
        else {
          await page.route("**/api/v1/shut-out", async (route) => {
            const answer = await route.fetch();
            const view = await answer.json();
            const none = { changes: 0, since: null, orders: 0, sold_minor: 0, refunds: 0, refunded_minor: 0 };
            await route.fulfill({ response: answer, json: { ...view, person: null, reason: "something newer", left: none } });
          });
        }
        await page.goto("/#/till");
        await page.reload();
        await page.getByTestId("shut-out-left").waitFor();
        await page.mouse.move(0, 0);
        const where = `${language} ${theme} ${size[0]} ${part}`;
        assert.deepEqual(await axeFaults(page), [], where);
        assert.deepEqual(await smallTargets(page), [], where);
        assert.deepEqual(await sideways(page), [], where);
        assert.deepEqual(await rawKeys(page), [], where);
        await shot(page, `shut-out-${part}-${language}-${theme}-${size[0]}`);
      }
    } finally {
      await context.close();
    }
  });
}
