// Two tills of a branch as two nodes: which of them decides, the owner lets the other one, and an order parked at one
// is seen, said to be open, and taken up at the other.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SIZES, walk } from "./look.mjs";
import { Eyes, LANGUAGES, Shop, shot, until, uuid, words } from "./stage.mjs";
import { Till } from "./till.mjs";

const w = words("en");
let eyes;
let first;
let second;

before(async () => {
  eyes = await Eyes.open();
  first = await Shop.open();
  await first.kill("SIGTERM");
  second = await first.admit();
  await second.start(["--peer", first.address]);
  const people = first.people;
  await first.start(["--peer", second.address]);
  // Only the first one's books tell the demo's PINs.
  first.people = second.people = people;
  for (const shop of [first, second]) {
    const { token } = await shop.session("owner");
    await shop.call("PUT", "/settings/till.coach_marks", { id: uuid(), value: false }, token);
  }
  const owner = await second.session("owner");
  await until(async () => (await second.call("GET", "/branch/lead", undefined, owner.token)).state === "there", "the first decides");
});
after(async () => {
  await eyes?.close();
  await first?.close();
  await second?.close();
});

async function at(shop, how, run) {
  const context = await eyes.person({ shop, session: await shop.session("owner"), ...how });
  const page = await context.newPage();
  try {
    return await run(page);
  } catch (error) {
    await shot(page, `failed-lead-${how.name ?? "story"}`).catch(() => undefined);
    throw error;
  } finally {
    await context.close();
  }
}

/** Parks an order of two pieces at that till. */
async function parked(shop, label) {
  const session = await shop.session("cashier");
  const product = (await shop.call("GET", "/products?q=Samosa", undefined, session.token)).items[0].id;
  const cart = await shop.call("POST", "/cart/changes", { id: uuid(), change: { kind: "add", product, quantity: "2" } }, session.token);
  await shop.call("POST", "/cart/park", { id: uuid(), label }, session.token);
  return { id: cart.id, session };
}

test("an order parked at one till is taken up at the other, and then said to be open there", async () => {
  const { session } = await parked(first, "blue shirt");
  await parked(first, "green shirt");
  await at(second, { name: "parked" }, async (page) => {
    await page.goto("/#/till");
    const till = new Till(page);
    await till.opened();
    await page.getByTestId("parked").click();
    const row = till.sheet.getByRole("button", { name: /blue shirt/ });
    await row.waitFor();
    assert.match(await row.textContent(), /Till 1/, "it says where it is");
    await row.click();
    await till.items(1);
  });
  await until(async () => (await first.call("GET", "/carts/elsewhere", undefined, session.token)).items[0]?.state === "open", "the first till is told who has it");
  await at(first, { name: "open" }, async (page) => {
    await page.goto("/#/till");
    const till = new Till(page);
    await till.opened();
    await page.getByTestId("parked").click();
    await till.sheet.getByText(/Till 2/).waitFor();
    await until(() => till.sheet.getByRole("button", { name: /blue shirt/ }).isDisabled(), "that somebody has it");
  });
  assert.deepEqual(eyes.trouble(), []);
});

test("the owner lets the other device decide", async () => {
  await at(second, { name: "appoint" }, async (page) => {
    await page.goto("/#/office/devices");
    await page.getByRole("heading", { name: w("lead.title.name", { name: "Till 1" }) }).waitFor();
    await page.getByRole("button", { name: w("lead.choose") }).click();
    await page.getByRole("dialog").getByRole("button", { name: w("lead.choose.name", { name: "Till 2" }) }).click();
    await page.getByRole("heading", { name: w("lead.title.name", { name: "Till 2" }) }).waitFor();
  });
  const owner = await first.session("owner");
  await until(async () => (await first.call("GET", "/branch/lead", undefined, owner.token)).state === "there", "the first one follows");
  assert.deepEqual(eyes.trouble(), []);
});

for (const language of LANGUAGES)
  test(`both screens, ${language}`, async () => {
    const l = words(language);
    const { id, session } = await parked(first, "red bag");
    await at(second, { name: "look", language }, async (page) => {
      const till = new Till(page, language);
      await walk(
        [
          ["lead-office", async () => (await page.goto("/#/office/devices"), await page.getByRole("heading", { name: l("lead.title.name", { name: "Till 2" }) }).scrollIntoViewIfNeeded()), { sizes: [SIZES.WIDE, SIZES.LARGE, SIZES.PHONE] }],
          ["lead-ask", async () => (await page.getByRole("button", { name: l("lead.choose.name", { name: "Till 1" }) }).click(), await page.getByRole("dialog").waitFor())],
          ["lead-parked", async () => (await page.goto("/#/till"), await page.reload(), await till.opened(), await page.getByTestId("parked").click(), await till.sheet.getByText("red bag").waitFor())],
        ],
        page,
        language,
        eyes,
      );
    });
    await first.call("DELETE", `/carts/${id}`, undefined, session.token);
  });
