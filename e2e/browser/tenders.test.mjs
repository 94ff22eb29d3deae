// Paying: split over several ways, UPI on the customer's screen, digits above the limit, tips, and the same bill paid another way later.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Eyes, Shop, shot, until, uuid, words } from "./stage.mjs";
import { money, Till } from "./till.mjs";

let eyes;
let shop;
let owner;
let cashier;
const w = words("en");

before(async () => {
  eyes = await Eyes.open();
  shop = await Shop.open();
  owner = await shop.session("owner");
  cashier = { staff: uuid(), pin: "2468" };
  await shop.call("POST", "/staff", { id: cashier.staff, name: "Nora", role: "manager", language: "en", hand: "right", hue: "teal", pin: cashier.pin }, owner.token);
  await shop.call("PUT", "/settings/upi.address", { id: uuid(), value: "annapurna@upi" }, owner.token);
});
after(async () => {
  await eyes?.close();
  await shop?.close();
});

async function at(run, more = {}) {
  const context = await eyes.person({ shop, ...more });
  const page = await context.newPage();
  const till = new Till(page, "en");
  try {
    await page.goto("/");
    await till.signIn(cashier);
    await page.getByTestId("pay-upi").waitFor();
    await run({ page, till, keys: page.keyboard });
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, `failed-tenders-${Date.now() % 100_000}`).catch(() => undefined);
    eyes.trouble();
    throw error;
  } finally {
    await context.close();
  }
}

const newest = async () => (await shop.call("GET", "/orders?limit=1", undefined, owner.token)).items[0];
const order = (id) => shop.call("GET", `/orders/${id}`, undefined, owner.token);
const standing = (one) => one.tenders.filter((leg) => leg.voided_at === null);
async function three(till) {
  for (const n of [0, 1, 2]) await till.pieces.nth(n).click();
  await till.items(3);
  return till.total();
}

test("split in two: half in cash, the rest by UPI on the customer's screen; both screens show both legs", () =>
  at(async ({ page, till }) => {
    const customer = await till.customer();
    const total = await three(till);
    await page.getByTestId("more").click();
    await till.sheet.getByTestId("split-payment").click();
    await till.sheet.getByRole("button", { name: w("tenders.parts", { count: 2 }) }).click();
    const half = Math.ceil(total / 2);
    await until(async () => money(await till.sheet.getByTestId("amount").textContent()) === half, "half of it");
    await till.sheet.getByTestId("take-cash").click();
    await till.sheet.getByTestId("leg").waitFor();
    assert.equal(money(await till.sheet.getByTestId("left").textContent()), total - half);
    await shot(page, "tenders-split");
    // What is paid and what is left is said before the next way to pay is chosen.
    await customer.is("pay");
    const theirs = async (mark) => money(await customer.page.getByTestId(mark).textContent());
    await until(async () => (await theirs("customer-leg")) === half && (await theirs("customer-left")) === total - half, "what is paid and what is left");
    await shot(customer.page, "tenders-split-rest-customer");
    await till.sheet.locator("[data-method=upi]").click();
    await customer.page.getByTestId("customer-leg-now").waitFor();
    await until(async () => (await theirs("customer-leg")) === half && (await theirs("customer-leg-now")) === total - half && (await theirs("customer-total")) === total - half, "the part that is asked for now");
    await shot(customer.page, "tenders-split-customer");
    await till.sheet.getByTestId("reference").fill("431512345678");
    await till.sheet.getByTestId("take").click();
    await till.paid();
    const made = await newest();
    assert.deepEqual(standing(made).map((leg) => [leg.method, leg.amount_minor]).sort(), [["cash", half], ["upi", total - half]].sort());
    await until(async () => (await page.getByTestId("paid").getByTestId("paid-leg").count()) === 2, "both parts on the panel");
    await page.getByTestId("paid").getByText("431512345678").waitFor();
    await customer.is("paid");
    await customer.page.getByText("431512345678").waitFor();
    await shot(page, "tenders-split-paid");
    await shot(customer.page, "tenders-split-paid-customer");
  }));

test("UPI in one tap: amount and code on the customer's screen; not paid is said, and nothing was taken", () =>
  at(async ({ page, till }) => {
    const customer = await till.customer();
    const total = await three(till);
    await page.getByTestId("pay-upi").click();
    await customer.is("pay");
    const code = await customer.page.locator("svg.qr").getAttribute("data-code");
    const asked = new URLSearchParams(code.slice(code.indexOf("?") + 1));
    assert.equal(asked.get("pa"), "annapurna@upi");
    assert.equal(Math.round(Number(asked.get("am")) * 100), total);
    assert.equal(asked.get("cu"), "INR");
    assert.ok(asked.get("tr"), "the payment can be found by its reference");
    assert.ok((await customer.page.locator("svg.qr").boundingBox()).width >= 170, "45 mm at least");
    await shot(customer.page, "tenders-upi-customer");
    await shot(page, "tenders-upi");
    const before = (await newest()).id;
    await till.sheet.getByTestId("not-paid").click();
    await customer.is("failed");
    await shot(customer.page, "tenders-failed-customer");
    assert.equal((await newest()).id, before, "no order was made");
    await page.keyboard.press("Escape");
    await customer.is("cart");
    await page.getByTestId("pay-upi").click();
    await customer.is("pay");
    await till.sheet.getByTestId("take").click();
    await till.paid();
    await customer.is("paid");
    assert.equal(standing(await newest())[0].method, "upi");
  }));

test("above the shop's limit the last four digits are asked", () =>
  at(async ({ page, till }) => {
    await shop.call("PUT", "/settings/tender.digits_above_minor", { id: uuid(), value: 1_000 }, owner.token);
    try {
      await page.reload();
      await till.opened();
      await page.getByTestId("pay-upi").waitFor();
      await three(till);
      await page.getByTestId("pay-upi").click();
      await till.sheet.getByText(w("tenders.digits"), { exact: true }).waitFor();
      await till.sheet.getByTestId("take").click();
      await till.sheet.getByText(w("tenders.digits.missing")).waitFor();
      await till.sheet.getByTestId("reference").fill("4213");
      await till.sheet.getByTestId("take").click();
      await till.paid();
      assert.equal(standing(await newest())[0].reference, "4213");
    } finally {
      await shop.call("PUT", "/settings/tender.digits_above_minor", { id: uuid(), value: 500_000 }, owner.token);
    }
  }));

test("a reload in the middle of a split forgets nobody's money", () =>
  at(async ({ page, till, keys }) => {
    const total = await three(till);
    await keys.press("F9");
    await till.sheet.waitFor();
    await keys.type("10");
    await till.sheet.getByTestId("take-cash").click();
    await till.sheet.getByTestId("leg").waitFor();
    await page.reload();
    await till.opened();
    await till.items(3);
    await keys.press("F9");
    assert.equal(money(await till.sheet.getByTestId("leg").textContent()), 1_000);
    await till.sheet.getByTestId("take-cash").click();
    await till.paid();
    assert.deepEqual(standing(await newest()).map((leg) => leg.amount_minor).sort((a, b) => a - b), [1_000, total - 1_000].sort((a, b) => a - b));
  }));

test("1,000 in three parts sums to 1,000", () =>
  at(async ({ page, till, keys }) => {
    await till.tool("more.open");
    await till.sheet.getByRole("textbox", { name: w("open.price") }).fill("1000");
    await keys.press("Enter");
    await till.items(1);
    const total = await till.total();
    await page.getByTestId("more").click();
    await till.sheet.getByTestId("split-payment").click();
    await till.sheet.getByRole("button", { name: w("tenders.parts", { count: 3 }) }).click();
    for (const part of [1, 2]) {
      await till.sheet.getByTestId("take-cash").click();
      await until(async () => (await till.sheet.getByTestId("leg").count()) === part, `${part} legs`);
    }
    await till.sheet.getByTestId("take-cash").click();
    await till.paid();
    const legs = standing(await newest()).map((leg) => leg.amount_minor);
    assert.equal(legs.length, 3);
    assert.equal(legs.reduce((sum, one) => sum + one, 0), total);
    assert.ok(Math.max(...legs) - Math.min(...legs) <= 1, "no part is more than the smallest unit larger");
  }));

test("the tip is chosen at the customer's screen, seen at the till at once, and inside of what the code asks for", () =>
  at(async ({ page, till, keys }) => {
    const customer = await till.customer();
    const total = await three(till);
    await keys.press("F9");
    await till.sheet.getByTestId("tip").click();
    await customer.is("ask");
    await shot(customer.page, "tenders-tip-ask-customer");
    await shot(page, "tenders-tip-ask");
    const choice = customer.page.getByTestId("ask-choice").nth(1);
    const tip = money(await choice.textContent());
    await choice.click();
    await customer.page.getByTestId("ask-answered").waitFor();
    await shot(customer.page, "tenders-tip-thanks-customer");
    await until(async () => money(await page.getByTestId("tip-value").textContent()) === tip, "the tip at the till");
    await page.locator("[data-testid=asked][data-state=answered]").waitFor();
    await shot(page, "tenders-tip-chosen");
    await page.getByTestId("tip-set").click();
    await customer.is("cart");
    await till.sheet.locator("[data-method=upi]").click();
    await customer.is("pay");
    const code = await customer.page.locator("svg.qr").getAttribute("data-code");
    assert.equal(Math.round(Number(new URLSearchParams(code.slice(code.indexOf("?") + 1)).get("am")) * 100), total + tip);
    await until(async () => money(await customer.page.getByTestId("customer-total").textContent()) === total + tip, "the sum with the tip");
    await customer.page.getByTestId("customer-tip").waitFor();
    await shot(customer.page, "tenders-tip-customer");
    await till.sheet.getByTestId("take").click();
    await till.paid();
    const [leg] = standing(await newest());
    assert.deepEqual([leg.amount_minor, leg.tip_minor], [total, tip]);
  }));

test("another amount is typed at the customer's screen; no is as easy; Escape closes the tip and not the payment", () =>
  at(async ({ page, till, keys }) => {
    const customer = await till.customer();
    await three(till);
    await keys.press("F9");
    await till.sheet.getByTestId("tip").click();
    await customer.is("ask");
    await customer.page.getByTestId("ask-other").click();
    for (const figure of ["7", "5"]) await customer.page.getByRole("button", { name: figure, exact: true }).click();
    const typed = async () => customer.page.getByTestId("ask-typed").textContent();
    await until(async () => money(/[.]/.test(await typed()) ? await typed() : `${await typed()}.00`) === 7_500, "75 at the customer's screen");
    await customer.page.getByText(w("asks.tip.most", { amount: "₹60.00" })).waitFor();
    await until(() => customer.page.getByTestId("ask-done").isDisabled(), "more than the bill is told to the cashier");
    await customer.page.getByRole("button", { name: w("pad.back") }).click();
    await shot(customer.page, "tenders-tip-typed-customer");
    await customer.page.getByTestId("ask-done").click();
    await until(async () => money(await page.getByTestId("tip-value").textContent()) === 700, "seven rupees at the till");
    await keys.press("Escape");
    await page.getByTestId("tip-value").waitFor({ state: "detached" });
    await customer.is("cart");
    assert.ok(await till.sheet.getByTestId("take-cash").isVisible(), "the payment is still there, and nobody is asked any more");
    await till.sheet.getByTestId("tip").click();
    await customer.is("ask");
    await customer.page.getByTestId("ask-skip").click();
    await customer.is("cart");
    await until(async () => (await page.getByTestId("asked").getAttribute("data-state")) === "skipped", "no tip, said at the till");
    await keys.press("Escape");
    await page.getByTestId("tip-value").waitFor({ state: "detached" });
    await keys.press("Escape");
    await till.sheet.waitFor({ state: "detached" });
  }));

test("the phone number is typed at the customer's screen, and is never whole there again", () =>
  at(async ({ page, till }) => {
    const customer = await till.customer();
    await three(till);
    await till.tool("phone.title");
    await customer.is("ask");
    await shot(customer.page, "tenders-phone-ask-customer");
    for (const figure of "9876543210") await customer.page.getByRole("button", { name: figure, exact: true }).click();
    await customer.page.getByTestId("ask-done").click();
    await customer.page.getByTestId("ask-answered").getByText("98••••3210").waitFor();
    await page.getByText(w("asks.till.gave", { phone: "98••••3210" })).waitFor();
    await page.getByTestId("phone-set").click();
    await page.getByTestId("cart-phone").waitFor();
    await till.cash.click();
    await till.paid();
    assert.equal((await newest()).phone, "98••••3210");
  }));

test("a till that changes hands says whose order it is", () =>
  at(async ({ page, till, keys }) => {
    await three(till);
    const other = { staff: uuid(), pin: "1357" };
    await shop.call("POST", "/staff", { id: other.staff, name: "Omar", role: "cashier", language: "en", hand: "right", hue: "coral", pin: other.pin }, owner.token);
    await keys.press("Control+l");
    await till.signIn(other);
    await page.getByTestId("handed-cart").getByText(w("handed.cart", { name: "Nora" })).waitFor();
    await till.items(3);
    await shot(page, "tenders-handed");
    await page.getByTestId("handed-mine").click();
    await page.getByTestId("handed-cart").waitFor({ state: "detached" });
    await till.cash.click();
    await till.paid();
    assert.equal((await newest()).staff.name, "Omar");
  }));

test("a tip goes on top and is no part of the bill", () =>
  at(async ({ page, till, keys }) => {
    const total = await three(till);
    await keys.press("F9");
    await till.sheet.getByTestId("tip").click();
    await keys.type("20");
    await till.sheet.last().getByTestId("tip-set").click();
    await till.sheet.locator("[data-method=card]").click();
    await till.sheet.getByTestId("reference").fill("SLIP 77");
    await till.sheet.getByTestId("take").click();
    await till.paid();
    const [leg] = standing(await newest());
    assert.equal(leg.method, "card");
    assert.equal(leg.tip_minor, 2_000);
    assert.equal(leg.amount_minor, total);
    await page.getByTestId("paid").getByText(w("paid.tip")).waitFor();
    await shot(page, "tenders-tip-paid");
  }));

test("cash with change: the note in two taps, from the sheet behind More", () =>
  at(async ({ page, till }) => {
    const total = await three(till);
    await page.getByTestId("more").click();
    const note = till.sheet.getByTestId("note").last();
    const given = money(await note.textContent());
    await note.click();
    await till.paid();
    const [leg] = standing(await newest());
    assert.equal(leg.change_minor, given - total);
  }));

test("the bill stands, the payment changes: cash becomes card and cash, and the old leg stays to be read", () =>
  at(async ({ page, till, keys }) => {
    const total = await three(till);
    await till.cash.click();
    await till.paid();
    const made = await newest();
    await till.scan(made.token.code);
    await till.sheet.getByTestId("change-payment").click();
    await till.sheet.last().getByText(w("tenders.change.title", { number: String(made.number) })).waitFor();
    await keys.type("12");
    await till.sheet.last().locator("[data-method=card]").click();
    await till.sheet.last().getByTestId("reference").fill("SLIP 12");
    await till.sheet.last().getByTestId("take").click();
    await till.sheet.last().getByTestId("leg").waitFor();
    await shot(page, "tenders-change");
    await till.sheet.last().getByTestId("take-cash").click();
    await until(async () => (await order(made.id)).tenders.length === 3, "three legs, one of them void");
    const now = await order(made.id);
    assert.equal(now.total_minor, total);
    assert.equal(now.paid_minor, total, "what is paid stays the same");
    assert.deepEqual(standing(now).map((leg) => [leg.method, leg.amount_minor]).sort(), [["card", 1_200], ["cash", total - 1_200]].sort());
    assert.equal(now.tenders.filter((leg) => leg.state === "voided").length, 1);
    assert.equal(now.document, made.document, "the document is the same");
    await until(async () => (await till.sheet.getByTestId("paid-leg").count()) === 3, "all legs in the sheet");
    await till.sheet.getByText("SLIP 12").waitFor();
    await shot(page, "tenders-changed");
  }));

test("from the office too", async () => {
  const seat = uuid();
  const session = { ...(await shop.session("owner", seat)), seat };
  const { products } = await shop.call("GET", "/catalog", undefined, session.token);
  const plain = products.find((one) => one.unit === "piece" && !one.open_price && !one.asks);
  await shop.call("POST", "/cart/changes", { id: uuid(), change: { kind: "add", product: plain.id } }, session.token);
  const cart = await shop.call("GET", "/cart", undefined, session.token);
  const made = await shop.call("POST", "/orders", { id: uuid(), cart: cart.id, tenders: [{ id: uuid(), method: "cash" }] }, session.token);
  const context = await eyes.person({ shop, session });
  const page = await context.newPage();
  const sheet = page.getByRole("dialog");
  try {
    await page.goto(`/#/office/orders/${made.id}`);
    await page.getByTestId("change-payment").click();
    await sheet.locator("[data-method=upi]").click();
    await sheet.getByTestId("take").click();
    await until(async () => standing(await order(made.id))[0]?.method === "upi", "the office's change");
    await until(async () => (await page.getByTestId("paid-leg").count()) === 2, "both legs on the page");
    await shot(page, "tenders-office");
    assert.deepEqual(eyes.trouble(), []);
  } finally {
    eyes.trouble();
    await context.close();
  }
});

test("foreign cash: worth and change in the shop's own money", () =>
  at(async ({ page, till, keys }) => {
    await shop.call("POST", "/rates", { id: uuid(), currency: "USD", rate: "84.50" }, owner.token);
    const total = await three(till);
    await keys.press("F9");
    await till.sheet.getByTestId("foreign").click();
    await keys.type("1000");
    await until(async () => (await till.sheet.last().getByTestId("foreign-change").textContent())?.includes("845.00") || money(await till.sheet.last().getByTestId("foreign-change").textContent()) === 84_500 - total, "the change");
    await shot(page, "tenders-foreign");
    await till.sheet.last().getByTestId("foreign-take").click();
    await till.paid();
    const [leg] = standing(await newest());
    assert.equal(leg.currency, "USD");
    assert.equal(leg.foreign_minor, 1_000);
    assert.equal(leg.change_minor, 84_500 - total);
  }));
