// What must hold on every screen: axe finds nothing, everything can be hit, nothing is cut, nothing scrolls sideways.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { shot, uuid } from "./stage.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** `rules`: only these, where all the others cannot differ from an earlier look. */
export async function axeFaults(page, rules) {
  // Evaluated, not a script element: the page's own policy stays in force.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(`${axe};0`);
  const violations = await page.evaluate(async (only) => {
    // Behind an open dialog everything is inert and was looked at before.
    const result = await window.axe.run(document.querySelector("dialog[open]") ?? document, { runOnly: only, resultTypes: ["violations"] });
    return result.violations.map(({ id, nodes }) => ({ id, nodes: nodes.slice(0, 4).map((node) => `${node.target.join(" ")} (${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ""})`) }));
  }, rules ? { type: "rule", values: rules } : { type: "tag", values: TAGS });
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `axe ${id}: ${node}`));
}

/** Everything that can be pressed is at least 44 by 44, by what the browser drew and what of it is in sight. */
export function smallTargets(page) {
  return page.evaluate(() => {
    const found = [];
    const seen = (element) => element.checkVisibility({ opacityProperty: false, visibilityProperty: true, contentVisibilityAuto: true }) && element.getClientRects().length > 0;
    const modal = document.querySelector("dialog[open]");
    for (const element of document.querySelectorAll("button, a[href], input:not([type=hidden]), select, textarea, summary, [role=button], [role=gridcell][tabindex], [role=option], [role=tab]")) {
      if (!seen(element) || element.closest("[inert], [aria-hidden=true]")) continue;
      if (modal && !modal.contains(element) && !element.closest("[popover]")) continue;
      // A field is pressed by its frame or its label: the nearest of them that is drawn around it.
      const label = element.matches("input, select, textarea") ? (element.closest("label, .box, .field") ?? element) : element;
      const own = element.getBoundingClientRect();
      const around = label.getBoundingClientRect();
      const width = Math.max(own.width, around.width);
      const height = Math.max(own.height, around.height);
      if (width < 43.5 || height < 43.5) {
        const name = (element.getAttribute("aria-label") ?? element.textContent ?? "").trim().slice(0, 40);
        found.push(`small ${Math.round(width)}×${Math.round(height)}: ${element.tagName.toLowerCase()}.${element.className} “${name}”`);
      }
    }
    return found;
  });
}

/** Fields themselves shrink unseen in a flex column; so each is measured without its frame too. */
export function thinFields(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll("input:not([type=hidden], [type=radio], [type=checkbox], [type=file], [type=color]), select, textarea")]
      .filter((element) => element.checkVisibility() && element.getClientRects().length > 0 && element.getBoundingClientRect().height < 43.5)
      .map((element) => `thin field ${Math.round(element.getBoundingClientRect().height)} px: ${element.id || element.className} ${element.getAttribute("aria-label") ?? ""}`),
  );
}

export function sideways(page) {
  return page.evaluate(() => {
    const root = document.documentElement;
    const found = [];
    if (root.scrollWidth > root.clientWidth) found.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
    // What sticks out without anything around it that scrolls or cuts on purpose.
    for (const element of document.body.querySelectorAll("button, a, input, h1, h2, p, label, dt, dd, td")) {
      if (!element.checkVisibility() || element.closest("[inert], [aria-hidden=true], .hidden-text")) continue;
      const box = element.getBoundingClientRect();
      if (box.width === 0 || (box.right <= root.clientWidth + 1 && box.left >= -1)) continue;
      let around = element.parentElement;
      while (around && around !== document.body && getComputedStyle(around).overflowX === "visible") around = around.parentElement;
      const scrolls = around && around !== document.body && ["auto", "scroll"].includes(getComputedStyle(around).overflowX);
      if (!scrolls) found.push(`sticks out (${Math.round(box.left)}…${Math.round(box.right)}): ${element.tagName.toLowerCase()}.${element.className} “${(element.textContent ?? "").trim().slice(0, 40)}”`);
    }
    return found;
  });
}

/** Text that is cut at its foot or its head: higher than its box, or glyphs above and below the line. */
export function cutText(page) {
  return page.evaluate(() => {
    const found = [];
    for (const element of document.body.querySelectorAll("h1, h2, h3, p, small, strong, span, a, button, label, dt, dd, li, th, td, legend, bdi")) {
      if (!element.checkVisibility() || element.closest("[inert], [aria-hidden=true], .hidden-text, svg") || element.classList.contains("hidden-text")) continue;
      if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "")) continue;
      const style = getComputedStyle(element);
      const clips = style.overflowY !== "visible" && style.overflowY !== "auto" && style.overflowY !== "scroll";
      if (!clips || element.clientHeight === 0) continue;
      const clamped = style.webkitLineClamp !== "none";
      // More lines than a clamp allows are meant to go; a part of a line is not.
      const line = parseFloat(style.lineHeight) || parseFloat(style.fontSize) * 1.2;
      const over = element.scrollHeight - element.clientHeight;
      if (over > 1 && !(clamped && over > line * 0.8)) found.push(`cut ${element.scrollHeight} in ${element.clientHeight}: ${element.tagName.toLowerCase()}.${element.className} “${element.textContent.trim().slice(0, 40)}”`);
      const content = element.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
      if (content + 1.5 < line) found.push(`less than a line, ${Math.round(content)} of ${Math.round(line)}: ${element.tagName.toLowerCase()}.${element.className} “${element.textContent.trim().slice(0, 40)}”`);
    }
    return found;
  });
}

/** Words that were never written: keys where sentences should stand. */
export function rawKeys(page) {
  return page.evaluate(() => (document.body.innerText.match(/\b(?:action|pad|unit|role|app|lock|help|till|tile|scan|order|cart|line|discount|approve|open|park|tender|more|paid|menu|keys|idle|customer|error|office|onboarding|catalog|prices|samples|product|sales|refund|board|verdict|phone|token|categories|hue|staff|permission|sessions|settings|demo|today|orders|tenders|price|options|bill|orderType|level|exchange|returns|backups)\.[a-z]\w+(?:\.\w+)*\b|\{\w+\}|\bundefined\b|\bNaN\b|\[object /g) ?? []).map((text) => `raw text: ${text}`));
}

const WIDE = [1280, 800];
const LARGE = [1920, 1080];
const PHONE = [390, 844];
const NARROW = [320, 640];
export const SIZES = { WIDE, LARGE, PHONE, NARROW };

/** What is asked where: the theme changes colours only, a language without its own direction changes text only. */
function axeFor(language, theme, size) {
  if (language === "hi" || size === LARGE || size === NARROW) return null;
  return theme === "dark" ? ["color-contrast"] : undefined;
}

/** Looks at what stands on the page: all sizes and both themes without setting it up again. */
async function lookAt(page, name, language, { sizes = [WIDE, PHONE, NARROW] } = {}) {
  const found = [];
  // Phones are looked at in every language at their narrowest; the wider one differs by nothing but room.
  for (const size of sizes.filter((one) => language === "en" || one !== PHONE || sizes.length === 1)) {
    await page.setViewportSize({ width: size[0], height: size[1] });
    for (const theme of size === WIDE ? ["light", "dark"] : ["light"]) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      // The customer's screen has a theme of its own; it is asked to follow the system too.
      await page.waitForFunction((dark) => (document.documentElement.dataset.theme === "dark") === dark, theme === "dark");
      await settled(page);
      const rules = axeFor(language, theme, size);
      const checks = [rules === null ? [] : axeFaults(page, rules)];
      if (theme === "light") checks.push(smallTargets(page), thinFields(page), sideways(page), cutText(page), rawKeys(page));
      for (const fault of (await Promise.all(checks)).flat()) found.push(`${name} ${language} ${theme} ${size[0]}: ${fault}`);
      await shot(page, `${name}-${language}-${theme}-${size[0]}`);
    }
  }
  await page.setViewportSize({ width: WIDE[0], height: WIDE[1] });
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  return found;
}

/** Fonts are there and nothing moves any more. */
async function settled(page) {
  await page.evaluate(async () => {
    // Of 240 tiles the first rows stand for all: looking at each one takes minutes.
    if (!document.adoptedStyleSheets.length) {
      const few = new CSSStyleSheet();
      few.replaceSync("[data-testid=tile]:nth-child(n + 61) { display: none; }");
      document.adoptedStyleSheets = [few];
    }
    await document.fonts.ready;
    const ends = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime < 2000);
    await Promise.all(ends.map((one) => one.finished.catch(() => undefined)));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  });
}

/** The steps of a run through screens: each brings the page to a state and names it. All are walked, then all faults told. */
export async function walk(steps, page, language, eyes) {
  const found = [];
  for (const [name, bring, more] of steps) {
    try {
      await bring();
      found.push(...(await lookAt(more?.page?.() ?? page, name, language, more)));
    } catch (error) {
      await shot(page, `failed-${name}-${language}`).catch(() => undefined);
      found.push(`${name} ${language}: ${error.message}`);
    }
  }
  const all = [...new Set([...found, ...eyes.trouble()])];
  assert.equal(all.length, 0, `${all.length} faults\n${all.slice(0, 80).join("\n")}`);
}

/** Names that try to break a screen stand at the head of the grid. */
export async function hostile(shop) {
  const session = await shop.session("owner");
  const names = [
    "Bold <b>&amp; \"quoted\" '); DROP TABLE</b><script>alert(1)</script>",
    "Turned \u202Eslevrtni eht\u202C round \u2067mixed\u2069",
    "👩‍👩‍👧‍👦🍥🇮🇳 Family box 🎁🎁🎁🎁🎁🎁🎁🎁",
    "Extraordinarilylongunbrokenwordthatgoesonandonandonwithoutanyspaceatallsothatnothingcanwrapitanywhereuntiltheveryend!12",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘ sweet",
  ];
  for (const [index, name] of names.entries()) {
    await shop.call("POST", "/products", { id: uuid(), name: [...name].slice(0, 120).join(""), names: { hi: `${[...name].slice(0, 100).join("")} मिठाई` }, sku: null, price_minor: 12_345_600, unit: "piece", category: null, barcodes: [], art: { kind: "letters" }, available: index !== 1, favourite: true, position: 0, open_price: false }, session.token);
  }
}
