/** A bank, and an ATM, whose disk is full: a small one of its own, in memory, that nobody else sees. */
import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { askBank, type BankReply, openHolder, portIn } from "../support/bank-asker.ts";
import { told } from "../support/closed-network.ts";
import { describeInNamespace, MOUNTS, Namespace } from "../support/namespaces.ts";
import { RunningStrata, Scratch, strata } from "../support/strata.ts";

const LISTEN = "127.0.5.2:9297";
const ZONE = "$ORIGIN firstbank.com.\n$TTL 5\n@ SOA ns h 7 3600 900 604800 5\n@ NS ns\nns A 127.0.5.2\n";
/** What fits into the log's file as it is goes on for a while. */
const TRANSFERS_MAX = 3000;
/** Octets that one note in the journal needs at the least. */
const BLOCK = "bs=4096";

/** A folder on a small disk. */
class SmallDisk implements AsyncDisposable {
  readonly folder: string;
  readonly #namespace: Namespace;

  private constructor(folder: string, namespace: Namespace) {
    this.folder = folder;
    this.#namespace = namespace;
  }

  static async open(folder: string): Promise<SmallDisk> {
    mkdirSync(folder);
    return new SmallDisk(folder, await Namespace.open(MOUNTS, `mount -t tmpfs -o size=3m tmpfs ${folder}`, []));
  }

  get within(): readonly string[] {
    return this.#namespace.within;
  }

  async fill(): Promise<void> {
    const text = await told(...this.within, "dd", "if=/dev/zero", `of=${this.folder}/fill`, BLOCK);
    expect(text).toContain("No space left on device");
  }

  async empty(): Promise<void> {
    await told(...this.within, "rm", `${this.folder}/fill`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#namespace[Symbol.asyncDispose]();
  }
}

const told1 = ({ text }: BankReply): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

describeInNamespace(MOUNTS, "a full disk", [], () => {
  test("below a bank's books: nothing is done and that is said, reading goes on, and with room all goes on by itself", async () => {
    using scratch = new Scratch();
    await using disk = await SmallDisk.open(scratch.file("disk"));
    const state = `${disk.folder}/state`;
    const words = ["bank", "serve", "--name", "firstbank.com", "--listen", "127.0.0.1:0", "--state", state];
    await using bank = await RunningStrata.start([...words, "--threads", "1"], disk.within);
    const port = portIn(bank.stdout);
    const [alice, bob] = [told1(await openHolder(port, "alice")), told1(await openHolder(port, "bob"))];
    const login = () => askBank(port, { path: "/v1/login", body: { card: alice["card"], pin: "1234" } });
    const token = String(told1(await login())["token"]);
    const pay = (key: string): Promise<BankReply> =>
      askBank(port, { path: "/v1/transfers", key, token, body: { amount: "0.01", to: bob["account"] } });
    const balance = async (): Promise<unknown> =>
      told1(await askBank(port, { method: "GET", path: `/v1/accounts/${String(alice["account"])}`, token }))["balance"];

    await disk.fill();
    let paid = 0;
    let failure: BankReply | null = null;
    while (failure === null && paid < TRANSFERS_MAX) {
      const reply = await pay(`pay-${paid}`);
      if (reply.code === 200) paid++;
      else failure = reply;
    }
    expect(failure).toMatchObject({ code: 503, text: expect.stringMatching(/the disk is full and .* cannot grow/) });
    const left = (10 - paid / 100).toFixed(2);
    expect(await balance()).toBe(left);
    expect((await pay(`pay-${paid}`)).code).toBe(503);
    // A PIN whose try cannot be counted is not judged.
    expect((await login()).code).toBe(503);
    expect(await balance()).toBe(left);
    // Whoever was answered before is answered so again.
    if (paid > 0) expect((await pay("pay-0")).code).toBe(200);

    await disk.empty();
    expect((await pay(`pay-${paid}`)).code).toBe(200);
    expect(await balance()).toBe((10 - (paid + 1) / 100).toFixed(2));
    const verified = await strata(["bank", "verify", "--state", state], {}, disk.within);
    expect([verified.status, verified.stdout]).toEqual([0, expect.stringContaining(`${paid + 3} entries`)]);
  }, 120_000);

  test("below an ATM's journal: no cash is given out that it could not write down, and none is booked", async () => {
    using scratch = new Scratch();
    await using disk = await SmallDisk.open(scratch.file("disk"));
    const key = scratch.file("update.key");
    writeFileSync(key, (await strata(["key", "generate", "update.firstbank.com"])).stdout);
    writeFileSync(scratch.file("zone"), ZONE);
    const update = [{ key: "update.firstbank.com" }];
    const zone = { name: "firstbank.com", file: scratch.file("zone"), update, leases: { secondsMin: 1 } };
    const more = { state: scratch.file("names"), keyFiles: [key], threads: 0 };
    writeFileSync(scratch.file("server.yaml"), JSON.stringify({ listen: [LISTEN], zones: [zone], ...more }));
    await using _names = await RunningStrata.start(["serve", "--config", scratch.file("server.yaml")]);
    const state = scratch.file("state");
    const bank = ["--bank", "firstbank.com", "--server", LISTEN];
    const words = ["bank", "serve", "--name", "firstbank.com", "--server", LISTEN, "--key", key, "--state", state];
    await using _bank = await RunningStrata.start([...words, "--threads", "1"]);
    const open = ["bank", "open", ...bank, "--holder", "Alice", "--pin", "1234", "--deposit", "100", "--json"];
    const { card } = JSON.parse((await strata([...open, "--state", state])).stdout) as { card: string };
    const atm = async (...given: readonly string[]) => {
      const withCard = ["--card", card, "--pin", "1234", "--json", "--state", `${disk.folder}/atm`];
      return strata(["atm", ...bank, "--id", "a1", ...given, ...withCard], {}, disk.within);
    };
    expect((await atm("withdraw", "10", "--key", "first")).status).toBe(0);

    await disk.fill();
    const refused = await atm("withdraw", "20", "--key", "second");
    expect(refused.status).not.toBe(0);
    expect(refused.stdout + refused.stderr).toMatch(/the disk is full and .*journal\.sqlite cannot grow/);
    expect(refused.stdout).not.toContain('"ok"');

    await disk.empty();
    expect(JSON.parse((await atm("balance")).stdout)).toMatchObject({ status: "ok", balance: "90.00" });
    expect(JSON.parse((await atm("withdraw", "20", "--key", "second")).stdout)).toMatchObject({ balance: "70.00" });
    expect(JSON.parse((await atm("cutover")).stdout)).toMatchObject({ status: "ok" });
    expect((await strata(["bank", "verify", "--state", state])).status).toBe(0);
  }, 120_000);
});
