/**
 * Makes one file of a compiled program: Node takes half a millisecond for each module that it loads, in every thread again, which for 150
 * modules is longer than all the rest of a start. It takes what the house rules promise for granted (named exports that never
 * change, no rings, an index that only passes names on) and says so where a source does not keep them.
 *
 * Each module becomes a function that is called when its first importer is, and gives its exports. Names that an index passes on are
 * taken from where they come from, so nothing is loaded for standing in the same folder. What is imported by `import()` waits for that,
 * and so do the packages that only it needs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";

const PRELUDE = `
const __packages = Object.create(null);
function __once(make) {
  let made = null;
  return () => (made ??= make());
}
async function __load(names, module) {
  for (const name of names) __packages[name] ??= await import(name);
  return module();
}
`;

/** Writes the program that starts at `entry` (compiled, in `root`) to the entry's own place. */
export function bundle(root, entry) {
  const program = new Program(root, entry);
  writeFileSync(join(root, entry), plainOctets(withoutComments(program.text())));
}

/** What is read at every start, by every thread, is short. */
function withoutComments(text) {
  const compilerOptions = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, removeComments: true };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

/** One letter beyond ASCII would make V8 keep two octets for each letter of the whole file. */
function plainOctets(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

class Program {
  #root;
  #entry;
  #modules = new Map();

  constructor(root, entry) {
    this.#root = root;
    this.#entry = entry;
  }

  text() {
    const entry = this.#module(this.#entry);
    const ordered = [];
    for (const path of [this.#entry, ...this.#dynamicRoots()]) this.#order(path, ordered, []);
    const inner = ordered.filter((module) => module !== entry);
    const packages = this.#packagesOf(this.#entry);
    return [
      ...packages.map((name, i) => `import * as __package${i} from ${JSON.stringify(name)};`),
      PRELUDE.trim(),
      ...packages.map((name, i) => `__packages[${JSON.stringify(name)}] = __package${i};`),
      ...inner.map(
        (module) => `const ${module.name} = __once((() => {\n${this.#body(module)}\n${returned(module)}\n}));`,
      ),
      this.#body(entry),
      "",
    ].join("\n");
  }

  #module(path) {
    const known = this.#modules.get(path);
    if (known !== undefined) return known;
    const module = readModule(path, readFileSync(join(this.#root, path), "utf8"), `__module${this.#modules.size}`);
    this.#modules.set(path, module);
    return module;
  }

  /** Where a name that `path` exports is declared. */
  #origin(path, name) {
    const found = this.#module(path).exports.get(name);
    if (found === undefined) throw new Error(`${path} does not export ${name}`);
    return found.from === null ? { path, name } : this.#origin(found.from, found.name);
  }

  /** The modules that `path` runs before itself, in order. */
  #needs(path) {
    const needs = new Set();
    for (const { from, names } of this.#module(path).imports) {
      if (names.length === 0) needs.add(from);
      for (const { imported } of names) needs.add(imported === "*" ? from : this.#origin(from, imported).path);
    }
    return [...needs];
  }

  #order(path, ordered, trail) {
    const module = this.#module(path);
    if (trail.includes(path)) throw new Error(`a ring of imports: ${[...trail, path].join(" → ")}`);
    if (ordered.includes(module)) return;
    for (const needed of this.#needs(path)) this.#order(needed, ordered, [...trail, path]);
    ordered.push(module);
  }

  /** Every module that `path` runs before itself, and itself. */
  #closure(path, closed = new Set()) {
    if (closed.has(path)) return closed;
    closed.add(path);
    for (const needed of this.#needs(path)) this.#closure(needed, closed);
    return closed;
  }

  #dynamicRoots() {
    const seen = new Set();
    const roots = new Set();
    const waiting = [this.#entry];
    for (const start of waiting) {
      for (const path of this.#closure(start)) {
        if (seen.has(path)) continue;
        seen.add(path);
        for (const { target } of this.#module(path).dynamic) {
          roots.add(target);
          waiting.push(target);
        }
      }
    }
    return [...roots];
  }

  #packagesOf(path) {
    const names = [...this.#closure(path)].flatMap((file) => this.#module(file).packages.map(({ name }) => name));
    return [...new Set(names)].sort();
  }

  #body(module) {
    const edits = [...module.edits];
    for (const { target, start, end } of module.dynamic) {
      const packages = JSON.stringify(this.#packagesOf(target));
      edits.push({ start, end, text: `__load(${packages}, ${this.#module(target).name})` });
    }
    const here = relative(dirname(this.#entry), module.path);
    for (const { start, end } of module.metaUrls) {
      const place = `new URL(${JSON.stringify(pathOf(here))}, import.meta.url).href`;
      edits.push({ start, end, text: module.path === this.#entry ? "import.meta.url" : place });
    }
    return [...this.#heads(module), edited(module.text, edits)].join("\n");
  }

  #heads(module) {
    const heads = module.packages.map(({ name, names }) => {
      const from = name.startsWith("node:")
        ? `process.getBuiltinModule(${JSON.stringify(name)})`
        : `__packages[${JSON.stringify(name)}]`;
      return taken(names, from);
    });
    for (const { from, names } of module.imports) {
      if (names.length === 0) heads.push(`${this.#module(from).name}();`);
      const byOrigin = new Map();
      for (const { imported, local } of names) {
        const { path, name } = imported === "*" ? { path: from, name: "*" } : this.#origin(from, imported);
        byOrigin.set(path, [...(byOrigin.get(path) ?? []), { imported: name, local }]);
      }
      for (const [path, taking] of byOrigin) heads.push(taken(taking, `${this.#module(path).name}()`));
    }
    return heads;
  }
}

/** A declaration of what is taken from a module. */
function taken(names, from) {
  const whole = names.filter(({ imported }) => imported === "*").map(({ local }) => `const ${local} = ${from};`);
  const parts = names.filter(({ imported }) => imported !== "*");
  const listed = parts.map(({ imported, local }) => (imported === local ? local : `${imported}: ${local}`));
  if (listed.length > 0) whole.push(`const { ${listed.join(", ")} } = ${from};`);
  return whole.join("\n");
}

function returned({ exports }) {
  const own = [...exports].filter(([, { from }]) => from === null);
  return `return { ${own.map(([name, { name: local }]) => (name === local ? name : `${name}: ${local}`)).join(", ")} };`;
}

/** One module and what a bundle must know of it. */
function readModule(path, text, name) {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const module = {
    path,
    text,
    name,
    imports: [],
    packages: [],
    exports: new Map(),
    dynamic: [],
    metaUrls: [],
    edits: [],
  };
  for (const statement of tree.statements) readStatement(module, statement);
  visit(tree, (node) => readExpression(module, node));
  return module;
}

function readStatement(module, statement) {
  const { path, edits, exports } = module;
  const fail = (what) => {
    throw new Error(`${path}: ${what} cannot be bundled: ${statement.getText().slice(0, 80)}`);
  };
  if (ts.isImportDeclaration(statement)) {
    edits.push(removed(statement));
    const names = importedNames(statement.importClause);
    const from = statement.moduleSpecifier.text;
    if (from.startsWith(".")) module.imports.push({ from: targetOf(path, from), names });
    else module.packages.push({ name: from, names: from.startsWith("node:") ? asWhole(names) : names });
  } else if (ts.isExportDeclaration(statement)) {
    if (statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause)) fail("export *");
    edits.push(removed(statement));
    const from = statement.moduleSpecifier === undefined ? null : targetOf(path, statement.moduleSpecifier.text);
    for (const element of statement.exportClause.elements) {
      exports.set(element.name.text, { from, name: (element.propertyName ?? element.name).text });
    }
  } else if (ts.isExportAssignment(statement)) fail("export default");
  else readDeclaration(module, statement, fail);
}

function readDeclaration({ edits, exports }, statement, fail) {
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  const word = modifiers.find(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  if (word === undefined) return;
  if (modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) fail("export default");
  edits.push({ start: word.getStart(), end: word.getEnd(), text: "" });
  const own = (name) => exports.set(name, { from: null, name });
  if (!ts.isVariableStatement(statement)) own(statement.name.text);
  else {
    if ((statement.declarationList.flags & ts.NodeFlags.Const) === 0) fail("an export that may change");
    for (const { name } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name)) fail("an export by pattern");
      own(name.text);
    }
  }
}

function readExpression({ path, dynamic, metaUrls }, node) {
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [given] = node.arguments;
    if (given === undefined || !ts.isStringLiteral(given) || !given.text.startsWith(".")) return;
    dynamic.push({ target: targetOf(path, given.text), start: node.getStart(), end: node.getEnd() });
  } else if (ts.isPropertyAccessExpression(node) && ts.isMetaProperty(node.expression) && node.name.text === "url") {
    metaUrls.push({ start: node.getStart(), end: node.getEnd() });
  }
}

function importedNames(clause) {
  const names = clause?.name === undefined ? [] : [{ imported: "default", local: clause.name.text }];
  const bindings = clause?.namedBindings;
  if (bindings === undefined) return names;
  if (ts.isNamespaceImport(bindings)) return [...names, { imported: "*", local: bindings.name.text }];
  const listed = bindings.elements.map(({ name, propertyName }) => ({
    imported: (propertyName ?? name).text,
    local: name.text,
  }));
  return [...names, ...listed];
}

/** What `getBuiltinModule` gives is the default export as well. */
const asWhole = (names) =>
  names.map(({ imported, local }) => ({ imported: imported === "default" ? "*" : imported, local }));

const removed = (statement) => ({ start: statement.getStart(), end: statement.getEnd(), text: "" });

/** The module that a relative specifier names, from the root. */
function targetOf(path, specifier) {
  return pathOf(join(dirname(path), specifier));
}

const pathOf = (path) => path.replaceAll("\\", "/");

function edited(text, edits) {
  let result = text;
  for (const { start, end, text: put } of edits.toSorted((a, b) => b.start - a.start)) {
    result = result.slice(0, start) + put + result.slice(end);
  }
  return result;
}

function visit(node, see) {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

// By hand: node scripts/bundle.mjs ROOT ENTRY…
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [root, ...entries] = process.argv.slice(2);
  for (const entry of entries) bundle(root, entry);
}
