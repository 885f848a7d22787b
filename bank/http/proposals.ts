/** What a teller may not do alone: it is put down, and done when a second one says so. */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Proposal, Versioned } from "../document.ts";
import { BankError } from "../error.ts";
import { type Currency, parseAmount } from "../money.ts";
import { decodeCommand, encodeCommand } from "../request-text.ts";
import { type Asked, carryOut, codeOf, keyOf, submit, type Told, told } from "./asking.ts";
import { changeDocument } from "./documents.ts";
import { actorOf, only, ownKey, sessionOf, visitorOf } from "./gate.ts";
import type { Desk } from "./parts.ts";
import { failures, listOf, object, outcome, shape, word } from "./schemas.ts";

export interface Wish extends Asked {
  /** For the second person, in words. */
  readonly about: string;
}

export interface Put {
  readonly status: string;
  readonly key: string;
  readonly proposal: string;
  readonly about: string;
}

interface Turn {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** A teller's, where it is above what one may do alone; others' wishes are their own affair. */
export function needsSecond(
  desk: Desk,
  request: FastifyRequest,
  { amount, currency }: { readonly amount: bigint; readonly currency: Currency },
): boolean {
  const visitor = visitorOf(request);
  const isTeller = visitor.kind === "session" && visitor.session.role === "teller";
  return isTeller && amount > parseAmount(desk.limits.tellerMax, currency);
}

/** Puts it down; the same key gives the same proposal. */
export async function propose(desk: Desk, { command, about }: Wish, { request, reply }: Turn): Promise<Put> {
  const key = keyOf(request);
  const visitor = visitorOf(request);
  const id = createHash("sha256").update(ownKey(visitor, key)).digest("base64url").slice(0, 20);
  const value: Proposal = {
    by: sessionOf(request).subject,
    state: "open",
    decidedBy: null,
    key: `approved:${id}`,
    command: encodeCommand(command),
    about,
  };
  const put = { kind: "set", what: "proposal", id, value, ifVersion: 0 } as const;
  const { status } = await submit(desk, ownKey(visitor, key), { command: put, by: actorOf(visitor) });
  void reply.code(status === "ok" ? 202 : codeOf(status));
  return { status: status === "ok" ? "proposed" : status, key, proposal: id, about };
}

/** Does it at once where one may do it alone. */
export const carryOutOrPropose = (
  desk: Desk,
  { isForTwo, ...wish }: Wish & { readonly isForTwo: boolean },
  turn: Turn,
): Promise<Told | Put> => (isForTwo ? propose(desk, wish, turn) : carryOut(desk, wish, turn));

const shown = shape({
  proposal: "string",
  by: "string",
  state: "string",
  decidedBy: ["string", "null"],
  about: "string",
});

export function addProposalRoutes(app: FastifyInstance, desk: Desk): void {
  app.get(
    "/v1/proposals",
    {
      preValidation: only(desk, ["teller", "auditor"]),
      schema: { summary: "What waits for a second person, or waited.", response: { 200: listOf(shown), ...failures } },
    },
    async () => (await desk.reader.documents("proposal", "")).map(show),
  );
  const params = object({ id: word(20, "^[A-Za-z0-9_-]+$") }, ["id"]);
  const decided = shape({ proposal: "string", state: "string", outcome: { ...outcome, type: ["object", "null"] } });
  const response = { 200: decided, 409: decided, 422: decided, ...failures };
  for (const [word, state] of [
    ["approve", "approved"],
    ["decline", "declined"],
  ] as const) {
    app.post<{ Params: { id: string } }>(
      `/v1/proposals/:id/${word}`,
      {
        preValidation: only(desk, ["teller"]),
        schema: { summary: `As a second person, ${word} it.`, params, response },
      },
      async (request, reply) => {
        const proposal = await decide(desk, request, state);
        const { id, value } = proposal;
        if (value.state !== "approved" || state !== "approved")
          return { proposal: id, state: value.state, outcome: null };
        const by = `teller ${value.by}, approved by ${value.decidedBy}`;
        const answer = await submit(desk, value.key, { command: decodeCommand(value.command), by });
        void reply.code(codeOf(answer.status));
        const account = answer.accounts.find(({ id: named }) => /^\d+$/.test(named))?.id ?? null;
        return { proposal: id, state: value.state, outcome: told(answer, { account, key: value.key }) };
      },
    );
  }
}

const show = ({ id, value }: Versioned<Proposal>): unknown => ({
  proposal: id,
  by: value.by,
  state: value.state,
  decidedBy: value.decidedBy,
  about: value.about,
});

/** One who decided so already may ask again: what was cut off is gone on with. Throws BankError. */
async function decide(
  desk: Desk,
  request: FastifyRequest<{ Params: { id: string } }>,
  state: "approved" | "declined",
): Promise<Versioned<Proposal>> {
  const { subject } = sessionOf(request);
  const place = { what: "proposal", id: request.params.id, by: `teller ${subject}` } as const;
  const proposal = await changeDocument(desk, place, (value) => {
    if (value.by === subject && state === "approved") {
      throw new BankError("FORBIDDEN", "a second person is wanted: this one made the proposal");
    }
    if (value.state === "open") return { ...value, state, decidedBy: subject };
    if (value.state === state && value.decidedBy === subject) return null;
    throw new BankError("INPUT", `it was ${value.state} already, by ${value.decidedBy ?? "nobody"}`);
  });
  if (proposal === null) throw new BankError("INPUT", "there is no such proposal");
  return proposal;
}
