// A GST bill a week later: the buyer comes back, the document is corrected twice, every version stays; letters wait for
// their server. Held in three languages, on a wide screen and a phone, and looked at.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeFaults, rawKeys, sideways, smallTargets } from "./look.mjs";
import { Eyes, Shop, shot, words } from "./stage.mjs";

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

/** A sale of days ago that nobody's name is on. */
async function oldInvoice() {
  const { items } = await ask("/invoices?limit=200");
  const found = items.find((one) => one.buyer === null && one.state === "paid");
  assert.ok(found, "the demo has sold something");
  return found;
}

test("a GST bill a week later: made, corrected once more, and every version is kept", async () => {
  const w = words("en");
  const old = await oldInvoice();
  const context = await eyes.person({ shop, session: await shop.session("owner") });
  const page = await context.newPage();
  try {
    await page.goto(`/#/office/invoices/${old.id}`);
    const panel = page.getByRole("complementary", { name: old.document });
    await panel.getByTestId("correct").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByTestId("buyer-number").fill("27AAPFU0939F1ZX");
    await dialog.getByTestId("issue").click();
    await dialog.getByText(w("onboarding.shop.gstin.check")).waitFor();
    await dialog.getByTestId("buyer-number").fill("27aapfu0939f1zv");
    await dialog.getByText(w("invoices.state.from", { state: "Maharashtra" })).waitFor();
    await dialog.getByTestId("buyer-name").fill("Nirlon Ltd");
    await shot(page, "invoice-correct");
    await dialog.getByTestId("issue").click();
    await dialog.waitFor({ state: "hidden" });
    await panel.getByText("Nirlon Ltd").first().waitFor();
    await panel.getByTestId("correct").click();
    await dialog.getByTestId("buyer-name").fill("Nirlon Limited");
    await dialog.getByTestId("issue").click();
    await dialog.waitFor({ state: "hidden" });
    await panel.getByTestId("versions").getByText(w("invoices.version.first")).waitFor();
    const now = await ask(`/invoices/${old.id}`);
    assert.equal(now.revisions, 2);
    assert.deepEqual([now.document, now.day, now.total_minor], [old.document, old.day, old.total_minor], "number, date and money stay");
    assert.deepEqual(now.versions.map((one) => one.buyer?.name ?? null), [null, "Nirlon Ltd", "Nirlon Limited"]);
    const [download] = await Promise.all([page.waitForEvent("download"), panel.getByTestId("a4").click()]);
    assert.equal(download.suggestedFilename(), `${old.document.replaceAll("/", "-")}.pdf`);
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-invoices").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

test("a letter waits for a server and says why", async () => {
  const w = words("en");
  const old = await oldInvoice();
  const context = await eyes.person({ shop, session: await shop.session("owner") });
  const page = await context.newPage();
  try {
    await page.goto(`/#/office/invoices/${old.id}`);
    await page.getByTestId("mail").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(w("invoices.mail.noServer")).waitFor();
    await dialog.getByTestId("mail-to").fill("asha@example.com");
    await dialog.getByTestId("mail-send").click();
    await dialog.waitFor({ state: "hidden" });
    await page.goto("/#/office/mail");
    await page.getByTestId("letters").getByText("asha@example.com").waitFor();
    await page.getByText(w("mail.server.none")).waitFor();
    await page.getByTestId("mail-server").click();
    await dialog.getByTestId("mail-host").fill("127.0.0.1");
    await dialog.getByLabel(w("mail.server.security")).selectOption("none");
    await dialog.getByLabel(w("mail.server.port")).fill("9");
    await dialog.getByTestId("mail-from").fill("shop@example.com");
    await shot(page, "mail-server");
    await dialog.getByTestId("mail-save").click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByTestId("letters").getByText(w("mail.why.unreachable")).waitFor();
    await shot(page, "mail-waits");
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-mail").catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
});

for (const [language, theme, size] of [["en", "light", [1280, 800]], ["hi", "dark", [1920, 1080]], ["ar", "light", [1280, 800]], ["ar", "dark", [390, 844]]]) {
  test(`invoices, quotations and mail look right: ${language}, ${theme}, ${size.join("×")}`, async () => {
    const w = words(language);
    const [first] = (await ask("/invoices?named=true&q=Nirlon")).items;
    const context = await eyes.person({ shop, language, theme, size, session: await shop.session("owner") });
    const page = await context.newPage();
    try {
      for (const [path, heading] of [["invoices", w("office.invoices")], [`invoices/${first.id}`, null], ["quotations", w("office.quotations")], ["mail", w("office.mail")]]) {
        await page.goto(`/#/office/${path}`);
        if (heading) await page.getByRole("heading", { level: 1, name: heading }).first().waitFor();
        else await page.getByRole("complementary", { name: first.document }).getByText("Nirlon Limited").first().waitFor();
        await shot(page, `office-${path.split("/")[0]}${heading ? "" : "-one"}-${language}-${theme}-${size[0]}`);
        for (const look of [axeFaults, smallTargets, sideways, rawKeys]) assert.deepEqual(await look(page), [], `${look.name} of ${path} in ${language}`);
      }
      assert.deepEqual(eyes.trouble(), []);
    } finally {
      await context.close();
    }
  });
}
