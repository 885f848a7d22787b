/** A bank's HTTP application on an embedded store in a folder of its own, with one ATM and whoever a test lets in. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance, InjectOptions } from "fastify";
import { type Log, SeededRandom, silentLog, SimulatedClock, systemClock, systemRandom } from "../../base/index.ts";
import {
  type BankParts,
  createBankApp,
  digested,
  GroupCommit,
  INTERNAL_ROLES,
  internalAccount,
  internalOf,
  type Ledger,
  type LedgerReader,
  type LedgerRequest,
  signedText,
  SqliteLedger,
  SqliteReader,
  type TlsIdentity,
} from "../../bank/index.ts";

export type Words = Record<string, unknown>;
export type Headers = Record<string, string>;

export interface Answered {
  readonly code: number;
  readonly body: Words;
}

export interface Call {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly payload?: Words | undefined;
  readonly key?: string | undefined;
  readonly token?: string | undefined;
  /** The ATM that signs it. */
  readonly atm?: string | undefined;
}

export interface Opened {
  readonly account: string;
  readonly card: string;
  readonly holder: string;
}

export const PIN = "1234";
export const PASSWORD = "correct horse battery";

export class HttpBank {
  readonly clock = new SimulatedClock();
  readonly ledger: Ledger;
  readonly reader: LedgerReader;
  readonly app: FastifyInstance;
  readonly #folder: string;
  readonly #close: () => void;
  readonly #keys = new Map<string, KeyObject>();
  readonly #listening: FastifyInstance[] = [];
  #count = 0;

  private constructor(log: Log) {
    this.#folder = mkdtempSync(join(tmpdir(), "strata-bank-"));
    const file = join(this.#folder, "ledger.sqlite");
    const writer = new SqliteLedger(file, { clock: this.clock, epoch: 0 });
    const commits = new GroupCommit(writer, systemClock);
    this.ledger = { submit: async (request: LedgerRequest) => commits.submit(digested(request)) };
    const reader = new SqliteReader(file);
    this.reader = reader;
    this.app = this.anotherApp({ log });
    this.#close = () => {
      void reader.close();
      writer.close();
    };
  }

  static async open(log: Log = silentLog): Promise<HttpBank> {
    const bank = new HttpBank(log);
    for (const role of INTERNAL_ROLES) {
      const account = internalOf(internalAccount(role, "USD"), "USD");
      const command = { kind: "open-account", account } as const;
      await bank.ledger.submit({ key: `internal:${account.id}`, command, by: "bank" });
    }
    return bank;
  }

  /** As another thread of the same bank has it. */
  anotherApp(more: Partial<BankParts> = {}, tls: TlsIdentity | null = null): FastifyInstance {
    const { ledger, reader, clock } = this;
    const serverKey = new Uint8Array(32).fill(7);
    const parts = {
      bank: "firstbank.com",
      ledger,
      reader,
      clock,
      log: silentLog,
      serverKey,
      counter: "loopback",
    } as const;
    const random = new SeededRandom(++this.#count);
    return createBankApp({ ...parts, currencies: ["USD", "EUR"], random, ...more }, tls);
  }

  /** Over HTTPS, for a browser; resolves to the address. */
  listen(tls: TlsIdentity): Promise<string> {
    const app = this.anotherApp({ random: systemRandom }, tls);
    this.#listening.push(app);
    return app.listen({ host: "127.0.0.1", port: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.app, ...this.#listening].map((app) => app.close()));
    this.#close();
    rmSync(this.#folder, { recursive: true });
  }

  async call({ method = "POST", url, payload, key, token, atm }: Call): Promise<Answered> {
    const headers = {
      ...(key === undefined ? {} : { "idempotency-key": key }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(atm === undefined ? {} : this.signature(atm, { method, url, payload, key })),
    };
    return this.ask({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
  }

  async ask(options: InjectOptions, app = this.app): Promise<Answered> {
    const response = await app.inject(options);
    return { code: response.statusCode, body: response.json() };
  }

  get(url: string, token?: string): Promise<Answered> {
    return this.call({ method: "GET", url, token });
  }

  /** The headers that an ATM signs with. */
  signature(atm: string, { method = "POST", url, payload, key = "" }: Call): Headers {
    const seconds = this.clock.wallSeconds();
    const body = payload === undefined ? "" : JSON.stringify(payload);
    const text = signedText({ method, path: url, seconds, key, body });
    const signature = sign(null, Buffer.from(text), this.#key(atm)).toString("base64");
    return { "strata-atm": atm, "strata-time": String(seconds), "strata-signature": signature };
  }

  async enrol(atm = "atm7", token?: string): Promise<string> {
    const key = generateKeyPairSync("ed25519");
    this.#keys.set(atm, key.privateKey);
    const publicKey = key.publicKey.export({ type: "spki", format: "der" }).toString("base64");
    ok(await this.call({ url: "/v1/atms", payload: { id: atm, publicKey }, atm, token }));
    return atm;
  }

  async opened(holder = "Alice", more: Words = {}): Promise<Opened> {
    const payload = { holder, currency: "USD", pin: PIN, deposit: "100", ...more };
    const { account, card, holder: id } = ok(await this.call({ url: "/v1/holders", payload, key: this.key() }));
    return { account: String(account), card: String(card), holder: String(id) };
  }

  async holder(card: string, atm?: string): Promise<string> {
    const { token } = ok(await this.call({ url: "/v1/login", payload: { card, pin: PIN }, atm }));
    return String(token);
  }

  async staff(id: string, role: "teller" | "auditor"): Promise<string> {
    const payload = { id, name: id, role, password: PASSWORD };
    ok(await this.call({ url: "/v1/staff", payload, key: this.key() }));
    return this.staffLogin(id);
  }

  async staffLogin(id: string): Promise<string> {
    const { token } = ok(await this.call({ url: "/v1/staff/login", payload: { id, password: PASSWORD } }));
    return String(token);
  }

  key(): string {
    return `key-${++this.#count}`;
  }

  #key(atm: string): KeyObject {
    const key = this.#keys.get(atm);
    if (key === undefined) throw new Error(`${atm} has no key`);
    return key;
  }
}

function ok({ code, body }: Answered): Words {
  if (code !== 200) throw new Error(`${code}: ${JSON.stringify(body)}`);
  return body;
}
