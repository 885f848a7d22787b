/** `strata cat` and `cp`: files as octets, between places of the local name space, and between it and this machine. */
import { dirname, resolve } from "node:path";
import { type Clock, silentLog, systemClock, systemRandom } from "../../base/index.ts";
import {
  type FileKey,
  type FileSystem,
  isStatus,
  LocalDirectoryError,
  LocalFileSystem,
  NameTableError,
  type Place,
} from "../../mount/index.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, WorkError } from "../failure.ts";
import type { Output } from "../output.ts";
import { octetsText, shownName } from "./file-text.ts";
import { openNameSpace } from "./name-space.ts";
import { askFile, below, type Child, children, FileFault, findFile, forEachPath } from "./reaching.ts";

const PART_OCTETS = 1 << 20;
/** Parts of one file that are read while another is written. */
const AHEAD = 4;
const TELL_MILLISECONDS = 500;
const LOCAL = "file:";

export async function cat(given: Arguments, output: Output): Promise<number> {
  const { fileSystem, close } = await openNameSpace(given);
  try {
    return await forEachPath(given.positionals("PATH"), output, async (path) => {
      const { key } = await findFile(fileSystem, path);
      for await (const octets of parts(fileSystem, { key, path })) await output.octets(octets);
    });
  } finally {
    await close();
  }
}

export async function cp(given: Arguments, output: Output): Promise<number> {
  const [from, to] = [given.required("FROM"), given.required("TO")];
  const { fileSystem, close } = await openNameSpace(given);
  const opened: FileSystem[] = [];
  try {
    const source = await sourceEnd(from, fileSystem, opened);
    const target = await targetEnd(to, lastName(from), fileSystem, opened);
    if (source.child.attributes.kind === "directory" && !given.flag("r")) {
      throw new UsageError(`${from} is a directory: strata cp -r copies it with all that is in it`);
    }
    const copier = new Copier(source.fileSystem, target.fileSystem, new Progress(output, systemClock));
    await copier.copy(source.child, from, { place: target.place, path: to });
    copier.progress.end();
    return copier.exitCode;
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    return await forEachPath([from], output, () => Promise.reject(error));
  } finally {
    await Promise.all(opened.map((end) => end.close()));
    await close();
  }
}

/** The octets of a file in order; the next parts are asked for while one is used. */
async function* parts(
  fileSystem: FileSystem,
  { key, path }: { readonly key: FileKey; readonly path: string },
): AsyncGenerator<Uint8Array> {
  const { sizeOctets } = await askFile(path, fileSystem.attributes(key));
  const asked: Promise<Uint8Array>[] = [];
  const ask = (offset: number): void => {
    const part = whole(fileSystem, { key, path }, offset);
    // It is awaited in its turn; until then a failure must not count as nobody's.
    part.catch(() => undefined);
    asked.push(part);
  };
  let next = 0;
  for (; next < sizeOctets && asked.length < AHEAD; next += PART_OCTETS) ask(next);
  for (let part = asked.shift(); part !== undefined; part = asked.shift()) {
    if (next < sizeOctets) ask(next);
    next += PART_OCTETS;
    yield await part;
  }
}

/** A part of that size, though the file system reads less at a time; shorter only where the file ends. */
async function whole(
  fileSystem: FileSystem,
  { key, path }: { readonly key: FileKey; readonly path: string },
  offset: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let read = 0; read < PART_OCTETS;) {
    const { octets, isEnd } = await askFile(path, fileSystem.read(key, offset + read, PART_OCTETS - read));
    pieces.push(octets);
    read += octets.length;
    if (isEnd || octets.length === 0) break;
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

class Copier {
  readonly progress: Progress;
  exitCode: number = EXIT.ok;
  readonly #from: FileSystem;
  readonly #to: FileSystem;

  constructor(from: FileSystem, to: FileSystem, progress: Progress) {
    this.#from = from;
    this.#to = to;
    this.progress = progress;
  }

  /** A file, a link or a directory with all that is in it. What of a directory cannot be copied is told, and the rest is. */
  async copy(child: Child, from: string, to: { readonly place: Place; readonly path: string }): Promise<void> {
    const { kind, mode } = child.attributes;
    switch (kind) {
      case "directory": {
        const made = await this.#directory(to, mode);
        const miss = (fault: FileFault): void => this.#missed(fault);
        for await (const one of children(this.#from, { key: child.key, path: from }, miss)) {
          const target = { place: { directory: made, name: one.name }, path: below(to.path, one.name) };
          await this.copy(one, below(from, one.name), target).catch((error: unknown) => {
            if (!(error instanceof FileFault)) throw error;
            this.#missed(error);
          });
        }
        return;
      }
      case "link": {
        const { target } = await askFile(from, this.#from.readlink(child.key));
        await askFile(to.path, this.#to.create(to.place, { kind: "link", target, attributes: {} }));
        return;
      }
      case "file":
        return this.#file(child, from, to);
      default:
        throw new FileFault(from, "BADTYPE");
    }
  }

  async #directory({ place, path }: { readonly place: Place; readonly path: string }, mode: number): Promise<FileKey> {
    const there = await this.#to.lookup(place.directory, place.name);
    if (!isStatus(there)) {
      if (there.attributes.kind !== "directory") throw new FileFault(path, "NOTDIR");
      return there.key;
    }
    // The owner has to be able to fill it, whatever the original allows him.
    const what = { kind: "directory", attributes: { mode: mode | 0o700 } } as const;
    return (await askFile(path, this.#to.create(place, what))).key;
  }

  async #file(child: Child, from: string, to: { readonly place: Place; readonly path: string }): Promise<void> {
    const attributes = { mode: child.attributes.mode & 0o777, sizeOctets: 0 };
    const made = await askFile(
      to.path,
      this.#to.create(to.place, { kind: "file", how: "unchecked", verifier: 0n, attributes }),
    );
    this.progress.begin(from, child.attributes.sizeOctets);
    let offset = 0;
    for await (const octets of parts(this.#from, { key: child.key, path: from })) {
      await this.#write(made.key, to.path, offset, octets);
      offset += octets.length;
      this.progress.more(octets.length);
    }
    // Unstable writes are safe once this has ended; it ends with an error when the server lost any.
    await askFile(to.path, this.#to.commit(made.key));
  }

  async #write(key: FileKey, path: string, offset: number, octets: Uint8Array): Promise<void> {
    for (let at = 0; at < octets.length;) {
      const { writtenOctets } = await askFile(path, this.#to.write(key, offset + at, octets.subarray(at), "unstable"));
      if (writtenOctets === 0) throw new FileFault(path, "NOSPC");
      at += writtenOctets;
    }
  }

  #missed(fault: FileFault): void {
    this.progress.note(fault.message);
    this.exitCode = EXIT.no;
  }
}

/** How far a long copy is: on a terminal only, and not for what is over at once. */
class Progress {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #began: number;
  #told: number;
  #path = "";
  #size = 0;
  #done = 0;
  #all = 0;

  constructor(output: Output, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
    this.#began = this.#told = clock.now();
  }

  begin(path: string, sizeOctets: number): void {
    this.#path = path;
    this.#size = sizeOctets;
    this.#done = 0;
  }

  more(octets: number): void {
    this.#done += octets;
    this.#all += octets;
    const now = this.#clock.now();
    if (!this.#output.isTerminal || now - this.#told < TELL_MILLISECONDS) return;
    this.#told = now;
    const share = this.#size === 0 ? 100 : Math.floor((100 * this.#done) / this.#size);
    const rate = (1000 * this.#all) / (now - this.#began);
    this.#output.note(
      `${shownName(this.#path)}: ${share} % of ${octetsText(this.#size)}, ${octetsText(Math.round(rate))} a second`,
    );
  }

  note(text: string): void {
    this.#output.note(text);
  }

  end(): void {
    const milliseconds = this.#clock.now() - this.#began;
    if (!this.#output.isTerminal || milliseconds < 4 * TELL_MILLISECONDS) return;
    this.#output.note(`${octetsText(this.#all)} in ${(milliseconds / 1000).toFixed(1)} s`);
  }
}

interface SourceEnd {
  readonly fileSystem: FileSystem;
  readonly child: Child;
}

interface TargetEnd {
  readonly fileSystem: FileSystem;
  readonly place: Place;
}

async function sourceEnd(text: string, nameSpace: FileSystem, opened: FileSystem[]): Promise<SourceEnd> {
  const end = await openEnd(text, nameSpace, opened);
  const found = await findFile(end.fileSystem, end.path);
  return { fileSystem: end.fileSystem, child: { name: lastName(text), ...found } };
}

/** A directory that is there takes it by its name; else the path is its new name. */
async function targetEnd(text: string, name: string, nameSpace: FileSystem, opened: FileSystem[]): Promise<TargetEnd> {
  const { fileSystem, path } = await openEnd(text, nameSpace, opened);
  const there = await findFile(fileSystem, path).catch((error: unknown) => {
    if (error instanceof FileFault && error.status === "NOENT") return null;
    throw error;
  });
  if (there !== null && there.attributes.kind === "directory") {
    return { fileSystem, place: { directory: there.key, name } };
  }
  const above = await findFile(fileSystem, dirname(path));
  return { fileSystem, place: { directory: above.key, name: lastName(path) } };
}

/** `file:PATH` is this machine's; what is given back is a path in a file system that holds it. */
async function openEnd(
  text: string,
  nameSpace: FileSystem,
  opened: FileSystem[],
): Promise<{ readonly fileSystem: FileSystem; readonly path: string }> {
  if (!text.startsWith(LOCAL)) return { fileSystem: nameSpace, path: text.replace(/(.)\/+$/, "$1") };
  const path = resolve(text.slice(LOCAL.length));
  const fileSystem = await openLocal();
  opened.push(fileSystem);
  return { fileSystem, path };
}

/** The whole machine, as our user may see it. */
async function openLocal(): Promise<FileSystem> {
  try {
    const isWritable = true;
    return await LocalFileSystem.open({
      directory: "/",
      tablePath: ":memory:",
      isWritable,
      random: systemRandom,
      log: silentLog,
    });
  } catch (error) {
    if (error instanceof LocalDirectoryError || error instanceof NameTableError) throw new WorkError(error.message);
    throw error;
  }
}

function lastName(path: string): string {
  const plain = path.replace(/^file:/, "").replace(/\/+$/, "");
  return plain.slice(plain.lastIndexOf("/") + 1);
}
