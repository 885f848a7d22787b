/** Configuration files: every mistake has its place and says what would be right. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { schemaOf } from "../../cli/config-check.ts";
import { configuration } from "../../cli/configuration.ts";
import { ConfigurationError } from "../../cli/configuration-error.ts";
import { DEFAULTS } from "../../cli/defaults.ts";
import { namespace } from "../../cli/namespace.ts";
import { readYaml } from "../../cli/yaml.ts";

function problemsOf(schema: typeof configuration | typeof namespace, text: string): string[] {
  try {
    readYaml({ file: "server.yaml", text }, schema);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message.split("\n");
    throw error;
  }
}

describe("a mistake in a server's configuration", () => {
  test.each([
    ["an unknown key", "lisen: [127.0.0.1:53]\n", 'server.yaml:1:1: unknown key "lisen"; did you mean listen?'],
    ["a key that is missing", "zones: []\n", "server.yaml:1:1: listen: this is missing"],
    ["an empty file", "", "server.yaml:1:1: listen: this is missing"],
    ["no port", "listen: [127.0.0.1:99999]\n", "server.yaml:1:10: listen[0]: "],
    ["no address", "listen: [localhost:53]\n", "server.yaml:1:10: listen[0]: "],
    ["a list that is a text", "listen: 127.0.0.1:53\n", "server.yaml:1:9: listen: a list is wanted"],
    [
      "a layer that is none",
      "listen: [127.0.0.1:53]\nzones:\n  - name: vu.nl\n    file: a\n    layer: manegerial\n",
      "server.yaml:5:12: zones[0].layer: one of global, administrational, managerial is wanted; did you mean managerial?",
    ],
    [
      "an unknown key deep down",
      "listen: [127.0.0.1:53]\nzones:\n  - name: vu.nl\n    fiel: a\n",
      'server.yaml:4:5: unknown key "fiel"; did you mean file?',
    ],
    [
      "a name that is none",
      "listen: ['[::1]:53']\nzones: [{ name: a..b, file: x }]\n",
      "server.yaml:2:17: zones[0].name: a label",
    ],
    [
      "a prefix that is none",
      "listen: ['[::1]:53']\nrecursion: { allow: [10.0.0.0/99] }\n",
      "server.yaml:2:22: recursion.allow[0]: ",
    ],
    [
      "a secret that is too short",
      "listen: ['[::1]:53']\ncookies: { secrets: [abc] }\n",
      "server.yaml:2:22: cookies.secrets[0]: 32 hex",
    ],
    [
      "a bound out of range",
      "listen: ['[::1]:53']\nbounds: { udpPayloadOctets: 9 }\n",
      "2:29: bounds.udpPayloadOctets: at least 512",
    ],
    [
      "a zone from nowhere",
      "listen: ['[::1]:53']\nzones: [{ name: vu.nl }]\n",
      "where it comes from is wanted: either file",
    ],
    [
      "a zone from two places",
      "listen: ['[::1]:53']\nzones: [{ name: vu.nl, file: a, primaries: ['127.0.0.1:53'] }]\n",
      "where it comes from is wanted: either file",
    ],
    ...[
      ["nobody", "{ self: true }", "to whom is wanted: either key, or from"],
      ["a key and addresses", "{ key: k, from: [127.0.0.1] }", "to whom is wanted: either key, or from"],
      ["names twice over", "{ key: k, self: true, name: a.vu.nl }", "one of self, name, subdomain, wildcard at most"],
      ["the own name of an address", "{ from: [127.0.0.1], self: true }", "self is the name of a key"],
      ["a wildcard that is none", "{ key: k, wildcard: vu.nl }", "a wildcard begins with *."],
      ["a type that is none", "{ key: k, types: [AAAAA] }", "zones[0].update[0].types[0]: a record type is wanted"],
    ].map(([what, grant, message]): [string, string, string] => [
      `updates granted to or of ${what}`,
      `listen: ['[::1]:53']\nzones: [{ name: vu.nl, file: a, update: [${grant}] }]\n`,
      message!,
    ]),
    ["two keys alike", "log: info\nlog: warn\n", "server.yaml:2:1: not YAML: "],
    ["no YAML", "listen: [\n", "not YAML: "],
  ])("%s", (_situation, text, message) => {
    expect(problemsOf(configuration, text).join("\n")).toContain(message);
  });

  test("all mistakes are told at once, in the order of the file", () => {
    const text = "lisen: []\nzones:\n  - { name: a..b, file: x }\nlog: loud\n";
    expect(problemsOf(configuration, text).map((problem) => problem.split(":")[1])).toEqual(["1", "1", "3", "4"]);
  });
});

test("what is left out has the defaults of the design", () => {
  const settings = readYaml({ file: "server.yaml", text: "listen: [127.0.0.1:5300]\n" }, configuration);
  expect(settings.bounds).toMatchObject({ udpPayloadOctets: 1232, tcpConnections: 1024, tcpConnectionsPerClient: 32 });
  expect(settings.recursion).toBeUndefined();
  expect(settings.rateLimit.exempt).toEqual(["127.0.0.0/8", "::1/128"]);
});

test("without a file the defaults are those of one that says nothing", () => {
  const listen = ["127.0.0.1:5300"];
  expect({ ...DEFAULTS, listen }).toEqual(configuration.parse({ listen }));
});

test("a name space's server with a zone that is not listed is told at its place", () => {
  const text = `zones: [{ name: vu.nl, file: a, layer: global }]
servers:
  - { name: ns, address: 127.0.1.1, zones: [vu.nll] }
resolver: { address: 127.0.1.53 }
`;
  expect(problemsOf(namespace, text)).toEqual([
    "server.yaml:3:45: servers[0].zones[0]: the zone vu.nll is not among zones; did you mean vu.nl?",
  ]);
});

test.each([
  ["internet/namespace.yaml", namespace],
  ["server.yaml", configuration],
] as const)("the example %s is right", (name, schema) => {
  const file = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  expect(problemsOf(schema, readFileSync(file, "utf8"))).toEqual([]);
});

test("the JSON Schema for editors knows every key and its meaning", () => {
  const schema = JSON.stringify(schemaOf("serve"));
  for (const key of ["listen", "zones", "recursion", "rateLimit", "cookies", "identity", "metrics", "bounds"]) {
    expect(schema).toContain(`"${key}"`);
  }
  expect(schema).toContain('"additionalProperties":false');
});
