/** Which number the kernel knows a file by, and how often it was told: when it has forgotten it as often, the number is given up and never used again. */
import { type FileKey } from "../file-key.ts";
import { ROOT_NODE } from "./constants.ts";

export interface Node {
  readonly id: number;
  readonly key: FileKey;
  lookups: number;
  /** What the content was when it was opened last: the kernel may keep what it has read as long as that stays. */
  openedAs: string | null;
  /** The verifier of its unstable writes that are not committed yet, or null when there are none. */
  unstable: bigint | null;
  /** A write was lost before it was committed; whoever closes or syncs the file next is told. */
  isLost: boolean;
}

export class Nodes {
  readonly #byId = new Map<number, Node>();
  readonly #byKey = new Map<FileKey, Node>();
  #lastId = ROOT_NODE;

  constructor(root: FileKey) {
    // The root is never looked up and never forgotten.
    this.#put({ id: ROOT_NODE, key: root, lookups: 1, openedAs: null, unstable: null, isLost: false });
  }

  /** All but the root. */
  get count(): number {
    return this.#byId.size - 1;
  }

  get(id: number): Node | null {
    return this.#byId.get(id) ?? null;
  }

  /** The file's node, one more time told to the kernel. */
  tell(key: FileKey): Node {
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      if (known.id !== ROOT_NODE) known.lookups++;
      return known;
    }
    return this.#put({ id: ++this.#lastId, key, lookups: 1, openedAs: null, unstable: null, isLost: false });
  }

  forget(id: number, lookups: number): void {
    const node = this.#byId.get(id);
    if (node === undefined || id === ROOT_NODE) return;
    node.lookups -= lookups;
    if (node.lookups > 0) return;
    this.#byId.delete(id);
    this.#byKey.delete(node.key);
  }

  #put(node: Node): Node {
    this.#byId.set(node.id, node);
    this.#byKey.set(node.key, node);
    return node;
  }
}
