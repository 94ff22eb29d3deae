// The owners' page of a real hub: a code from the shop's own device, an authenticator, the figures, the devices.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { axeFaults, rawKeys, sideways, smallTargets } from "./look.mjs";
import { Eyes, NODE, Shop, shot, until, uuid, words } from "./stage.mjs";

const HUB = join(dirname(NODE), "chandi-hub");
let eyes;
let shop;
let folder;
let hub;
let address;
let owner;
let step = 0;
let recovery = [];

before(async () => {
  if (!existsSync(HUB)) execFileSync("cargo", ["build", "--quiet", "--package", "cloud"], { stdio: "inherit", env: { ...process.env, CARGO_TARGET_DIR: dirname(dirname(NODE)) } });
  eyes = await Eyes.open();
  folder = mkdtempSync(join(tmpdir(), "chandi-hub-"));
  const word = execFileSync(HUB, ["invite", "--organisation", "Asha Sweets", "--data", folder], { encoding: "utf8" }).trim();
  hub = spawn(HUB, ["--data", folder, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
  address = JSON.parse(await new Promise((resolve) => createInterface(hub.stdout).once("line", resolve))).address;
  shop = await Shop.open({ demo: false });
  owner = await shop.call("POST", "/setup", { id: uuid(), kind: "own", language: "en", trade: "sweets", shop_name: "Asha Sweets", country: "IN", region: "27", owner_name: "Asha", pin: "2580" });
  for (const [name, price_minor] of [["Tea", 2000], ["Samosa", 1250], ["Kaju Katli", 24000]]) {
    const product = uuid();
    await shop.call("POST", "/products", { id: product, name, price_minor }, owner.token);
    for (let n = 0; n < 3; n++) await shop.call("POST", "/orders", { id: uuid(), lines: [{ product, quantity: String(n + 1) }], tenders: [{ id: uuid(), method: n ? "upi" : "cash" }] }, owner.token);
  }
  await shop.call("PUT", "/hub", { id: uuid(), address, invitation: word }, owner.token);
  await until(async () => {
    const now = await shop.call("GET", "/hub", undefined, owner.token);
    return now.state === "online" && now.to_send === 0;
  }, "everything at the hub");
});
after(async () => {
  await eyes?.close();
  await shop?.close();
  hub?.kill("SIGKILL");
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** What an authenticator shows (RFC 6238). */
function digits(secret, at) {
  let bits = "";
  for (const letter of secret) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(at));
  const tag = createHmac("sha1", key).update(count).digest();
  const from = tag[19] & 15;
  return String((tag.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const looksRight = async (page, where) => {
  await page.mouse.move(0, 0);
  for (const look of [axeFaults, smallTargets, sideways, rawKeys]) assert.deepEqual(await look(page), [], `${look.name} of ${where}`);
  await shot(page, `owner-${where}`);
};

test("from the device's code to the figures", async () => {
  const w = words("en");
  const offer = await shop.call("POST", "/hub/login", {}, owner.token);
  assert.ok(offer.page.startsWith(`${address}/owner#`));
  const context = await eyes.person({ shop: { address } });
  const page = await context.newPage();
  try {
    await page.goto(offer.page);
    const secret = (await page.getByTestId("owner-secret").textContent()).replaceAll(" ", "");
    assert.equal(new URL(page.url()).hash, "", "the code does not stay in the address");
    await looksRight(page, "enrol-en-light-1280");
    await page.getByTestId("owner-login").fill("asha@example.com");
    await page.getByTestId("owner-password").fill("correct horse");
    step = Math.floor(Date.now() / 30_000);
    await page.getByTestId("owner-digits").fill(digits(secret, step));
    await page.getByTestId("owner-enrol").click();
    await page.getByTestId("owner-recovery").waitFor();
    recovery = await page.getByTestId("owner-recovery").getByRole("listitem").allTextContents();
    assert.equal(recovery.length, 10);
    await looksRight(page, "recovery-en-light-1280");
    await page.getByTestId("owner-kept").click();
    await until(async () => (await page.getByTestId("owner-sold").textContent().catch(() => "")).includes("1,635.00"), "the figures");
    await page.getByText(w("owner.byBranch")).first().waitFor();
    await page.reload();
    await page.getByTestId("owner-sold").waitFor();
    const state = await context.storageState();
    const [cookie] = state.cookies.filter((one) => one.name === "chandi_owner");
    assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
    for (const [language, theme, size] of [["en", "light", [1280, 800]], ["hi", "dark", [1920, 1080]], ["ar", "light", [1280, 800]], ["ar", "dark", [390, 844]], ["en", "light", [390, 844]]]) {
      const other = await eyes.person({ shop: { address }, language, theme, size });
      await other.addCookies(state.cookies);
      const there = await other.newPage();
      const here = words(language);
      const where = `${language}-${theme}-${size[0]}`;
      await there.goto("/owner");
      await there.getByTestId("owner-sales").waitFor();
      await there.getByRole("radio", { name: here("owner.days", { count: 7 }), exact: true }).click();
      await there.getByText(here("owner.byDay")).first().waitFor();
      await looksRight(there, `sales-${where}`);
      await there.getByRole("radio", { name: here("owner.attention"), exact: true }).click();
      await there.getByText(here("owner.attention.none")).first().waitFor();
      await looksRight(there, `attention-${where}`);
      await there.getByRole("radio", { name: here("owner.devices"), exact: true }).click();
      await there.getByText(here("owner.state.well")).first().waitFor();
      await looksRight(there, `devices-${where}`);
      await there.getByRole("radio", { name: here("owner.signIns"), exact: true }).click();
      await there.getByTestId("owner-everywhere").waitFor();
      await looksRight(there, `sign-ins-${where}`);
      await other.close();
    }
    await page.getByRole("radio", { name: w("owner.signIns"), exact: true }).click();
    await page.getByTestId("owner-everywhere").click();
    await page.getByTestId("owner-enter").waitFor();
    await page.getByTestId("owner-login").fill("asha@example.com");
    await page.getByTestId("owner-password").fill("wrong horse");
    await page.getByTestId("owner-digits").fill("123456");
    await page.getByTestId("owner-enter").click();
    await page.getByText(w("owner.error.wrong")).waitFor();
    await looksRight(page, "sign-in-en-light-1280");
    await page.getByTestId("owner-password").fill("correct horse");
    // Digits that opened nothing yet; all those looks may have taken longer than theirs are good for.
    step = Math.max(step + 1, Math.floor(Date.now() / 30_000));
    await page.getByTestId("owner-digits").fill(digits(secret, step));
    await page.getByTestId("owner-enter").click();
    await page.getByTestId("owner-sold").waitFor();
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-owner").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

test("a till alone makes nobody's login, and what two tills did apart is shown to whoever is away", async () => {
  const w = words("en");
  const port = new URL(address).port;
  // A second till, made from the first one's books, and the hub out of reach: neither hears what the other does.
  await shop.kill("SIGTERM");
  const other = await shop.admit();
  await shop.start();
  owner = await shop.call("POST", "/sessions", { staff: owner.staff.id, pin: "2580", seat: uuid() });
  hub.kill("SIGKILL");
  await other.start();
  const there = await other.call("POST", "/sessions", { staff: owner.staff.id, pin: "2580", seat: uuid() });
  const context = await eyes.person({ shop: { address } });
  const page = await context.newPage();
  try {
    for (const [till, session, name] of [[shop, owner, "Jalebi"], [other, there, "Barfi"]]) {
      await till.call("POST", "/products", { id: uuid(), name, price_minor: 5000, barcodes: ["8901234567894"] }, session.token);
    }
    hub = spawn(HUB, ["--data", folder, "--listen", `127.0.0.1:${port}`], { stdio: ["ignore", "pipe", "ignore"] });
    await new Promise((resolve) => createInterface(hub.stdout).once("line", resolve));
    const offer = await until(() => other.call("POST", "/hub/login", {}, there.token).catch(() => null), "the till's word", 30_000);
    assert.equal(offer.confirmed, false);
    await page.goto(offer.page);
    await page.getByText(w("owner.error.unconfirmed")).waitFor();
    await looksRight(page, "unconfirmed-en-light-1280");
    await page.goto("/owner");
    await page.getByTestId("owner-login").fill("asha@example.com");
    await page.getByTestId("owner-password").fill("correct horse");
    await page.getByTestId("owner-digits").fill(recovery[0]);
    await page.getByTestId("owner-enter").click();
    await page.getByRole("radio", { name: w("owner.attention"), exact: true }).click();
    await page.getByTestId("owner-waiting").waitFor();
    await page.getByText(w("attention.barcode_shared"), { exact: true }).waitFor({ timeout: 150_000 });
    await looksRight(page, "waiting-en-light-1280");
    const { cookies } = await context.storageState();
    for (const [language, theme, size] of [["hi", "dark", [1280, 800]], ["ar", "light", [390, 844]], ["ar", "dark", [1920, 1080]]]) {
      const elsewhere = await eyes.person({ shop: { address }, language, theme, size });
      await elsewhere.addCookies(cookies);
      const seen = await elsewhere.newPage();
      await seen.goto("/owner");
      await seen.getByRole("radio", { name: words(language)("owner.attention"), exact: true }).click();
      await seen.getByText(words(language)("attention.barcode_shared"), { exact: true }).waitFor();
      await looksRight(seen, `waiting-${language}-${theme}-${size[0]}`);
      await elsewhere.close();
    }
    await page.getByTestId("owner-yes").click();
    await page.getByTestId("owner-waiting").waitFor({ state: "detached" });
    await page.goto("/owner");
    const second = await eyes.person({ shop: { address } });
    const confirmed = await second.newPage();
    await confirmed.goto(offer.page);
    await confirmed.getByTestId("owner-secret").waitFor();
    await second.close();
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-owner-waiting").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
    await other.close();
  }
});
