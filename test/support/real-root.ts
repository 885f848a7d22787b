/**
 * The real root zone beside the repository (../shared/zones), as tests want it: its text, what may be signed of it, the
 * addresses of real hosts that stand in it, and names worth asking for. Those addresses are used only in networks of our own.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";

const SHARED = join(import.meta.dirname, "../../../shared");
export const ROOT_FILE = join(SHARED, "zones/root-2018031200.zone");

/** The example's zones that are children of the root; their real servers' addresses are given copies of these. */
export const TLDS = ["com", "edu", "nl"] as const;
export const exampleZone = (apex: string): string => join(import.meta.dirname, `../../examples/internet/${apex}.zone`);

/** Where the data is absent the tests are skipped out loud; a shared folder without it is a failure in CI. */
export function describeWithRealRoot(title: string, tests: () => void): void {
  if (existsSync(ROOT_FILE)) {
    describe(title, tests);
    return;
  }
  const why = "needs ../shared/zones/root-2018031200.zone beside the repository";
  if (process.env["CI"] === "true" && existsSync(SHARED)) {
    test(`${title}: ${why}`, () => {
      throw new Error(why);
    });
    return;
  }
  process.stderr.write(`\nSKIPPED ${title}: ${why}\n\n`);
  // Not `describe.skip`, which runs what prepares the tests all the same.
  test.skip(`${title} (${why})`, () => undefined);
}

export class RealRoot {
  readonly text = readFileSync(ROOT_FILE, "utf8");
  readonly #lines = this.text.trimEnd().split("\n");

  /** Without the SOA at the end, which a transfer has twice and NSD does not want. */
  withOneSoa(): string {
    return `${this.#lines.slice(0, -1).join("\n")}\n`;
  }

  /** What a signer begins with: no keys and no proofs of others, and no DS for those whose copies are not signed. */
  toSign(unsigned: readonly string[] = []): string {
    const isKept = (line: string): boolean => {
      const [owner = "", , , type = ""] = line.split(/\s+/);
      return !["DNSKEY", "NSEC", ...(unsigned.includes(owner.slice(0, -1)) ? ["DS"] : [])].includes(type);
    };
    return `${this.#lines.slice(0, -1).filter(isKept).join("\n")}\n`;
  }

  /** The IPv4 addresses of the servers of a delegation, or of the root itself (""), as far as glue stands here. */
  addresses(child: string): string[] {
    const names = new Set(this.#data(`${child}.`, "NS"));
    return [...names].flatMap((name) => this.#data(name, "A"));
  }

  /** Root hints with these addresses, each as a server of its own. */
  hints(addresses: readonly string[]): string {
    const name = (index: number): string => `${String.fromCharCode(0x61 + index)}.root-servers.net.`;
    return addresses.map((address, i) => `. 3600000 NS ${name(i)}\n${name(i)} 3600000 A ${address}\n`).join("");
  }

  /** Every owner with its types, and names below delegations and beside them that nobody has. */
  names(): Map<string, readonly string[]> {
    const names = new Map<string, string[]>();
    for (const line of this.#lines) {
      const [owner = "", , , type = ""] = line.split(/\s+/);
      const types = names.get(owner) ?? [];
      if (!types.includes(type)) types.push(type);
      names.set(owner, types);
    }
    const delegations = [...names].filter(([owner, types]) => owner !== "." && types.includes("NS"));
    for (const [owner] of delegations) names.set(`www.example.${owner}`, []).set(`zz${owner}`, []);
    return names;
  }

  #data(owner: string, type: string): string[] {
    const lines = this.#lines.map((line) => line.split(/\s+/));
    return lines.filter((words) => words[0] === owner && words[3] === type).map((words) => words[4]!);
  }
}
