/**
 * File handles as clients see them (RFC 1813 §2.5): version, length of the key, number of the export through which the file was found, the file's key (or the digest of a long one), and a
 * code under a secret, so that nobody makes one up. At most 56 octets, a multiple of 4, the same after a restart. A string, one octet a character.
 */
import { SipHash } from "../../base/index.ts";
import { type FileKey, fileKeyOf } from "../file-key.ts";
import { DIGEST_OCTETS, type HandleStore } from "./handle-store.ts";

export const HANDLE_OCTETS_MAX = 56;
const VERSION = 1;
const HEAD_OCTETS = 4;
const CODE_OCTETS = 8;
/** A longer key is kept in the store. */
const KEY_OCTETS_MAX = HANDLE_OCTETS_MAX - HEAD_OCTETS - CODE_OCTETS;
/** In place of the key's length: what follows is a digest. */
const IS_DIGEST = 255;
/** Handles whose code was found good; forgotten all at once, because each costs little to check again. */
const CHECKED_MAX = 20_000;

/** What stands behind a handle. */
export interface HandleContent {
  readonly exportNumber: number;
  readonly key: FileKey;
}

export class FileHandles {
  readonly #store: HandleStore;
  readonly #hash: SipHash;
  readonly #scratch = Buffer.alloc(HANDLE_OCTETS_MAX);
  readonly #code = Buffer.alloc(CODE_OCTETS);
  readonly #checked = new Map<string, HandleContent>();

  constructor(store: HandleStore) {
    this.#store = store;
    this.#hash = new SipHash(store.secret);
  }

  handleOf(exportNumber: number, key: FileKey): string {
    const scratch = this.#scratch;
    const isLong = key.length > KEY_OCTETS_MAX;
    const content = isLong ? this.#store.digestOf(key) : key;
    scratch[0] = VERSION;
    scratch[1] = isLong ? IS_DIGEST : content.length;
    scratch.writeUInt16BE(exportNumber, 2);
    scratch.write(content, HEAD_OCTETS, "latin1");
    let end = HEAD_OCTETS + content.length;
    while (end % 4 !== 0) scratch[end++] = 0;
    this.#hash.hash(scratch, end, scratch, end);
    return scratch.toString("latin1", 0, end + CODE_OCTETS);
  }

  /** BADHANDLE: not one of ours, or changed. STALE: it was ours, but what it stood for is no longer known. */
  open(handle: string): HandleContent | "BADHANDLE" | "STALE" {
    const known = this.#checked.get(handle);
    if (known !== undefined) return known;
    const content = this.#check(handle);
    if (typeof content === "string") return content;
    if (this.#checked.size >= CHECKED_MAX) this.#checked.clear();
    this.#checked.set(handle, content);
    return content;
  }

  #check(handle: string): HandleContent | "BADHANDLE" | "STALE" {
    const end = handle.length - CODE_OCTETS;
    if (end < HEAD_OCTETS || handle.length > HANDLE_OCTETS_MAX || handle.length % 4 !== 0) return "BADHANDLE";
    const scratch = this.#scratch;
    scratch.write(handle, "latin1");
    this.#hash.hash(scratch, end, this.#code, 0);
    // Every octet is compared, so that the time it takes tells nothing.
    let difference = 0;
    for (let i = 0; i < CODE_OCTETS; i++) difference |= this.#code[i]! ^ scratch[end + i]!;
    if (difference !== 0 || scratch[0] !== VERSION) return "BADHANDLE";
    const exportNumber = scratch.readUInt16BE(2);
    const length = scratch[1]!;
    if (length !== IS_DIGEST) return { exportNumber, key: fileKeyOf(handle.slice(HEAD_OCTETS, HEAD_OCTETS + length)) };
    const key = this.#store.keyOf(handle.slice(HEAD_OCTETS, HEAD_OCTETS + DIGEST_OCTETS));
    return key === null ? "STALE" : { exportNumber, key };
  }
}
