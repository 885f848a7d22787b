/** House rules about what code reaches for and which words it uses. Each returns complaints with the replacement. */
import ts from "typescript";
import { BANS, type Ban, isProduct } from "./owners.ts";
import { lineOf, type Source, visit } from "./sources.ts";

/** Clock, chance, files, sockets and console stand only in the files that own them (DESIGN §3). */
export function banComplaints(sources: readonly Source[]): string[] {
  return sources
    .filter(({ folder }) => isProduct(folder))
    .flatMap((source) => BANS.flatMap((ban) => breaches(source, ban)));
}

function breaches(source: Source, ban: Ban): string[] {
  if (ban.owners.includes(source.path)) return [];
  const complaints: string[] = [];
  const complain = (node: ts.Node, what: string): void => {
    complaints.push(`${source.path}:${lineOf(source.tree, node)}: ${what} (${ban.what}): ${ban.instead}`);
  };
  const declared = declaredNames(source);
  visit(source.tree, (node) => {
    if (ts.isImportDeclaration(node)) {
      for (const what of bannedImports(node, ban)) complain(node, what);
    } else if (ts.isIdentifier(node) && isReference(node) && !declared.has(node.text)) {
      const member = ts.isPropertyAccessExpression(node.parent) ? `${node.text}.${node.parent.name.text}` : node.text;
      const found = ban.globals.find((name) => name === node.text || name === member);
      if (found !== undefined) complain(node, found);
    }
  });
  return complaints;
}

/** Types alone open no socket: `import type` and type names are free. */
function bannedImports(node: ts.ImportDeclaration, ban: Ban): string[] {
  const module = ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : "";
  const clause = node.importClause;
  if (clause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return [];
  const bindings = clause?.namedBindings;
  const values =
    bindings !== undefined && ts.isNamedImports(bindings)
      ? bindings.elements.filter((element) => !element.isTypeOnly)
      : null;
  if (values?.length === 0 && clause?.name === undefined) return [];
  if (ban.modules.includes(module)) return [module];
  // Without a list of names the whole module is taken, the banned names with it.
  if (values === null) return ban.modules.some((entry) => entry.startsWith(`${module}#`)) ? [module] : [];
  const names = values.map((element) => `${module}#${(element.propertyName ?? element.name).text}`);
  return names.filter((name) => ban.modules.includes(name));
}

/** True for a name that stands for a value, not for the name of a member, key, import or type. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent) || ts.isQualifiedName(parent)) {
    return "expression" in parent
      ? parent.expression === node
      : ts.isPropertyAssignment(parent) && parent.initializer === node;
  }
  const isMember = ts.isPropertySignature(parent) || ts.isPropertyDeclaration(parent) || ts.isMethodDeclaration(parent);
  if (isMember || ts.isMethodSignature(parent)) return parent.name !== node;
  return (
    !ts.isImportSpecifier(parent) &&
    !ts.isNamespaceImport(parent) &&
    !ts.isTypeReferenceNode(parent) &&
    !ts.isLabeledStatement(parent)
  );
}

/** Names that the file itself declares or imports shadow the globals. */
function declaredNames({ tree }: Source): ReadonlySet<string> {
  const names = new Set<string>();
  visit(tree, (node) => {
    const isDeclaration =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isClassDeclaration(node) ||
      ts.isImportSpecifier(node) ||
      ts.isNamespaceImport(node) ||
      ts.isBindingElement(node);
    if (isDeclaration && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text);
  });
  return names;
}

/** No any, no enum, no namespace, no parameter property, and no comment that silences a checker (STYLE, Types). */
export function wordComplaints(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, tree }) => {
    const complaints: string[] = [];
    const complain = (node: ts.Node, what: string): void =>
      void complaints.push(`${path}:${lineOf(tree, node)}: ${what}`);
    visit(tree, (node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) complain(node, "no any: unknown, or the type it has");
      if (ts.isEnumDeclaration(node)) complain(node, "no enum: a union, or numbers with a table");
      if (ts.isModuleDeclaration(node)) complain(node, "no namespace: a file is a module");
      if (ts.isParameter(node) && (node.modifiers?.some(isPropertyModifier) ?? false)) {
        complain(node, "no parameter property: Node strips types, it does not compile them");
      }
    });
    const silencer = /@ts-(ignore|nocheck|expect-error)|eslint-disable|prettier-ignore|istanbul ignore/;
    tree.text.split("\n").forEach((line, index) => {
      if (isComment(line) && silencer.test(line))
        complaints.push(`${path}:${index + 1}: do not silence a checker, mend what it says`);
    });
    return complaints;
  });
}

function isPropertyModifier({ kind }: ts.ModifierLike): boolean {
  return [
    ts.SyntaxKind.PublicKeyword,
    ts.SyntaxKind.PrivateKeyword,
    ts.SyntaxKind.ProtectedKeyword,
    ts.SyntaxKind.ReadonlyKeyword,
  ].includes(kind);
}

const isComment = (line: string): boolean => /(^|\s)(\/\/|\/\*|\*)/.test(line);
