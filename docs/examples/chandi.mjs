// Chandi's API from Node.js, with its own fetch.
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

async function ask(method, path, body) {
  const answer = await fetch(`${process.env.CHANDI_URL}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${process.env.CHANDI_KEY}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const json = await answer.json();
  // Decide by the code; the message is for people who write programs.
  if (!answer.ok) throw new Error(`refused: ${json.error.code}`);
  return json;
}

async function products() {
  for (const product of (await ask("GET", "products")).items) console.log(product.id, product.price_minor, product.name);
}

async function order(product, quantity) {
  const placed = await ask("POST", "orders", {
    id: randomUUID(),
    lines: [{ product, quantity }],
    tenders: [{ id: randomUUID(), method: "cash" }],
  });
  console.log(JSON.stringify(placed));
}

async function redeem(code) {
  console.error(JSON.stringify(await ask("POST", "tokens/verify", { code })));
  console.log(JSON.stringify(await ask("POST", "tokens/redeem", { id: randomUUID(), code })));
}

// Asks, waits until something happens, and asks again behind it. Keep the cursor, and nothing is missed.
async function follow(cursor = "") {
  for (;;) {
    const page = await ask("GET", `events?${new URLSearchParams({ after: cursor, wait: "30" })}`);
    for (const event of page.items) console.log(event.cursor, event.type, event.subject.id);
    cursor = page.next;
  }
}

async function verify(secret, header) {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const [, at, said] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (!said) throw new Error("not genuine");
  const is = createHmac("sha256", secret).update(`${at}.`).update(Buffer.concat(chunks)).digest();
  const fresh = Math.abs(Date.now() / 1000 - Number(at)) < 300;
  if (!fresh || !timingSafeEqual(is, Buffer.from(said, "hex"))) throw new Error("not genuine");
  console.log("genuine");
}

const what = { products, order, redeem, follow, verify }[process.argv[2]];
if (!what) {
  console.error("usage: node chandi.mjs products | order PRODUCT QUANTITY | redeem CODE | follow [CURSOR] | verify SECRET HEADER");
  process.exitCode = 2;
} else {
  await what(...process.argv.slice(3)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
