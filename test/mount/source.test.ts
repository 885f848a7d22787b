/** What may be mounted: sources and options as text, there and back, and what is said of wrong ones. */
import { describe, expect, test } from "vitest";
import { Name } from "../../dns/index.ts";
import { formatMountOptions, MOUNT_OPTIONS_DEFAULT, MountOptionError, parseMountOptions } from "../../mount/options.ts";
import { formatSource, parseSource, type Source } from "../../mount/source.ts";
import { SourceError } from "../../mount/source-cursor.ts";

const nfs = (host: string, path: string, more: object = {}): Source => ({
  kind: "nfs",
  ...{ host, path, nfsPort: null, mountPort: null, uid: null, gid: null },
  ...more,
});

describe("a source", () => {
  test.each<[string, Source, string?]>([
    ["nfs://files.cs.vu.nl/home", nfs("files.cs.vu.nl", "/home")],
    ["nfs://files.cs.vu.nl./home/", nfs("files.cs.vu.nl", "/home"), "nfs://files.cs.vu.nl/home"],
    [
      "NFS://127.0.0.1:2049//home",
      nfs("127.0.0.1", "/home", { nfsPort: 2049, mountPort: 2049 }),
      "nfs://127.0.0.1:2049/home",
    ],
    ["nfs://[::1]/", nfs("::1", "/")],
    [
      "nfs://[2001:DB8:0::1]:99/a",
      nfs("2001:db8::1", "/a", { nfsPort: 99, mountPort: 99 }),
      "nfs://[2001:db8::1]:99/a",
    ],
    ["nfs://127.0.0.1/x?nfsport=20490&mountport=20491", nfs("127.0.0.1", "/x", { nfsPort: 20490, mountPort: 20491 })],
    ["nfs://h:7/x?mountport=8", nfs("h", "/x", { nfsPort: 7, mountPort: 8 }), "nfs://h/x?nfsport=7&mountport=8"],
    ["nfs://h/x?nfsport=7", nfs("h", "/x", { nfsPort: 7 })],
    ["nfs://h/x?version=3&uid=0&gid=100", nfs("h", "/x", { uid: 0, gid: 100 }), "nfs://h/x?uid=0&gid=100"],
    ["nfs://h/a%20b%3F/%C3%A9", nfs("h", "/a b?/é")],
    ["nfs://h/é", nfs("h", "/é"), "nfs://h/%C3%A9"],
    ["nfs://h/%FF", nfs("h", "/\udcff")],
    ["nfs://h/%00".replace("%00", "%01"), nfs("h", "/\u0001")],
    ["dns://cs.vu.nl", { kind: "dns", zone: Name.parse("cs.vu.nl"), server: null }],
    ["dns://.", { kind: "dns", zone: Name.root, server: null }],
    ["dns://@[::1]:5300", { kind: "dns", zone: Name.root, server: { host: "::1", port: 5300 } }, "dns://.@[::1]:5300"],
    ["dns://cs.vu.nl./", { kind: "dns", zone: Name.parse("cs.vu.nl"), server: null }, "dns://cs.vu.nl"],
    [
      "dns://vu.nl@127.0.1.14:8053",
      { kind: "dns", zone: Name.parse("vu.nl"), server: { host: "127.0.1.14", port: 8053 } },
    ],
    ["dns://vu.nl@ns1.vu.nl", { kind: "dns", zone: Name.parse("vu.nl"), server: { host: "ns1.vu.nl", port: 53 } }],
    ["dns://a%5C.b%5C%40.nl", { kind: "dns", zone: Name.parse("a\\.b\\@.nl"), server: null }],
    ["ns:/remote/vu", { kind: "ns", path: "/remote/vu" }],
    ["ns://x/", { kind: "ns", path: "/x" }, "ns:/x"],
    ["ns:/", { kind: "ns", path: "/" }],
    ["auto:/etc/auto.home", { kind: "auto", map: { kind: "file", path: "/etc/auto.home" } }],
    ["auto:program:/etc/auto.prog", { kind: "auto", map: { kind: "program", path: "/etc/auto.prog" } }],
    ["auto:direct:/etc/auto.direct", { kind: "auto", map: { kind: "direct", path: "/etc/auto.direct" } }],
    ["auto:net", { kind: "auto", map: { kind: "net" } }],
    ["file:///srv/files", { kind: "file", path: "/srv/files" }],
    ["file://localhost/srv", { kind: "file", path: "/srv" }, "file:///srv"],
  ])("%s", (text, source, written = text) => {
    expect(parseSource(text)).toEqual(source);
    expect(formatSource(source)).toBe(written);
    expect(parseSource(written)).toEqual(source);
  });

  test.each<[string, number, string]>([
    ["", 0, "nfs://HOST[:PORT]/PATH, dns://"],
    ["/home", 0, "is no source"],
    ["nsf://h/x", 0, "did you mean nfs?"],
    ["http://h/x", 0, "is no source"],
    ["nfs:/h/x", 4, '"//" is missing'],
    ["nfs:///x", 6, "the server's name is missing"],
    ["nfs://h", 7, 'a path beginning with "/" is missing'],
    ["nfs://user@h/x", 6, "uid="],
    ["nfs://h:0/x", 8, "a port is a whole number from 1 to 65535"],
    ["nfs://h:99999/x", 8, "a port"],
    ["nfs://::1/x", 6, "stands in brackets: [::1]"],
    ["nfs://[::1/x", 6, '"]" is missing'],
    ["nfs://[h]/x", 6, "only those stand in brackets"],
    ["nfs://a..b/x", 8, "two dots in a row"],
    ["nfs://./x", 6, "the root of the DNS is no server"],
    ["nfs://h/a/../b", 10, "leads nowhere"],
    ["nfs://h/%2e%2e", 8, "leads nowhere"],
    ["nfs://h/a%2Fb", 8, 'neither "/" nor NUL'],
    ["nfs://h/a%00b", 8, 'neither "/" nor NUL'],
    ["nfs://h/50%", 10, "written %25"],
    ["nfs://h/%zz", 8, "two hexadecimal digits"],
    ["nfs://h/a#b", 9, "%23"],
    ["nfs://h/a b", 9, "%20"],
    [`nfs://h/${"x".repeat(256)}`, 8, "255 octets"],
    [`nfs://h${"/x".repeat(2049)}`, 7, "4096 octets"],
    ["nfs://h/x?version=4", 18, "only NFS version 3"],
    ["nfs://h/x?nfsprot=1", 10, "did you mean nfsport?"],
    ["nfs://h/x?uid=-1", 14, "from 0 to"],
    ["nfs://h/x?uid=1&uid=2", 16, "given twice"],
    ["dns://a..b", 8, "two dots in a row"],
    ["dns://vu.nl/x", 12, "a zone has no path here"],
    ["dns://vu.nl@", 12, "the server's name is missing"],
    ["ns:x", 3, 'beginning with "/"'],
    ["ns:/x?y", 5, "%3F"],
    ["auto:home", 5, "auto:program:/PROGRAM or auto:net is wanted"],
    ["auto:net/x", 8, "nothing stands behind"],
    ["file:/srv", 5, "two slashes"],
    ["file://other/srv", 7, "nfs://"],
  ])("%j is refused at %i", (text, at, message) => {
    const thrown = caught(() => parseSource(text));
    expect(thrown).toBeInstanceOf(SourceError);
    expect(thrown).toMatchObject({ at, message: expect.stringContaining(message) });
  });
});

const options = (more: object) => ({ ...MOUNT_OPTIONS_DEFAULT, ...more });
const noac = { fileMin: 0, fileMax: 0, directoryMin: 0, directoryMax: 0 };

describe("mount options", () => {
  test.each<[string, object, string?]>([
    ["", {}],
    ["ro,soft,replace", {}, ""],
    ["rw", { isWritable: true }],
    ["rw,ro", {}, ""],
    ["hard", { isSoft: false }],
    ["timeo=7,retrans=0", { timeoutMilliseconds: 700, retries: 0 }],
    ["rsize=4096,wsize=8192,window=4", { readOctets: 4096, writeOctets: 8192, windowCalls: 4 }],
    ["acregmin=1,acregmax=2", { attributeSeconds: { fileMin: 1, fileMax: 2, directoryMin: 30, directoryMax: 60 } }],
    [
      "actimeo=5",
      { attributeSeconds: { fileMin: 5, fileMax: 5, directoryMin: 5, directoryMax: 5 } },
      "acregmin=5,acregmax=5,acdirmin=5,acdirmax=5",
    ],
    ["noac", { attributeSeconds: noac }],
    ["actimeo=0", { attributeSeconds: noac }, "noac"],
    ["before", { place: "before" }],
    ["rw,after,create", { isWritable: true, place: "after", takesNew: true }],
    ["idle=60", { idleSeconds: 60 }],
    [" rw , , hard", { isWritable: true, isSoft: false }, "rw,hard"],
    ["vers=3,proto=tcp,nolock,intr,bg,sec=sys,tcp", {}, ""],
  ])("%j", (text, more, written = text) => {
    expect(parseMountOptions(text)).toEqual(options(more));
    expect(formatMountOptions(options(more))).toBe(written);
    expect(parseMountOptions(written)).toEqual(options(more));
  });

  test("of a map's entry stand over the map's own", () => {
    expect(parseMountOptions("soft", parseMountOptions("rw,hard"))).toEqual(options({ isWritable: true }));
  });

  test.each<[string, number, string]>([
    ["rv", 0, 'no mount option "rv"; did you mean'],
    ["rw,acregmn=3", 3, "did you mean acregmin?"],
    ["rw=1", 0, "rw has no value"],
    ["rw, timeo", 4, "timeo is a number of tenths of a second from 1 to 6000: timeo=1"],
    ["timeo=0", 0, 'not "0"'],
    ["rsize=1e6", 0, "a number of octets from 1024 to 1048576"],
    ["vers=4", 0, "it can only be vers=3"],
    ["proto=udp", 0, "it can only be proto=tcp"],
    ["nolock=1", 0, "it can only be nolock"],
    ["acregmin=70", 0, "acregmin=70 is more than acregmax=60"],
    ["acdirmin=70", 0, "acdirmin=70 is more than acdirmax=60"],
    ["create", 0, "add before or after, and rw"],
    ["rw,create", 0, "add before or after, and rw"],
  ])("%j is refused", (text, at, message) => {
    const thrown = caught(() => parseMountOptions(text));
    expect(thrown).toBeInstanceOf(MountOptionError);
    expect(thrown).toMatchObject({ at, message: expect.stringContaining(message) });
  });
});

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return null;
}
