/** The sources as the house rules see them: every TypeScript file of the repository, parsed once, with its imports. */
import { readdirSync, readFileSync } from "node:fs";
import { posix, resolve } from "node:path";
import ts from "typescript";

export interface Import {
  readonly specifier: string;
  /** The file it means, relative to the repository, or null when it is a package or a module of Node. */
  readonly file: string | null;
  /** Nothing of it is left when the types are stripped. */
  readonly isType: boolean;
  readonly line: number;
}

export interface Source {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly folder: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

export const ROOT = resolve(import.meta.dirname, "../..");

/** Folders that hold what tools make, not what people write. */
const MADE: ReadonlySet<string> = new Set(["node_modules", "dist", "coverage", "results"]);

/** Every file of the repository whose path fits, in order. */
export function repositoryFiles(pattern: RegExp, below = ""): string[] {
  return readdirSync(resolve(ROOT, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (!entry.isDirectory()) return pattern.test(path) ? [path] : [];
      return MADE.has(entry.name) || entry.name.startsWith(".") ? [] : repositoryFiles(pattern, path);
    })
    .sort();
}

export function readSources(): Source[] {
  return repositoryFiles(/\.ts$/).map((path) => parseSource(path, readFileSync(resolve(ROOT, path), "utf8")));
}

export function parseSource(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  visit(tree, (node) => {
    const specifier = importedSpecifier(node);
    if (specifier === null) return;
    const file = specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : null;
    imports.push({ specifier, file, isType: isTypeOnly(node), line: lineOf(tree, node) });
  });
  return { path, folder: folderOf(path), tree, imports };
}

/** The folder at the top, or "" for a file of the root. */
export function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

/** Every node below, in order. */
export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  ts.forEachChild(node, (child) => {
    see(child);
    visit(child, see);
  });
}

export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** Static and dynamic imports, re-exports, and types written as import("…"). */
function importedSpecifier(node: ts.Node): string | null {
  let literal: ts.Node | undefined;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) literal = node.moduleSpecifier;
  else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    literal = node.arguments[0];
  else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) literal = node.argument.literal;
  return literal !== undefined && ts.isStringLiteralLike(literal) ? literal.text : null;
}

/** `import type`, and lists in which every name is a type. */
function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  if (!ts.isImportDeclaration(node) || node.importClause === undefined) return false;
  const { name, namedBindings, phaseModifier } = node.importClause;
  if (phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const isList = name === undefined && namedBindings !== undefined && ts.isNamedImports(namedBindings);
  return isList && namedBindings.elements.every((element) => element.isTypeOnly);
}
