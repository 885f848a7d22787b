/** `strata bank demo race`: why a bank synchronizes, by doing it without. */
import { stayAlive, systemClock } from "../../base/index.ts";
import { formatAmount, race, RACE_BEGINNING, RACE_RIGHT, type RaceOutcome } from "../../bank/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError } from "../failure.ts";
import type { Output } from "../output.ts";

const dollars = (amount: bigint): string => formatAmount(amount, "USD");

export async function bankDemo(given: Arguments, output: Output): Promise<number> {
  const what = given.positional("WHAT");
  if (what !== "race") throw new UsageError(`"${what}" cannot be shown: race can`);
  using _alive = stayAlive();
  const outcomes = await race(systemClock);
  if (given.flag("json")) {
    const rows = outcomes.map(({ balance, ...rest }) => ({
      ...rest,
      balance: dollars(balance),
      right: balance === RACE_RIGHT,
    }));
    output.result(
      JSON.stringify({ beginning: dollars(RACE_BEGINNING), right: dollars(RACE_RIGHT), ways: rows }, null, 2),
    );
    return EXIT.ok;
  }
  const beginning = dollars(RACE_BEGINNING);
  output.result(`An account has ${beginning}. At once 100.00 is paid in, 1.00 of interest is added, 50.00 is taken:`);
  output.result(`${dollars(RACE_RIGHT)} is right, whoever comes first.\n`);
  for (const outcome of outcomes) output.result(`${shown(outcome, output)}\n`);
  return EXIT.ok;
}

function shown({ way, why, steps, balance }: RaceOutcome, { paint }: Output): string {
  const isRight = balance === RACE_RIGHT;
  const verdict = isRight ? paint.green("right") : paint.red(`wrong by ${dollars(balance - RACE_RIGHT)}`);
  const lines = steps.map(({ who, did }) => `  ${who.padEnd(10)}  ${did}`);
  return [
    `${paint.bold(`with ${way}`)}: ${why}`,
    ...lines,
    `  ${"in the end".padEnd(10)}  ${dollars(balance)}  ${verdict}`,
  ].join("\n");
}
