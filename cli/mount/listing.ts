/** `strata ls`, `tree`, `find`, `stat`: what is in the local name space. Errors of one path do not keep the others back. */
import type { Attributes, FileSystem } from "../../mount/index.ts";
import { isStatus } from "../../mount/index.ts";
import type { Arguments } from "../arguments.ts";
import type { Output } from "../output.ts";
import { fileJson, modeText, octetsText, shownName, timeText } from "./file-text.ts";
import { openNameSpace } from "./name-space.ts";
import { below, type Child, children, entries, exitCodeOf, type FileFault, findFile, forEachPath } from "./reaching.ts";

export async function ls(given: Arguments, output: Output): Promise<number> {
  const paths = given.positionals("PATH");
  return withNameSpace(given, async (fileSystem) => {
    const shown = paths.length === 0 ? ["/"] : paths;
    return forEachPath(shown, output, async (path) => {
      const { key, attributes } = await findFile(fileSystem, path);
      if (attributes.kind !== "directory") {
        showFile({ name: path, key, attributes }, given, output);
        return;
      }
      if (shown.length > 1 && !given.flag("json")) output.result(`${shownName(path)}:`);
      if (!given.flag("l") && !given.flag("json")) {
        const names: string[] = [];
        for await (const { name } of entries(fileSystem, { key, path })) names.push(name);
        for (const name of names.sort()) output.result(shownName(name));
        return;
      }
      const all: Child[] = [];
      const faults: FileFault[] = [];
      for await (const child of children(fileSystem, { key, path }, (fault) => faults.push(fault))) all.push(child);
      for (const child of all.sort(byName)) showFile(await withTarget(fileSystem, child), given, output);
      for (const fault of faults) output.note(fault.message);
    });
  });
}

export async function stat(given: Arguments, output: Output): Promise<number> {
  return withNameSpace(given, (fileSystem) =>
    forEachPath(given.positionals("PATH"), output, async (path) => {
      const { attributes } = await findFile(fileSystem, path, "keep");
      if (given.flag("json")) {
        output.result(JSON.stringify(fileJson(path, attributes)));
        return;
      }
      const { kind, links, uid, gid, sizeOctets, modified, changed, fileId, fileSystemId, lifeSeconds } = attributes;
      output.result(output.paint.bold(shownName(path)));
      const rows = [
        ["kind", `${kind}, ${modeText(attributes)}, ${links} links, owner ${uid}:${gid}`],
        ["size", sizeOctets < 1024 ? `${sizeOctets} octets` : `${sizeOctets} octets (${octetsText(sizeOctets)})`],
        ["modified", timeText(modified.seconds)],
        ["changed", timeText(changed.seconds)],
        ["number", `${fileId} in file system ${fileSystemId.toString(16)}`],
        ...(lifeSeconds === null ? [] : [["may be kept", `${lifeSeconds} s`]]),
      ];
      for (const [title, text] of rows) output.result(`  ${title!.padEnd(12)}${text!}`);
    }),
  );
}

export async function tree(given: Arguments, output: Output): Promise<number> {
  const top = given.positional("PATH") ?? "/";
  const depthMax = given.number("depth") ?? 8;
  const counts = { directories: 0, files: 0 };
  return withNameSpace(given, async (fileSystem) => {
    let exitCode = 0;
    const miss = (fault: FileFault): void => {
      output.note(fault.message);
      exitCode = Math.max(exitCode, exitCodeOf(fault.status));
    };
    const draw = async (directory: Child, path: string, margin: string): Promise<void> => {
      const all: Child[] = [];
      for await (const child of children(fileSystem, { key: directory.key, path }, miss)) all.push(child);
      all.sort(byName);
      for (const [i, child] of all.entries()) {
        const isLast = i === all.length - 1;
        const { name } = await withTarget(fileSystem, child);
        output.result(`${margin}${isLast ? "└── " : "├── "}${shownName(name)}`);
        if (child.attributes.kind !== "directory") {
          counts.files++;
          continue;
        }
        counts.directories++;
        const isDeep = margin.length / 4 + 1 >= depthMax;
        if (!isDeep) await draw(child, below(path, child.name), `${margin}${isLast ? "    " : "│   "}`);
      }
    };
    exitCode = await forEachPath([top], output, async () => {
      const { key, attributes } = await findFile(fileSystem, top);
      if (given.flag("json"))
        return eachBelow({ fileSystem, path: top, depthMax, miss }, (path, child) =>
          showJson(path, child.attributes, output),
        );
      output.result(output.paint.bold(shownName(top)));
      if (attributes.kind === "directory") await draw({ name: top, key, attributes }, top, "");
      output.result(`\n${counts.directories} directories, ${counts.files} files`);
    });
    return exitCode;
  });
}

export async function find(given: Arguments, output: Output): Promise<number> {
  const top = given.positional("PATH") ?? "/";
  const pattern = given.text("name");
  const fits = pattern === null ? () => true : matcher(pattern);
  const kind = { f: "file", d: "directory", l: "link" }[given.text("type") ?? ""] ?? null;
  return withNameSpace(given, async (fileSystem) => {
    let exitCode = 0;
    const miss = (fault: FileFault): void => {
      output.note(fault.message);
      exitCode = Math.max(exitCode, exitCodeOf(fault.status));
    };
    const code = await forEachPath([top], output, () =>
      eachBelow({ fileSystem, path: top, depthMax: given.number("depth") ?? 64, miss }, (path, child) => {
        if (!fits(child.name) || (kind !== null && child.attributes.kind !== kind)) return;
        if (given.flag("json")) showJson(path, child.attributes, output);
        else output.result(shownName(path));
      }),
    );
    return Math.max(code, exitCode);
  });
}

interface Below {
  readonly fileSystem: FileSystem;
  readonly path: string;
  readonly depthMax: number;
  readonly miss: (fault: FileFault) => void;
}

/** Everything below a path and the path itself, directories before what is in them. Symbolic links are not followed, so it ends. */
async function eachBelow(
  { fileSystem, path: top, depthMax, miss }: Below,
  act: (path: string, child: Child) => void,
): Promise<void> {
  const found = await findFile(fileSystem, top);
  const enter = async (path: string, child: Child, depth: number): Promise<void> => {
    act(path, child);
    if (child.attributes.kind !== "directory" || depth >= depthMax) return;
    for await (const one of children(fileSystem, { key: child.key, path }, miss)) {
      await enter(below(path, one.name), one, depth + 1);
    }
  };
  await enter(top, { name: top.slice(top.lastIndexOf("/") + 1), ...found }, 0);
}

/** A pattern of a shell: "*" is any octets, "?" any one. Matched without going back more than one "*". */
export function matcher(pattern: string): (name: string) => boolean {
  return (name) => {
    let [at, to, star, again] = [0, 0, -1, 0];
    while (to < name.length) {
      if (at < pattern.length && (pattern[at] === "?" || pattern[at] === name[to]) && pattern[at] !== "*") {
        at++;
        to++;
      } else if (pattern[at] === "*") {
        star = at++;
        again = to;
      } else if (star >= 0) {
        at = star + 1;
        to = ++again;
      } else return false;
    }
    while (pattern[at] === "*") at++;
    return at === pattern.length;
  };
}

async function withNameSpace(given: Arguments, act: (fileSystem: FileSystem) => Promise<number>): Promise<number> {
  const { fileSystem, close } = await openNameSpace(given);
  try {
    return await act(fileSystem);
  } finally {
    await close();
  }
}

/** A symbolic link is shown with where it leads. */
async function withTarget(fileSystem: FileSystem, child: Child): Promise<Child> {
  if (child.attributes.kind !== "link") return child;
  const answer = await fileSystem.readlink(child.key);
  return isStatus(answer) ? child : { ...child, name: `${child.name} -> ${answer.target}` };
}

function showFile({ name, attributes }: Child, given: Arguments, output: Output): void {
  if (given.flag("json")) {
    showJson(name, attributes, output);
    return;
  }
  if (!given.flag("l")) {
    output.result(shownName(name));
    return;
  }
  const { links, uid, gid, sizeOctets, modified } = attributes;
  const columns = [
    modeText(attributes),
    String(links).padStart(3),
    `${uid}:${gid}`.padEnd(9),
    String(sizeOctets).padStart(10),
  ];
  output.result(`${columns.join(" ")} ${timeText(modified.seconds)} ${shownName(name)}`);
}

function showJson(path: string, attributes: Attributes, output: Output): void {
  output.result(JSON.stringify(fileJson(path, attributes)));
}

function byName(one: Child, other: Child): number {
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
}
