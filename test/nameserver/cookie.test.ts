import { expect, test } from "vitest";
import { fromHex, SipHash, toHex } from "../../base/index.ts";
import { ClientAddress } from "../../nameserver/client.ts";
import { ServerCookies } from "../../nameserver/cookie.ts";
import { addressOctets } from "../../net/index.ts";

const octetsOf = (hex: string): Uint8Array => fromHex(hex)!;
const KEY = octetsOf("000102030405060708090a0b0c0d0e0f");

test.each([
  [0, "310e0edd47db6f72"],
  [1, "fd67dc93c539f874"],
  [2, "5a4fa9d909806c0d"],
  [7, "37d1018bf50002ab"],
  [8, "6224939a79f5f593"],
  [15, "e545be4961ca29a1"],
  [63, "724506eb4c328a95"],
])("SipHash-2-4 of %d octets as its authors give it", (length, expected) => {
  const input = Uint8Array.from({ length: 64 }, (_, i) => i);
  const output = new Uint8Array(8);
  new SipHash(KEY).hash(input, length, output, 0);
  expect(toHex(output)).toBe(expected);
});

function verify(
  secrets: string[],
  address: string,
  cookie: string,
  seconds: number,
): { verdict: string; sent: string } {
  const client = new ClientAddress();
  client.read(address);
  const cookies = new ServerCookies(secrets.map(octetsOf));
  const octets = octetsOf(cookie);
  const verdict = cookies.verify(octets, 0, octets.length, client, seconds);
  return { verdict, sent: toHex(cookies.cookie) };
}

const SECRET = "e5e973e5a6b2a43f48e7dc849e37bfcf";
const OLD_SECRET = "dd3bdf9344b678b185a6f5cb60fca715";
const NEW_SECRET = "445536bcd2513298075a5d379663c962";

test.each([
  [
    "A.1 a new cookie",
    [SECRET],
    "198.51.100.100",
    "2464c4abcf10c957",
    1_559_731_985,
    "client",
    "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
  ],
  [
    "A.2 a young cookie is sent back as it is",
    [SECRET],
    "198.51.100.100",
    "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
    1_559_731_985 + 100,
    "valid",
    "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
  ],
  [
    "A.2 a half-hour-old cookie is renewed",
    [SECRET],
    "198.51.100.100",
    "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
    1_559_734_385,
    "valid",
    "2464c4abcf10c957010000005cf7a871d4a564a1442aca77",
  ],
  [
    "A.3 other reserved octets are hashed and cleared",
    [SECRET],
    "203.0.113.203",
    "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
    1_559_727_985 + 1_000,
    "valid",
    null,
  ],
  [
    "A.4 the secret was rolled over",
    [NEW_SECRET, OLD_SECRET],
    "2001:db8:220:1:59de:d0f4:8769:82b8",
    "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
    1_559_741_961,
    "valid",
    "22681ab97d52c298010000005cf7c609a6bb79d16625507a",
  ],
  [
    "§4.3 an hour is too old",
    [SECRET],
    "198.51.100.100",
    "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
    1_559_731_985 + 3601,
    "client",
    null,
  ],
  [
    "§4.3 six minutes ahead is not ours",
    [SECRET],
    "198.51.100.100",
    "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
    1_559_731_985 - 360,
    "client",
    null,
  ],
  [
    "another address",
    [SECRET],
    "198.51.100.101",
    "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
    1_559_731_985,
    "client",
    null,
  ],
  [
    "another version",
    [SECRET],
    "198.51.100.100",
    "2464c4abcf10c957020000005cf79f111f8130c3eee29480",
    1_559_731_985,
    "client",
    null,
  ],
])("RFC 9018 %s", (_, secrets, address, cookie, seconds, verdict, sent) => {
  const outcome = verify(secrets, address, cookie, seconds);
  expect(outcome.verdict).toBe(verdict);
  if (sent !== null) expect(outcome.sent).toBe(sent);
});

test.each([
  "192.0.2.1",
  "255.255.255.255",
  "0.0.0.0",
  "::",
  "::1",
  "1::",
  "2001:db8:220:1:59de:d0f4:8769:82b8",
  "2001:db8::8769:82b8",
  "fe80::1:0:0:1",
])("the client's address %s is read as net reads it", (text) => {
  const client = new ClientAddress();
  client.read(text);
  expect([...client.octets]).toEqual([...addressOctets(text)!]);
});

test("an IPv4-mapped address is the IPv4 address, and a zone index is dropped", () => {
  const client = new ClientAddress();
  client.read("::ffff:192.0.2.1");
  expect([...client.octets]).toEqual([192, 0, 2, 1]);
  client.read("fe80::1%eth0");
  expect([...client.octets]).toEqual([...addressOctets("fe80::1")!]);
});
