/** A bank on PostgreSQL: it answers as the embedded one does, many at once, from several servers, through kills and a change of the primary. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Clock, SeededRandom, systemClock } from "../../base/index.ts";
import {
  BankError,
  type Command,
  decodeAnswer,
  digested,
  internalOf,
  type LedgerRequest,
  openPostgresLedger,
  openPostgresReader,
  type PostgresLedger,
  SqliteLedger,
  SqliteReader,
} from "../../bank/index.ts";
import { contractOfStores } from "../bank/store-contract.ts";
import { RequestGenerator } from "../support/bank-requests.ts";
import { describeWithPeers } from "../support/peers.ts";
import { PostgresServer } from "../support/postgres.ts";

const SEED = Number(process.env["STRATA_SEED"] ?? 5);
const REQUESTS = Number(process.env["STRATA_REQUESTS"] ?? 6000);

describeWithPeers("a bank on PostgreSQL", ["initdb", "postgres"], () => {
  let server: PostgresServer;
  let databases = 0;
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  /** The URL of a database of its own. */
  async function emptyDatabase(): Promise<string> {
    const name = `bank${++databases}`;
    await server.run(`CREATE DATABASE ${name}`);
    return server.url.replace(/postgres$/, name);
  }

  contractOfStores("keeps the contract of stores", async () => {
    const url = await emptyDatabase();
    return {
      open: (parts) => openPostgresLedger(url, parts),
      [Symbol.asyncDispose]: async () => undefined,
    };
  });

  test(`answers generated requests with the octets that the embedded store answers (seed ${SEED})`, async () => {
    let seconds = 1_800_000_000;
    const clock: Clock = { ...systemClock, wallSeconds: () => seconds };
    const folder = mkdtempSync(join(tmpdir(), "strata-bank-"));
    const embedded = new SqliteLedger(join(folder, "ledger.sqlite"), { clock, epoch: 0 });
    const reader = new SqliteReader(join(folder, "ledger.sqlite"));
    const url = await emptyDatabase();
    // One transaction at a time, so that requests that come together are taken in their order.
    const ledger = await openPostgresLedger(url, { clock, epoch: 0, connections: 1 });
    try {
      const random = new SeededRandom(SEED);
      const generator = new RequestGenerator(random);
      const statuses = new Set<string>();
      const both = async (group: readonly LedgerRequest[]): Promise<void> => {
        const wanted = embedded.commit(group.map(digested)).map(textOf);
        const given = await Promise.all(group.map((request) => ledger.submit(request)));
        group.forEach((request, i) => {
          const answer = textOf(given[i]!);
          statuses.add(decodeAnswer(given[i]!).status);
          // What is told of a key that was used for something else is kept nowhere.
          if (!answer.includes("key-reused")) expect(answer, JSON.stringify(request, big)).toBe(wanted[i]);
          else expect(wanted[i]).toContain("key-reused");
        });
      };
      await both(generator.opening());
      for (let sent = 0; sent < REQUESTS;) {
        const group = Array.from({ length: 1 + random.below(40) }, () => generator.next(seconds));
        await both(group);
        sent += group.length;
        seconds += random.below(4000);
      }
      const [verdict, oracle] = [await ledger.verify(), await reader.verify()];
      expect(verdict.faults).toEqual([]);
      expect({ ...verdict, head: Buffer.from(verdict.head.link) }).toEqual({
        ...oracle,
        head: Buffer.from(oracle.head.link),
      });
      expect(await ledger.audit({ from: 1, countMax: 100 })).toEqual(await reader.audit({ from: 1, countMax: 100 }));
      expect(await ledger.accountsOf("ada")).toEqual(await reader.accountsOf("ada"));
      expect(await ledger.internalAccounts("atm:")).toEqual(await reader.internalAccounts("atm:"));
      const range = { fromMilliseconds: 0, toMilliseconds: 9e15, linesMax: 500 };
      expect(await ledger.lines("1000000000", range)).toEqual(await reader.lines("1000000000", range));
      expect(statuses.size, [...statuses].join(" ")).toBeGreaterThan(22);
    } finally {
      await Promise.all([ledger.close(), reader.close()]);
      embedded.close();
      rmSync(folder, { recursive: true });
    }
  });

  test("many at once over accounts that all want: no money is made, nobody waits for each other in a ring", async () => {
    const url = await emptyDatabase();
    const stores = await Promise.all([open(url), open(url)]);
    await openAccounts(stores[0], 8);
    const random = new SeededRandom(SEED);
    const work = async (client: number): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        const store = stores[client % 2]!;
        const amount = BigInt(1 + random.below(300));
        const movement = { debit: `a${random.below(8)}`, credit: `a${random.below(8)}`, amount, card: null } as const;
        await store.submit(requestOf(`c${client}-${i}`, transfer(movement)));
      }
    };
    await Promise.all(Array.from({ length: 32 }, (_, client) => work(client)));
    const verdict = await stores[1].verify();
    expect(verdict.faults).toEqual([]);
    expect(verdict.requests).toBe(32 * 60 + 9 + 8);
    const balances = await Promise.all(Array.from({ length: 8 }, (_, i) => stores[0].account(`a${i}`)));
    expect(balances.every((account) => account!.creditsPosted >= account!.debitsPosted)).toBe(true);
    const [row] = await server.run("SELECT sum(deadlocks)::int AS deadlocks FROM pg_stat_database");
    expect(row).toEqual({ deadlocks: 0 });
    expect((await stores[0].head()).entries).toBe(verdict.entries);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("the same key at once over two servers is done once, and all are told the same octets", async () => {
    const url = await emptyDatabase();
    const stores = await Promise.all([open(url), open(url)]);
    await openAccounts(stores[0], 2);
    for (let round = 0; round < 20; round++) {
      const request = requestOf(`same-${round}`, transfer({ debit: "a0", credit: "a1", amount: 7n, card: null }));
      const told = await Promise.all(Array.from({ length: 6 }, (_, i) => stores[i % 2]!.submit(request)));
      expect(new Set(told.map(textOf)).size).toBe(1);
    }
    expect((await stores[0].account("a1"))!.creditsPosted).toBe(1000n + 140n);
    const other = requestOf("same-1", transfer({ debit: "a0", credit: "a1", amount: 8n, card: null }));
    expect(decodeAnswer(await stores[1].submit(other)).status).toBe("key-reused");
    await Promise.all(stores.map((store) => store.close()));
  });

  test("a server whose epoch is over may not write, and still tells what it had answered", async () => {
    const url = await emptyDatabase();
    const [first, second] = [await open(url), await open(url)];
    await openAccounts(first, 2);
    const request = requestOf("before", transfer({ debit: "a0", credit: "a1", amount: 1n, card: null }));
    const told = await first.submit(request);
    const epochs = [await first.submit(requestOf("e1", { kind: "take-over", epoch: 1 }))];
    epochs.push(await second.submit(requestOf("e2", { kind: "take-over", epoch: 2 })));
    epochs.push(await second.submit(requestOf("e3", { kind: "take-over", epoch: 2 })));
    expect(epochs.map((octets) => decodeAnswer(octets).status)).toEqual(["ok", "ok", "stale-epoch"]);
    const late = requestOf("late", transfer({ debit: "a0", credit: "a1", amount: 1n, card: null }));
    await expect(first.submit(late)).rejects.toMatchObject({ code: "EPOCH" });
    expect(textOf(await first.submit(request))).toBe(textOf(told));
    expect(decodeAnswer(await second.submit(late)).status).toBe("ok");
    await Promise.all([first.close(), second.close()]);
  });

  test("a request that the database cannot bear is refused by itself; those that came with it are done", async () => {
    const ledger = await open(await emptyDatabase());
    await openAccounts(ledger, 2);
    const good = ["x", "y"].map((key) =>
      ledger.submit(requestOf(key, transfer({ debit: "a0", credit: "a1", amount: 1n, card: null }))),
    );
    const value = { holder: "h", name: "a \0 in a name", account: "a0" };
    const bad = ledger.submit(requestOf("z", { kind: "set", what: "payee", id: "p", value, ifVersion: null }));
    await expect(bad).rejects.toMatchObject({ code: "STORE" });
    expect((await Promise.all(good)).map((octets) => decodeAnswer(octets).status)).toEqual(["ok", "ok"]);
    expect((await ledger.verify()).faults).toEqual([]);
    await ledger.close();
  });

  test("tables of version 1 are upgraded in place", async () => {
    const url = await emptyDatabase();
    const first = await open(url);
    const value = { holder: "h", name: "P", account: "a0" };
    await first.submit(requestOf("p1", { kind: "set", what: "payee", id: "h:p q", value, ifVersion: 0 }));
    await first.submit(requestOf("p2", { kind: "set", what: "payee", id: "h:p q", value: null, ifVersion: 1 }));
    await first.close();
    const back = `DROP INDEX strata.document_due; ALTER TABLE strata.document DROP COLUMN due; ALTER TABLE strata.request DROP COLUMN card;
      DELETE FROM strata.document WHERE value = 'null'; UPDATE strata.meta SET value = 1 WHERE name = 'schema'`;
    await server.run(back, url);
    const ledger = await open(url);
    await ledger.submit(requestOf("p3", { kind: "set", what: "payee", id: "h:p q", value, ifVersion: 0 }));
    expect(await ledger.document("payee", "h:p q")).toEqual({ id: "h:p q", version: 3, value });
    expect((await ledger.verify()).faults).toEqual([]);
    await ledger.close();
  });

  test("what somebody changed in the tables is found", async () => {
    const url = await emptyDatabase();
    const ledger = await open(url);
    await openAccounts(ledger, 3);
    await ledger.head();
    await ledger.close();
    await server.run("UPDATE strata.entry SET amount = 999 WHERE number = 2", url);
    const reader = await openPostgresReader(url, systemClock);
    const { faults } = await reader.verify();
    expect(faults.join("\n")).toMatch(/entry 2: its link/);
    await reader.close();
  });

  test("a database that is no bank, a server that is not there, a word that is no URL: said so", async () => {
    await expect(openPostgresReader(await emptyDatabase(), systemClock)).rejects.toThrow(/no bank/);
    await expect(open("postgres://127.0.0.1:9/bank")).rejects.toMatchObject({ code: "STORE" });
    await expect(open("firstbank")).rejects.toMatchObject({ code: "INPUT" });
  });
});

const open = (url: string): Promise<PostgresLedger> => openPostgresLedger(url, { clock: systemClock, epoch: 0 });

const requestOf = (key: string, command: Command): LedgerRequest => ({ key, command, by: "teller:ted" });

type Party = Pick<Extract<Command, { kind: "transfer" }>["movement"], "debit" | "credit" | "amount" | "card">;

const transfer = (party: Party): Command => ({
  kind: "transfer",
  movement: { ...party, reason: "transfer", reference: "" },
});

/** Named a0 and so on, with 1000 each from the counter. */
async function openAccounts(ledger: PostgresLedger, count: number): Promise<void> {
  const kinds = {
    kind: "current",
    currency: "USD",
    overdraft: 0n,
    withdrawalMax: null,
    interestMillionths: 0n,
  } as const;
  const names = Array.from({ length: count }, (_, i) => `a${i}`);
  const opening = [internalOf("counter:USD", "USD"), ...names.map((id) => ({ id, holder: "h", ...kinds }))];
  for (const account of opening)
    await ledger.submit(requestOf(`open-${account.id}`, { kind: "open-account", account }));
  for (const credit of names) {
    const command = transfer({ debit: "counter:USD", credit, amount: 1000n, card: null });
    await ledger.submit(requestOf(`fill-${credit}`, command));
  }
}

const textOf = (outcome: Uint8Array | BankError): string =>
  outcome instanceof BankError ? outcome.message : Buffer.from(outcome).toString();

const big = (_: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);
