/** The count at cut-over: what an ATM has in its journal and its cassettes beside what the bank has booked for it. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { toHex } from "../../base/index.ts";
import { atmCash, balanceOf } from "../account.ts";
import type { Atm } from "../document.ts";
import { BankError } from "../error.ts";
import { type Currency, formatAmount, parseAmount } from "../money.ts";
import {
  CASH_KINDS,
  type CashEntry,
  type CashKind,
  digestOfCash,
  reconcile,
  tally,
  type Unmatched,
} from "../reconciliation.ts";
import { decodeAnswer } from "../request-text.ts";
import type { Line } from "../store.ts";
import { heardOf } from "./atm-routes.ts";
import { atmOnly } from "./gate.ts";
import type { Desk } from "./parts.ts";
import { amountText, atmText, cassettes, failures, listOf, object, seconds, shape, word } from "./schemas.ts";

interface CountBody {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly cash: string;
  readonly cassettes: Atm["cassettes"];
  readonly entries: readonly {
    readonly key: string;
    readonly kind: CashKind;
    readonly amount: string;
    readonly state: string;
  }[];
  readonly head?: { readonly entries: number; readonly link: string };
}

const ENTRIES_MAX = 10_000;
const BODY_OCTETS_MAX = 2 ** 20;

const entry = object(
  { key: word(80, "^[\\x21-\\x7e]+$"), kind: { enum: CASH_KINDS }, amount: amountText, state: word(32) },
  ["key", "kind", "amount", "state"],
);
const head = object({ entries: { type: "integer", minimum: 0 }, link: word(64, "^[0-9a-f]{64}$") }, [
  "entries",
  "link",
]);

const body = object(
  {
    fromSeconds: seconds,
    toSeconds: seconds,
    cash: amountText,
    cassettes,
    entries: { type: "array", maxItems: ENTRIES_MAX, items: entry },
    head,
  },
  ["fromSeconds", "toSeconds", "cash", "cassettes", "entries"],
);

const tallies = listOf(shape({ kind: "string", count: "integer", sum: "string" }));
const counted = shape({
  status: "string",
  matched: "integer",
  bank: tallies,
  atm: tallies,
  headBank: "string",
  headAtm: "string",
  chain: "string",
  cashBank: "string",
  cashAtm: "string",
  difference: "string",
  unmatched: listOf(shape({ key: "string", kind: "string", amount: "string", atBank: "string", atAtm: "string" })),
});

export function addReconciliationRoutes(app: FastifyInstance, desk: Desk): void {
  app.post<{ Params: { id: string }; Body: CountBody }>(
    "/v1/atms/:id/reconciliation",
    {
      preValidation: atmOnly(desk),
      bodyLimit: BODY_OCTETS_MAX,
      schema: {
        summary:
          "Compare counts, sums and cash from one moment up to another; what does not match is listed with its state on each side.",
        params: object({ id: atmText }, ["id"]),
        body,
        response: { 200: counted, ...failures },
      },
    },
    async (request) => compare(desk, request),
  );
}

async function compare(
  desk: Desk,
  { params: { id }, body: count }: FastifyRequest<{ Params: { id: string }; Body: CountBody }>,
): Promise<unknown> {
  const atm = await desk.reader.document("atm", id);
  if (atm === null) throw new BankError("INPUT", `there is no ATM ${id}`);
  const { currency } = atm.value;
  const account = await desk.reader.account(atmCash(id, currency));
  const range = {
    fromMilliseconds: count.fromSeconds * 1000,
    toMilliseconds: count.toSeconds * 1000,
    linesMax: ENTRIES_MAX,
  };
  const ours = (await desk.reader.lines(atmCash(id, currency), range))
    .map(cashEntryOf)
    .filter((found) => found !== null);
  const theirs = count.entries.map(({ key, kind, amount }) => ({ key, kind, amount: parseAmount(amount, currency) }));
  const { matched, unmatched } = reconcile(ours, theirs);
  // What the bank is owed by the ATM is the cash in it.
  const cashBank = account === null ? 0n : -balanceOf(account);
  const cashAtm = parseAmount(count.cash, currency);
  await heardOf(desk, id, (value) => ({ ...value, cassettes: count.cassettes }));
  return {
    status: matched === ours.length && unmatched.length === 0 && cashAtm === cashBank ? "ok" : "differs",
    matched,
    bank: shownTally(ours, currency),
    atm: shownTally(theirs, currency),
    headBank: toHex(digestOfCash(ours)),
    headAtm: toHex(digestOfCash(theirs)),
    chain: await chainOf(desk, count.head),
    cashBank: formatAmount(cashBank, currency),
    cashAtm: formatAmount(cashAtm, currency),
    difference: formatAmount(cashAtm - cashBank, currency),
    unmatched: await Promise.all(unmatched.map((one) => shownUnmatched(desk, one, { id, currency, count }))),
  };
}

/** The ATM's own key stands behind the name of whoever asked. */
function cashEntryOf({ entry: { key, reason, amount } }: Line): CashEntry | null {
  const kind = CASH_KINDS.find((one) => one === reason);
  return kind === undefined ? null : { key: key.replace(/^(atm:[^:]*|counter|teller:[^:]*):/, ""), kind, amount };
}

const shownTally = (entries: readonly CashEntry[], currency: Currency): unknown =>
  tally(entries).map(({ kind, count, sum }) => ({ kind, count, sum: formatAmount(sum, currency) }));

/** Whether the bank's books still say what they said when the ATM last saw the head of their chain. */
async function chainOf(desk: Desk, seen: CountBody["head"]): Promise<"same" | "differs" | "not-asked"> {
  if (seen === undefined) return "not-asked";
  const link = await desk.reader.linkAt(seen.entries);
  return link !== null && toHex(link) === seen.link ? "same" : "differs";
}

async function shownUnmatched(
  desk: Desk,
  { key, atBank, atAtm }: Unmatched,
  { id, currency, count }: { readonly id: string; readonly currency: Currency; readonly count: CountBody },
): Promise<unknown> {
  const { kind, amount } = (atAtm ?? atBank)!;
  const answer = atBank === null ? await desk.reader.answer(`atm:${id}:${key}`) : null;
  // It may have been refused, or booked before or after the time that is compared.
  const otherwise = answer === null ? "unknown" : decodeAnswer(answer).status;
  const shown = ({ kind: of, amount: much }: CashEntry): string => `${of} ${formatAmount(much, currency)}`;
  return {
    key,
    kind,
    amount: formatAmount(amount, currency),
    atBank: atBank === null ? otherwise : shown(atBank),
    atAtm: count.entries.find((one) => one.key === key)?.state ?? "unknown",
  };
}
