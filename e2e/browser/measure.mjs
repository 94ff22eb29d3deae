// How fast the till feels on a slow tablet: the processor held back six times, figures printed beside their goals.
//   node e2e/browser/measure.mjs
import { Eyes, Shop, until, uuid } from "./stage.mjs";
import { Till } from "./till.mjs";

const SLOWER = Number(process.env.CHANDI_SLOWER ?? 6);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const worst = (list) => Math.max(...list);

const shop = await Shop.open();
const eyes = await Eyes.open();
const rows = [];
const note = (what, goal, list) => rows.push({ what, "median ms": Math.round(median(list)), "worst ms": Math.round(worst(list)), "goal ms": goal, runs: list.length });
try {
  const who = shop.person("cashier");
  const seat = uuid();
  const session = { ...(await shop.session("cashier", seat)), seat };
  const context = await eyes.person({ shop, session });
  const page = await context.newPage();
  const slow = await context.newCDPSession(page);
  await slow.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  await page.addInitScript(() => {
    window.inputs = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.inputs.push({ name: entry.name, ms: entry.duration });
    }).observe({ type: "event", durationThreshold: 16, buffered: true });
    // The time of the frame in which the first tile stood there.
    window.usable = new Promise((resolve) => {
      const look = () => (document.querySelector("button[data-product]") ? requestAnimationFrame(() => resolve(performance.now())) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    });
  });
  const till = new Till(page, "en");

  const boots = [];
  for (let i = 0; i < 5; i++) {
    await page.goto("about:blank");
    await page.goto("/");
    boots.push(await page.evaluate(() => window.usable));
  }
  note("boot to usable (240 products)", 1000, boots);

  /** What the browser itself counts between the input and the next picture. */
  const painted = async (kinds) => {
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 60))));
    return page.evaluate((kinds) => Math.max(16, ...window.inputs.splice(0).filter((one) => kinds.includes(one.name)).map((one) => one.ms)), kinds);
  };
  const taps = [];
  for (let i = 0; i < 12; i++) {
    await painted([]);
    await till.pieces.nth(i % 4).click();
    taps.push(await painted(["pointerdown", "pointerup", "click"]));
  }
  note("tap on a tile to painted (INP)", 100, taps);

  const strokes = [];
  for (const word of ["gulab", "kaju", "masala"]) {
    for (const letter of word) {
      await painted([]);
      await page.keyboard.press(letter);
      strokes.push(await painted(["keydown", "keypress", "keyup", "input", "beforeinput"]));
    }
    await page.keyboard.press("Escape");
  }
  note("search, one letter to painted", 150, strokes);

  // A parked order of 40 lines, recalled: from the tap until the last line stands in the cart.
  const behind = (await shop.call("POST", "/sessions", { staff: who.staff, pin: who.pin, seat })).token;
  const recalls = [];
  const { products } = await shop.call("GET", "/catalog", undefined, behind);
  const change = (more) => shop.call("POST", "/cart/changes", { id: uuid(), change: more }, behind);
  for (let i = 0; i < 3; i++) {
    await change({ kind: "clear" });
    for (const one of products.slice(0, 40)) await change({ kind: "add", product: one.id, quantity: "1" });
    await shop.call("POST", "/cart/park", { id: uuid(), label: `forty ${i}` }, behind);
    await till.items(0);
    await page.keyboard.press("F3");
    const row = till.sheet.getByRole("button", { name: `forty ${i}` });
    await row.waitFor();
    await page.evaluate(() => {
      window.recalled = new Promise((resolve) => {
        addEventListener("click", () => {
          const began = performance.now();
          const look = () => (document.querySelectorAll("[data-testid=cart-line]").length >= 40 ? resolve(performance.now() - began) : requestAnimationFrame(look));
          requestAnimationFrame(look);
        }, { capture: true, once: true });
      });
    });
    await row.click();
    recalls.push(await page.evaluate(() => window.recalled));
    await until(async () => (await till.lines.count()) === 40, "forty lines");
  }
  note("recall an order of 40 lines", 150, recalls);

  console.log(`Processor held back ${SLOWER} times; ${products.length} products; the core is ${process.env.CHANDI_NODE ? "as given" : "the debug build"}.`);
  console.table(rows);
} finally {
  await eyes.close();
  await shop.close();
}
