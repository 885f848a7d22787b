/** `strata bank staff`: makes tellers and auditors, at the counter on the bank's machine. */
import type { Arguments } from "../arguments.ts";
import { UsageError } from "../failure.ts";
import type { Output } from "../output.ts";
import { connectBank } from "./connecting.ts";
import { answerIn, freshKey } from "./open.ts";

const NEVER = new AbortController().signal;

export async function bankStaff(given: Arguments, output: Output): Promise<number> {
  const id = given.required("ID");
  const [role, password] = [given.text("role") ?? "teller", given.text("password")];
  if (password === null) throw new UsageError("the password is missing: --password TEXT");
  const key = given.text("key") ?? freshKey();
  const body = { id, name: given.text("full-name") ?? id, role, password };
  const connection = connectBank(given);
  try {
    const told = answerIn(await connection.client.call({ method: "POST", path: "/v1/staff", body, key }, NEVER), key);
    if (told.isDone) output.result(`${id} is ${role === "auditor" ? "an auditor" : "a teller"} of ${connection.bank}`);
    else output.note(`${output.notePaint.yellow("strata:")} not made: ${told.why}`);
    return told.exitCode;
  } finally {
    connection.close();
  }
}
