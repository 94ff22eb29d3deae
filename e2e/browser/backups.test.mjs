// Backups on the screens: the card is made and typed again, a folder and the hub get a backup, and a fresh machine goes on
// from the file, or from the hub with nothing but the card.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { walk } from "./look.mjs";
import { Eyes, NODE, Shop, shot, until, uuid, words } from "./stage.mjs";

const HUB = join(dirname(NODE), "chandi-hub");
let eyes;
let places;
let hub;
let address;
let word;
before(async () => {
  if (!existsSync(HUB)) execFileSync("cargo", ["build", "--quiet", "--package", "cloud"], { stdio: "inherit", env: { ...process.env, CARGO_TARGET_DIR: dirname(dirname(NODE)) } });
  eyes = await Eyes.open();
  places = mkdtempSync(join(tmpdir(), "chandi-backups-"));
  const books = join(places, "hub");
  word = execFileSync(HUB, ["invite", "--organisation", "Sharma Sweets", "--shops", "9", "--data", books], { encoding: "utf8" }).trim();
  hub = spawn(HUB, ["--data", books, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
  address = JSON.parse(await new Promise((resolve) => createInterface(hub.stdout).once("line", resolve))).address;
});
after(async () => {
  await eyes?.close();
  hub?.kill("SIGKILL");
  rmSync(places, { recursive: true, force: true });
});

const OWNER = { pin: "8042", name: "Asha" };

async function own(language) {
  const shop = await Shop.open({ demo: false });
  const session = await shop.call("POST", "/setup", { id: uuid(), kind: "own", language, trade: "sweets", shop_name: "Sharma Sweets", country: "IN", region: "27", owner_name: OWNER.name, pin: OWNER.pin, seat: uuid() });
  return { shop, session };
}

for (const language of ["en", "hi", "ar"]) {
  const w = words(language);
  test(`${language}: a newer card says at once that the older one holds no more`, async () => {
    const { shop, session } = await own(language);
    const call = (path, body) => shop.call("POST", path, body, session.token);
    const first = await call("/recovery-card", { id: uuid() });
    await call("/recovery-card/confirm", { id: first.id, code: first.code });
    const context = await eyes.person({ shop, session, language });
    try {
      const page = await context.newPage();
      const holds = page.getByTestId("card-holds");
      await walk(
        Object.entries({
          "backups-one-card": async () => {
            await page.goto("/#/office/backups");
            await holds.getByText(first.name).waitFor();
            assert.equal(await page.getByTestId("card-over").count(), 0, "there is no older one");
          },
          "backups-replace": async () => {
            await page.getByTestId("card-again").click();
            await page.getByText(w("backups.card.replace")).waitFor();
          },
          "backups-two-cards": async () => {
            await page.getByRole("button", { name: w("backups.card.replace.do") }).click();
            await page.getByTestId("recovery-code").waitFor();
            const code = (await page.getByTestId("recovery-code").locator("span").allTextContents()).join("-");
            await page.getByTestId("card-next").click();
            await page.getByTestId("recovery-typed").fill(code);
            await page.getByTestId("card-confirm").click();
            await page.getByText(w("backups.card.doneAgain")).waitFor();
            await page.getByTestId("card-over").waitFor();
            const { key } = await shop.call("GET", "/backups", undefined, session.token);
            assert.equal(key.generation, 2);
            await holds.getByText(key.name).waitFor();
          },
        }),
        page,
        language,
        eyes,
      );
      assert.deepEqual(eyes.trouble(), []);
    } finally {
      await context.close();
      await shop.close();
    }
  });
}

for (const language of ["en", "hi", "ar"]) {
  const w = words(language);
  test(`${language}: from the card to a shop that is back`, async () => {
    const { shop, session } = await own(language);
    await shop.call("PUT", "/hub", { id: uuid(), address, invitation: word }, session.token);
    const fresh = await Shop.open({ demo: false });
    const another = await Shop.open({ demo: false });
    const context = await eyes.person({ shop, session, language });
    let page = await context.newPage();
    const other = await eyes.person({ shop: fresh, language });
    const third = await eyes.person({ shop: another, language });
    try {
      const folder = mkdtempSync(join(places, `${language}-`));
      let code = "";
      await page.goto("/#/office/backups");
      await page.getByRole("heading", { level: 1, name: w("office.backups") }).waitFor();
      await walk(
        Object.entries({
          "backups-none": async () => page.getByTestId("card-make").waitFor(),
          "backups-card": async () => {
            await page.getByTestId("card-make").click();
            await page.getByTestId("recovery-code").waitFor();
            code = (await page.getByTestId("recovery-code").locator("span").allTextContents()).join("-");
            assert.match(code, /^([0-9A-Z]{4}-){6}[0-9A-Z]{4}$/);
            await page.getByTestId("recovery-card").getByText(address).waitFor();
          },
          "backups-type": async () => {
            await page.getByTestId("card-next").click();
            await page.getByTestId("recovery-typed").fill(code.replace(/.$/, (last) => (last === "0" ? "1" : "0")));
            await page.getByTestId("card-confirm").click();
            await page.getByText(w("error.recovery_code_mistyped")).waitFor();
          },
          "backups-folder": async () => {
            await page.getByTestId("recovery-typed").fill(code.toLowerCase());
            await page.getByTestId("card-confirm").click();
            await page.getByText(w("backups.card.kept")).waitFor();
            await page.getByTestId("add-folder").click();
            await page.getByTestId("folder-list").waitFor();
            await until(() => page.getByTestId("folder-choose").isEnabled(), "the first folder read");
            await page.getByTestId("folder-path").fill(folder);
            assert.equal(await page.getByTestId("folder-choose").isDisabled(), true, "the field says another folder than the list");
            await page.getByTestId("folder-go").click();
            await page.getByTestId("folder-list").waitFor();
          },
          backups: async () => {
            await until(() => page.getByTestId("folder-choose").isEnabled(), "the folder read");
            assert.equal(await page.getByTestId("folder-path").inputValue(), folder);
            await page.getByTestId("folder-choose").click();
            await page.getByTestId("backup-now").waitFor();
            await until(async () => !(await page.getByTestId("backup-now").isDisabled()), "no backup is being made");
            await page.getByTestId("backup-now").click();
            await until(async () => (await shop.call("GET", "/backups", undefined, session.token)).targets[0]?.last_at, "a backup");
            await page.getByText(w("backups.sameDisk")).waitFor();
          },
          "backups-hub": async () => {
            await page.getByTestId("add-hub").click();
            await page.getByTestId("backup-targets").getByText(address).waitFor();
            await until(async () => (await shop.call("GET", "/backups", undefined, session.token)).targets.find((one) => one.kind === "hub")?.last_at, "a backup at the hub");
            await until(async () => !(await page.getByTestId("backup-now").isDisabled()), "no backup is being made");
            await page.getByText(w("backups.hub.line")).waitFor();
          },
          "backups-forget": async () => {
            await page.getByTestId("forget").click();
            await page.getByTestId("forget-word").waitFor();
          },
        }),
        page,
        language,
        eyes,
      );

      page = await other.newPage();
      await page.goto("/");
      await page.getByRole("radiogroup").waitFor();
      await walk(
        Object.entries({
          "restore-start": async () => {
            await page.locator(`input[value="${language}"]`).check({ force: true });
            await page.locator("footer button[type=submit]").click();
            await page.locator('input[value="backup"]').check({ force: true });
          },
          "restore-file": async () => {
            await page.locator("footer button[type=submit]").click();
            await page.getByRole("radio", { name: w("backups.restore.from.file"), exact: true }).click();
            await page.getByTestId("folder-path").fill(folder);
            await page.getByTestId("folder-go").click();
            await page.getByTestId("folder-list").getByText("Sharma Sweets").waitFor();
          },
          "restore-code": async () => {
            await page.getByTestId("folder-list").getByText("Sharma Sweets").first().click();
            await page.getByTestId("restore-code").fill(code);
          },
          "restore-done": async () => {
            await page.getByTestId("restore-do").click();
            await page.getByTestId("restore-open").waitFor({ timeout: 30_000 });
          },
        }),
        page,
        language,
        eyes,
      );
      await page.getByTestId("restore-open").click();
      await page.getByText(OWNER.name).first().waitFor();
      const restored = await fresh.call("POST", "/sessions", { staff: (await fresh.call("GET", "/lock")).staff[0].id, pin: OWNER.pin, seat: uuid() });
      const view = await fresh.call("GET", "/backups", undefined, restored.token);
      assert.ok(view.restored?.backup_at, "it knows that it began from a backup");

      page = await third.newPage();
      await page.goto("/");
      await page.getByRole("radiogroup").waitFor();
      await walk(
        Object.entries({
          "fetch-start": async () => {
            await page.locator(`input[value="${language}"]`).check({ force: true });
            await page.locator("footer button[type=submit]").click();
            await page.locator('input[value="backup"]').check({ force: true });
            await page.locator("footer button[type=submit]").click();
            await page.getByTestId("hub-address").waitFor();
          },
          "fetch-unknown": async () => {
            await page.getByTestId("hub-address").fill(address);
            await page.getByTestId("hub-code").fill("00000000000000000000000000-00");
            await page.getByTestId("hub-look").click();
            await page.getByText(w("error.recovery_card_unknown")).waitFor();
          },
          "fetch-list": async () => {
            await page.getByTestId("hub-code").fill(code);
            await page.getByTestId("hub-look").click();
            await page.getByTestId("hub-backups").getByText(w("backups.fromHub.newest")).waitFor();
          },
          "fetch-here": async () => {
            await page.getByTestId("hub-backups").getByRole("button").first().click();
            await page.getByText("Sharma Sweets").waitFor();
            assert.equal(await page.getByTestId("restore-code").inputValue(), code);
          },
          "fetch-done": async () => {
            await page.getByTestId("restore-do").click();
            await page.getByTestId("restore-open").waitFor({ timeout: 30_000 });
          },
        }),
        page,
        language,
        eyes,
      );
      await page.getByTestId("restore-open").click();
      await page.getByText(OWNER.name).first().waitFor();
    } catch (error) {
      await shot(page, `failed-backups-${language}`).catch(() => undefined);
      throw error;
    } finally {
      await context.close();
      await other.close();
      await shop.close();
      await fresh.close();
      await third.close();
      await another.close();
    }
  });
}
