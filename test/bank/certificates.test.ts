import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import { SeededRandom, systemClock } from "../../base/index.ts";
import { createAuthority, endOfCertificate, issueCertificate, publicKeyDigest } from "../../bank/index.ts";

const parts = { nowSeconds: systemClock.wallSeconds(), random: new SeededRandom(1) };
const wish = { names: ["a.firstbank.com"], addresses: ["127.0.0.1", "::1"], days: 7 };

/** Why a client that trusts only that authority does not trust the server; null: it does. */
async function distrust(
  authority: string,
  server: { readonly certificate: string; readonly key: string },
  name: string,
): Promise<string | null> {
  const listening = createServer({ cert: server.certificate, key: server.key }).listen(0, "127.0.0.1");
  await once(listening, "listening");
  const address = listening.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const socket: TLSSocket = connect({
    host: "127.0.0.1",
    port,
    servername: name,
    ca: authority,
    rejectUnauthorized: false,
  });
  await once(socket, "secureConnect");
  const { authorized, authorizationError } = socket;
  socket.destroy();
  listening.close();
  return authorized ? null : String(authorizationError);
}

describe("a bank's own authority (RFC 5280 §4.1, §4.2)", () => {
  test("is trusted for the names and addresses of its servers, and for no others", async () => {
    const authority = await createAuthority("firstbank.com", parts);
    const server = await issueCertificate(authority, wish, parts);
    expect(await distrust(authority.certificate, server, "a.firstbank.com")).toBeNull();
    expect(await distrust(authority.certificate, server, "b.firstbank.com")).toMatch(/ALTNAME/);
    const other = await createAuthority("firstbank.com", parts);
    expect(await distrust(other.certificate, server, "a.firstbank.com")).not.toBeNull();
    const certificate = new X509Certificate(server.certificate);
    expect(certificate.subjectAltName).toBe("DNS:a.firstbank.com, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
    expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
    expect(certificate.ca).toBe(false);
  });

  test("lasts ten years, a server's certificate as long as was wished for", async () => {
    const authority = await createAuthority("firstbank.com", parts);
    expect(endOfCertificate(authority.certificate)).toBe(parts.nowSeconds + 3650 * 86_400);
    const server = await issueCertificate(authority, wish, parts);
    expect(endOfCertificate(server.certificate)).toBe(parts.nowSeconds + 7 * 86_400);
    expect(Date.parse(new X509Certificate(server.certificate).validFrom)).toBeLessThan(parts.nowSeconds * 1000);
  });

  test("two certificates have two keys and two serial numbers", async () => {
    const authority = await createAuthority("firstbank.com", parts);
    const [one, two] = [await issueCertificate(authority, wish, parts), await issueCertificate(authority, wish, parts)];
    expect(one.key).not.toBe(two.key);
    expect(new X509Certificate(one.certificate).serialNumber).not.toBe(
      new X509Certificate(two.certificate).serialNumber,
    );
    expect(new X509Certificate(one.certificate).serialNumber).toMatch(/^[4-7]/);
  });

  test("the digest is that of the key alone (RFC 6698 §2.1.2, selector 1, matching type 1)", async () => {
    const authority = await createAuthority("firstbank.com", parts);
    const { certificate } = await issueCertificate(authority, wish, parts);
    const spki = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
    expect(Buffer.from(publicKeyDigest(certificate))).toEqual(createHash("sha256").update(spki).digest());
  });
});
