// Two devices of one branch as real processes, each with books of its own, that meet over the LAN's TLS.
import { Shop, uuid, until } from "./stage.mjs";

const PIN = "2580";

export class Pair {
  static async open({ trade = "sweets" } = {}) {
    const pair = new Pair();
    pair.near = await Shop.open({ demo: false });
    const founded = await pair.near.call("POST", "/setup", { id: uuid(), kind: "own", language: "en", trade, shop_name: "Sharma Sweets", country: "IN", region: "27", owner_name: "Sunita", pin: PIN });
    pair.near.people = [{ staff: founded.staff.id, name: "Sunita", role: "owner", pin: PIN }];
    await pair.near.kill("SIGTERM");
    pair.far = await pair.near.admit();
    const share = ["--share", "--share-port", "0"];
    await pair.near.start(share);
    await pair.far.start([...share, "--neighbour", `127.0.0.1:${pair.near.lanPort}`]);
    const owner = await pair.near.session("owner");
    await until(async () => (await pair.near.call("GET", "/shop-devices", undefined, owner.token)).items.length === 2, "facts of both devices");
    await until(async () => (await pair.near.call("GET", "/sharing", undefined, owner.token)).others.some((one) => one.reachable), "each sees the other");
    return pair;
  }

  async close() {
    await this.far?.close();
    await this.near?.close();
  }
}
