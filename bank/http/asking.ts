/** What most routes begin and end with: who asks, under which key, and how an answer of the ledger looks to them. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Answer, Command, Status } from "../command.ts";
import { BankError } from "../error.ts";
import { formatAmount } from "../money.ts";
import { decodeAnswer } from "../request-text.ts";
import type { Desk } from "./parts.ts";
import type { Role, Session } from "./tokens.ts";

/** Throws BankError "LOGIN" and "FORBIDDEN". */
export function sessionOf(desk: Desk, { headers }: FastifyRequest, roles: readonly Role[]): Session {
  const [scheme = "", token = ""] = (headers.authorization ?? "").split(" ");
  if (scheme.toLowerCase() !== "bearer" || token === "") {
    throw new BankError("LOGIN", "who asks is missing: Authorization: Bearer TOKEN, which POST /v1/login gives");
  }
  const session = desk.tokens.check(token);
  if (!roles.includes(session.role)) throw new BankError("FORBIDDEN", `this is not for the role ${session.role}`);
  return session;
}

const KEY_CHARACTERS_MAX = 48;
const KEY = /^[\x21-\x7e]{1,48}$/;

/** The Idempotency-Key of the request. Throws BankError "INPUT". */
export function keyOf({ headers }: FastifyRequest): string {
  const key = headers["idempotency-key"];
  if (typeof key === "string" && KEY.test(key)) return key;
  throw new BankError(
    "INPUT",
    `Idempotency-Key is wanted: 1 to ${KEY_CHARACTERS_MAX} visible characters, another for each request`,
  );
}

/** Each subject's keys are its own: nobody can take or guess another's. */
export const ownKey = ({ role, subject, card }: Session, key: string): string => `${role}:${card ?? subject}:${key}`;

/** How the audit trail names who asked. */
export function actorOf({ role, subject, card, atm }: Session): string {
  const through = atm === null ? "" : ` at ATM ${atm}`;
  return `${role} ${subject}${card === null ? "" : ` card …${card.slice(-4)}`}${through}`;
}

/** The outcome of a command as whoever holds that account sees it; the same for the same answer. */
export interface Told {
  readonly status: Status;
  readonly key: string;
  readonly entry: number | null;
  readonly account: string;
  readonly currency: string | null;
  readonly amount: string | null;
  readonly balance: string | null;
  readonly available: string | null;
}

export function told(answer: Answer, { account, key }: { readonly account: string; readonly key: string }): Told {
  const after = answer.accounts.find(({ id }) => id === account) ?? null;
  const currency = after?.currency ?? answer.accounts[0]?.currency ?? null;
  const shown = (amount: bigint | null | undefined): string | null =>
    amount === null || amount === undefined || currency === null ? null : formatAmount(amount, currency);
  return {
    status: answer.status,
    key,
    entry: answer.entry,
    account,
    currency,
    amount: shown(answer.amount),
    balance: shown(after?.balance),
    available: shown(after?.available),
  };
}

/** 200 where it was done, 422 where the key is another request's, 409 where the rules refuse it. */
export const codeOf = (status: Status): number => (status === "ok" ? 200 : status === "key-reused" ? 422 : 409);

export async function submit(
  desk: Desk,
  key: string,
  given: { readonly command: Command; readonly by: string },
): Promise<Answer> {
  return decodeAnswer(await desk.ledger.submit({ key, ...given }));
}

/** Carries it out and tells whoever holds the account. */
export async function carryOut(
  desk: Desk,
  asked: { readonly session: Session; readonly key: string; readonly account: string; readonly command: Command },
  reply: FastifyReply,
): Promise<Told> {
  const { session, key, account, command } = asked;
  const answer = await submit(desk, ownKey(session, key), { command, by: actorOf(session) });
  void reply.code(codeOf(answer.status));
  return told(answer, { account, key });
}
