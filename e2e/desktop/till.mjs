// What a cashier does at the till, by the same taps.
import { until } from "./driver.mjs";

const read = (page, path) => page.run(async (path) => (await fetch(`/api/v1${path}`)).json(), path);

/** Signs the owner of the demo in: a tap on the name, a tap on each figure of the PIN. Answers their session. */
export async function signIn(page) {
  const { staff } = await read(page, "/lock");
  const owner = staff.find((person) => person.role === "owner");
  await page.press(`button[data-staff="${owner.id}"]`);
  for (const figure of owner.demo_pin) await page.press(`//*[@data-testid="lock-pad" or contains(@class,"pad")]//button[normalize-space()="${figure}"]`);
  await page.press('[data-testid="open"]');
  await page.sees("[data-product]");
  return until("the till has a session", () => page.run(() => Object.values(sessionStorage).find((value) => value.length > 20) ?? null), (token) => !!token);
}

let taken = 0;

export const sell = {
  /** Taps that many tiles, each another product; answers their names. */
  async add(page, count) {
    const names = [];
    const tiles = await page.run(() =>
      [...document.querySelectorAll("[data-product]:not(.out)")].map((tile) => [tile.dataset.product, tile.querySelector(".name")?.textContent?.trim(), tile.textContent.includes("/")]),
    );
    const plain = tiles.filter(([, name, weighed]) => name && !weighed);
    for (const [id, name] of plain.slice(taken, (taken += count))) {
      await page.press(`[data-product="${id}"]`);
      names.push(name);
    }
    return names;
  },
  /** Takes the exact sum; answers once the till says that it is paid. */
  async payCash(page) {
    await page.press('[data-testid="pay-cash"]');
    const number = await until("the token's number", () => page.run(() => document.querySelector('[data-testid="paid-number"]')?.textContent?.trim()), (text) => /\d/.test(text ?? ""));
    return { number };
  },
};
