/**
 * Requests of ATMs: each is signed with the ATM's own Ed25519 key (RFC 8032), so that a card's session begun at an ATM is bound to it, and a
 * stolen key is of no use once it is revoked. Within a session a seal (HMAC) under a secret that the signed login gave does as well, at a
 * twentieth of the cost (`bench/bank.ts`).
 */
import { createHash, createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Clock } from "../../base/index.ts";
import type { Atm, Versioned } from "../document.ts";
import { BankError } from "../error.ts";
import type { LedgerReader } from "../store.ts";
import type { Desk } from "./parts.ts";
import type { Session } from "./tokens.ts";

const ATM_HEADER = "strata-atm";
const TIME_HEADER = "strata-time";
const SIGNATURE_HEADER = "strata-signature";
const SEAL_HEADER = "strata-seal";
/** Between the ATM's clock and ours; an older request is a replay. */
const CLOCK_SECONDS_MAX = 300;

/** What an ATM signs. The time is whole seconds since 1970; the body as it is sent. */
export function signedText(request: {
  readonly method: string;
  readonly path: string;
  readonly seconds: number;
  readonly key: string;
  readonly body: string | Uint8Array;
}): string {
  const { method, path, seconds, key, body } = request;
  return `${method} ${path}\n${seconds}\n${key}\n${createHash("sha256").update(body).digest("hex")}`;
}

const RAW_BODY = "rawBody";
const NOTHING = new Uint8Array(0);

/** Keeps the octets of a signed body beside what they mean: a signature is over what was sent, not over what was read from it. */
export function keepSignedBodies(app: FastifyInstance): void {
  app.decorateRequest(RAW_BODY, null);
  // What is no JSON is refused by its type.
  app.removeContentTypeParser("text/plain");
  const parse = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body: Buffer, done) => {
    if (hasAtm(request)) request.setDecorator<Uint8Array>(RAW_BODY, body);
    void parse(request, body.toString(), done);
  });
}

/** An ATM whose key is good, as it was read at that time. */
interface ActiveAtm {
  readonly atm: Versioned<Atm>;
  readonly key: KeyObject;
  readonly untilMilliseconds: number;
}

/** So long a key that was revoked elsewhere is still believed here. */
const FRESH_MILLISECONDS = 1000;
const KNOWN_MAX = 10_000;

/** The keys of enrolled ATMs, looked at again once a second. */
export class AtmKeys {
  readonly #reader: LedgerReader;
  readonly #clock: Clock;
  readonly #known = new Map<string, ActiveAtm>();

  constructor({ reader, clock }: { readonly reader: LedgerReader; readonly clock: Clock }) {
    this.#reader = reader;
    this.#clock = clock;
  }

  /** Throws BankError "NOT_ENROLLED" and "REVOKED". */
  async active(id: string): Promise<ActiveAtm> {
    const known = this.#known.get(id);
    if (known !== undefined && known.untilMilliseconds > this.#clock.now()) return known;
    this.#known.delete(id);
    const atm = await this.#reader.document("atm", id);
    if (atm === null) throw new BankError("NOT_ENROLLED", `ATM ${id} is not enrolled`);
    if (atm.value.state !== "active") throw new BankError("REVOKED", `the key of ATM ${id} is revoked`);
    const key = publicKeyFrom(atm.value.publicKey);
    const active = { atm, key, untilMilliseconds: this.#clock.now() + FRESH_MILLISECONDS };
    if (this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(id, active);
    return active;
  }

  /** It was changed through this thread. */
  forget(id: string): void {
    this.#known.delete(id);
  }
}

/** Whether the request says that it comes from an ATM. */
export const hasAtm = (request: FastifyRequest): boolean => request.headers[ATM_HEADER] !== undefined;

/** The ATM that signed it, or that sealed it within that session. Throws BankError "NOT_ENROLLED", "REVOKED" and "LOGIN". */
export async function checkAtm(
  desk: Desk,
  request: FastifyRequest,
  session: Session | null = null,
): Promise<Versioned<Atm>> {
  const id = headerOf(request, ATM_HEADER);
  if (id === null) {
    throw new BankError("LOGIN", "the ATM's name and signature are missing (Strata-Atm, Strata-Signature)");
  }
  const { atm, key } = await desk.atmKeys.active(id);
  const seal = session === null ? null : headerOf(request, SEAL_HEADER);
  if (session === null || seal === null) checkSignature(desk, request, key);
  else if (session.atm !== id || !isSealed(desk, request, { seal, secret: desk.tokens.sealSecret(session) })) {
    throw new BankError("LOGIN", "the ATM's seal is wrong");
  }
  return atm;
}

/** Throws BankError "LOGIN". */
export function checkSignature(desk: Desk, request: FastifyRequest, publicKey: KeyObject): void {
  const text = Buffer.from(textOf(desk, request));
  const signature = Buffer.from(headerOf(request, SIGNATURE_HEADER) ?? "", "base64");
  if (!verify(null, text, publicKey, signature)) throw new BankError("LOGIN", "the ATM's signature is wrong");
}

/** What an ATM sends for `signedText` within a session whose login gave that secret, base64. */
export const sealed = (text: string, secret: string): string =>
  createHmac("sha256", Buffer.from(secret, "base64")).update(text).digest("base64");

function isSealed(
  desk: Desk,
  request: FastifyRequest,
  { seal, secret }: { readonly seal: string; readonly secret: string },
): boolean {
  const right = Buffer.from(sealed(textOf(desk, request), secret));
  const given = Buffer.from(seal);
  return right.length === given.length && timingSafeEqual(right, given);
}

/** What was signed. Throws BankError "LOGIN" where its time is not now. */
function textOf(desk: Desk, request: FastifyRequest): string {
  const seconds = Number(headerOf(request, TIME_HEADER) ?? "x");
  if (!(Math.abs(desk.clock.wallSeconds() - seconds) <= CLOCK_SECONDS_MAX)) {
    throw new BankError(
      "LOGIN",
      `the ATM's clock is more than ${CLOCK_SECONDS_MAX} s from the bank's, or its request is a replay`,
    );
  }
  const { method, url } = request;
  const key = headerOf(request, "idempotency-key") ?? "";
  const body = request.getDecorator<Uint8Array | null>(RAW_BODY) ?? NOTHING;
  return signedText({ method, path: url, seconds, key, body });
}

/** Ed25519, as SPKI in base64. Throws BankError "INPUT". */
export function publicKeyFrom(text: string): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(text, "base64"), format: "der", type: "spki" });
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Told below.
  }
  throw new BankError("INPUT", "publicKey: an Ed25519 key is wanted, as SPKI in base64");
}

function headerOf({ headers }: FastifyRequest, name: string): string | null {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : null;
}
