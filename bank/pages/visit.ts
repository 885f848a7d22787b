/**
 * A visit to the pages: whose session it is (a cookie that scripts cannot read and other sites cannot send), whether a form is ours, and
 * asking the API on the visitor's behalf, in this process. What may be done is the API's to say, so it is said once.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Desk } from "../http/parts.ts";
import type { Session } from "../http/tokens.ts";
import { type Page, render, type Told } from "./page.ts";

/** The prefix makes browsers insist on Secure, on this host alone and the whole site (RFC 6265bis §4.1.3.2). */
const COOKIE = "__Host-session";

export interface Answered {
  readonly code: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly list: readonly Readonly<Record<string, unknown>>[];
  readonly text: string;
}

export interface ApiCall {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly key?: string;
}

export type Form = Readonly<Record<string, string>>;

export class Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Null: nobody is logged in, or no more. */
  readonly session: Session | null;
  readonly #token: string | null;
  readonly #app: FastifyInstance;
  readonly #desk: Desk;

  constructor(app: FastifyInstance, desk: Desk, { request, reply }: { request: FastifyRequest; reply: FastifyReply }) {
    this.#app = app;
    this.#desk = desk;
    this.request = request;
    this.reply = reply;
    this.#token = request.cookies[COOKIE] ?? null;
    this.session = this.#token === null ? null : desk.tokens.known(this.#token);
  }

  /** There was a session, and it has ended. */
  get hasEnded(): boolean {
    return this.#token !== null && this.session === null;
  }

  get csrf(): string {
    if (this.#token === null) return "";
    return createHmac("sha256", this.#desk.serverKey).update(`csrf ${this.#token}`).digest("base64url");
  }

  /** Drawn when a form is made: sent twice it is done once. */
  freshKey(): string {
    return Buffer.from(this.#desk.random.octets(15)).toString("base64url");
  }

  /** The fields of a form; those that are not one text are left out. */
  get form(): Form {
    const { body } = this.request;
    if (typeof body !== "object" || body === null) return {};
    const fields = Object.entries(body).filter((field): field is [string, string] => typeof field[1] === "string");
    return Object.fromEntries(fields.map(([name, value]) => [name, value.trim()]));
  }

  get query(): Form {
    const { query } = this.request;
    if (typeof query !== "object" || query === null) return {};
    return Object.fromEntries(
      Object.entries(query).filter((field): field is [string, string] => typeof field[1] === "string"),
    );
  }

  /** Whether the form was made for this session. Without a session: whether it came from a page of ours, as the browser tells. */
  isOurForm(): boolean {
    if (this.#token === null) return this.#isOfThisSite();
    const [given, right] = [Buffer.from(this.form["csrf"] ?? ""), Buffer.from(this.csrf)];
    return given.length === right.length && timingSafeEqual(given, right);
  }

  #isOfThisSite(): boolean {
    const { origin, host } = this.request.headers;
    return origin === undefined || origin === `https://${host ?? ""}` || origin === `http://${host ?? ""}`;
  }

  begin(token: string): void {
    void this.reply.setCookie(COOKIE, token, { httpOnly: true, sameSite: "strict", secure: true, path: "/" });
  }

  end(): void {
    void this.reply.clearCookie(COOKIE, { httpOnly: true, sameSite: "strict", secure: true, path: "/" });
  }

  /** Asks as the visitor. A visitor without a session asks with a token that is nobody's, never as a program on this machine. */
  async api({ method, path, body, key }: ApiCall): Promise<Answered> {
    const headers = {
      authorization: `Bearer ${this.#token ?? "none"}`,
      ...(key === undefined ? {} : { "idempotency-key": key }),
    };
    const payload = body === undefined ? {} : { payload: body };
    const response = await this.#app.inject({ method, url: path, headers, remoteAddress: this.request.ip, ...payload });
    const read: unknown = isJson(response.headers["content-type"]) ? response.json() : null;
    return {
      code: response.statusCode,
      body: isRecord(read) ? read : {},
      list: Array.isArray(read) ? read.filter(isRecord) : [],
      text: response.payload,
    };
  }

  /** Sends a page. */
  show(
    page: Omit<Page, "bank" | "csrf" | "audience" | "path" | "told"> & { readonly told?: Told | null },
    code = 200,
  ): FastifyReply {
    const { role } = this.session ?? { role: "nobody" as const };
    const whole: Page = {
      ...page,
      told: page.told ?? null,
      bank: this.#desk.bank,
      path: this.request.url.split("?")[0]!,
      audience: role === "atm" ? "nobody" : role,
      csrf: this.csrf,
    };
    return this.reply.code(code).type("text/html; charset=utf-8").send(render(whole));
  }

  /** After something was done, so that going back or loading again does not do it again (RFC 9110 §15.4.4). */
  goTo(path: string): FastifyReply {
    return this.reply.redirect(path, 303);
  }
}

const isJson = (type: unknown): boolean => typeof type === "string" && type.startsWith("application/json");
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A field of an answer as text. */
export function textOf(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** What a refusal means, in words for a person. */
export function explain({ body, code }: Answered): string {
  const status = textOf(body, "status");
  const known = MEANINGS[status];
  if (known !== undefined) return known;
  const message = textOf(body, "message");
  if (code === 504) return "It is not known whether this was done. Send the form once more: it is done once at most.";
  return message === "" ? `The bank says: ${status}` : message.charAt(0).toUpperCase() + message.slice(1);
}

const MEANINGS: Readonly<Record<string, string>> = {
  "insufficient-funds": "There is not enough money in the account. Nothing was moved.",
  "over-card-limit": "This would be more than your card may move in a day. Nothing was moved.",
  "over-withdrawal-limit": "This is more than the account allows at once. Nothing was moved.",
  "no-such-account": "There is no account with that number. Nothing was moved.",
  "same-account": "Both are the same account. Nothing was moved.",
  "currency-differs": "The two accounts have different currencies. Nothing was moved.",
  "account-blocked": "One of the accounts is blocked. Nothing was moved.",
  "account-closed": "One of the accounts is closed. Nothing was moved.",
  "account-in-use": "There is money in the account, or held on it. It was not closed.",
  "interest-unpaid": "The account is owed interest. It was not closed.",
  "amount-wrong": "That is no amount that can be moved.",
  "key-reused": "This form was sent before with other contents. Fill it in once more.",
};
