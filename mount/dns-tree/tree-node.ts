/**
 * What stands in a tree of the DNS, and its durable key: the owner name below the tree's root in wire form, and the type. A name too long for a key
 * is in it as a digest. Which name that is, is remembered for the latest; whoever has to know another one looks through the zone's
 * listing (`dns-file-system.ts`), and where there is none the key is stale: its holder walks again.
 */
import { createHash } from "node:crypto";
import { Name, NameError } from "../../dns/index.ts";
import { type FileKey, fileKeyOf } from "../file-key.ts";

/** A name (a directory, or a link where it is an alias), or one type of it (a file). */
export interface TreeNode {
  readonly name: Name;
  readonly type: number | null;
}

/** `key` stands for `digest` of a name that nobody here remembers. */
export interface ForgottenNode {
  readonly digest: string;
  readonly type: number | null;
}

const WHOLE = "n";
const DIGEST = "d";
/** Of 64: how it is said, and the type. */
const NAME_OCTETS_MAX = 61;
const DIGEST_OCTETS = 32;
const REMEMBERED_MAX = 4096;

export class TreeKeys {
  readonly #root: Name;
  readonly #names = new Map<string, Name>();

  constructor(root: Name) {
    this.#root = root;
  }

  keyOf({ name, type }: TreeNode): FileKey {
    const type16 = String.fromCharCode((type ?? 0) >> 8, (type ?? 0) & 0xff);
    const below = this.#below(name);
    if (below.length <= NAME_OCTETS_MAX) return fileKeyOf(WHOLE + type16 + below);
    const digest = digestOf(below);
    this.#names.delete(digest);
    this.#names.set(digest, name);
    if (this.#names.size > REMEMBERED_MAX) this.#names.delete(this.#names.keys().next().value!);
    return fileKeyOf(DIGEST + type16 + digest);
  }

  /** Null for a key that is none of this tree's. */
  nodeOf(key: FileKey): TreeNode | ForgottenNode | null {
    const number = (key.charCodeAt(1) << 8) | key.charCodeAt(2);
    const type = number === 0 ? null : number;
    const rest = key.slice(3);
    if (key.startsWith(DIGEST) && rest.length === DIGEST_OCTETS) {
      const name = this.#names.get(rest);
      return name === undefined ? { digest: rest, type } : { name, type };
    }
    if (!key.startsWith(WHOLE) || key.length < 3) return null;
    try {
      const octets = Buffer.concat([Buffer.from(rest, "latin1"), this.#root.octets]);
      const name = Name.fromWire(octets);
      const isOurs = name.octets.length === octets.length && name.isAtOrBelow(this.#root);
      return isOurs ? { name, type } : null;
    } catch (error) {
      if (!(error instanceof NameError)) throw error;
      return null;
    }
  }

  /** Whether this is the name that a digest stands for. */
  isNameOf(digest: string, name: Name): boolean {
    const below = this.#below(name);
    return below.length > NAME_OCTETS_MAX && digestOf(below) === digest;
  }

  /** The labels below the root, one character an octet. */
  #below(name: Name): string {
    return name.key.slice(0, name.key.length - this.#root.octets.length);
  }
}

/** The file's number: the same in every tree and after every start. Never 0. */
export function nodeNumber({ name, type }: TreeNode): bigint {
  const digest = createHash("sha256")
    .update(`${type ?? 0}:${name.key}`, "latin1")
    .digest();
  return digest.readBigUInt64BE() | 1n;
}

/** Which file system a zone's names are in, below the tree's own zone. */
export function zoneNumber(apex: Name): bigint {
  return createHash("sha256").update(`zone:${apex.key}`, "latin1").digest().readBigUInt64BE() | 1n;
}

function digestOf(below: string): string {
  return createHash("sha256").update(below, "latin1").digest("latin1");
}
