/** `strata key generate`: a fresh key, printed. */
import { systemRandom, toBase64 } from "../base/index.ts";
import { tsigAlgorithmFromText } from "../dns/index.ts";
import type { Arguments } from "./arguments.ts";
import { EXIT, UsageError } from "./failure.ts";
import { formatKey, keyNameProblem } from "./key-text.ts";
import { parseName } from "./options-read.ts";
import type { Output } from "./output.ts";

/** As many as the code has (RFC 2104 §3). */
const SECRET_OCTETS: Readonly<Record<string, number>> = { "hmac-sha256": 32, "hmac-sha384": 48, "hmac-sha512": 64 };

export function keyGenerate(given: Arguments, output: Output): Promise<number> {
  const text = given.required("NAME");
  const problem = keyNameProblem(text);
  if (problem !== null) throw new UsageError(`NAME ${text}: ${problem}`);
  const algorithm = tsigAlgorithmFromText(given.text("algorithm") ?? "") ?? "hmac-sha256";
  const secret = toBase64(systemRandom.octets(SECRET_OCTETS[algorithm]!));
  const name = parseName("NAME", text);
  if (given.text("format") === "yaml") {
    output.result(
      `keys:\n  - name: ${JSON.stringify(name.toString())}\n    algorithm: ${algorithm}\n    secret: ${secret}`,
    );
  } else {
    output.result(formatKey(name, algorithm, secret).trimEnd());
  }
  return Promise.resolve(EXIT.ok);
}
