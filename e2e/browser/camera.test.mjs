// The camera of a browser: a token held before it is read by the core, told once, and nothing runs while nobody looks.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { film, modules } from "./picture.mjs";
import { axeFaults, cutText, sideways, smallTargets } from "./look.mjs";
import { Eyes, Shop, shot, until, words } from "./stage.mjs";
import { Till } from "./till.mjs";

const w = words("en");
const FAKE = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"];
let shop;
let folder;
let code;
let rows;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "chandi-film-"));
  shop = await Shop.open();
  // A real token: sold at a till, and drawn by the customer's screen.
  const eyes = await Eyes.open();
  try {
    const context = await eyes.person({ shop, session: await shop.session("owner") });
    const page = await context.newPage();
    await page.goto("/");
    const till = new Till(page);
    await till.opened();
    const customer = await till.customer();
    await till.pieces.first().click();
    await till.cash.click();
    await till.paid();
    await customer.is("paid");
    const qr = customer.page.locator("svg.qr[data-code]").first();
    await qr.waitFor();
    code = await qr.getAttribute("data-code");
    rows = await modules(qr);
  } finally {
    await eyes.close();
  }
});
after(async () => {
  await shop?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The camera's page before a film (none: a browser without a camera). */
async function before_(name, films, run, { grant = true } = {}) {
  const path = join(folder, `${name}.y4m`);
  if (films) film(path, rows, films);
  const eyes = await Eyes.open(films ? [...FAKE, `--use-file-for-fake-video-capture=${path}`] : []);
  try {
    const context = await eyes.person({ shop, session: await shop.session("owner") });
    if (grant) await context.grantPermissions(["camera"]);
    const page = await context.newPage();
    const asked = { frames: 0, together: 0, most: 0 };
    page.on("request", (request) => {
      if (!request.url().endsWith("/codes/frame")) return;
      asked.frames += 1;
      asked.together += 1;
      asked.most = Math.max(asked.most, asked.together);
    });
    const done = (request) => request.url().endsWith("/codes/frame") && (asked.together -= 1);
    page.on("requestfinished", done);
    page.on("requestfailed", done);
    await page.goto("/#/office/devices/camera");
    const view = page.locator("[data-camera]");
    await view.waitFor();
    try {
      await run({ page, view, asked, read: page.getByTestId("camera-read").locator("li bdi"), context });
      assert.deepEqual(eyes.trouble(), []);
    } catch (error) {
      await shot(page, `failed-camera-${name}`).catch(() => undefined);
      throw error;
    }
  } finally {
    await eyes.close();
  }
}

const is = (view, state) => until(async () => (await view.getAttribute("data-camera")) === state, `the camera in “${state}”`);

test("a token before the camera is read, outlined, and told once while it stays", async () => {
  await before_("token", { frames: [true] }, async ({ page, view, asked, read }) => {
    await is(view, "live");
    await read.first().waitFor();
    assert.equal(await read.first().textContent(), code, "the very token that was sold");
    await view.locator("polygon").first().waitFor();
    const before = asked.frames;
    const began = performance.now();
    await page.waitForTimeout(2500);
    const fell = asked.frames - before;
    const seconds = (performance.now() - began) / 1000;
    assert.ok(fell <= 12 * seconds + 1, `at most twelve pictures a second, ${fell} in ${seconds} s`);
    assert.equal(asked.most, 1, "never two pictures under way");
    assert.equal(await read.count(), 1);
    assert.equal(await page.getByTestId("camera-read").getByText(/×/).count(), 0, "the same code is told once");
    const corners = await view.locator("polygon").first().getAttribute("points");
    const xs = corners.split(" ").map((pair) => Number(pair.split(",")[0]));
    assert.ok(Math.min(...xs) > 150 && Math.max(...xs) < 490, `the outline lies on the code: ${corners}`);
    for (const find of [axeFaults, smallTargets, sideways, cutText]) assert.deepEqual(await find(page), []);
  });
});

test("nothing is read while nobody looks, and it goes on afterwards", async () => {
  await before_("hidden", { frames: [true] }, async ({ page, view, asked, read }) => {
    await is(view, "live");
    await read.first().waitFor();
    await page.getByRole("button", { name: w("devices.camera.stop") }).click();
    await is(view, "off");
    // What had left already may still be told a moment later.
    let stopped = -1;
    await until(async () => {
      const now = asked.frames;
      await page.waitForTimeout(300);
      stopped = asked.frames;
      return now === stopped;
    }, "no more pictures");
    await page.waitForTimeout(1200);
    assert.equal(asked.frames, stopped, "no picture leaves a camera that is off");
    assert.equal(await page.locator("video").evaluate((video) => video.srcObject), null, "the camera's lamp is off");
    await page.getByRole("button", { name: w("devices.camera.start") }).click();
    await is(view, "live");
    await until(() => asked.frames > stopped, "pictures again");
    // A hidden page is the same as a stopped camera.
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await is(view, "off");
    await page.evaluate(() => {
      delete document.visibilityState;
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await is(view, "live");
  });
});

test("a dark picture is told, and so is a code that comes again", async () => {
  await before_("dark", { frames: [false], light: 0.05 }, async ({ page, view }) => {
    await is(view, "live");
    await page.getByText(w("camera.dark")).waitFor();
  });
});

test("without a camera the page says so, offers a way, and finds one that is plugged in", async () => {
  await before_("none", null, async ({ page, view }) => {
    await is(view, "none");
    await page.getByText(w("camera.none"), { exact: true }).waitFor();
    for (const find of [axeFaults, smallTargets, sideways, cutText]) assert.deepEqual(await find(page), []);
    // Plugged in: the system tells the page that its devices changed.
    await page.evaluate(() => {
      const canvas = document.createElement("canvas");
      canvas.width = 640;
      canvas.height = 480;
      canvas.getContext("2d").fillRect(0, 0, 1, 1);
      const stream = canvas.captureStream(10);
      window.givenTracks = stream.getTracks();
      navigator.mediaDevices.getUserMedia = async () => stream;
      navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    });
    await is(view, "live");
    // Pulled out: it says so and asks for it again by itself.
    await page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("gone", "NotFoundError"));
      for (const track of window.givenTracks) track.dispatchEvent(new Event("ended"));
    });
    await page.getByText(w("camera.lost"), { exact: true }).waitFor();
    await is(view, "none");
  });
});

test("refusals have words of their own", async () => {
  await before_("refused", null, async ({ page, view }) => {
    for (const [name, state] of [["NotAllowedError", "denied"], ["NotReadableError", "busy"], ["UnknownError", "failed"]]) {
      await page.evaluate((name) => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", name));
      }, name);
      await page.getByRole("button", { name: w("action.retry") }).click();
      await is(view, state);
      await page.getByText(w(`camera.${state}`), { exact: true }).waitFor();
      await page.getByText(w(`camera.${state}.next`)).waitFor();
    }
  });
});
