// The shop's hub: connecting to it from the back office, what the page says of it, and leaving it again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeFaults, rawKeys, sideways, smallTargets } from "./look.mjs";
import { Eyes, Shop, shot, words } from "./stage.mjs";

let eyes;
let shop;
before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

test("the demo says that it stays here, and where no hub is that nobody answers", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session: await shop.session("owner") });
  const page = await context.newPage();
  try {
    await page.goto("/#/office/online");
    await page.getByTestId("hub-address").fill("http://192.0.2.7");
    await page.getByTestId("hub-connect").click();
    await page.getByText(w("error.demo_stays")).waitFor();
    await shot(page, "online-refused");
  } finally {
    await context.close();
  }
});

for (const [language, theme, size] of [["en", "light", [1280, 800]], ["hi", "dark", [1920, 1080]], ["ar", "light", [1280, 800]], ["ar", "dark", [390, 844]], ["en", "light", [390, 844]]]) {
  test(`the page looks right: ${language}, ${theme}, ${size.join("×")}`, async () => {
    const context = await eyes.person({ shop, language, theme, size, session: await shop.session("owner") });
    const page = await context.newPage();
    try {
      // The demo has no hub: what a shop that has one sees is told to the page as the core would tell it.
      const state = { address: "https://hub.example.com", state: "refused", refusal: "suspended", since: "2026-11-21T10:00:00Z", exchanged_at: "2026-11-21T10:00:00Z", to_send: 14, set_aside: 2 };
      for (const [name, body] of [["connect", null], ["refused", state], ["online", { ...state, state: "online", refusal: null, to_send: 0, set_aside: 0 }]]) {
        await page.unroute("**/api/v1/hub");
        if (body) await page.route("**/api/v1/hub", (route) => route.fulfill({ json: body }));
        await page.goto("/#/office/online");
        await page.reload();
        await page.getByTestId(body ? "hub-state" : "hub-connect").waitFor();
        await page.mouse.move(0, 0);
        const where = `${language} ${theme} ${size[0]} ${name}`;
        assert.deepEqual(await axeFaults(page), [], where);
        assert.deepEqual(await smallTargets(page), [], where);
        assert.deepEqual(await sideways(page), [], where);
        assert.deepEqual(await rawKeys(page), [], where);
        await shot(page, `online-${name}-${language}-${theme}-${size[0]}`);
      }
    } finally {
      await context.close();
    }
  });
}
