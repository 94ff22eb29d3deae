// Setting up devices: a printer from its address to "right", the drawer's pin, a scanner's settings, the look of receipts.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SIZES, walk } from "./look.mjs";
import { Printer } from "./printer.mjs";
import { Eyes, scan, Shop, shot, until, words } from "./stage.mjs";

const w = words("en");
let eyes;
let shop;
let owner;
let printer;
let context;
let page;

before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
  owner = await shop.session("owner");
  printer = await Printer.open();
  context = await eyes.person({ shop, session: await shop.session("owner") });
  page = await context.newPage();
});
after(async () => {
  await context?.close();
  await eyes?.close();
  await shop?.close();
  await printer?.close();
});

const ask = (path) => shop.call("GET", path, undefined, owner.token);
const printers = async () => (await ask("/printers")).items;

function story(name, run) {
  test(name, async () => {
    try {
      await run();
      assert.deepEqual(eyes.trouble(), []);
    } catch (error) {
      await shot(page, `failed-hardware-${name.slice(0, 20).replaceAll(" ", "-")}`).catch(() => undefined);
      throw error;
    }
  });
}

story("a printer by its address: card, too wide, card again, right", async () => {
  await page.goto("/#/office/settings");
  await page.getByRole("button", { name: w("devices.setUp") }).click();
  await page.getByRole("button", { name: w("devices.findPrinters") }).click();
  await page.getByLabel(w("devices.address"), { exact: true }).fill("");
  await page.getByRole("button", { name: w("devices.addPrinter"), exact: true }).click();
  await page.getByText(w("devices.address.wrong", { example: "192.168.1.100" })).waitFor();
  await page.getByLabel(w("devices.address"), { exact: true }).fill(printer.address);
  await page.getByLabel(w("devices.name"), { exact: true }).fill("Front");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Front" }).waitFor();
  const [made] = await printers();
  assert.deepEqual(made.jobs, ["receipt"], "the first printer prints receipts");
  await page.getByTestId("test-print").click();
  await printer.printed(1, "the test card");
  await page.locator('[data-look="too_wide"]').click();
  await page.getByText(w("devices.looks.changed", { changed: `${w("devices.profile.paper_mm")}, ${w("devices.profile.dots")}` })).waitFor();
  await printer.printed(2, "the narrower card");
  assert.ok(printer.papers[0].pictures > 0, "every script comes as dots");
  assert.equal(printer.papers[1].dots, 384, "as wide as 58 mm are");
  assert.equal((await printers())[0].profile.paper_mm, 58);
  await page.locator('[data-look="right"]').click();
  await page.getByText(w("devices.looks.done")).waitFor();
  await until(async () => (await page.locator("[data-light]").first().getAttribute("data-light")) === "ready", "a green light");
});

story("its name and job are changed in place, and undone", async () => {
  const [{ id }] = await printers();
  await page.getByLabel(w("devices.name"), { exact: true }).fill("Counter 1");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Counter 1" }).waitFor();
  // Its way back leads to the old name; the one pressed below is that of the job.
  await page.locator("[popover]").getByText(w("devices.saved")).waitFor();
  await page.locator("[popover]").getByRole("button", { name: w("action.dismiss") }).click();
  await page.getByRole("switch", { name: w("devices.job.label") }).click();
  await until(async () => (await printers())[0].jobs.includes("label"), "the new job in the core");
  await page.locator("[popover]").getByRole("button", { name: w("action.undo") }).click();
  await until(async () => !(await printers())[0].jobs.includes("label"), "the old jobs in the core");
  assert.equal((await printers())[0].id, id);
});

story("the drawer: it did not open, so another pin; then it did", async () => {
  await page.goto("/#/office/devices/drawer");
  const kicks = printer.kicks.length;
  await page.getByTestId("kick").click();
  await until(() => printer.kicks.length === kicks + 1, "a pulse");
  assert.equal(printer.kicks.at(-1).pin, 2);
  await page.getByRole("button", { name: w("devices.drawer.no"), exact: true }).click();
  await until(() => printer.kicks.length === kicks + 2, "a pulse on the other pin");
  assert.equal(printer.kicks.at(-1).pin, 5);
  await page.getByRole("button", { name: w("devices.drawer.yes") }).click();
  await page.getByText(w("devices.drawer.works", { pin: "5" })).waitFor();
});

story("a scanner tells its settings by one scan", async () => {
  await page.goto("/#/office/devices/scanner");
  const { test: code } = await ask("/scanner/codes");
  await page.getByText(w("devices.scanner.waiting")).waitFor();
  await scan(page, code.text);
  await page.getByText(w("devices.scanner.advice.good")).waitFor();
  await page.getByText(w("devices.scanner.advice.prefix")).waitFor();
  // The next one sends F24 before and Tab behind.
  await page.evaluate(() => window.dispatchEvent(new KeyboardEvent("keydown", { key: "F24", code: "F24" })));
  await scan(page, code.text, "Tab");
  await until(async () => (await page.getByText(w("devices.scanner.advice.prefix")).count()) === 0, "no advice about the prefix");
  await page.getByText("F24", { exact: true }).waitFor();
  await scan(page, "8901030865275");
  await page.getByText(w("devices.scanner.advice.different")).waitFor();
  // Without an end it is known by the silence that follows.
  await scan(page, code.text, null);
  await page.getByText(w("devices.scanner.advice.suffix")).waitFor();
});

story("receipts: what is changed is seen at once as the printer's dots, kept, and taken back", async () => {
  await page.goto("/#/office/receipts");
  const picture = page.getByTestId("receipt-picture");
  await picture.waitFor();
  const shown = () => picture.getAttribute("src");
  const size = () => picture.evaluate((image) => [image.naturalWidth, image.naturalHeight]);
  await until(async () => (await size())[0] === 576, "80 mm of dots");
  const [, high] = await size();
  const first = await shown();
  await page.getByLabel(w("receipts.footer"), { exact: true }).fill("धन्यवाद, फिर आइए\nशुक्रवार बंद\nthird line");
  await until(async () => (await shown()) !== first, "another picture");
  await until(async () => (await size())[1] > high, "a longer receipt");
  const move = page.locator('[data-part="footer"]').getByRole("button", { name: w("receipts.up", { name: w("receipts.part.footer") }) });
  const order = () => page.locator("[data-part]").evaluateAll((rows) => rows.map((row) => row.dataset.part));
  const at = (await order()).indexOf("footer");
  await move.click();
  assert.equal((await order()).indexOf("footer"), at - 1);
  // A logo drawn here and now: any picture will do.
  const png = await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    canvas.width = 300;
    canvas.height = 120;
    const drawing = canvas.getContext("2d");
    drawing.fillStyle = "#123";
    drawing.fillRect(20, 20, 260, 80);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  await page.locator('input[type="file"]').setInputFiles({ name: "logo.png", mimeType: "image/png", buffer: Buffer.from(png) });
  await page.getByRole("button", { name: w("receipts.logo.remove") }).waitFor();
  await page.getByTestId("save-receipt").click();
  await page.locator("[popover]").getByText(w("receipts.saved")).waitFor();
  const kept = (await ask("/receipts/template")).template;
  assert.notEqual(kept.logo, null, "the logo in the core");
  assert.deepEqual(kept.footer, ["धन्यवाद, फिर आइए", "शुक्रवार बंद", "third line"]);
  assert.equal(kept.blocks.findIndex((part) => part.block === "footer"), at - 1);
  await page.locator("[popover]").getByRole("button", { name: w("action.undo") }).click();
  await page.locator("[popover]").getByText(w("receipts.undone")).waitFor();
  assert.deepEqual((await ask("/receipts/template")).template.footer, [], "the old footer");
  await page.locator('input[type="file"]').setInputFiles({ name: "notes.txt", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await page.locator("[popover]").getByText(w("receipts.logo.unreadable", { name: "notes.txt" })).waitFor();
});

for (const language of ["en", "hi", "ar"]) {
  test(`the look in ${language}`, async () => {
    const { id } = (await printers())[0];
    const person = await eyes.person({ shop, language, session: await shop.session("owner") });
    try {
      const look = await person.newPage();
      const to = (path, ready) => async () => (await look.goto(`/#/office/${path}`), await look.locator(ready).first().waitFor());
      await walk(
        [
          ["devices", to("devices", ".rows a"), { sizes: Object.values(SIZES) }],
          ["devices-find", to("devices/printer", ".ways li")],
          ["devices-printer", async () => {
            await to(`devices/printer/${id}`, "[data-testid=test-print]")();
            await look.getByTestId("test-print").click();
            await look.locator("[data-look]").first().waitFor();
          }],
          ["devices-drawer", to("devices/drawer", "[data-testid=kick]")],
          ["devices-scanner", async () => {
            await to("devices/scanner", ".waiting")();
            await look.keyboard.type("8901030865275", { delay: 3 });
            await look.keyboard.press("Enter");
            await look.locator(".advice").first().waitFor();
          }],
          ["devices-screen", to("devices/screen", ".art")],
          ["devices-camera", to("devices/camera", "[data-camera=none]")],
          ["devices-queue", to("devices/queue", "[data-job]")],
          ["receipts", to("receipts", "[data-testid=receipt-picture]"), { sizes: Object.values(SIZES) }],
        ],
        look,
        language,
        eyes,
      );
    } finally {
      await person.close();
    }
  });
}

story("a printer is removed after a question", async () => {
  await page.goto(`/#/office/devices/printer/${(await printers())[0].id}`);
  await page.getByRole("button", { name: w("devices.remove") }).click();
  await page.getByRole("dialog").getByRole("button", { name: w("devices.remove") }).click();
  await page.getByText(w("devices.noPrinter")).waitFor();
  assert.deepEqual(await printers(), []);
});
