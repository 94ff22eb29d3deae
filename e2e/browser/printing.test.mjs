// Paper at the till: it comes by itself, and when it does not, the sale goes on and a person is asked.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Printer } from "./printer.mjs";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";
import { Till } from "./till.mjs";

const w = words("en");
let eyes;
let shop;
let owner;
let printer;
let other;
let id;
let context;
let page;
let till;

before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
  owner = await shop.session("owner");
  [printer, other] = [await Printer.open(), await Printer.open()];
  const add = (name, where, jobs) => shop.call("POST", "/printers", { id: uuid(), name, driver: "network", address: where.address, jobs }, owner.token);
  id = (await add("Counter", printer, ["receipt"])).id;
  await add("Back room", other, []);
  context = await eyes.person({ shop, session: await shop.session("cashier") });
  page = await context.newPage();
  till = new Till(page);
  await page.goto("/");
  await till.opened();
});
after(async () => {
  await context?.close();
  await eyes?.close();
  await shop?.close();
  await printer?.close();
  await other?.close();
});
beforeEach(() => {
  printer.paper = true;
  printer.dieAfter = null;
});

/** Trouble with paper; a drawer that stayed shut speaks for itself. */
const banner = () => page.locator('[data-testid="print-banner"]:not([data-kind="drawer"])');
const jobs = async (query = "") => (await shop.call("GET", `/print/jobs${query}`, undefined, owner.token)).items;
const receipts = async () => (await jobs()).filter((job) => job.kind === "receipt");
const button = (key) => banner().getByRole("button", { name: w(key) });

async function sell() {
  await till.pieces.first().click();
  await till.items(1);
  await till.cash.click();
  return till.paid();
}

/** One story; a picture of where it stopped, and nothing in the console. */
function story(name, run) {
  test(name, async () => {
    try {
      await run();
      assert.deepEqual(eyes.trouble(), []);
    } catch (error) {
      await shot(page, `failed-printing-${name.slice(0, 20).replaceAll(" ", "-")}`).catch(() => undefined);
      throw error;
    }
  });
}

story("a sale prints its receipt and opens the drawer; Ctrl+P prints it again, marked", async () => {
  const before = printer.papers.length;
  const number = await sell();
  await printer.printed(before + 1, "the receipt");
  await until(() => printer.kicks.length > 0, "the drawer's pulse");
  const [job] = await until(async () => ((await receipts())[0]?.state === "printed" ? receipts() : null), "a printed receipt");
  assert.equal(String(job.number), number);
  await until(async () => (await banner().count()) === 0, "nothing said about paper that came");
  await page.keyboard.press("Control+P");
  await till.says(w("print.copySent", { copy: "2" }));
  await printer.printed(before + 2, "the copy");
  assert.equal((await receipts())[0].copy, 2);
});

story("without paper the sale goes on; it prints when paper is back", async () => {
  const before = printer.papers.length;
  printer.paper = false;
  await sell();
  await banner().waitFor();
  await banner().getByText(w("print.why.paper_out")).waitFor();
  await sell();
  assert.equal(printer.papers.length, before, "nothing came out");
  printer.paper = true;
  await button("print.do.retry.short").click();
  await printer.printed(before + 2, "both receipts");
  await banner().waitFor({ state: "detached" });
});

story("a printer that dies in the middle: it is asked, and printed again only when somebody says so", async () => {
  const before = printer.papers.length;
  printer.dieAfter = 300;
  await sell();
  await until(async () => (await banner().getAttribute("data-state").catch(() => null)) === "unsure", "the question");
  await page.waitForTimeout(1500);
  assert.equal(printer.papers.length, before, "it is not printed again by itself");
  await button("print.do.came_out").click();
  await banner().waitFor({ state: "detached" });
  assert.equal(printer.papers.length, before, "what came out is not printed again");
  printer.dieAfter = 300;
  await sell();
  await until(async () => (await banner().getAttribute("data-state").catch(() => null)) === "unsure", "the question");
  await button("print.do.not_out").click();
  await printer.printed(before + 1, "the receipt that did not come");
  await banner().waitFor({ state: "detached" });
});

story("an unplugged printer: the other one prints, or the code is shown", async () => {
  const before = other.papers.length;
  const plug = await printer.unplug();
  try {
    await sell();
    await banner().waitFor();
    await banner().getByRole("button", { name: w("print.showCode") }).click();
    await page.getByRole("dialog").locator("svg.qr").waitFor();
    await page.keyboard.press("Escape");
    await button("print.do.other").click();
    await page.getByRole("dialog").getByText("Back room").click();
    await other.printed(before + 1, "the receipt in the back room");
    await banner().waitFor({ state: "detached" });
  } finally {
    await plug();
  }
});

story("the drawer without a sale: a reason, a manager's PIN, and a place in the log", async () => {
  const kicks = printer.kicks.length;
  const manager = shop.person("manager");
  await page.getByTestId("menu").click();
  await page.getByRole("dialog").getByText(w("drawer.open"), { exact: true }).click();
  await page.getByTestId("drawer-open").click();
  await page.getByText(w("discount.reason.missing")).waitFor();
  await page.getByRole("button", { name: w("drawer.reason.change") }).click();
  await page.getByTestId("drawer-open").click();
  await page.getByText(w("drawer.approve")).waitFor();
  assert.equal(printer.kicks.length, kicks, "nothing opens before somebody agreed");
  const name = shop.people.find((one) => one.staff === manager.staff).name;
  await page.getByRole("dialog").getByText(name).first().click();
  await page.keyboard.type(manager.pin);
  await page.keyboard.press("Enter");
  await till.says(w("drawer.opened"));
  await until(() => printer.kicks.length === kicks + 1, "the pulse");
  const [opening] = (await shop.call("GET", "/drawer/openings", undefined, owner.token)).items;
  assert.equal(opening.reason, w("drawer.reason.change"));
  assert.equal(opening.approved_by.name, name);
});

story("the queue in the office shows what was printed, and where", async () => {
  const theirs = await eyes.person({ shop, session: await shop.session("owner") });
  try {
    const office = await theirs.newPage();
    await office.goto("/#/office/devices/queue");
    await office.locator("[data-job]").first().waitFor();
    const states = await office.locator("[data-job]").evaluateAll((rows) => rows.map((row) => row.dataset.state));
    assert.ok(states.includes("printed"));
    await office.getByRole("button", { name: /^Unsure$/ }).click();
    await office.getByText(w("devices.queue.none")).waitFor();
    assert.ok((await jobs(`?printer=${id}`)).every((job) => job.printer.id === id));
  } finally {
    await theirs.close();
  }
});
