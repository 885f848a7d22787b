/** One run of the command line: words in, exit code out. Everything thrown on the way ends here as a message and a code. */
import { EXIT, describeFailure } from "./failure.ts";
import { COMMANDS } from "./commands.ts";
import type { Output } from "./output.ts";
import { type Parsed, parsePlain } from "./parse.ts";

export async function run(words: readonly string[], output: Output): Promise<number> {
  try {
    const parsed = parsePlain(COMMANDS, words) ?? (await parseWithHelp(words, output));
    return parsed === null ? EXIT.ok : await parsed.command.run(parsed.given, output);
  } catch (thrown) {
    const { exitCode, message } = describeFailure(thrown);
    output.note(`${output.notePaint.red("strata:")} ${message}`);
    return exitCode;
  }
}

/** The command, or null when help or the version was asked for and shown. Throws UsageError. */
async function parseWithHelp(words: readonly string[], output: Output): Promise<Parsed | null> {
  const { readCommandLine } = await import("./help.ts");
  const { strataVersion } = await import("./version.ts");
  const reading = await readCommandLine(COMMANDS, words, strataVersion());
  if (reading.kind === "command") return reading.parsed;
  output.result(reading.text);
  return null;
}
