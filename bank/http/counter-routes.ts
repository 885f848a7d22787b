/** The counter: accounts are opened here, with a holder, a card and a first deposit, in one request that may be asked again. */
import type { FastifyInstance } from "fastify";
import { internalAccount } from "../account.ts";
import type { Answer, Command, Status } from "../command.ts";
import { BankError } from "../error.ts";
import { formatAmount, parseAmount } from "../money.ts";
import { codeOf, keyOf, submit } from "./asking.ts";
import { actorOf, counterOr, visitorOf } from "./gate.ts";
import { pinOwner } from "./login-routes.ts";
import { accountNumber, cardNumber } from "./numbers.ts";
import type { Desk } from "./parts.ts";
import { amountText, failures, object, pinText, shape, word } from "./schemas.ts";

interface OpenBody {
  readonly holder: string;
  readonly currency?: string;
  readonly pin: string;
  readonly deposit?: string;
  readonly kind?: "current" | "savings";
}

/** Limits of a new account, in whole units of its currency. */
const WITHDRAWAL_MAX = "500";
const CARD_DAY_MAX = "1000";
/** 1.25 % a year on savings. */
const SAVINGS_INTEREST_MILLIONTHS = 12_500n;

export function addCounterRoutes(app: FastifyInstance, desk: Desk): void {
  const body = object(
    {
      holder: word(100),
      currency: word(3, "^[A-Z]{3}$"),
      pin: pinText,
      deposit: amountText,
      kind: { enum: ["current", "savings"] },
    },
    ["holder", "pin"],
  );
  const names = { holder: "string", account: "string", card: "string" };
  const opened = shape({ status: "string", ...names, currency: "string", balance: "string" });
  app.post<{ Body: OpenBody }>(
    "/v1/holders",
    {
      preValidation: counterOr(desk, ["teller"]),
      schema: {
        summary: "Open an account with a card for a new holder.",
        body,
        response: { 200: opened, 409: opened, 422: opened, ...failures },
      },
    },
    async (request, reply) => {
      const by = actorOf(visitorOf(request));
      const outcome = await open(desk, { body: request.body, key: keyOf(request), by });
      void reply.code(codeOf(outcome.status));
      return outcome;
    },
  );
}

interface Opening {
  readonly body: OpenBody;
  readonly key: string;
  readonly by: string;
}

/** Every step follows from the key, so that one that was cut off half-way is gone on with when it is asked again. */
async function open(
  desk: Desk,
  { body, key, by }: Opening,
): Promise<{ readonly status: Status; readonly [name: string]: string }> {
  const currency = body.currency ?? desk.currencies[0]!;
  if (!desk.currencies.includes(currency)) {
    throw new BankError("CURRENCY", `this bank keeps accounts in ${desk.currencies.join(", ")}, not in ${currency}`);
  }
  const seed = `open:${key}`;
  const account = accountNumber(desk.serverKey, seed);
  const card = cardNumber(desk.serverKey, seed);
  const holder = `h${account}`;
  const deposit = parseAmount(body.deposit ?? "0", currency);
  const pin = await desk.pins.hash(pinOwner(card), body.pin, desk.pins.saltFor(seed));
  const kind = body.kind ?? "current";
  const interestMillionths = kind === "savings" ? SAVINGS_INTEREST_MILLIONTHS : 0n;
  const limits = { overdraft: 0n, withdrawalMax: parseAmount(WITHDRAWAL_MAX, currency), interestMillionths };
  const held = {
    holder,
    account,
    state: "active",
    pin,
    wrongTries: 0,
    dayMax: String(parseAmount(CARD_DAY_MAX, currency)),
  } as const;
  const commands: Command[] = [
    { kind: "set", what: "holder", id: holder, value: { name: body.holder, password: null }, ifVersion: 0 },
    { kind: "open-account", account: { id: account, holder, kind, currency, ...limits } },
    { kind: "set", what: "card", id: card, value: held, ifVersion: 0 },
  ];
  if (deposit > 0n) {
    const movement = {
      debit: internalAccount("counter", currency),
      credit: account,
      amount: deposit,
      reason: "opening",
      reference: "opening deposit",
      card: null,
    } as const;
    commands.push({ kind: "transfer", movement });
  }
  const { status } = await allOf(desk, seed, { commands, by });
  return { status, holder, account, card, currency, balance: formatAmount(status === "ok" ? deposit : 0n, currency) };
}

async function allOf(
  desk: Desk,
  seed: string,
  { commands, by }: { readonly commands: readonly Command[]; readonly by: string },
): Promise<Answer> {
  let last: Answer | null = null;
  for (const [step, command] of commands.entries()) {
    last = await submit(desk, `${seed}:${step}`, { command, by });
    if (last.status !== "ok") break;
  }
  return last!;
}
