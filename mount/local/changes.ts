/** What changes a local directory: each change is on the disk when it has ended, names as well as contents, and the table of names follows it. */
import type { Random } from "../../base/index.ts";
import { nameFault } from "../file-name.ts";
import type { AttributeChanges, Attributes, Committed, Found, NewFile, Stability, Written } from "../file-system.ts";
import { newNameFault } from "../memory-node.ts";
import { isStatus, type Status } from "../status.ts";
import { HeldFile } from "./held-file.ts";
import { type HeldFiles, type Identity } from "./held-files.ts";
import { type NameTable } from "./name-table.ts";
import * as system from "./system-calls.ts";

const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

interface HeldPlace {
  readonly directory: HeldFile;
  readonly name: string;
}

type NewRegular = Extract<NewFile, { kind: "file" }>;

export class LocalChanges {
  readonly #files: HeldFiles;
  readonly #table: NameTable;
  /** Another one after each start, and after the disk has lost a write: whoever wrote unstably writes again (RFC 1813 §3.3.7). */
  #verifier: bigint;

  constructor(files: HeldFiles, table: NameTable, random: Random) {
    this.#files = files;
    this.#table = table;
    this.#verifier = (BigInt(random.uint32()) << 32n) | BigInt(random.uint32());
  }

  async write(
    file: HeldFile,
    {
      offset,
      octets,
      stability,
    }: { readonly offset: number; readonly octets: Uint8Array; readonly stability: Stability },
  ): Promise<Written | Status> {
    const writer = await file.writer();
    if (isStatus(writer)) return writer;
    const verifier = this.#verifier;
    const writtenOctets = await system.write(writer, octets, offset);
    if (isStatus(writtenOctets)) return writtenOctets;
    file.sizeOctets = Math.max(file.sizeOctets, offset + writtenOctets);
    if (stability === "unstable") return { writtenOctets, stability, verifier };
    const fault = await (stability === "file" ? system.sync(writer) : system.syncData(writer));
    return fault === null ? { writtenOctets, stability, verifier } : this.#lost(fault);
  }

  async commit(file: HeldFile): Promise<Committed | Status> {
    if (file.kind !== "file") return file.kind === "directory" ? "ISDIR" : "INVAL";
    const verifier = this.#verifier;
    const writer = await file.writer();
    const fault = isStatus(writer) ? writer : await system.sync(writer);
    return fault === null ? { verifier } : this.#lost(fault);
  }

  async apply(file: HeldFile, changes: AttributeChanges): Promise<Status | null> {
    const { kind } = file;
    if (changes.sizeOctets !== undefined && kind !== "file") return kind === "directory" ? "ISDIR" : "INVAL";
    // A link's mode means nothing, and the system cannot set it.
    if (changes.mode !== undefined && kind === "link") return "NOTSUPP";
    const fault = await applyTo(file.descriptor, changes);
    if (fault !== null) return fault;
    if (changes.sizeOctets !== undefined) file.sizeOctets = changes.sizeOctets;
    if (kind === "directory") return system.syncHeld(file.descriptor);
    if (kind !== "file") return null;
    const writer = await file.writer();
    // Who may change attributes may still not write; the file system keeps them in its own time then.
    return isStatus(writer) ? null : system.sync(writer);
  }

  async create(directory: HeldFile, name: string, what: NewFile): Promise<Found | Status> {
    const fault = newNameFault(name) ?? nameFault(name);
    if (fault !== null) return fault;
    switch (what.kind) {
      case "file":
        return this.#createFile({ directory, name }, what);
      case "directory": {
        const made = await system.makeDirectory(at(directory, name), (what.attributes.mode ?? DIRECTORY_MODE) & 0o7777);
        return made ?? this.#finish({ directory, name }, what);
      }
      case "link": {
        if (what.target === "" || what.target.includes("\0")) return "INVAL";
        const made = await system.makeLink(at(directory, name), what.target);
        return made ?? this.#finish({ directory, name }, what);
      }
    }
  }

  async remove(directory: HeldFile, name: string): Promise<null | Status> {
    if (name === "." || name === "..") return "INVAL";
    return this.#removeBy(directory, name, async (facts) =>
      facts.attributes.kind === "directory" ? "ISDIR" : system.unlink(at(directory, name)),
    );
  }

  async removeDirectory(directory: HeldFile, name: string): Promise<null | Status> {
    if (name === "." || name === "..") return name === "." ? "INVAL" : "EXIST";
    return this.#removeBy(directory, name, async (facts) =>
      facts.attributes.kind === "directory" ? system.removeDirectory(at(directory, name)) : "NOTDIR",
    );
  }

  async rename(from: HeldPlace, to: HeldPlace): Promise<null | Status> {
    const fault = newNameFault(from.name) ?? newNameFault(to.name) ?? nameFault(from.name) ?? nameFault(to.name);
    if (fault !== null) return fault;
    const moved = await this.#who(from);
    if (isStatus(moved)) return moved;
    const replaced = await this.#who(to);
    if (isStatus(replaced) && replaced !== "NOENT") return replaced;
    if (!isStatus(replaced) && replaced.key === moved.key) return null;
    const failed = await system.rename(at(from.directory, from.name), at(to.directory, to.name));
    if (failed !== null) return failed;
    if (!isStatus(replaced)) this.#forgetName(replaced, to);
    this.#table.forgetPlace(moved.key, placeOf(from));
    this.#remember(moved, to);
    const synced = await system.syncHeld(to.directory.descriptor);
    return from.directory === to.directory ? synced : (synced ?? system.syncHeld(from.directory.descriptor));
  }

  /** A second name. link(2) wants a name to begin with, so the file is looked for under the one it was last seen at. */
  async link(file: HeldFile, directory: HeldFile, name: string): Promise<null | Status> {
    const fault = newNameFault(name) ?? nameFault(name);
    if (fault !== null) return fault;
    if (file.kind === "directory") return "PERM";
    if (file.fileSystem !== directory.fileSystem) return "XDEV";
    for (const place of this.#table.allPlaces(file.key)) {
      const failed = await this.#files.useDirectory(place.directory, (source) =>
        system.nameAgain(at(source, place.name), at(directory, name)),
      );
      if (failed === "NOENT" || failed === "STALE") continue;
      if (failed !== null) return failed;
      const made = await this.#who({ directory, name });
      if (isStatus(made)) return made;
      if (made.key === file.key) {
        this.#remember(made, { directory, name });
        return system.syncHeld(directory.descriptor);
      }
      // Another file has taken that name meanwhile.
      await system.unlink(at(directory, name));
    }
    return "STALE";
  }

  async #createFile(place: HeldPlace, what: NewRegular): Promise<Found | Status> {
    const { directory, name } = place;
    const { attributes } = what;
    const descriptor = await system.makeFile(at(directory, name), (attributes.mode ?? FILE_MODE) & 0o7777);
    if (descriptor === "EXIST") return this.#takeExisting(place, what);
    if (isStatus(descriptor)) return descriptor;
    const facts = await system.facts(descriptor);
    const who = isStatus(facts) ? facts : this.#files.identify(directory, name, facts);
    if (isStatus(facts) || isStatus(who)) {
      system.close(descriptor);
      return isStatus(who) ? who : "IO";
    }
    const { key, fileSystem } = who;
    if (what.how === "exclusive") this.#table.setVerifier(key, what.verifier);
    this.#files.adopt(new HeldFile({ key, descriptor, fileSystem, facts }));
    return this.#finish(place, what);
  }

  /** Gives what was just made its attributes, and puts it and its name on the disk. */
  async #finish(place: HeldPlace, what: NewFile): Promise<Found | Status> {
    const made = await this.#who(place);
    if (isStatus(made)) return made;
    this.#remember(made, place);
    const wrong = await this.#files.use<null>(made.key, (file) => this.#applyNew(file, what));
    if (wrong !== null) {
      await (what.kind === "directory"
        ? this.removeDirectory(place.directory, place.name)
        : this.remove(place.directory, place.name));
      return wrong;
    }
    const synced = await system.syncHeld(place.directory.descriptor);
    if (synced !== null) return synced;
    const now = await this.#who(place);
    return isStatus(now) ? now : { key: now.key, attributes: now.attributes };
  }

  /** The system cuts a new file's mode by the umask; what was asked for counts. */
  async #applyNew(file: HeldFile, { kind, attributes }: NewFile): Promise<null | Status> {
    const { mode, ...others } = attributes;
    const wanted: AttributeChanges = kind === "link" || mode === undefined ? others : attributes;
    return Object.keys(wanted).length === 0 ? null : this.apply(file, wanted);
  }

  /** RFC 1813 §3.3.8. */
  async #takeExisting(place: HeldPlace, { how, verifier, attributes }: NewRegular): Promise<Found | Status> {
    const who = await this.#who(place);
    if (isStatus(who)) return who;
    const { key } = who;
    this.#remember(who, place);
    if (who.attributes.kind !== "file" || how === "guarded") return "EXIST";
    if (how === "exclusive") return this.#table.verifier(key) === verifier ? foundIn(who) : "EXIST";
    const { sizeOctets } = attributes;
    if (sizeOctets === undefined) return foundIn(who);
    const fault = await this.#files.use<null>(key, (file) => this.apply(file, { sizeOctets }));
    if (fault !== null) return fault;
    const now = await this.#who(place);
    return isStatus(now) ? now : foundIn(now);
  }

  async #removeBy(
    directory: HeldFile,
    name: string,
    act: (facts: { readonly attributes: Attributes }) => Promise<null | Status>,
  ): Promise<null | Status> {
    const fault = nameFault(name);
    if (fault !== null) return fault;
    const gone = await this.#who({ directory, name });
    if (isStatus(gone)) return gone;
    const failed = await act(gone);
    if (failed !== null) return failed;
    this.#forgetName(gone, { directory, name });
    return system.syncHeld(directory.descriptor);
  }

  async #who({ directory, name }: HeldPlace): Promise<Identity | Status> {
    const facts = await system.factsAt(at(directory, name));
    return isStatus(facts) ? facts : this.#files.identify(directory, name, facts);
  }

  #remember({ key, attributes }: Identity, place: HeldPlace): void {
    this.#table.remember({ key, place: placeOf(place), isDirectory: attributes.kind === "directory" });
  }

  #forgetName({ key, attributes }: Identity, place: HeldPlace): void {
    if (attributes.kind !== "directory" && attributes.links > 1) {
      this.#table.forgetPlace(key, placeOf(place));
      return;
    }
    this.#table.forget(key);
    this.#files.drop(key);
  }

  /** After a failed fsync(2) the system may have thrown the data away and will not say so again. */
  #lost(fault: Status): Status {
    this.#verifier = BigInt.asUintN(64, this.#verifier + 1n);
    return fault;
  }
}

async function applyTo(descriptor: number, changes: AttributeChanges): Promise<Status | null> {
  const { sizeOctets, mode, uid, gid, accessed, modified } = changes;
  if (sizeOctets !== undefined) {
    const fault = await system.resize(descriptor, sizeOctets);
    if (fault !== null) return fault;
  }
  if (uid !== undefined || gid !== undefined) {
    const facts = await system.facts(descriptor);
    if (isStatus(facts)) return facts;
    const fault = await system.changeOwner(descriptor, uid ?? facts.attributes.uid, gid ?? facts.attributes.gid);
    if (fault !== null) return fault;
  }
  // After the owner, whose change clears the set-user-ID bit.
  if (mode !== undefined) {
    const fault = await system.changeMode(descriptor, mode & 0o7777);
    if (fault !== null) return fault;
  }
  if (accessed === undefined && modified === undefined) return null;
  const facts = await system.facts(descriptor);
  if (isStatus(facts)) return facts;
  const now = facts.attributes;
  return system.changeTimes(descriptor, { accessed: accessed ?? now.accessed, modified: modified ?? now.modified });
}

function at(directory: HeldFile, name: string): system.At {
  return { directory: directory.descriptor, name };
}

function placeOf({ directory, name }: HeldPlace): { readonly directory: HeldFile["key"]; readonly name: string } {
  return { directory: directory.key, name };
}

function foundIn({ key, attributes }: Identity): Found {
  return { key, attributes };
}
