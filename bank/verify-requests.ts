/**
 * What was asked of a bank, beside what came of it: each entry has a request, each request's answer its entry; flags of reversals; documents,
 * and when holds end, which no entry tells, by the digest of the command that set them.
 */
import { equalOctets } from "../base/index.ts";
import type { Account } from "./account.ts";
import type { Hold } from "./books.ts";
import type { Command } from "./command.ts";
import { DOCUMENT_KINDS, type DocumentKind, type DocumentOf, leavesNothing, type Versioned } from "./document.ts";
import type { Entry } from "./entry.ts";
import { decodeAnswer, digestOf } from "./request-text.ts";

export interface RequestMade {
  readonly key: string;
  /** Of its command; none: it was barred before it came. */
  readonly digest: Uint8Array;
  readonly answer: Uint8Array;
  readonly entry: number | null;
  readonly isReversed: boolean;
  /** The command's kind, and of a document which (`whatOf`). */
  readonly what: string;
  /** With which it was made; null also where an earlier version did not keep it. */
  readonly card: string | null;
}

export interface DocumentKept extends Versioned<DocumentOf<DocumentKind> | null> {
  /** A kind, where the books are right. */
  readonly what: string;
}

/** A command may have been any of these. */
type Candidates = readonly Command[];

/** Handed what the books have; entries first, requests last. */
export class RequestsMade {
  readonly #fault: (text: string) => void;
  readonly #entryKeys = new Map<number, string>();
  readonly #reversed = new Set<string>();
  readonly #documents = new Map<string, DocumentKept>();
  readonly #holders = new Map<string, string | null>();
  readonly #cards = new Map<string, string[]>();
  readonly #holds = new Map<string, { readonly hold: Hold; readonly entry: Entry }>();

  constructor(fault: (text: string) => void) {
    this.#fault = fault;
  }

  entry({ number, key }: Entry): void {
    this.#entryKeys.set(number, key);
  }

  /** Whether nothing has reversed it before. */
  reverse(key: string): boolean {
    const isFirst = !this.#reversed.has(key);
    this.#reversed.add(key);
    return isFirst;
  }

  account({ id, holder }: Account): void {
    this.#holders.set(id, holder);
  }

  documents(documents: Iterable<DocumentKept>): void {
    for (const document of documents) {
      const { what, id, value } = document;
      this.#documents.set(`${what} ${id}`, document);
      if (what !== "card" || value === null || !("account" in value)) continue;
      const cards = this.#cards.get(value.holder) ?? [];
      this.#cards.set(value.holder, cards);
      cards.push(id);
    }
  }

  hold(hold: Hold, entry: Entry): void {
    this.#holds.set(hold.key, { hold, entry });
  }

  /** Says how many there are. */
  compare(requests: Iterable<RequestMade>): number {
    const asked = new Set<string>();
    /** What set each document last. */
    const set = new Map<string, { readonly version: number | null; readonly digest: Uint8Array }>();
    for (const request of requests) {
      const { key, digest, entry, what } = request;
      asked.add(key);
      const { status, version, entry: told } = decodeAnswer(request.answer);
      if (told !== entry)
        this.#fault(`request ${key}: its answer tells of entry ${told}, and entry ${entry} stands for it`);
      this.#compareFlag(request);
      if (entry !== null && this.#entryKeys.get(entry) !== key)
        this.#fault(`request ${key}: its entry ${entry} is not there, or another's`);
      this.#compareHold(request);
      if (what.startsWith("set ") && status === "ok") set.set(what.slice("set ".length), { version, digest });
    }
    for (const [number, key] of this.#entryKeys)
      if (!asked.has(key)) this.#fault(`entry ${number}: nobody has asked for it (${key})`);
    this.#compareDocuments(set);
    return asked.size;
  }

  #compareFlag({ key, isReversed }: RequestMade): void {
    if (isReversed === this.#reversed.has(key)) return;
    const is = isReversed ? "said to be reversed, and no entry does" : "reversed by an entry, and not said to be";
    this.#fault(`request ${key}: it is ${is}`);
  }

  /** Nothing but its digest tells until when it was asked for; the card it was asked with may not have been kept. */
  #compareHold({ key, digest, card: kept }: RequestMade): void {
    const found = this.#holds.get(key);
    if (found === undefined) return;
    const { hold, entry } = found;
    const { debit, credit, amount, reason, reference } = entry;
    const holder = this.#holders.get(debit) ?? null;
    const cards = holder === null ? [] : (this.#cards.get(holder) ?? []);
    const candidates = [kept, null, ...cards].map((card) => ({
      kind: "hold" as const,
      movement: { debit, credit, amount, reason, reference, card },
      expiresAtMilliseconds: hold.expiresAtMilliseconds,
    }));
    if (!isOneOf(digest, candidates))
      this.#fault(`hold ${key} ends at ${hold.expiresAtMilliseconds}, and was asked for until another time`);
  }

  #compareDocuments(set: ReadonlyMap<string, { readonly version: number | null; readonly digest: Uint8Array }>): void {
    for (const [place, { version, digest }] of set) {
      const document = this.#documents.get(place);
      if (document === undefined) {
        if (!isOneOf(digest, removals(place)))
          this.#fault(`${place}: it is not there, and was set to version ${version}`);
      } else if (document.version !== version)
        this.#fault(`${place}: it has version ${document.version}, and was set to version ${version}`);
      else if (!isOneOf(digest, settings(document))) this.#fault(`${place}: it does not say what it was set to`);
    }
    for (const place of this.#documents.keys()) if (!set.has(place)) this.#fault(`${place}: nobody has set it`);
  }
}

/** Of a document that leaves nothing when it is removed, which is done by its version. */
function removals(place: string): Candidates {
  const [named = "", id = ""] = place.split(" ");
  const kinds = DOCUMENT_KINDS.filter((kind) => kind === named && leavesNothing(kind));
  return kinds.flatMap((what) =>
    [1, null].map((ifVersion) => ({ kind: "set", what, id, value: null, ifVersion }) as const),
  );
}

/** By version, as the first one, or whatever there was. */
function settings({ what: named, id, value, version }: DocumentKept): Candidates {
  const kinds = DOCUMENT_KINDS.filter((kind) => kind === named);
  return kinds.flatMap((what) =>
    [version - 1, 0, null].map((ifVersion) => ({ kind: "set", what, id, value, ifVersion }) as const),
  );
}

const isOneOf = (digest: Uint8Array, candidates: Candidates): boolean =>
  candidates.some((command) => equalOctets(digestOf(command), digest));
