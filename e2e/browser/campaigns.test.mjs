// News to customers: a group is chosen, the letter is seen before it goes, it goes once, and whoever says no gets none.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeFaults, rawKeys, sideways, smallTargets } from "./look.mjs";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";

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
const ask = (path) => shop.call("GET", path, undefined, owner.token);

test("a campaign from the first word to the last letter", async () => {
  const w = words("en");
  const context = await eyes.person({ shop, session: await shop.session("owner") });
  const page = await context.newPage();
  try {
    await page.goto("/#/office/campaigns");
    await page.getByTestId("campaign-new").click();
    await page.getByText(w("campaigns.noServer")).waitFor();
    await page.getByTestId("left-out").getByText(w("campaigns.left.not_asked")).waitFor();
    const letters = async () => Number(await page.getByTestId("campaign-count").locator("strong").textContent());
    const all = await until(letters, "how many get a letter");
    await page.getByLabel(w("campaigns.town"), { exact: true }).fill("Pune");
    await until(async () => (await letters()) < all, "fewer of one town");
    await page.getByTestId("campaign-name").fill("Mango season");
    await page.getByTestId("campaign-title").fill("Mangoes for {nmae}");
    await page.getByTestId("campaign-text").fill("Dear ");
    await page.getByText(w("campaigns.place.wrong", { open: "{", close: "}" })).waitFor();
    await page.getByTestId("campaign-title").fill("Mangoes for {name}");
    await page.getByRole("button", { name: w("campaigns.place.name") }).click();
    await page.getByTestId("campaign-text").pressSequentially(", the first crates of Ratnagiri have come.");
    const sample = page.getByTestId("campaign-sample");
    await sample.getByText("Mangoes for").waitFor();
    assert.match(await sample.textContent(), /STOP/, "how to end it stands under the letter");
    assert.equal(await page.getByTestId("campaign-send").isDisabled(), true, "without a server nothing is promised");
    const server = { host: "127.0.0.1", port: 9, security: "none", user: "", from: "shop@example.com", from_name: "", authority: "" };
    await shop.call("PUT", "/mail/server", { id: uuid(), server }, owner.token);
    await page.reload();
    await page.getByTestId("campaign-name").fill("Mango season");
    await page.getByLabel(w("campaigns.town"), { exact: true }).fill("Pune");
    await page.getByTestId("campaign-title").fill("Mangoes for {name}");
    await page.getByTestId("campaign-text").fill("Dear {name}, the first crates of Ratnagiri have come.");
    await sample.getByText("Mangoes for").waitFor();
    const going = await letters();
    await shot(page, "campaign-new");
    await page.getByTestId("campaign-send").click();
    const list = page.getByTestId("campaign-letters");
    await list.getByRole("listitem").first().waitFor();
    await until(async () => (await list.getByRole("listitem").count()) === going, "a letter to each");
    const [sent] = (await ask("/campaigns")).items;
    assert.deepEqual([sent.name, sent.letters], ["Mango season", going]);
    const waiting = (await ask("/mail/outbox")).items.filter((one) => one.kind === "campaign");
    assert.equal(waiting.length, going, "one letter each, and none twice");
    await list.getByRole("button", { name: w("campaigns.noNews") }).first().click();
    await list.getByText(w("campaigns.state.withdrawn")).waitFor();
    await shot(page, "campaign-one");
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-campaign").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

for (const [language, theme, size] of [["en", "light", [1280, 800]], ["hi", "dark", [1920, 1080]], ["ar", "light", [1280, 800]], ["ar", "dark", [390, 844]], ["en", "light", [390, 844]]]) {
  test(`campaigns look right: ${language}, ${theme}, ${size.join("×")}`, async () => {
    const [first] = (await ask("/campaigns")).items;
    const context = await eyes.person({ shop, language, theme, size, session: await shop.session("owner") });
    const page = await context.newPage();
    try {
      for (const [path, name] of [["campaigns", "list"], [`campaigns/new/${first.id}`, "new"], [`campaigns/${first.id}`, "one"]]) {
        await page.goto(`/#/office/${path}`);
        if (name === "new") await page.getByTestId("campaign-sample").waitFor();
        else if (name === "one") await page.getByTestId("campaign-letters").getByRole("listitem").first().waitFor();
        else await page.getByText("Mango season").first().waitFor();
        await shot(page, `campaigns-${name}-${language}-${theme}-${size[0]}`);
        for (const look of [axeFaults, smallTargets, sideways]) assert.deepEqual(await look(page), [], `${look.name} of ${path} in ${language}`);
        // The places that the shop left open in its letter are its own words.
        assert.deepEqual((await rawKeys(page)).filter((raw) => !/\{(name|shop)\}$/.test(raw)), [], `raw text of ${path} in ${language}`);
      }
      assert.deepEqual(eyes.trouble(), []);
    } finally {
      await context.close();
    }
  });
}
