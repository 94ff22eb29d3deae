// For other programs: a key is made, shown once and revoked; an address is told, tested and gone on with.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { axeFaults, rawKeys, sideways, smallTargets, thinFields } from "./look.mjs";
import { Eyes, Shop, shot, until, words } from "./stage.mjs";

let eyes;
let shop;
let receiver;
const heard = [];
let answer = 200;
before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
  receiver = createServer((request, response) => {
    heard.push(request.headers["chandi-event-type"]);
    request.resume();
    request.on("end", () => response.writeHead(answer, { "content-length": 0 }).end());
  });
  await new Promise((done) => receiver.listen(0, "127.0.0.1", done));
});
after(async () => {
  receiver?.close();
  receiver?.closeAllConnections();
  await eyes?.close();
  await shop?.close();
});

async function looks(page, name) {
  assert.deepEqual([...(await axeFaults(page)), ...(await smallTargets(page)), ...(await thinFields(page)), ...(await sideways(page)), ...(await rawKeys(page))], [], name);
  await shot(page, name);
}

test("a key from its making to its end, and an address that is told", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session: await shop.session("owner") });
  const page = await context.newPage();
  try {
    await page.goto("/#/office/programs");
    await page.getByText(w("programs.keys.none")).waitFor();
    await looks(page, "programs-empty");
    await page.getByTestId("key-new").click();
    await page.getByTestId("key-name").fill("Web shop");
    await page.getByTestId("key-web-shop").click();
    await looks(page, "programs-key-new");
    await page.getByTestId("key-make").click();
    const secret = await page.getByTestId("secret").textContent();
    assert.match(secret, /^ck_[0-9a-f]{64}$/);
    await looks(page, "programs-key-made");
    await page.getByTestId("secret-kept").click();
    const asked = await fetch(`${shop.address}/api/v1/products`, { headers: { authorization: `Bearer ${secret}` } });
    assert.equal(asked.status, 200, "the key opens what it may");
    const row = page.getByTestId("keys").getByRole("listitem");
    await row.getByText("Web shop").waitFor();
    assert.equal((await page.content()).includes(secret), false, "and is shown nowhere any more");

    await page.getByTestId("hook-new").click();
    await page.getByTestId("hook-name").fill("Books");
    await page.getByTestId("hook-address").fill(`http://127.0.0.1:${receiver.address().port}/hook`);
    await page.getByTestId("hook-save").click();
    await page.getByRole("alert").or(page.locator(".error")).first().waitFor();
    await page.getByRole("switch", { name: w("programs.hook.near"), exact: true }).click();
    await looks(page, "programs-hook-new");
    await page.getByTestId("hook-save").click();
    await page.getByText(w("programs.hook.secret"), { exact: true }).waitFor();
    await page.getByTestId("secret-kept").click();
    const hook = page.getByTestId("hooks").getByRole("listitem");
    await hook.getByText(w("programs.hook.state.on")).waitFor();
    await hook.getByRole("button", { name: w("programs.hook.log") }).click();
    await page.getByTestId("hook-test").click();
    await until(() => heard.includes("test"), "the test arrives");
    await page.getByTestId("deliveries").getByText("200").waitFor();
    answer = 500;
    await page.getByTestId("hook-test").click();
    await page.getByTestId("deliveries").getByText("500", { exact: true }).waitFor();
    await looks(page, "programs-deliveries");
    await page.keyboard.press("Escape");
    await looks(page, "programs");

    await row.getByRole("button", { name: w("programs.key.revoke") }).click();
    await page.getByTestId("key-revoke").click();
    await row.getByText(w("programs.key.state.revoked")).waitFor();
    const refused = await fetch(`${shop.address}/api/v1/products`, { headers: { authorization: `Bearer ${secret}` } });
    assert.equal(refused.status, 401, "revoked at once");
  } finally {
    await context.close();
  }
});

for (const [language, theme, width, height] of [["hi", "light", 1280, 800], ["ar", "dark", 390, 844], ["ar", "light", 1920, 1080], ["en", "dark", 1280, 800], ["hi", "dark", 390, 844]])
  test(`the page in ${language}, ${theme}, ${width}×${height}`, async () => {
    const context = await eyes.person({ shop, session: await shop.session("owner"), language, theme, size: [width, height] });
    const page = await context.newPage();
    try {
      await page.goto("/#/office/programs");
      await page.getByTestId("hooks").waitFor();
      await looks(page, `programs-${language}-${theme}-${width}`);
      await page.getByTestId("key-new").click();
      await page.getByTestId("key-name").waitFor();
      await looks(page, `programs-key-${language}-${theme}-${width}`);
    } finally {
      await context.close();
    }
  });
