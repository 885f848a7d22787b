/** What ATMs tell the bank of the cash in them: loads, cash that moved while the bank was not to be reached, and the count at cut-over. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { atmCash, internalAccount } from "../account.ts";
import { formatTime } from "../calendar.ts";
import type { Answer, Command, Movement } from "../command.ts";
import { type Atm } from "../document.ts";
import { BankError } from "../error.ts";
import { parseAmount } from "../money.ts";
import { carryOut, codeOf, submit, type Told, told } from "./asking.ts";
import { heardOf } from "./atm-routes.ts";
import { checkAtm, hasAtm } from "./atm-signature.ts";
import { actorOf, atmOnly, counterOr, ownKey, visitorOf } from "./gate.ts";
import type { Desk } from "./parts.ts";
import { amountText, atmText, cardText, cassettes, moving, object, outcome, word } from "./schemas.ts";

interface LoadBody {
  readonly atm: string;
  readonly amount: string;
  readonly cassettes: Atm["cassettes"];
}

interface AdviceBody {
  readonly sequence: number;
  readonly kind: "withdrawal" | "deposit";
  readonly card: string;
  readonly amount: string;
  readonly key: string;
  readonly atSeconds: number;
}

export function addCashRoutes(app: FastifyInstance, desk: Desk): void {
  const body = object({ atm: atmText, amount: amountText, cassettes }, ["atm", "amount", "cassettes"]);
  app.post<{ Body: LoadBody }>(
    "/v1/cash-loads",
    {
      preValidation: counterOr(desk, ["teller"]),
      schema: {
        summary: "Cash was brought from the vault to an ATM, which holds these notes now.",
        body,
        response: moving,
      },
    },
    async (request, reply) => {
      const { atm: id, amount, cassettes: notes } = request.body;
      if (hasAtm(request) && (await checkAtm(desk, request)).id !== id) {
        throw new BankError("FORBIDDEN", "the load is of another ATM than the one that signed it");
      }
      const { currency } = (await enrolledAtm(desk, id)).value;
      const movement: Movement = {
        debit: atmCash(id, currency),
        credit: internalAccount("vault", currency),
        amount: parseAmount(amount, currency),
        reason: "cash-load",
        reference: `ATM ${id}`,
        card: null,
      };
      const outcome = await carryOut(
        desk,
        { account: null, command: { kind: "transfer", movement } },
        { request, reply },
      );
      if (outcome.status === "ok") await heardOf(desk, id, (value) => ({ ...value, cassettes: notes }));
      return outcome;
    },
  );
  addAdvices(app, desk);
}

async function enrolledAtm(desk: Desk, id: string): Promise<{ readonly value: Atm }> {
  const atm = await desk.reader.document("atm", id);
  if (atm === null) throw new BankError("INPUT", `there is no ATM ${id}`);
  return atm;
}

function addAdvices(app: FastifyInstance, desk: Desk): void {
  const body = object(
    {
      sequence: { type: "integer", minimum: 1, maximum: 2 ** 48 },
      kind: { enum: ["withdrawal", "deposit"] },
      card: cardText,
      amount: amountText,
      key: word(48, "^[\\x21-\\x7e]+$"),
      atSeconds: { type: "integer", minimum: 0, maximum: 2 ** 40 },
    },
    ["sequence", "kind", "card", "amount", "key", "atSeconds"],
  );
  const outOfOrder = {
    ...outcome,
    properties: { ...outcome.properties, expected: { type: "integer" }, message: { type: "string" } },
  };
  app.post<{ Params: { id: string }; Body: AdviceBody }>(
    "/v1/atms/:id/advices",
    {
      preValidation: atmOnly(desk),
      schema: {
        summary: "Cash that moved already. In order of its sequence; one that came before is answered as it was then.",
        params: object({ id: atmText }, ["id"]),
        body,
        response: { ...moving, 409: outOfOrder },
      },
    },
    async (request, reply) => advise(desk, request, reply),
  );
}

/** What became of an advice that came too early. */
interface OutOfOrder {
  readonly status: "out-of-order";
  readonly key: string;
  readonly expected: number;
  readonly message: string;
}

async function advise(
  desk: Desk,
  request: FastifyRequest<{ Params: { id: string }; Body: AdviceBody }>,
  reply: FastifyReply,
): Promise<Told | OutOfOrder> {
  const { id } = request.params;
  const { sequence, key } = request.body;
  const { value } = await enrolledAtm(desk, id);
  const visitor = visitorOf(request);
  const own = ownKey(visitor, key);
  const isKnown = sequence <= value.sequence && (await desk.reader.answer(own)) !== null;
  if (!isKnown && sequence !== value.sequence + 1) {
    void reply.code(409);
    const expected = value.sequence + 1;
    return { status: "out-of-order", key, expected, message: `advice ${expected} is next, not ${sequence}` };
  }
  const { command, account } = await adviceOf(desk, request, value.currency);
  const answer: Answer = await submit(desk, own, { command, by: actorOf(visitor) });
  // One that was taken back before it came is done with as well.
  const isSettled = answer.status === "ok" || answer.status === "reversed-before";
  if (sequence > value.sequence && isSettled) {
    await heardOf(desk, id, (atm) => ({ ...atm, sequence: Math.max(atm.sequence, sequence) }));
  }
  void reply.code(codeOf(answer.status));
  return told(answer, { account, key });
}

/**
 * The money is out or in, so it is booked whatever the rules of the account say. What is more than an ATM is trusted with, or of a card that
 * nobody has, waits on `suspense` for a person: a stolen key takes little of anybody.
 */
async function adviceOf(
  desk: Desk,
  { params, body }: FastifyRequest<{ Params: { id: string }; Body: AdviceBody }>,
  currency: string,
): Promise<{ readonly command: Command; readonly account: string }> {
  const { id } = params;
  const { kind, card: number, sequence, atSeconds } = body;
  const amount = parseAmount(body.amount, currency);
  const card = await desk.reader.document("card", number);
  const account = card === null ? null : await desk.reader.account(card.value.account);
  const isTrusted = amount <= parseAmount(desk.limits.adviceMax, currency);
  const isTheirs = account !== null && account.currency === currency && account.state !== "closed" && isTrusted;
  const booked = isTheirs ? account.id : internalAccount("suspense", currency);
  const cash = atmCash(id, currency);
  const [debit, credit] = kind === "withdrawal" ? [booked, cash] : [cash, booked];
  const reference = `ATM ${id} advice ${sequence} of ${formatTime(atSeconds * 1000)}${isTheirs ? "" : `, card …${number.slice(-4)}`}`;
  const movement: Movement = { debit, credit, amount, reason: kind, reference, card: isTheirs ? number : null };
  return { command: { kind: "advice", movement }, account: booked };
}
