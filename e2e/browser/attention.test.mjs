// How the devices stand with each other: the quiet pill of a till whose hub is away, and the inbox of what needs a look.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SIZES, walk } from "./look.mjs";
import { Eyes, LANGUAGES, Shop, shot, until, uuid, words } from "./stage.mjs";

const EVERY = Object.values(SIZES);
const OWNER_PIN = "8042";
const CASHIER_PIN = "3571";
/** Nobody listens there. */
const AWAY = "http://127.0.0.1:9";

let eyes;
let shop;
let owner;
let cashier;
let tea;

/** A shop of our own, for the demo never syncs; its hub does not answer. */
before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open({ demo: false });
  const setup = { id: uuid(), kind: "own", language: "en", trade: "sweets", shop_name: "Annapurna", country: "IN", region: "27", owner_name: "Asha", pin: OWNER_PIN };
  owner = await shop.call("POST", "/setup", setup);
  cashier = { staff: uuid(), pin: CASHIER_PIN };
  await shop.call("POST", "/staff", { id: cashier.staff, name: "Meena", role: "cashier", pin: cashier.pin }, owner.token);
  tea = uuid();
  await shop.call("POST", "/products", { id: tea, name: "Tea", price_minor: 2_000 }, owner.token);
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

const session = (who) => shop.call("POST", "/sessions", { staff: who.staff, pin: who.pin, seat: uuid() });
const asOwner = () => session({ staff: owner.staff.id, pin: OWNER_PIN });
const sell = (token) => shop.call("POST", "/orders", { id: uuid(), lines: [{ product: tea, quantity: "1" }], tenders: [{ id: uuid(), method: "cash" }] }, token);

test("alone there is nothing to say; with the hub away a quiet pill says how much waits", async () => {
  owner = { ...owner, ...(await asOwner()) };
  const quiet = await eyes.person({ shop, session: owner });
  try {
    const page = await quiet.newPage();
    await page.goto("/#/till");
    await page.getByTestId("till").waitFor();
    assert.equal((await shop.call("GET", "/sync", undefined, owner.token)).state, "alone");
    assert.equal(await page.getByTestId("sync-pill").count(), 0, "no pill");
  } finally {
    await quiet.close();
  }
  await shop.kill("SIGTERM");
  await shop.start(["--hub", AWAY]);
  owner = { ...owner, ...(await asOwner()) };
  await until(async () => (await shop.call("GET", "/sync", undefined, owner.token)).state === "offline", "the hub to be missed");
  const before = (await shop.call("GET", "/sync", undefined, owner.token)).to_send;
  const meena = await session(cashier);
  const context = await eyes.person({ shop, session: meena });
  try {
    const page = await context.newPage();
    await page.goto("/#/till");
    const pill = page.getByTestId("sync-pill");
    await pill.waitFor();
    for (let n = 0; n < 3; n++) await sell(meena.token);
    const w = words("en");
    await until(async () => (await pill.textContent()).includes(w("sync.offline.count", { count: before + 3 })), "three sales more, without a reload");
    await pill.click();
    const sheet = page.getByTestId("sync-sheet");
    await sheet.getByText(w("sync.offline.say")).waitFor();
    assert.equal(await sheet.getByRole("list").count(), 0, "who lacks what is no business of the cashier's");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
  } finally {
    await context.close();
  }
  assert.deepEqual(eyes.trouble(), []);
});

/** Somebody who owes more than they may since their limit was lowered. */
async function overLimit() {
  const id = uuid();
  const form = (limit) => ({ id: uuid(), name: "Sunita", phones: [], limit_minor: limit, terms_days: 15 });
  await shop.call("POST", "/customers", { ...form(100_000), id }, owner.token);
  await shop.call("POST", `/customers/${id}/adjustments`, { id: uuid(), kind: "opening", amount_minor: 60_000, due: "2027-01-01", reason: "the old book" }, owner.token);
  await shop.call("PUT", `/customers/${id}`, form(50_000), owner.token);
  return id;
}

test("a matter is told in a sentence, leads where it can be mended, and leaves when it is settled", async () => {
  const customer = await overLimit();
  const context = await eyes.person({ shop, session: owner });
  try {
    const page = await context.newPage();
    const w = words("en");
    await page.goto("/#/office/attention");
    const matters = page.getByTestId("matters").locator(":scope > li");
    await matters.first().waitFor();
    await matters.first().getByText(/Sunita owes ₹100\.00 more than the limit allows/).first().waitFor();
    assert.equal(await matters.count(), 1);
    await until(async () => (await page.getByTestId("attention-count").textContent()) === "1", "one in the rail");
    await page.getByRole("button", { name: w("attention.open.customer") }).click();
    await page.waitForURL(new RegExp(`/office/customers/${customer}`));
    await page.getByRole("heading", { level: 1, name: "Sunita" }).waitFor();
    await page.goto("/#/office/attention");
    await page.getByTestId("settle").click();
    await page.getByTestId("note").fill("she pays on Friday");
    await page.getByTestId("note-done").click();
    await page.getByText(w("attention.none")).waitFor();
    await until(async () => (await page.getByTestId("attention-count").count()) === 0, "the badge to go");
    await page.goto("/#/office/attention/settled");
    await page.getByText("she pays on Friday").waitFor();
    // Worse than what was settled.
    await shop.call("POST", `/customers/${customer}/adjustments`, { id: uuid(), kind: "opening", amount_minor: 1_000, due: "2027-01-01", reason: "forgotten" }, owner.token);
    await page.goto("/#/office/attention");
    await page.getByText(/₹110\.00 more/).waitFor();
  } catch (error) {
    await shot(context.pages()[0], "failed-matter");
    throw error;
  } finally {
    await context.close();
  }
  assert.deepEqual(eyes.trouble(), []);
});

const AT = new Date(Date.now() - 3_600_000).toISOString();
const blank = { order: null, line: null, name: null, quantity: null, sold: null, unit: null, amount_minor: null, customer: null, barcode: null, products: [], card: null, devices: [], clock_ahead_ms: null, deeds: [], at: null, settled: null };
const ORDER = { id: uuid(), number: 42, document: "K7Q/26-27/000042" };
const deed = (what, counter, staff, more = {}) => ({ what, quantity: "1", amount_minor: null, counter: { id: uuid(), name: counter }, staff: { id: uuid(), name: staff }, at: AT, offline: true, ...more });
const line = (kind, deeds) => ({ ...blank, key: `line:${kind}`, kind, order: ORDER, line: 1, name: "Paneer Tikka Roll", quantity: "1", sold: "2", unit: "piece", amount_minor: 11_000, at: AT, deeds });
/** One of each, as the core tells them; two counters that meet make them in the stories. */
const ONE_OF_EACH = [
  line("given_twice", [deed("given", "Token counter", "Meena"), deed("given", "Sales counter", "Ravi")]),
  line("refunded_twice", [deed("refunded", "Token counter", "Meena", { amount_minor: 5_500 }), deed("refunded", "Till 2", "Imran", { amount_minor: 5_500 })]),
  line("given_and_refunded", [deed("given", "Sales counter", "Ravi"), deed("refunded", "Till 2", "Imran", { amount_minor: 5_500 })]),
  line("given_and_cancelled", [deed("given", "Sales counter", "Ravi"), deed("cancelled", "Till 2", "Imran", { quantity: null, counter: null, offline: false })]),
  line("refunded_and_cancelled", [deed("refunded", "Till 2", "Imran", { amount_minor: 5_500 })]),
  { ...blank, key: "limit:1", kind: "limit_passed", amount_minor: 50_000, customer: { id: uuid(), name: "Sunita" } },
  { ...blank, key: "card:1", kind: "card_below_zero", amount_minor: 50_000, card: { id: uuid(), kind: "gift_card", tail: "7K2Q" }, at: AT },
  { ...blank, key: "barcode:1", kind: "barcode_shared", barcode: "8901234567894", products: [{ id: uuid(), name: "Sweet Lassi" }, { id: uuid(), name: "Chaas" }] },
  { ...blank, key: "fork:1", kind: "device_forked", devices: [{ id: uuid(), name: "Sales counter" }], at: AT },
  { ...blank, key: "numbers:1", kind: "numbers_shared", devices: [{ id: uuid(), name: "Till 2" }, { id: uuid(), name: "Till 3" }] },
  { ...blank, key: "clock:1", kind: "clock_off", devices: [{ id: uuid(), name: "Till 2" }], clock_ahead_ms: -660_000 },
];
const SET_ASIDE = {
  items: [
    { device: uuid(), counter: "Sales counter", seq: 1_204, kind: 20, version: 3, about: "order", written_at: AT, bytes: 57, reason: "the body of kind 20 version 3 cannot be read", note: null },
    { device: uuid(), counter: "Till 2", seq: 88, kind: 25, version: 1, about: "order", written_at: AT, bytes: 9, reason: "the body of kind 25 version 1 cannot be read", note: { note: "It is on paper.", staff: { id: uuid(), name: "Asha" }, at: AT } },
  ],
  newer: [{ device: uuid(), counter: "Till 2", facts: 3, last_at: AT }],
};

test("pill, sheet, inbox and what is set aside look right in three languages, light and dark", async () => {
  for (const language of LANGUAGES) {
    // The screens speak the language of whoever is signed in.
    const maya = { staff: uuid(), pin: "5807" };
    await shop.call("POST", "/staff", { id: maya.staff, name: `Maya ${language}`, role: "manager", pin: maya.pin, language }, owner.token);
    const context = await eyes.person({ shop, language, session: await session(maya) });
    try {
      const page = await context.newPage();
      const w = words(language);
      const answer = (path, json) => page.route(path, (route) => route.fulfill({ json }));
      await answer(/\/api\/v1\/anomalies(\?.*)?$/, { items: ONE_OF_EACH, next: null });
      await answer("**/api/v1/set-aside", SET_ASIDE);
      await walk(
        [
          ["sync-till", async () => (await page.goto("/#/till"), await page.getByTestId("sync-pill").waitFor()), { sizes: EVERY }],
          ["sync-sheet", async () => (await page.getByTestId("sync-pill").click(), await page.getByTestId("sync-sheet").getByRole("list").first().waitFor()), { sizes: EVERY }],
          ["sync-sales", async () => (await page.goto("/#/sales"), await page.getByTestId("sync-pill").waitFor()), { sizes: EVERY }],
          ["sync-refund", async () => (await page.goto("/#/refund"), await page.getByTestId("sync-pill").waitFor()), { sizes: EVERY }],
          ["attention", async () => (await page.goto("/#/office/attention"), await page.getByTestId("matters").waitFor()), { sizes: EVERY }],
          ["attention-settle", async () => (await page.getByTestId("settle").first().click(), await page.getByTestId("note").waitFor()), { sizes: EVERY }],
          ["attention-aside", async () => (await page.keyboard.press("Escape"), await page.goto("/#/office/attention/aside"), await page.getByTestId("aside").waitFor()), { sizes: EVERY }],
          ["attention-today", async () => (await page.goto("/#/office/today"), await page.getByText(w("attention.today", { count: 1 })).waitFor()), { sizes: EVERY }],
        ],
        page,
        language,
        eyes,
      );
    } finally {
      await context.close();
    }
  }
});
