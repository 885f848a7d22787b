/**
 * YAML files checked against a schema, every error with file:line:column and what would be right. The YAML is read with
 * its places kept, then held to the schema; an error's path leads back to its place.
 */
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { suggestion } from "../base/index.ts";
import { ConfigurationError, type Problem } from "./configuration-error.ts";

export interface YamlSource {
  readonly file: string;
  readonly text: string;
}

/** The document as the schema gives it, defaults filled in. Throws ConfigurationError. */
export function readYaml<Schema extends z.ZodType>(source: YamlSource, schema: Schema): z.output<Schema> {
  const lines = new LineCounter();
  const document = parseDocument(source.text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file: source.file, line: Math.max(1, line), column: Math.max(1, col), message };
  };
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw new ConfigurationError(faults.map(({ pos, message }) => place(pos[0], `not YAML: ${withoutText(message)}`)));
  }
  const checked = schema.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (checked.success) return checked.data;
  const known = knownKeys(schema);
  const problems = checked.error.issues.flatMap((issue) =>
    describeIssue(issue, known).map(({ path, key, message }) => place(offsetOf(document, path, key), message)),
  );
  throw new ConfigurationError(problems.sort((a, b) => a.line - b.line || a.column - b.column));
}

/** Only what may be a mistyped key of ours is shown: other text may hold a secret that is in the wrong place. */
const shown = (key: string): string => (/^[A-Za-z]{1,24}$/.test(key) ? ` "${key}"` : "");

/** Some faults end in a colon and what stands there, which may be a key's secret; their place tells as much. */
const withoutText = (message: string): string => message.replace(/: [^]*$/, "");

interface Description {
  readonly path: Path;
  /** The error is about this key of the map at `path`. */
  readonly key: string | null;
  readonly message: string;
}

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

function describeIssue(issue: Issue, known: KnownKeys): Description[] {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const keys = known(path);
    return issue.keys.map((key) => {
      const hint = suggestion(key, keys) || (keys.length > 0 ? `; known here: ${keys.join(", ")}` : "");
      return { path, key, message: `unknown key${shown(key)}${hint}` };
    });
  }
  const where = path.length === 0 ? "" : `${formatPath(path)}: `;
  if (issue.input === undefined && path.length > 0) return [{ path, key: null, message: `${where}this is missing` }];
  if (issue.code === "invalid_value") {
    const given = typeof issue.input === "string" ? suggestion(issue.input, issue.values.map(String)) : "";
    return [{ path, key: null, message: `${where}one of ${issue.values.map(String).join(", ")} is wanted${given}` }];
  }
  return [{ path, key: null, message: `${where}${plainWords(issue)}` }];
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys and values",
  record: "a map of keys and values",
};

function plainWords(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `${KINDS[issue.expected] ?? issue.expected} is wanted`;
    case "too_small":
      return `at least ${issue.minimum} is wanted`;
    case "too_big":
      return `at most ${issue.maximum} is wanted`;
    default:
      return issue.message;
  }
}

const formatPath = (path: Path): string =>
  path.map((step, i) => (typeof step === "number" ? `[${step}]` : `${i === 0 ? "" : "."}${String(step)}`)).join("");

/** Where in the text the thing at `path` (or its key `key`) stands; the nearest thing around it when it is missing. */
function offsetOf(document: Document, path: Path, key: string | null): number {
  const around = (steps: Path): number => {
    const node = steps.length === 0 ? document.contents : document.getIn(steps, true);
    if (isNode(node)) return node.range?.[0] ?? 0;
    return steps.length === 0 ? 0 : around(steps.slice(0, -1));
  };
  if (key === null) return around(path);
  const map: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(map)) return around(path);
  const pair = map.items.find((item) => isPair(item) && keyText(item.key) === key);
  return isNode(pair?.key) ? (pair.key.range?.[0] ?? 0) : around(path);
}

const keyText = (key: unknown): string => (isScalar(key) ? String(key.value) : String(key));

type KnownKeys = (path: Path) => readonly string[];

/** The keys that a strict object of the schema knows at a path; none where the schema branches. */
function knownKeys(schema: z.ZodType): KnownKeys {
  const root = schema.toJSONSchema({ io: "input", unrepresentable: "any" });
  return (path) => {
    let at: unknown = root;
    for (const step of path) at = member(at, typeof step === "number" ? "items" : "properties", step);
    const properties = property(at, "properties");
    return isObject(properties) ? Object.keys(properties) : [];
  };
}

function member(schema: unknown, through: "items" | "properties", step: PropertyKey): unknown {
  const inner = property(schema, through);
  return through === "items" ? inner : property(inner, String(step));
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const property = (value: unknown, name: string): unknown =>
  isObject(value) ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
