// Password and code: set up at the device with an authenticator, asked for from another machine, and a fresh code before
// what only the owner may do. The other machine comes over the network, through the shop's own door.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { axeFaults, rawKeys, sideways, smallTargets } from "./look.mjs";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";

const PASSWORD = "kaju katli milk";
let eyes;
let shop;
let owner;
let secure;
let secret;
let recovery;
let step = 0;

before(async () => {
  // The other machine looks away from the certificate here; that it need not is shown where sharing is.
  eyes = await Eyes.open(["--ignore-certificate-errors"]);
  shop = await Shop.open({ demo: false });
  owner = await shop.call("POST", "/setup", { id: uuid(), kind: "own", language: "en", trade: "sweets", shop_name: "Asha Sweets", country: "IN", region: "27", owner_name: "Asha", pin: "2580" });
  await shop.call("POST", "/staff", { id: uuid(), name: "Bela", role: "owner", pin: "6274" }, owner.token);
  const sharing = await shop.call("PUT", "/sharing", { on: true }, owner.token);
  secure = `https://127.0.0.1:${sharing.port}`;
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

/** What an authenticator shows (RFC 6238). */
function digits(at) {
  let bits = "";
  for (const letter of secret) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(at));
  const tag = createHmac("sha1", key).update(count).digest();
  const from = tag[19] & 15;
  return String((tag.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
/** Digits that opened nothing yet: now, or those of the next step, which a clock a little slow shows. */
async function next() {
  await until(() => Math.floor(Date.now() / 30_000) + 1 > step, "the next digits", 40_000);
  step = Math.max(step + 1, Math.floor(Date.now() / 30_000));
  return digits(step);
}

const looksRight = async (page, where) => {
  await page.mouse.move(0, 0);
  for (const look of [axeFaults, smallTargets, sideways, rawKeys]) assert.deepEqual(await look(page), [], `${look.name} of ${where}`);
  await shot(page, `second-factor-${where}`);
};
const away = (options = {}) => eyes.person({ shop: { address: secure }, ...options });

test("set up at the device: QR code, first code, recovery codes", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session: owner });
  const page = await context.newPage();
  try {
    await page.goto(`/#/office/staff/${owner.staff.id}`);
    await page.getByTestId("factor-set-up").scrollIntoViewIfNeeded();
    await looksRight(page, "none-en-light-1280");
    await page.getByTestId("factor-set-up").click();
    secret = (await page.getByTestId("factor-secret").textContent()).replaceAll(" ", "");
    await page.getByTestId("factor-new").fill("short");
    await page.getByTestId("factor-again").fill("shirt");
    await page.getByTestId("factor-digits").fill("000000");
    await page.getByTestId("factor-confirm").click();
    await page.getByText(w("secondFactor.password.weak")).waitFor();
    await page.getByText(w("secondFactor.password.differs")).waitFor();
    await page.getByTestId("factor-new").fill(PASSWORD);
    await page.getByTestId("factor-again").fill(PASSWORD);
    await page.getByTestId("factor-confirm").click();
    await page.getByText(w("error.second_factor_wrong")).waitFor();
    await looksRight(page, "set-up-en-light-1280");
    await page.getByTestId("factor-digits").fill(await next());
    await page.getByTestId("factor-confirm").click();
    const codes = page.getByTestId("factor-recovery").getByRole("listitem");
    await codes.first().waitFor();
    recovery = await codes.allTextContents();
    assert.equal(recovery.length, 10);
    await looksRight(page, "codes-en-light-1280");
    await page.getByTestId("factor-kept").click();
    await page.getByText(w("secondFactor.left", { count: 10 })).waitFor();
    await looksRight(page, "on-en-light-1280");
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-second-factor-set-up").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

test("from another machine: password and code in three languages, wrong, right, and a fresh code later", async () => {
  for (const [language, theme, size] of [["en", "light", [1280, 800]], ["hi", "dark", [1920, 1080]], ["ar", "light", [1280, 800]], ["ar", "dark", [390, 844]], ["hi", "light", [390, 844]]]) {
    const w = words(language);
    const context = await away({ language, theme, size });
    const page = await context.newPage();
    try {
      await page.goto("/");
      await page.locator(`[data-staff="${owner.staff.id}"]`).click();
      await page.getByTestId("factor-password").fill("not the password");
      await page.getByTestId("factor-code").fill("000000");
      if (language === "en") {
        await page.getByTestId("factor-enter").click();
        await page.getByText(w("error.second_factor_wrong")).waitFor();
      }
      await looksRight(page, `enter-${language}-${theme}-${size[0]}`);
      assert.deepEqual(eyes.trouble(), []);
    } catch (error) {
      await shot(page, "failed-second-factor-enter").catch(() => undefined);
      throw error;
    } finally {
      await context.close();
    }
  }
  const w = words("en");
  const context = await away();
  const page = await context.newPage();
  try {
    await page.goto("/");
    await page.locator(`[data-staff="${owner.staff.id}"]`).click();
    await page.getByTestId("factor-password").fill(PASSWORD);
    await page.getByTestId("factor-code").fill(recovery[0].toLowerCase());
    await page.getByTestId("factor-enter").click();
    await until(() => page.evaluate(() => sessionStorage.getItem("chandi.session") !== null), "signed in over the network");
    await page.goto(`/#/office/staff/${owner.staff.id}`);
    await page.getByText(w("secondFactor.left", { count: 9 })).waitFor();
    // Ten minutes later: what only the owner may do asks once more. The core's answer is put before the page.
    let asked = 0;
    await page.route("**/api/v1/staff/*/pin", async (route) => {
      if (asked++ > 0) return route.continue();
      return route.fulfill({ status: 403, contentType: "application/json", body: JSON.stringify({ error: { code: "code_wanted", kind: "forbidden", message: "show a fresh code first", hints: {}, incident: "TEST" } }) });
    });
    await page.getByRole("button", { name: w("staff.pin.new"), exact: true }).click();
    await page.getByLabel(w("staff.pin.new")).last().fill("7319");
    await page.getByRole("button", { name: w("staff.pin.set"), exact: true }).click();
    await page.getByTestId("fresh-go").waitFor();
    await page.getByTestId("factor-code").fill("000000");
    await page.getByTestId("fresh-go").click();
    await page.getByText(w("error.second_factor_wrong")).waitFor();
    await looksRight(page, "fresh-en-light-1280");
    await page.getByTestId("factor-code").fill(await next());
    await page.getByTestId("fresh-go").click();
    await page.getByText(w("staff.pin.saved", { name: "Asha" })).waitFor();
    assert.equal(asked, 2, "the same request went once more");
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-second-factor-away").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

test("at a till elsewhere an owner who has one approves with a code, and is told so", async () => {
  const session = await shop.call("POST", "/sessions", { staff: owner.staff.id, pin: "7319", seat: uuid() });
  const tea = uuid();
  await shop.call("POST", "/products", { id: tea, name: "Tea", price_minor: 80_00 }, session.token);
  const ravi = await shop.call("POST", "/staff", { id: uuid(), name: "Ravi", role: "cashier", pin: "7391" }, session.token);
  for (const [language, theme, size] of [["ar", "dark", [390, 844]], ["hi", "dark", [1920, 1080]], ["en", "light", [1280, 800]]]) {
    const w = words(language);
    const context = await away({ language, theme });
    const page = await context.newPage();
    try {
      await page.goto("/");
      await page.locator(`[data-staff="${ravi.id}"]`).click();
      await page.keyboard.type("7391");
      await page.keyboard.press("Enter");
      await page.locator(`button[data-product="${tea}"]`).click();
      await page.getByText("₹80.00").nth(1).waitFor();
      await page.keyboard.press("F8");
      await page.getByRole("textbox", { name: w("discount.value") }).fill("50");
      await page.getByRole("button", { name: w("discount.reason.damaged") }).click();
      await page.getByRole("button", { name: w("discount.apply") }).click();
      await page.getByText(w("approve.title")).waitFor();
      await page.getByRole("dialog").last().getByRole("button", { name: "Bela" }).click();
      assert.equal(await page.getByText(w("approve.code", { name: "Bela" })).count(), 0, "who has none types a PIN");
      await page.getByRole("dialog").last().getByRole("button", { name: "Asha" }).click();
      await page.getByText(w("approve.code", { name: "Asha" })).waitFor();
      await page.keyboard.type("2580");
      await page.keyboard.press("Enter");
      await page.getByText(w("error.approval_code_wrong")).first().waitFor();
      await page.setViewportSize({ width: size[0], height: size[1] });
      await looksRight(page, `approve-${language}-${theme}-${size[0]}`);
      if (language === "en") {
        await page.keyboard.type(await next());
        await page.keyboard.press("Enter");
        await page.getByText(w("approve.title")).waitFor({ state: "detached" });
        await page.getByText(w("cart.discount")).first().waitFor();
      }
      assert.deepEqual(eyes.trouble(), []);
    } catch (error) {
      await shot(page, "failed-second-factor-approve").catch(() => undefined);
      throw error;
    } finally {
      await context.close();
    }
  }
});

test("the shop asks every owner, another owner takes it away, and the pages say so", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session: await shop.call("POST", "/sessions", { staff: owner.staff.id, pin: "7319", seat: uuid() }) });
  const page = await context.newPage();
  try {
    await page.goto("/#/office/settings/sign_in.second_factor");
    await page.getByRole("switch", { name: w("settings.sign_in.second_factor") }).click();
    await page.getByTestId("factor-needed").waitFor();
    await looksRight(page, "needed-en-light-1280");
    await page.getByTestId("factor-needed").click();
    await page.getByText(w("settings.saved", { name: w("settings.sign_in.second_factor") })).waitFor();
    for (const [language, theme, size] of [["en", "light", [1280, 800]], ["ar", "dark", [390, 844]]]) {
      const other = await away({ language, theme, size });
      const there = await other.newPage();
      await there.goto("/");
      await there.getByText("Bela").click();
      await there.getByText(words(language)("secondFactor.enter.setUp")).waitFor();
      await looksRight(there, `asked-${language}-${theme}-${size[0]}`);
      await other.close();
    }
    const people = await shop.call("GET", "/lock");
    const bela = people.staff.find((one) => one.name === "Bela");
    for (const [language, theme, size] of [["en", "light", [1280, 800]], ["hi", "dark", [1280, 800]], ["ar", "light", [390, 844]]]) {
      const ww = words(language);
      const session = await shop.call("POST", "/sessions", { staff: bela.id, pin: "6274", seat: uuid() });
      const other = await eyes.person({ shop, session, language, theme, size });
      const there = await other.newPage();
      await there.goto(`/#/office/staff/${owner.staff.id}`);
      await there.getByText(ww("secondFactor.other", { name: "Asha" })).scrollIntoViewIfNeeded();
      await looksRight(there, `other-${language}-${theme}-${size[0]}`);
      if (language === "ar") {
        await there.getByTestId("factor-reset").click();
        await there.getByTestId("factor-reset-do").waitFor();
        await looksRight(there, `reset-${language}-${theme}-${size[0]}`);
        await there.getByTestId("factor-reset-do").click();
        await there.getByText(ww("secondFactor.other.none", { name: "Asha" })).waitFor();
      }
      await other.close();
    }
    await page.goto(`/#/office/staff/${owner.staff.id}`);
    await page.getByText("Bela", { exact: false }).first().waitFor();
    await page.getByTestId("factor-set-up").scrollIntoViewIfNeeded();
    await looksRight(page, "taken-en-light-1280");
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-second-factor-needed").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

test("telephone and codes lost: at the device the PIN takes both away, and elsewhere they are not set up", async () => {
  const people = await shop.call("GET", "/lock");
  const bela = people.staff.find((one) => one.name === "Bela");
  const session = await shop.call("POST", "/sessions", { staff: bela.id, pin: "6274", seat: uuid() });
  const offer = await shop.call("POST", "/second-factor/begin", { id: uuid() }, session.token);
  secret = offer.secret;
  await shop.call("POST", "/second-factor", { id: offer.id, password: PASSWORD, code: digits(Math.floor(Date.now() / 30_000)) }, session.token);
  for (const [language, theme, size] of [["hi", "dark", [1920, 1080]], ["ar", "light", [390, 844]], ["en", "light", [1280, 800]]]) {
    const w = words(language);
    const context = await eyes.person({ shop, session, language, theme, size });
    const page = await context.newPage();
    try {
      await page.goto(`/#/office/staff/${bela.id}`);
      await page.getByTestId("factor-anew").click();
      await page.getByText(w("secondFactor.lost")).waitFor();
      await looksRight(page, `lost-${language}-${theme}-${size[0]}`);
      await page.getByRole("button", { name: w("action.cancel"), exact: true }).click();
      await page.getByTestId("factor-remove").click();
      await page.getByTestId("factor-pin").fill("0000");
      await page.getByTestId("factor-remove-do").click();
      await page.getByText(w("error.pin_wrong")).waitFor();
      await looksRight(page, `remove-${language}-${theme}-${size[0]}`);
      if (language === "en") {
        await page.getByTestId("factor-pin").fill("6274");
        await page.getByTestId("factor-remove-do").click();
        await page.getByTestId("factor-set-up").waitFor();
      }
      assert.deepEqual(eyes.trouble(), []);
    } catch (error) {
      await shot(page, "failed-second-factor-lost").catch(() => undefined);
      throw error;
    } finally {
      await context.close();
    }
  }
  const shops = await shop.call("PUT", "/settings/sign_in.second_factor", { id: uuid(), value: false }, session.token);
  assert.equal(shops.value, false);
  const context = await away();
  const page = await context.newPage();
  try {
    await page.goto("/");
    await page.locator(`[data-staff="${bela.id}"]`).click();
    await page.keyboard.type("6274");
    await page.keyboard.press("Enter");
    await until(() => page.evaluate(() => sessionStorage.getItem("chandi.session") !== null), "signed in by PIN");
    await page.goto(`/#/office/staff/${bela.id}`);
    await page.getByTestId("factor-there").scrollIntoViewIfNeeded();
    assert.equal(await page.getByTestId("factor-set-up").count(), 0);
    await looksRight(page, "there-en-light-1280");
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-second-factor-there").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});
