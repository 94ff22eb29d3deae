// A new device joins a shop: the owner's page on one node, the first pages of another, the same four digits on both.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SIZES, axeFaults, cutText, rawKeys, sideways, smallTargets } from "./look.mjs";
import { Eyes, Shop, shot, uuid, until, words } from "./stage.mjs";

let eyes;
before(async () => (eyes = await Eyes.open()));
after(() => eyes.close());

async function founded() {
  const shop = await Shop.open({ demo: false });
  const session = await shop.call("POST", "/setup", { id: uuid(), kind: "own", language: "en", trade: "sweets", shop_name: "Sharma Sweets", country: "IN", region: "27", owner_name: "Sunita", pin: "2580" });
  return { shop, session };
}

/** What stands on a page, in both themes and three sizes, is whole and can be used. */
async function looked(page, name, language) {
  const found = [];
  for (const [width, height] of [SIZES.WIDE, SIZES.LARGE, SIZES.PHONE]) {
    await page.setViewportSize({ width, height });
    for (const theme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.waitForTimeout(80);
      const checks = [sideways(page), cutText(page), rawKeys(page)];
      if (width === SIZES.PHONE[0]) checks.push(smallTargets(page));
      if (width === SIZES.WIDE[0]) checks.push(axeFaults(page, theme === "dark" ? ["color-contrast"] : undefined));
      for (const fault of (await Promise.all(checks)).flat()) found.push(`${name} ${language} ${theme} ${width}: ${fault}`);
      await shot(page, `${name}-${language}-${theme}-${width}`);
    }
  }
  await page.setViewportSize({ width: SIZES.WIDE[0], height: SIZES.WIDE[1] });
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  return found;
}

describe("joining", () => {
  for (const language of ["en", "hi", "ar"]) {
    test(`${language}: code, digits, yes, lock screen`, async () => {
      const w = words(language);
      const { shop, session } = await founded();
      const guest = await Shop.open({ demo: false });
      const owner = await eyes.person({ shop, language, session: { token: session.token } });
      const arriving = await eyes.person({ shop: guest, language });
      const found = [];
      try {
        // The owner's own language rules the office.
        const staff = session.staff;
        await shop.call("PUT", `/staff/${staff.id}`, { id: uuid(), name: staff.name, role: "owner", language, hand: "right", hue: "iris" }, session.token);
        const office = await owner.newPage();
        await office.goto("/#/office/devices/shop");
        await office.getByTestId("shop-device").waitFor();
        found.push(...(await looked(office, "shop-devices", language)));
        await office.getByRole("button", { name: w("shopDevices.add"), exact: true }).click();
        const code = (await office.getByTestId("join-code").textContent()).trim();
        found.push(...(await looked(office, "shop-devices-add", language)));

        const page = await arriving.newPage();
        await page.goto("/");
        await page.locator(`input[value="${language}"]`).click();
        await page.getByRole("button", { name: w("onboarding.continue") }).click();
        await page.locator('input[value="join"]').click();
        found.push(...(await looked(page, "join-start", language)));
        await page.getByRole("button", { name: w("onboarding.continue") }).click();
        await page.locator('input[value="type"]').click();
        await page.getByRole("button", { name: w("join.go"), exact: true }).click();
        await page.getByText(w("error.join_code_invalid")).waitFor();
        await page.getByLabel(w("join.address")).fill(shop.address);
        await page.getByLabel(w("join.code")).fill(code.toLowerCase().replaceAll("-", " "));
        assert.equal(await page.getByLabel(w("join.code")).inputValue(), code, "a typed code falls into its groups");
        found.push(...(await looked(page, "join-type", language)));
        await page.getByRole("button", { name: w("join.go"), exact: true }).click();
        const digits = (await page.getByTestId("join-digits").textContent()).trim();
        found.push(...(await looked(page, "join-digits", language)));
        await office.getByTestId("guest-digits").waitFor();
        assert.equal((await office.getByTestId("guest-digits").textContent()).trim(), digits);
        found.push(...(await looked(office, "shop-devices-guest", language)));
        await office.getByLabel(w("shopDevices.name"), { exact: true }).fill("Counter by the door");
        await office.getByLabel(w("shopDevices.role"), { exact: true }).selectOption("sales_counter");
        await office.getByRole("button", { name: w("shopDevices.approve") }).click();
        await page.locator("[data-staff]").waitFor({ timeout: 30_000 });
        await shot(page, `join-lock-${language}`);
        await office.getByText(w("shopDevices.state.joined")).waitFor();
        await office.getByRole("button", { name: w("shopDevices.done"), exact: true }).click();
        await until(async () => (await office.getByTestId("shop-device").count()) === 2, "two devices");
        await office.getByText("Counter by the door").waitFor();
        found.push(...(await looked(office, "shop-devices-two", language)));
        // Shut out again, in words.
        await office.getByRole("button", { name: `${w("shopDevices.revoke")}: Counter by the door` }).click();
        await office.getByText(w("shopDevices.revoke.what")).waitFor();
        found.push(...(await looked(office, "shop-devices-revoke", language)));
        await office.getByRole("dialog").getByRole("button", { name: w("shopDevices.revoke"), exact: true }).click();
        await office.locator(".tag").getByText(w("shopDevices.out"), { exact: true }).waitFor();
        const all = [...new Set([...found, ...eyes.trouble()])];
        assert.equal(all.length, 0, `${all.length} faults\n${all.slice(0, 60).join("\n")}`);
      } catch (error) {
        for (const context of [owner, arriving]) for (const open of context.pages()) await shot(open, `failed-joining-${language}-${context === owner ? "owner" : "guest"}`).catch(() => undefined);
        throw error;
      } finally {
        await owner.close();
        await arriving.close();
        await guest.close();
        await shop.close();
      }
    });
  }
});
