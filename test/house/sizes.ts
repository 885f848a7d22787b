/**
 * Sizes as ratchets: what is over a limit stands in ratchets.json with its size, may shrink and then the entry must
 * shrink with it, and may not grow. `as` is counted the same way: none outside decoders (STYLE, Types).
 */
import ts from "typescript";
import { isProduct, LINES_OF_FILE_MAX, LINES_OF_FUNCTION_MAX } from "./owners.ts";
import { type Source, visit } from "./sources.ts";

export interface Ratchets {
  readonly files: Readonly<Record<string, number>>;
  readonly functions: Readonly<Record<string, number>>;
  readonly assertions: Readonly<Record<string, number>>;
}

export function measure(sources: readonly Source[]): Ratchets {
  const files: Record<string, number> = {};
  const functions: Record<string, number> = {};
  const assertions: Record<string, number> = {};
  for (const source of sources) {
    const lines = source.tree.text.trimEnd().split("\n").length;
    if (lines > LINES_OF_FILE_MAX) files[source.path] = lines;
    visit(source.tree, (node) => {
      if (isProduct(source.folder) && isAssertion(node)) assertions[source.path] = (assertions[source.path] ?? 0) + 1;
      if (!isFunction(node) || node.body === undefined || isTestSuite(node)) return;
      const length = linesOf(source.tree, node);
      const key = `${source.path}#${nameOf(node)}`;
      if (length > LINES_OF_FUNCTION_MAX) functions[key] = Math.max(length, functions[key] ?? 0);
    });
  }
  return { files, functions, assertions };
}

/** Compares what was measured with what the list allows. */
export function ratchetComplaints(measured: Ratchets, allowed: Ratchets): string[] {
  const kinds = ["files", "functions", "assertions"] as const;
  return kinds.flatMap((kind) => {
    const keys = new Set([...Object.keys(measured[kind]), ...Object.keys(allowed[kind])]);
    return [...keys].flatMap((key) => {
      const is = measured[kind][key] ?? 0;
      const was = allowed[kind][key] ?? 0;
      if (is > was)
        return [`${key}: ${is} ${UNITS[kind]}, ${was === 0 ? LIMITS[kind] : `more than the ${was} it had`}`];
      if (is < was) return [`${key}: shrank to ${is}; say so in test/house/ratchets.json (${kind})`];
      return [];
    });
  });
}

const UNITS = { files: "lines", functions: "lines", assertions: "times `as`" };
const LIMITS = {
  files: `a file has at most ${LINES_OF_FILE_MAX}`,
  functions: `a function has at most ${LINES_OF_FUNCTION_MAX}`,
  assertions: "`as` stands only in decoders: narrow with a check, or give the value its type where it is made",
};

type FunctionNode =
  ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction | ts.MethodDeclaration | ts.ConstructorDeclaration;

function isFunction(node: ts.Node): node is FunctionNode {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isConstructorDeclaration(node)
  );
}

/** `as const` asserts nothing. */
function isAssertion(node: ts.Node): boolean {
  return ts.isAsExpression(node) && !(ts.isTypeReferenceNode(node.type) && node.type.getText() === "const");
}

/** The function handed to describe() is a list of tests, not a piece of reasoning. */
function isTestSuite(node: FunctionNode): boolean {
  return ts.isCallExpression(node.parent) && /^describe(With|In|\b)/.test(node.parent.expression.getText());
}

function linesOf(tree: ts.SourceFile, node: ts.Node): number {
  const first = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line;
  return tree.getLineAndCharacterOfPosition(node.getEnd()).line - first + 1;
}

function nameOf(node: FunctionNode): string {
  if (node.name !== undefined) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return "constructor";
  const { parent } = node;
  const isNamed =
    ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent);
  return isNamed ? parent.name.getText() : "nameless";
}
