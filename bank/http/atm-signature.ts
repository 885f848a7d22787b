/**
 * Requests of ATMs: each is signed with the ATM's own Ed25519 key (RFC 8032), so that a card's session begun at an ATM is bound to it, and a
 * stolen key is of no use once it is revoked.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Atm, Versioned } from "../document.ts";
import { BankError } from "../error.ts";
import type { Desk } from "./parts.ts";

const ATM_HEADER = "strata-atm";
const TIME_HEADER = "strata-time";
const SIGNATURE_HEADER = "strata-signature";
/** Between the ATM's clock and ours; an older request is a replay. */
const CLOCK_SECONDS_MAX = 300;

/** What an ATM signs. The time is whole seconds since 1970. */
export function signedText(request: {
  readonly method: string;
  readonly path: string;
  readonly seconds: number;
  readonly key: string;
  readonly body: string;
}): string {
  const { method, path, seconds, key, body } = request;
  return `${method} ${path}\n${seconds}\n${key}\n${createHash("sha256").update(body).digest("hex")}`;
}

/** The ATM that signed it; null where none says so. Throws BankError "LOGIN" and "FORBIDDEN". */
export async function atmOf(desk: Desk, request: FastifyRequest): Promise<Versioned<Atm> | null> {
  const id = headerOf(request, ATM_HEADER);
  if (id === null) return null;
  const atm = await desk.reader.document("atm", id);
  if (atm === null) throw new BankError("LOGIN", `ATM ${id} is not enrolled`);
  if (atm.value.state !== "active") throw new BankError("FORBIDDEN", `the key of ATM ${id} is revoked`);
  checkSignature(desk, request, atm.value.publicKey);
  return atm;
}

/** Throws BankError "LOGIN". */
export function checkSignature(desk: Desk, request: FastifyRequest, publicKey: string): void {
  const seconds = Number(headerOf(request, TIME_HEADER) ?? "x");
  const signature = Buffer.from(headerOf(request, SIGNATURE_HEADER) ?? "", "base64");
  if (!(Math.abs(desk.clock.wallSeconds() - seconds) <= CLOCK_SECONDS_MAX)) {
    throw new BankError(
      "LOGIN",
      `the ATM's clock is more than ${CLOCK_SECONDS_MAX} s from the bank's, or its request is a replay`,
    );
  }
  const { method, url, body } = request;
  const text = signedText({
    method,
    path: url,
    seconds,
    key: headerOf(request, "idempotency-key") ?? "",
    // As it was sent: JSON.stringify of what was parsed gives the same where the sender used it.
    body: body === undefined || body === null ? "" : JSON.stringify(body),
  });
  if (!isSigned(text, signature, publicKey)) throw new BankError("LOGIN", "the ATM's signature is wrong");
}

export function isSigned(text: string, signature: Uint8Array, publicKey: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ed25519" && verify(null, Buffer.from(text), key, signature);
  } catch {
    return false; // No key that anybody can read.
  }
}

function headerOf({ headers }: FastifyRequest, name: string): string | null {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : null;
}
