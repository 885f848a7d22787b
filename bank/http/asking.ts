/** What most routes end with: a command under a key of its own, and how the ledger's answer looks to whoever asked. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Answer, Command, Status } from "../command.ts";
import { BankError } from "../error.ts";
import { formatAmount } from "../money.ts";
import { decodeAnswer } from "../request-text.ts";
import { actorOf, ownKey, visitorOf } from "./gate.ts";
import type { Desk } from "./parts.ts";

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

/** The outcome of a command as whoever holds that account sees it; the same for the same answer. */
export interface Told {
  readonly status: Status;
  readonly key: string;
  readonly entry: number | null;
  readonly account: string | null;
  readonly currency: string | null;
  readonly amount: string | null;
  readonly balance: string | null;
  readonly available: string | null;
  readonly flagged: boolean;
}

export function told(
  answer: Answer,
  { account, key }: { readonly account: string | null; readonly key: string },
): Told {
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
    flagged: answer.isFlagged,
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

/** What a request asks of the ledger. */
export interface Asked {
  /** Whose balance the answer tells; null: nobody's. */
  readonly account: string | null;
  readonly command: Command;
}

/** Carries it out under the visitor's key and tells whoever holds the account. */
export async function carryOut(
  desk: Desk,
  { account, command }: Asked,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<Told> {
  const key = keyOf(request);
  const visitor = visitorOf(request);
  const answer = await submit(desk, ownKey(visitor, key), { command, by: actorOf(visitor) });
  void reply.code(codeOf(answer.status));
  return told(answer, { account, key });
}
