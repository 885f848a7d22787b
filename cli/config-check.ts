/** `strata config check` and `strata config schema`. */
import { dirname } from "node:path";
import type { z } from "zod";
import { type Files, systemFiles } from "../base/index.ts";
import type { Arguments } from "./arguments.ts";
import { configuration } from "./configuration.ts";
import { ConfigurationError, type Problem } from "./configuration-error.ts";
import { EXIT } from "./failure.ts";
import { namespace } from "./namespace.ts";
import type { Output } from "./output.ts";
import { inFolder } from "./paths.ts";
import { readYaml, type YamlSource } from "./yaml.ts";

const SCHEMAS: Readonly<Record<string, z.ZodType>> = { serve: configuration, up: namespace };

/** Exit code 0 when the file is right, 64 with every mistake when it is not. */
export function configCheck(given: Arguments, output: Output): number {
  const file = given.required("FILE");
  const source = { file, text: new TextDecoder().decode(systemFiles.read(file)) };
  const kind = given.text("kind") ?? guessKind(source.text);
  const problems = check(source, kind, systemFiles);
  if (given.flag("json")) {
    output.result(JSON.stringify({ file, kind, ok: problems.length === 0, problems }, null, 2));
  } else if (problems.length === 0) {
    output.result(`${file}: right, for strata ${kind}`);
  }
  if (problems.length === 0) return EXIT.ok;
  // The list is what was asked for, but it is about what is wrong: without --json it goes where errors go.
  if (!given.flag("json")) output.note(new ConfigurationError(problems).message);
  return EXIT.usage;
}

export function configSchema(given: Arguments, output: Output): number {
  output.result(JSON.stringify(schemaOf(given.positional("KIND") ?? "serve"), null, 2));
  return EXIT.ok;
}

export const schemaOf = (kind: string): unknown =>
  SCHEMAS[kind]?.toJSONSchema({ io: "input", target: "draft-7", unrepresentable: "any" });

function check(source: YamlSource, kind: string, files: Files): readonly Problem[] {
  try {
    const named = kind === "up" ? readYaml(source, namespace).zones : filesOf(readYaml(source, configuration));
    return named.flatMap(({ file }) => missing(source, file, files));
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

function filesOf({ zones, zoneList, recursion }: z.output<typeof configuration>): { file: string }[] {
  const named = [...zones.map(({ file }) => file), zoneList, recursion?.hints];
  return named.filter((file) => file !== undefined).map((file) => ({ file }));
}

/** A file that the configuration names and that is not there: the place is the first line that mentions it. */
function missing(source: YamlSource, file: string, files: Files): Problem[] {
  const path = inFolder(dirname(source.file), file);
  if (files.exists(path)) return [];
  const lines = source.text.split("\n");
  const line = Math.max(
    0,
    lines.findIndex((text) => text.includes(file)),
  );
  const column = Math.max(0, lines[line]?.indexOf(file) ?? 0);
  return [{ file: source.file, line: line + 1, column: column + 1, message: `there is no file ${path}` }];
}

/** A name space lists servers; a server's configuration does not. */
const guessKind = (text: string): string => (/^(servers|resolver)\s*:/m.test(text) ? "up" : "serve");
