import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../base/index.ts";
import { ConfigurationError } from "../../cli/configuration-error.ts";
import { KeyFiles } from "../../cli/key-files.ts";
import { MemoryOutput } from "../../cli/output.ts";
import { readKey, readKeys } from "../../cli/keys.ts";
import { run } from "../../cli/run.ts";
import { Name, TsigKey } from "../../dns/index.ts";
import { MemoryFiles } from "../support/memory-files.ts";

const SECRET = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI=";
const SLASHED = "a/b//c/+";
const read = (text: string) => readKeys("k", new MemoryFiles({ k: text }));

describe("key files", () => {
  test.each([
    ["as tsig-keygen prints it", `key "ddns-key" {\n\talgorithm hmac-sha256;\n\tsecret "${SECRET}";\n};\n`],
    ["without quotes, on one line, in upper case", `key ddns-key { algorithm HMAC-SHA256; secret ${SECRET}; };`],
    [
      "with comments of all three kinds",
      `# a\n// b\n/* c\n */ key ddns-key { /* d */ secret "${SECRET}"; algorithm hmac-sha256; }; // e`,
    ],
    ["a secret with slashes, without quotes", `key ddns-key { algorithm hmac-sha256; secret ${SLASHED}; };`, SLASHED],
    ["a secret that begins with one", `key ddns-key{algorithm hmac-sha256;secret /+8=;};//`, "/+8="],
    ["as YAML", `keys:\n  - name: ddns-key\n    secret: ${SECRET}\n`],
  ])("%s", async (_, text, secret = SECRET) => {
    const [key] = await read(text);
    expect([key!.name.toString(), key!.algorithm]).toEqual(["ddns-key.", "hmac-sha256"]);
    const own = new TsigKey(Name.parse("ddns-key"), "hmac-sha256", Buffer.from(secret, "base64"));
    expect(key!.mac([Uint8Array.of(1)])).toEqual(own.mac([Uint8Array.of(1)]));
  });

  test.each([
    ["", "k:1:1: there is no key in this file"],
    ["nonsense", 'k:1:1: key "NAME" { algorithm …; secret "…"; }; is wanted'],
    [`key a {\n  algorithm hmac-md5;`, "k:2:13: one of hmac-sha256, hmac-sha384, hmac-sha512 is wanted"],
    ['key a { algorithm hmac-sha256; secret "not base64!"; };', "k:1:39: a secret is base64"],
    ["key a { algorithm hmac-sha256; };", "k:1:32: the key has no secret"],
    [`key a { secret "${SECRET}"; };`, "the key has no algorithm"],
    ["key a { algorithm hmac-sha256 }", "k:1:31: ; is wanted here"],
    ['key "unclosed { algorithm', "k:1:5: this is no key file"],
    [`key ${"x".repeat(63)}.yz { algorithm hmac-sha256; secret "${SECRET}"; };`, "at most 64 octets"],
    ["keys:\n  - name: a\n    secret: '!'\n", "k:3:13: keys[0].secret: a secret is base64"],
    ["keys: []\n", "k:1:7"],
  ])("%j: %s", async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  test("what is wrong is told without the secret", async () => {
    const text = `key a { algorithm hmac-sha256; secret "${SECRET}" oops; };`;
    await expect(read(text)).rejects.not.toThrow(SECRET.slice(0, 8));
    await expect(read(text)).rejects.toThrow("; is wanted here");
  });

  test("whatever is wrong with a file, its error never shows a secret that stands anywhere in it", async () => {
    const random = new SeededRandom(8945);
    const parts = [
      "key",
      "a",
      "{",
      "}",
      ";",
      "algorithm",
      "hmac-sha256",
      "secret",
      `"${SECRET}"`,
      SECRET,
      '"',
      "keys:",
      "- name:",
      "\n",
      "  ",
    ];
    for (let i = 0; i < 3000; i++) {
      const text = Array.from({ length: 3 + random.below(14) }, () => parts[random.below(parts.length)]).join(" ");
      await read(text).catch((error: unknown) => {
        expect(error, text).toBeInstanceOf(ConfigurationError);
        expect(String(error), text).not.toContain(SECRET.slice(0, 8));
      });
    }
  });

  test("a file that two options name is read once; another key of the same name is told", async () => {
    const files = new KeyFiles(
      new Map(),
      new MemoryFiles({
        k: `key a { algorithm hmac-sha256; secret ${SECRET}; };`,
        m: `key A { algorithm hmac-sha512; secret ${SECRET}; };`,
      }),
    );
    const [one, two] = await Promise.all([files.read("update-key", "k"), files.read("update-key", "k")]);
    expect(one).toBe(two);
    await expect(files.read("transfer-key", "m")).rejects.toThrow(
      "--transfer-key m: another key of the name A. is given elsewhere",
    );
  });

  test("one key is wanted and two stand there", async () => {
    const key = (name: string): string => `key ${name} { algorithm hmac-sha256; secret "${SECRET}"; };\n`;
    await expect(readKey("k", new MemoryFiles({ k: key("a") + key("b") }))).rejects.toThrow("2 keys stand here");
  });
});

describe("strata key generate", () => {
  test.each([
    ["bind", "hmac-sha256", 32],
    ["yaml", "hmac-sha512", 64],
  ])("prints a key in the form %s that is read again", async (format, algorithm, octets) => {
    const output = new MemoryOutput();
    expect(await run(["key", "generate", "update.vu.nl", "--format", format, "--algorithm", algorithm], output)).toBe(
      0,
    );
    const text = output.results.join("\n");
    const [key] = await read(text);
    expect([key!.name.toString(), key!.algorithm]).toEqual(["update.vu.nl.", algorithm]);
    const secret = /secret:? "?([A-Za-z0-9+/=]+)/.exec(text)![1]!;
    expect(Buffer.from(secret, "base64")).toHaveLength(octets);
  });

  test("never the same", async () => {
    const output = new MemoryOutput();
    for (let i = 0; i < 2; i++) await run(["key", "generate", "a"], output);
    expect(output.results[0]).not.toBe(output.results[1]);
  });

  test("a name that is none is told", async () => {
    const output = new MemoryOutput();
    expect(await run(["key", "generate", "a..b"], output)).toBe(64);
  });
});
