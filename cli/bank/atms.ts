/** `strata bank atms`: the bank's ATMs, found by their names, with what the bank knows of their cash and when it last heard of them. */
import { TYPE } from "../../dns/index.ts";
import type { Arguments } from "../arguments.ts";
import type { Output } from "../output.ts";
import { connectBank } from "./connecting.ts";
import { NameAsker } from "./naming.ts";
import { answerIn } from "./open.ts";

const NEVER = new AbortController().signal;

interface ShownAtm {
  readonly id: string;
  /** Null: it is not registered now. */
  readonly at: string | null;
  /** Null: the bank has not enrolled it. */
  readonly state: string | null;
  readonly cash: string | null;
  readonly currency: string | null;
  /** When it was last heard of. */
  readonly contact: string | null;
}

export async function bankAtms(given: Arguments, output: Output): Promise<number> {
  const connection = connectBank(given);
  const { bank, client, resolver } = connection;
  try {
    const [registered, outcome] = await Promise.all([
      registeredAtms(bank, new NameAsker(resolver)),
      client.call({ method: "GET", path: "/v1/atms" }, NEVER),
    ]);
    const told = answerIn(outcome, "");
    if (!told.isDone)
      output.note(`${output.notePaint.yellow("strata:")} the bank does not tell of their cash: ${told.why}`);
    const known = outcome.kind === "answered" && Array.isArray(outcome.body) ? outcome.body.filter(isRecord) : [];
    const atms = joined(registered, known);
    if (given.flag("json")) output.result(JSON.stringify(atms, null, 2));
    else for (const line of linesOf(atms)) output.result(line);
    return told.exitCode;
  } finally {
    connection.close();
  }
}

/** Id and where it is. */
async function registeredAtms(bank: string, asker: NameAsker): Promise<ReadonlyMap<string, string>> {
  const services = await asker.texts(`_atm._tcp.atm.${bank}`, TYPE.SRV);
  const found = services.map(async (text): Promise<[string, string]> => {
    const [, , port = "", host = ""] = text.split(" ");
    const [address = "?"] = await asker.texts(host, TYPE.A);
    return [host.split(".")[0]!, `${address}:${port}`];
  });
  return new Map(await Promise.all(found));
}

type Known = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Known => typeof value === "object" && value !== null;
const textIn = (known: Known | undefined, name: string): string | null => {
  const value = known?.[name];
  return typeof value === "string" ? value : null;
};

function joined(registered: ReadonlyMap<string, string>, known: readonly Known[]): ShownAtm[] {
  const byId = new Map(known.map((atm) => [textIn(atm, "id") ?? "", atm]));
  const ids = [...new Set([...registered.keys(), ...byId.keys()])].sort();
  return ids.map((id) => {
    const atm = byId.get(id);
    const [state, cash, currency, contact] = ["state", "cash", "currency", "contact"].map((name) => textIn(atm, name));
    return { id, at: registered.get(id) ?? null, state: state!, cash: cash!, currency: currency!, contact: contact! };
  });
}

function linesOf(atms: readonly ShownAtm[]): string[] {
  if (atms.length === 0) return ["no ATM is registered, and none is enrolled"];
  return atms.map(({ id, at, state, cash, currency, contact }) => {
    const where = at ?? "not registered";
    const books =
      state === null ? "not enrolled yet" : `${cash ?? "?"} ${currency ?? ""} in cash, heard of ${contact ?? "never"}`;
    return `${id.padEnd(16)} ${where.padEnd(22)} ${books}${state === "revoked" ? ", its key is revoked" : ""}`;
  });
}
