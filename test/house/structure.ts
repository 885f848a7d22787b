/** House rules about who imports whom: floors, doors, cycles, packages, files nobody imports. Each returns complaints. */
import ts from "typescript";
import { ENTRIES, FLOORS, isProduct, PACKAGES } from "./owners.ts";
import { folderOf, type Source, visit } from "./sources.ts";

/** Imports go to a lower floor or stay in the folder, types included (DESIGN §3). */
export function floorComplaints(sources: readonly Source[]): string[] {
  return eachImport(sources, (source, file) => {
    const from = FLOORS[source.folder];
    if (from === undefined) return null;
    const folder = folderOf(file);
    if (folder === source.folder) return null;
    const to = FLOORS[folder];
    if (to === undefined) return `${folder || "the root"} stands above every floor`;
    return to < from ? null : `${source.folder} (floor ${from}) must not know ${folder} (floor ${to})`;
  });
}

/** Another folder is entered through its index.ts; a folder's own tests may look behind it. */
export function doorComplaints(sources: readonly Source[]): string[] {
  return eachImport(sources, (source, file) => {
    const folder = folderOf(file);
    if (folder === source.folder || !isProduct(folder) || file === `${folder}/index.ts`) return null;
    const mayLook = [`test/${folder}/`, "test/support/", "test/house/"];
    if (mayLook.some((start) => source.path.startsWith(start))) return null;
    return `enter ${folder} through ${folder}/index.ts, not ${file}`;
  });
}

/** An index lists what it gives one by one and does nothing itself. */
export function indexComplaints(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path, folder }) => path === "index.ts" || (isProduct(folder) && path === `${folder}/index.ts`))
    .flatMap(({ path, tree }) =>
      tree.statements
        .filter((statement) => {
          const named = ts.isExportDeclaration(statement) && statement.exportClause !== undefined;
          return !(named && ts.isNamedExports(statement.exportClause));
        })
        .map(
          (statement) =>
            `${path}: only "export { names } from" stands in an index, not ${statement.getText(tree).slice(0, 60)}`,
        ),
    );
}

/**
 * Files that import each other in a ring: each ring is named once, from its first file. Inside a folder a type may look back
 * (two files that share a noun), because nothing of that is left at run time; floors forbid it between folders.
 */
export function cycleComplaints(sources: readonly Source[]): string[] {
  const targets = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.flatMap(({ file, isType }) => (file === null || isType ? [] : file)),
    ]),
  );
  const state = new Map<string, "open" | "done">();
  const complaints: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      complaints.push(`a ring of imports: ${[...trail.slice(trail.indexOf(path)), path].join(" → ")}`);
      return;
    }
    state.set(path, "open");
    for (const target of targets.get(path) ?? []) walk(target, [...trail, path]);
    state.set(path, "done");
  };
  for (const path of [...targets.keys()].sort()) walk(path, []);
  return complaints;
}

/** Every file of the product is reached from what is started by name; tests alone do not keep a file alive. */
export function orphanComplaints(sources: readonly Source[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const reach = (path: string): void => {
    const source = byPath.get(path);
    if (source === undefined || reached.has(path)) return;
    reached.add(path);
    for (const { file } of source.imports) if (file !== null) reach(file);
  };
  ENTRIES.forEach(reach);
  const products = sources.filter(({ path, folder }) => isProduct(folder) && !reached.has(path));
  for (const { path } of sources) if (path.endsWith(".test.ts")) reach(path);
  for (const { path, folder, tree } of sources) if (folder === "bench" && RUN_BY_HAND.test(tree.text)) reach(path);
  const helpers = sources.filter(({ path, folder }) => ["test", "bench"].includes(folder) && !reached.has(path));
  return [
    ...products.map(({ path }) => `${path}: nothing that runs imports it; use it or remove it`),
    ...helpers.map(({ path }) => `${path}: no test or benchmark imports it`),
  ];
}

/** A benchmark outside of `npm run bench` says so in its first comment. */
const RUN_BY_HAND = /^\/\*\*[^/]*\bRun(:| by hand)/;

/** Packages are imported where DESIGN §7 puts them. */
export function packageComplaints(sources: readonly Source[]): string[] {
  return sources
    .filter(({ folder }) => isProduct(folder))
    .flatMap(({ path, folder, imports }) =>
      imports.flatMap(({ specifier, file, line }) => {
        if (file !== null || specifier.startsWith("node:")) return [];
        const name = specifier
          .split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/");
        const allowed = PACKAGES[name] ?? [];
        return allowed.includes(folder)
          ? []
          : [`${path}:${line}: ${name} belongs to ${allowed.join(", ") || "tests and benchmarks"}`];
      }),
    );
}

/** Relative imports name a file that is there. */
export function missingFileComplaints(sources: readonly Source[]): string[] {
  const paths = new Set(sources.map(({ path }) => path));
  return eachImport(sources, (_source, file) =>
    file.endsWith(".ts") && !paths.has(file) ? `${file} is not there` : null,
  );
}

/** `export default` and `export *` hide what a file gives. */
export function hiddenExportComplaints(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, tree }) => {
    const complaints: string[] = [];
    visit(tree, (node) => {
      if (ts.isExportDeclaration(node) && node.exportClause === undefined)
        complaints.push(`${path}: export * hides names`);
    });
    return complaints;
  });
}

function eachImport(sources: readonly Source[], judge: (source: Source, file: string) => string | null): string[] {
  return sources.flatMap((source) =>
    source.imports.flatMap(({ file, line }) => {
      const complaint = file === null ? null : judge(source, file);
      return complaint === null ? [] : [`${source.path}:${line}: ${complaint}`];
    }),
  );
}
