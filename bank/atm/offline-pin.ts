/**
 * PINs that an ATM may judge itself while the bank cannot be asked, where it is told to (an allowance): of cards whose PIN the bank found right
 * here before. A short PIN is found from its hash by whoever has the ATM's disk and some minutes, so that nothing is kept unless it is asked
 * for, and a card's is dropped when the bank refuses it, or after three wrong tries.
 */
import { scryptSync, timingSafeEqual } from "node:crypto";
import type { Random } from "../../base/index.ts";
import type { AtmJournal } from "./journal.ts";

/** 32 MiB and some 50 ms a try (RFC 7914 §2). */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 };
const OCTETS = 32;
const TRIES_MAX = 3;

const wordOf = (card: string): string => `pin ${card}`;

export function rememberPin(journal: AtmJournal, card: string, pin: string, random: Random): void {
  const salt = random.octets(16);
  const text = [salt, hashOf(pin, salt)].map((octets) => Buffer.from(octets).toString("base64")).join(" ");
  journal.change((page) => page.setWord(wordOf(card), `0 ${text}`));
}

export function forgetPin(journal: AtmJournal, card: string): void {
  journal.change((page) => {
    if (page.word(wordOf(card)) !== null) page.setWord(wordOf(card), "");
  });
}

/** A try is counted before it is judged. */
export function judgePin(journal: AtmJournal, card: string, pin: string): "right" | "wrong" | "not-known" {
  const known = journal.change((page) => {
    const [tries = "", salt, hash] = (page.word(wordOf(card)) ?? "").split(" ");
    if (hash === undefined || salt === undefined || Number(tries) >= TRIES_MAX) return null;
    page.setWord(wordOf(card), `${Number(tries) + 1} ${salt} ${hash}`);
    return { salt, hash };
  });
  if (known === null) return "not-known";
  const right = Buffer.from(known.hash, "base64");
  if (!timingSafeEqual(hashOf(pin, Buffer.from(known.salt, "base64")), right)) return "wrong";
  journal.change((page) => page.setWord(wordOf(card), `0 ${known.salt} ${known.hash}`));
  return "right";
}

const hashOf = (pin: string, salt: Uint8Array): Buffer => scryptSync(pin, salt, OCTETS, COST);
