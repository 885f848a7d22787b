/** The description of a whole name space that `strata up` starts: zones, servers, and who has which zone. */
import { z } from "zod";
import { suggestion } from "../base/index.ts";
import { Name } from "../dns/index.ts";
import { domainName, layer, port, prefix } from "./configuration.ts";

/** The same for all spellings of one name, and for what is no name too: that is another check's to say. */
function nameKey(text: string): string {
  try {
    return Name.parse(text).key;
  } catch {
    return text;
  }
}

const address = z.string().describe("A loopback address of this server's own, such as 127.0.1.1.");

const zone = z.strictObject({
  name: domainName,
  file: z.string().min(1).describe("The master file; a relative path starts at the folder of this file."),
  layer,
  update: z
    .boolean()
    .default(false)
    .describe("Whether programs change it: strata up makes a key that may change everything in it, in keys/ZONE.key."),
});

const holder = z.strictObject({
  name: z.string().min(1).max(100),
  pin: z
    .string()
    .regex(/^\d{4,12}$/, "4 to 12 digits are wanted")
    .describe("Of the card."),
  deposit: z.string().regex(/^\d+(\.\d+)?$/, "an amount is wanted, such as 100 or 12.30"),
});

const bank = z
  .strictObject({
    name: domainName.describe("The bank's name; its zone, and atm below it, are among zones, with update."),
    address,
    port: port.default(8443).describe("Of its pages; a free one when --port is given."),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, "a code of ISO 4217 is wanted")
      .default("USD"),
    holders: z.array(holder).default([]).describe("Accounts to begin with."),
    billers: z
      .array(z.string().regex(/^[a-z0-9-]+$/))
      .default([])
      .describe("Whose bills can be paid."),
    atms: z.array(z.string().regex(/^[a-z0-9-]+$/, "a label of a name is wanted")).default([]),
  })
  .describe("A bank server that registers itself.");

const files = z
  .strictObject({
    address: address.describe("The file server's; its zones' records say so, and that its port is 2049."),
    directory: z.string().min(1).describe("What it serves, beside this file."),
    exports: z.array(z.string().startsWith("/")).min(1).describe("Directories in it that others may mount."),
    domains: z
      .array(domainName)
      .default([])
      .describe("Whose files it has: they are found below /net by the domain's name (RFC 6641)."),
  })
  .describe("An NFS server, and the local name space of this machine's user.");

const server = z.strictObject({
  name: domainName.describe("The server's name, as its NS records have it."),
  address,
  zones: z.array(domainName).min(1),
});

export const namespace = z
  .strictObject({
    port: port.default(8053).describe("The port of all servers, because an NS record carries none."),
    zones: z.array(zone).min(1),
    servers: z
      .array(server)
      .min(1)
      .describe("The first that has a zone is its primary and reads the file; the others fetch the zone from there."),
    recursion: z.array(prefix).default(["127.0.0.0/8"]).describe("Clients for which names are handed down."),
    resolver: z.strictObject({ address }).describe("The caching resolver for stubs."),
    bank: bank.optional(),
    files: files.optional(),
    try: z.array(z.string()).default([]).describe("Commands to suggest when everything runs."),
  })
  .superRefine((value, context) => {
    const known = value.zones.map(({ name }) => nameKey(name));
    value.servers.forEach((server, i) => {
      server.zones.forEach((name, j) => {
        if (known.includes(nameKey(name))) return;
        const path = ["servers", i, "zones", j];
        context.addIssue({
          code: "custom",
          path,
          message: `the zone ${name} is not among zones${suggestion(
            name,
            value.zones.map((zone) => zone.name),
          )}`,
        });
      });
    });
  })
  .meta({ title: "strata up", description: "A name space on one machine: its zones and their servers." });

export type Namespace = z.output<typeof namespace>;
