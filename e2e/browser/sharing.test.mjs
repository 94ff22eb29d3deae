// Sharing on the network: the switch, the guide that another screen is shown, and a browser that trusts the shop's own
// certificate and nothing less. The certificate is installed as a person would install it; nobody looks away.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { axeFaults, rawKeys, sideways, smallTargets } from "./look.mjs";
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
const ask = () => shop.call("GET", "/sharing", undefined, owner.token);
const share = (change) => shop.call("PUT", "/sharing", change, owner.token);

/** The home of a browser that has the certificate installed, or none. */
async function elsewhere(certificate) {
  const home = mkdtempSync(join(tmpdir(), "chandi-home-"));
  if (certificate) {
    const database = join(home, ".pki/nssdb");
    mkdirSync(database, { recursive: true });
    const file = join(home, "chandi-ca.crt");
    writeFileSync(file, certificate);
    execFileSync("certutil", ["-N", "--empty-password", "-d", `sql:${database}`]);
    execFileSync("certutil", ["-A", "-n", "Chandi shop", "-t", "C,,", "-i", file, "-d", `sql:${database}`]);
  }
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"], env: { ...process.env, HOME: home } });
  return {
    browser,
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

test("the switch opens the network, and the screen says how to come in", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session: await shop.session("owner") });
  const page = await context.newPage();
  try {
    await page.goto("/#/office/sharing");
    const state = page.getByTestId("sharing-state");
    await state.getByText(w("sharing.state.off")).waitFor();
    await page.getByText(w("sharing.others.off")).waitFor();
    await page.getByRole("switch", { name: w("sharing.switch") }).click();
    await state.getByText(w("sharing.state.on"), { exact: true }).waitFor();
    const now = await ask();
    assert.equal(await page.getByTestId("sharing-fingerprint").getAttribute("data-fingerprint"), now.fingerprint);
    assert.equal(await page.getByTestId("sharing-address").textContent(), now.addresses[0].guide);
    await page.getByLabel(w("sharing.typed.address")).fill("192.168.1");
    await page.getByRole("button", { name: w("sharing.typed.add"), exact: true }).click();
    await page.getByText(w("sharing.typed.wrong")).waitFor();
    await page.getByLabel(w("sharing.typed.address")).fill("192.168.251.9:8650");
    await page.getByRole("button", { name: w("sharing.typed.add"), exact: true }).click();
    await page.getByRole("button", { name: w("sharing.typed.remove", { address: "192.168.251.9:8650" }) }).click();
    await until(async () => (await ask()).typed.length === 0, "it is taken out again");
    await page.getByRole("switch", { name: w("sharing.switch") }).click();
    await state.getByText(w("sharing.state.off"), { exact: true }).waitFor();
    await assert.rejects(fetch(`http://127.0.0.1:${now.port}/`), "nobody listens any more");
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-sharing").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

test("a browser that installed the certificate opens the till without a warning, another one is warned", async () => {
  const { port, fingerprint } = await share({ on: true });
  const plain = `http://127.0.0.1:${port}`;
  const secure = `https://127.0.0.1:${port}`;
  const certificate = Buffer.from(await (await fetch(`${plain}/chandi-ca.crt`)).arrayBuffer());
  const print = createHash("sha256").update(certificate).digest("hex").toUpperCase().match(/../g).join(":");
  assert.equal(print, fingerprint, "what is installed is what the owner compares");

  const stranger = await elsewhere(null);
  try {
    const warned = await stranger.browser.newPage();
    await assert.rejects(warned.goto(secure), /ERR_CERT_AUTHORITY_INVALID/, "without it there is a warning");
    const page = await stranger.browser.newPage();
    await page.goto(`${plain}/linux?lang=en`);
    await page.locator("[data-fingerprint]").waitFor();
    assert.equal(await page.locator("[data-fingerprint]").getAttribute("data-fingerprint"), fingerprint);
    assert.equal(await page.locator(".check img").evaluate((image) => image.naturalWidth), 0, "not installed yet");
  } finally {
    await stranger.close();
  }

  const friend = await elsewhere(certificate);
  try {
    const context = await friend.browser.newContext({ viewport: { width: 390, height: 844 }, locale: "en-IN" });
    const page = await context.newPage();
    await page.goto(`${plain}/linux?lang=en`);
    await until(() => page.locator(".check img").evaluate((image) => image.complete && image.naturalWidth > 0), "the page sees that it is installed");
    await shot(page, "guide-installed");
    await page.locator("section a[href^='https']").click();
    const cashier = shop.person("cashier");
    await page.locator(`[data-staff="${cashier.staff}"]`).click();
    assert.equal(new URL(page.url()).protocol, "https:");
    for (const figure of cashier.pin) await page.getByRole("button", { name: figure, exact: true }).click();
    await page.getByTestId("open").click();
    await until(() => page.evaluate(() => sessionStorage.getItem("chandi.session") !== null), "signed in over the network");
    await shot(page, "till-over-tls");
    // The live feed goes through the same door, and ends with it.
    const closed = page.evaluate(
      () =>
        new Promise((resolve) => {
          const socket = new WebSocket(`wss://${location.host}/api/v1/live`, ["chandi", `bearer.${sessionStorage.getItem("chandi.session")}`]);
          socket.onopen = () => (window.heard = true);
          socket.onclose = () => resolve(true);
        }),
    );
    await until(() => page.evaluate(() => window.heard === true), "live over TLS");
    await share({ on: false });
    assert.equal(await closed, true, "turned off, everybody is out");
  } finally {
    await friend.close();
  }
});

for (const [language, theme, size] of [["en", "light", [1280, 800]], ["hi", "dark", [1920, 1080]], ["ar", "light", [1280, 800]], ["ar", "dark", [390, 844]], ["en", "light", [390, 844]]]) {
  test(`sharing looks right: ${language}, ${theme}, ${size.join("×")}`, async () => {
    const { port } = await share({ on: true });
    const context = await eyes.person({ shop, language, theme, size, session: await shop.session("owner") });
    const page = await context.newPage();
    const name = `${language}-${theme}-${size[0]}`;
    try {
      await page.goto("/#/office/sharing");
      await page.getByTestId("sharing-fingerprint").waitFor();
      await shot(page, `sharing-${name}`);
      assert.deepEqual(await axeFaults(page), []);
      assert.deepEqual(await smallTargets(page), []);
      assert.deepEqual(await sideways(page), []);
      assert.deepEqual(await rawKeys(page), []);
      await page.goto(`http://127.0.0.1:${port}/android?lang=${language}`);
      await page.locator("[data-fingerprint]").waitFor();
      await shot(page, `guide-${name}`);
      assert.deepEqual(await axeFaults(page), []);
      assert.deepEqual(await smallTargets(page), []);
      assert.deepEqual(await sideways(page), []);
      eyes.trouble();
    } catch (error) {
      await shot(page, `failed-sharing-${name}`).catch(() => undefined);
      throw error;
    } finally {
      await context.close();
    }
  });
}
