/** Standing orders: made, seen and ended by their holder; what runs them is the bank's server. */
import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { dateOfDay, formatDate, parseDate } from "../calendar.ts";
import { dayOf } from "../deciding.ts";
import type { StandingOrder, Versioned } from "../document.ts";
import { BankError } from "../error.ts";
import { formatAmount, parseAmount } from "../money.ts";
import { codeOf, keyOf, submit } from "./asking.ts";
import { setDocument } from "./documents.ts";
import { actorOf, only, ownKey, sessionOf, visitorOf } from "./gate.ts";
import { checkNumber, payingAccount } from "./money-routes.ts";
import type { Desk } from "./parts.ts";
import {
  accountNumberText,
  amountText,
  dateText,
  failures,
  listOf,
  object,
  reference,
  shape,
  word,
} from "./schemas.ts";

interface OrderBody {
  readonly from?: string;
  readonly to: string;
  readonly amount: string;
  readonly reference?: string;
  readonly every: StandingOrder["every"];
  readonly first: string;
}

/** Of one holder. */
const ORDERS_MAX = 100;

export function addStandingOrderRoutes(app: FastifyInstance, desk: Desk): void {
  const preValidation = only(desk, ["holder"]);
  const names = { id: "string", from: "string", to: "string", amount: "string", currency: "string" };
  const times = { every: "string", next: "string", last: ["string", "null"] };
  const shown = shape({ ...names, reference: "string", ...times });
  app.get(
    "/v1/standing-orders",
    { preValidation, schema: { summary: "One's standing orders.", response: { 200: listOf(shown), ...failures } } },
    async (request) => {
      const orders = await desk.reader.documents("standing-order", `${sessionOf(request).subject}:`);
      return Promise.all(orders.map((order) => show(desk, order)));
    },
  );
  const body = object(
    {
      from: accountNumberText,
      to: accountNumberText,
      amount: amountText,
      reference,
      every: { enum: ["day", "week", "month"] },
      first: dateText,
    },
    ["to", "amount", "every", "first"],
  );
  const made = shape({ status: "string", key: "string", id: "string" });
  app.post<{ Body: OrderBody }>(
    "/v1/standing-orders",
    {
      preValidation,
      schema: {
        summary: "Transfer the same again and again, from a day on.",
        body,
        response: { 200: made, 409: made, 422: made, ...failures },
      },
    },
    async (request, reply) => {
      const value = await orderOf(desk, request);
      const key = keyOf(request);
      const visitor = visitorOf(request);
      const own = ownKey(visitor, key);
      const id = createHash("sha256").update(own).digest("base64url").slice(0, 12);
      const command = {
        kind: "set",
        what: "standing-order",
        id: `${value.holder}:${id}`,
        value,
        ifVersion: 0,
      } as const;
      const { status } = await submit(desk, own, { command, by: actorOf(visitor) });
      void reply.code(codeOf(status));
      return { status, key, id };
    },
  );
  addEnd(app, desk);
}

function addEnd(app: FastifyInstance, desk: Desk): void {
  app.delete<{ Params: { id: string } }>(
    "/v1/standing-orders/:id",
    {
      preValidation: only(desk, ["holder"]),
      schema: {
        summary: "End a standing order.",
        params: object({ id: word(12, "^[A-Za-z0-9_-]+$") }, ["id"]),
        response: { 200: shape({ status: "string" }), ...failures },
      },
    },
    async (request) => {
      const { subject } = sessionOf(request);
      const place = { what: "standing-order", id: `${subject}:${request.params.id}`, by: `holder ${subject}` } as const;
      await setDocument(desk, place, { value: null, ifVersion: null });
      return { status: "ok" };
    },
  );
}

/** Throws BankError "INPUT". */
async function orderOf(
  desk: Desk,
  request: Parameters<typeof payingAccount>[1] & { readonly body: OrderBody },
): Promise<StandingOrder> {
  const { subject: holder } = sessionOf(request);
  const { from = null, to, amount, reference: text = "", every, first } = request.body;
  const account = await payingAccount(desk, request, from);
  checkNumber(to);
  const minor = parseAmount(amount, account.currency);
  const nextDay = parseDate(first);
  if (nextDay === null) throw new BankError("INPUT", `first: there is no day ${first}`);
  if (nextDay < dayOf(desk.clock.wallSeconds() * 1000)) throw new BankError("INPUT", `first: ${first} is over`);
  if (minor === 0n) throw new BankError("AMOUNT", "amount: 0 cannot be transferred");
  if ((await desk.reader.documents("standing-order", `${holder}:`)).length >= ORDERS_MAX) {
    throw new BankError("INPUT", `at most ${ORDERS_MAX} standing orders are kept`);
  }
  const { day: dayOfMonth } = dateOfDay(nextDay);
  return {
    holder,
    from: account.id,
    to,
    amount: String(minor),
    reference: text,
    every,
    nextDay,
    dayOfMonth,
    last: null,
  };
}

async function show(desk: Desk, { id, value }: Versioned<StandingOrder>): Promise<unknown> {
  const { from, to, amount, reference: text, every, nextDay, last } = value;
  const currency = (await desk.reader.account(from))?.currency ?? desk.currencies[0]!;
  const shown = formatAmount(BigInt(amount), currency);
  const next = formatDate(nextDay);
  return {
    id: id.slice(value.holder.length + 1),
    from,
    to,
    amount: shown,
    currency,
    reference: text,
    every,
    next,
    last,
  };
}
