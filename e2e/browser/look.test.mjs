// Every screen in every state, light and dark, left to right and right to left, wide and on phones: what look.mjs asks of it.
import { after, before, describe, test } from "node:test";
import { hostile, SIZES, walk } from "./look.mjs";
import { Eyes, Shop, words } from "./stage.mjs";

const EVERY = Object.values(SIZES);

let eyes;
before(async () => (eyes = await Eyes.open()));
after(() => eyes.close());

describe("first set-up", () => {
  for (const language of ["en", "hi", "ar"]) {
    test(language, async () => {
      const shop = await Shop.open({ demo: false });
      const context = await eyes.person({ shop, language });
      try {
        const page = await context.newPage();
        const w = words(language);
        const next = () => page.getByRole("button", { name: w("onboarding.continue") }).click();
        const title = (key) => page.getByRole("heading", { level: 1, name: w(key) }).waitFor();
        const pin = async (figures) => {
          for (const figure of figures) await page.getByRole("button", { name: figure, exact: true }).click();
        };
        await walk(
            [
              ["set-up-language", async () => (await page.goto("/"), await title("onboarding.language.title"))],
              ["set-up-start", async () => (await next(), await title("onboarding.start.title"))],
              ["set-up-demo", async () => (await page.locator('input[value="demo"]').click(), await page.getByText(w("onboarding.openDemo")).waitFor())],
              ["set-up-trade", async () => (await page.locator('input[value="own"]').click(), await next(), await title("onboarding.trade.title"))],
              ["set-up-shop-wrong", async () => (await next(), await title("onboarding.shop.title"), await page.getByLabel(w("onboarding.shop.country")).selectOption("IN"), await page.getByLabel(w("onboarding.shop.gstin")).fill("27AAPFU0939F1ZW"), await next(), await page.getByText(w("onboarding.shop.name.missing")).waitFor())],
              ["set-up-shop", async () => (await page.getByLabel(w("onboarding.shop.name")).fill("Sharma Sweets"), await page.getByLabel(w("onboarding.shop.gstin")).fill("27AAPFU0939F1ZV"), await page.getByText(w("onboarding.shop.gstin.right")).waitFor())],
              ["set-up-pin-weak", async () => (await next(), await title("onboarding.pin.title"), await pin("1234"), await page.getByText(w("office.pin.run")).waitFor())],
              ["set-up-pin-again", async () => (await page.getByRole("button", { name: w("pad.clear") }).click(), await page.getByLabel(w("onboarding.owner.name")).fill("Sunita"), await pin("2580"), await next(), await page.getByLabel(w("onboarding.pin.second")).waitFor(), await pin("2581"), await page.getByText(w("onboarding.pin.differ")).waitFor())],
              ["set-up-help", async () => (await page.getByRole("button", { name: w("lock.help") }).click(), await page.getByRole("dialog").waitFor())],
            ],
            page, language, eyes,
);
      } finally {
        await context.close();
        await shop.close();
      }
    });
  }
});

describe("demo shop", () => {
  let shop;
  before(async () => {
    shop = await Shop.open();
    await hostile(shop);
  });
  after(() => shop.close());

  describe("back office", () => {
    for (const language of ["en", "hi", "ar"]) {
      test(language, async () => {
        const session = await shop.session("owner");
        const context = await eyes.person({ shop, language, session });
        try {
          const page = await context.newPage();
          const w = words(language);
          const open = async (path, heading) => {
            await page.goto(`/#/office/${path}`);
            if (heading) await page.getByRole("heading", { level: 1, name: heading }).first().waitFor();
          };
          const { items: products } = await shop.call("GET", "/products?limit=5", undefined, session.token);
          const { items: orders } = await shop.call("GET", "/orders?limit=2", undefined, session.token);
          const { items: staff } = await shop.call("GET", "/staff", undefined, session.token);
          const csv = "name,price,unit\nNimki,40,pack\n,12,piece\nGhevar,abc,kg\n";
          await walk(
              [
                ["office-today", async () => (await open("today", w("office.today")), await page.locator(".answers").waitFor()), { sizes: EVERY }],
                ["office-today-numbers", async () => (await page.getByRole("button", { name: w("today.numbers") }).click(), await page.locator("table").first().waitFor())],
                ["office-orders", async () => (await open("orders", w("office.orders")), await page.locator("tbody tr").first().waitFor())],
                ["office-order", async () => (await open(`orders/${orders[0].id}`), await page.locator(".detail .sums").waitFor())],
                ["office-order-cancel", async () => (await page.getByRole("button", { name: w("orders.cancel") }).click(), await page.getByRole("dialog").waitFor())],
                ["office-orders-none", async () => (await open("orders", w("office.orders")), await page.getByLabel(w("orders.search")).fill("99999999"), await page.getByText(w("orders.noneHere")).waitFor())],
                ["office-products", async () => (await open("products", w("office.products")), await page.locator("[data-cell]").first().waitFor()), { sizes: EVERY }],
                ["office-products-edit", async () => (await page.locator('[data-cell="1-1"]').click(), await page.locator("[data-cell] input").waitFor())],
                ["office-products-none", async () => (await page.locator("[data-cell] input").press("Escape"), await page.getByRole("searchbox").fill("zzzz"), await page.getByText(w("till.nothing", { query: "zzzz" })).waitFor())],
                ["office-product", async () => (await open(`products/${products[0].id}`), await page.getByLabel(w("product.sku")).waitFor())],
                ["office-product-new-wrong", async () => (await open("products/new", w("catalog.add")), await page.getByRole("button", { name: w("product.add") }).click(), await page.getByText(w("product.name.missing")).waitFor())],
                ["office-import", async () => (await open("products/import"), await page.getByRole("dialog").waitFor())],
                ["office-import-read", async () => (await page.locator("input[type=file]").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(csv) }), await page.getByText(w("catalog.import.errors.line")).waitFor())],
                ["office-prices", async () => (await open("products/prices"), await page.getByRole("dialog").locator("li").first().waitFor())],
                ["office-bin", async () => (await open("products/archived", w("catalog.bin")), await page.getByText(w("catalog.bin.empty")).waitFor())],
                ["office-categories", async () => (await open("categories", w("office.categories")), await page.locator("ol li").first().waitFor())],
                ["office-category", async () => (await page.locator("ol li button").first().click(), await page.getByRole("dialog").waitFor())],
                ["office-staff", async () => (await open("staff", w("office.staff")), await page.locator("tbody tr").first().waitFor())],
                ["office-person", async () => (await open(`staff/${staff[0].id}`, staff[0].name), await page.getByText(w("staff.mayNot")).or(page.getByText(w("staff.may"))).first().waitFor())],
                ["office-person-new", async () => (await open("staff/new", w("staff.add")), await page.getByText(w("staff.pin.first")).waitFor())],
                ["office-sessions", async () => (await open("sessions", w("office.sessions")), await page.getByText(w("sessions.here")).waitFor())],
                ["office-settings", async () => (await open("settings", w("office.settings")), await page.getByText(w("settings.shop.name")).first().waitFor())],
                ["office-leave", async () => (await page.getByRole("button", { name: w("demo.leave") }).first().click(), await page.getByRole("dialog").waitFor())],
                ["office-find", async () => (await page.keyboard.press("Escape"), await page.keyboard.press("Control+K"), await page.getByLabel(w("office.find.what")).fill("sa"), await page.locator("#found li").nth(2).waitFor())],
              ],
              page, language, eyes,
);
        } finally {
          await context.close();
        }
      });
    }
  });
});

