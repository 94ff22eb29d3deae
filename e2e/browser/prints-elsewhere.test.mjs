// Paper of this counter at another device's printer, over the LAN's TLS: found, chosen, sold, printed there; and when the
// paper is out there, it is said here, with what can be done.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeFaults, rawKeys, sideways, smallTargets } from "./look.mjs";
import { Pair } from "./pair.mjs";
import { Printer } from "./printer.mjs";
import { Eyes, shot, until, uuid, words } from "./stage.mjs";
import { Till } from "./till.mjs";

let eyes;
let pair;
let there;
let here;
before(async () => {
  eyes = await Eyes.open();
  [there, here] = [await Printer.open(), await Printer.open()];
  pair = await Pair.open();
  const owner = await pair.far.session("owner");
  await pair.far.call("POST", "/printers", { id: uuid(), name: "Slips by the door", driver: "network", address: there.address, jobs: ["receipt"] }, owner.token);
});
after(async () => {
  await eyes?.close();
  await pair?.close();
  await there?.close();
  await here?.close();
});

const LOOKS = [["light", [1280, 800]], ["dark", [390, 844]]];
async function looked(page, name) {
  for (const [theme, [width, height]] of LOOKS) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await page.waitForTimeout(80);
    await shot(page, `${name}-${theme}-${width}`);
    assert.deepEqual([...(await axeFaults(page)), ...(await smallTargets(page)), ...(await sideways(page)), ...(await rawKeys(page))], [], `${name} ${theme} ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

test("the other till's printer is found, chosen for this counter's slips, and prints them", async () => {
  const w = words("en");
  const session = await pair.near.session("owner");
  const context = await eyes.person({ shop: pair.near, session });
  const page = await context.newPage();
  const till = new Till(page);
  const banner = page.locator('[data-testid="print-banner"]:not([data-kind="drawer"])');
  const jobs = async () => (await pair.near.call("GET", "/print/jobs", undefined, session.token)).items.filter((job) => job.kind === "receipt");
  const sell = async () => {
    await till.pieces.first().click();
    await till.items(1);
    await till.cash.click();
    return till.paid();
  };
  try {
    await page.goto("/#/office/devices/printer");
    const offers = page.getByTestId("printers-elsewhere");
    await offers.getByText("Slips by the door").waitFor();
    const name = (await pair.near.call("GET", "/printers/elsewhere", undefined, session.token)).items[0].till;
    await offers.getByText(w("devices.elsewhere.at", { till: name })).waitFor();
    await looked(page, "elsewhere-found");
    await offers.getByRole("button").click();
    await page.getByText(w("devices.elsewhere.set", { till: name })).waitFor();
    await looked(page, "elsewhere-printer");
    const [mine] = (await pair.near.call("GET", "/printers", undefined, session.token)).items;
    assert.deepEqual([mine.driver, mine.jobs], ["device", ["receipt"]], "it is this counter's for slips");

    await page.goto("/");
    await till.opened();
    const number = await sell();
    await there.printed(1, "the slip at the other till");
    await until(async () => (await jobs())[0]?.state === "printed", "this till knows that it came out");
    assert.equal(String((await jobs())[0].number), number);
    await until(async () => (await banner.count()) === 0, "nothing said about paper that came");
    // Over TLS: the other one is known by its announced address alone.
    const others = (await pair.near.call("GET", "/sharing", undefined, session.token)).others;
    assert.equal(others[0].address, `127.0.0.1:${pair.far.lanPort}`);

    there.paper = false;
    await sell();
    await banner.waitFor();
    const why = w("print.why.at", { why: w("print.why.paper_out"), till: name });
    await banner.getByText(why).waitFor();
    await looked(page, "elsewhere-paper-out");
    assert.equal(there.papers.length, 1, "nothing came out");
    there.paper = true;
    await banner.getByRole("button", { name: w("print.do.retry.short") }).click();
    await there.printed(2, "the slip, once paper is there");
    await banner.waitFor({ state: "detached" });

    // Out of paper again: it comes out here instead, and not there as well.
    await pair.near.call("POST", "/printers", { id: uuid(), name: "Under the counter", driver: "network", address: here.address, jobs: [] }, session.token);
    there.paper = false;
    await sell();
    await banner.getByText(why).waitFor();
    await banner.getByRole("button", { name: w("print.do.other") }).click();
    await page.getByRole("dialog").getByText("Under the counter").click();
    await here.printed(1, "the slip at this till");
    await banner.waitFor({ state: "detached" });
    there.paper = true;
    await page.waitForTimeout(6000);
    assert.equal(there.papers.length, 2, "what came out here does not come out there");

    // The other device is gone: this till says so, and asks where it cannot know.
    eyes.expectLoss = true;
    await pair.far.kill();
    await sell();
    const gone = banner.getByText(w("print.why.device_away", { till: name })).or(banner.getByText(w("print.why.silent_there", { till: name })));
    await gone.waitFor({ timeout: 30_000 });
    await looked(page, "elsewhere-gone");
    assert.deepEqual(eyes.trouble(), []);
  } catch (error) {
    await shot(page, "failed-elsewhere").catch(() => undefined);
    throw error;
  } finally {
    eyes.expectLoss = false;
    await context.close();
  }
});
