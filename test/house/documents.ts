/** House rules about documents: links resolve, `ts` fences have right types, `sh` fences call what exists. */
import { existsSync, readFileSync } from "node:fs";
import { posix, resolve } from "node:path";
import ts from "typescript";
import { repositoryFiles, ROOT } from "./sources.ts";

export interface Document {
  readonly path: string;
  readonly text: string;
}

export interface Fence {
  readonly language: string;
  readonly line: number;
  readonly text: string;
}

export function readDocuments(): Document[] {
  return repositoryFiles(/\.md$/).map((path) => ({ path, text: readFileSync(resolve(ROOT, path), "utf8") }));
}

/** Fenced blocks with the language after the opening fence. */
export function fences(text: string): Fence[] {
  const found: Fence[] = [];
  let open: { language: string; line: number; lines: string[] } | null = null;
  text.split("\n").forEach((line, index) => {
    const fence = /^\s*```(\w*)/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === null) open = { language: fence[1]!, line: index + 1, lines: [] };
    else {
      found.push({ language: open.language, line: open.line, text: open.lines.join("\n") });
      open = null;
    }
  });
  return found;
}

/** Relative links name a file that is there, and `#anchor` a heading of it. */
export function linkComplaints(documents: readonly Document[]): string[] {
  return documents.flatMap(({ path, text }) =>
    [...withoutCode(text).matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].flatMap(([, target]) => {
      const [file = "", anchor] = target!.split("#");
      if (/^[a-z]+:/.test(target!)) return [];
      const found = file === "" ? path : posix.join(posix.dirname(path), file);
      if (found !== path && !existsSync(resolve(ROOT, found))) return [`${path}: ${target} leads nowhere`];
      if (anchor === undefined || !found.endsWith(".md")) return [];
      const other = found === path ? text : readFileSync(resolve(ROOT, found), "utf8");
      return headings(other).includes(anchor) ? [] : [`${path}: ${target} names no heading`];
    }),
  );
}

const withoutCode = (text: string): string => text.replace(/```[\s\S]*?```/g, "").replace(/`[^`\n]*`/g, "");

/** Headings as GitHub makes anchors of them. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+\s+(.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
}

/** Type-checks every `ts` fence as a module at the root of the repository, where "strata" is our own index. */
export function typeComplaints(documents: readonly Document[]): string[] {
  const modules = new Map<string, string>();
  for (const { path, text } of documents) {
    for (const fence of fences(text).filter(({ language }) => language === "ts")) {
      const name = `fence-${path.replace(/\W/g, "-")}-${fence.line}.ts`;
      modules.set(resolve(ROOT, name), `${fence.text}\nexport {};\n`);
    }
  }
  if (modules.size === 0) return [];
  const options = fenceOptions();
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (file) => modules.has(file) || fileExists(file);
  host.readFile = (file) => modules.get(file) ?? readFile(file);
  const program = ts.createProgram([...modules.keys()], options, host);
  return [...modules.keys()].flatMap((file) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => `${posix.basename(file, ".ts")}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    );
  });
}

function fenceOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(resolve(ROOT, "tsconfig.json"), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const parsed = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  return {
    ...parsed.options,
    noUnusedLocals: false,
    paths: { strata: [resolve(ROOT, "index.ts")] },
  };
}

/** Programs that a document may call besides ours. */
const PROGRAMS: ReadonlySet<string> = new Set(["dig", "kdig", "drill", "cat", "printf", "openssl"]);

/** Every line of an `sh` fence calls a script of package.json, a command of ours, or a known program. */
export function shellComplaints(
  documents: readonly Document[],
  scripts: readonly string[],
  commands: readonly string[],
): string[] {
  return documents.flatMap(({ path, text }) =>
    fences(text)
      .filter(({ language }) => language === "sh")
      .flatMap((fence) => shellLines(fence.text).map((line) => ({ line, at: `${path}:${fence.line}` })))
      .flatMap(({ line, at }) => {
        const words = line.split(/\s+/);
        const complaint = wordsComplaint(words, scripts, commands);
        return complaint === null ? [] : [`${at}: ${line}: ${complaint}`];
      }),
  );
}

function wordsComplaint(
  words: readonly string[],
  scripts: readonly string[],
  commands: readonly string[],
): string | null {
  const [program = "", first = "", second = ""] = words;
  if (program === "npm") {
    const script = first === "run" ? second : first;
    return [...scripts, "ci", "pack"].includes(script) ? null : `package.json has no script ${script}`;
  }
  if (program === "bin/strata") {
    return commands.includes(first) || commands.includes(`${first} ${second}`) ? null : "there is no such command";
  }
  return PROGRAMS.has(program) || program === ".ci/run"
    ? null
    : `${program} is not a program that the documents may call`;
}

/** The commands of a fence, without comments and with continued lines joined. */
export function shellLines(text: string): string[] {
  return text
    .replace(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}

/** Rows of docs/rfc.md: section, files, tests; each named path is there and each row names at least one of both. */
export function rfcComplaints(text: string): string[] {
  const rows = text.split("\n").filter((line) => /^\| (RFC|DESIGN) ?/.test(line));
  return rows.flatMap((row) => {
    const [, section = "", files = "", tests = ""] = row.split("|").map((cell) => cell.trim());
    const paths = [...`${files} ${tests}`.matchAll(/`([^`]+)`/g)].map(([, path]) => path!);
    const complaints = paths
      .filter((path) => !existsSync(resolve(ROOT, path)))
      .map((path) => `${section}: ${path} is not there`);
    if (!files.includes("`")) complaints.push(`${section}: names no file`);
    if (!tests.includes("`test/")) complaints.push(`${section}: names no test`);
    return complaints;
  });
}
