/**
 * Records in presentation format, by the RFC section that they try: what is read, and what is then written. The unit tests
 * hold our codec to it, `test/whole/rdata-peers.test.ts` holds it to the peers.
 */
export interface RdataRow {
  readonly type: string;
  readonly text: string;
  /** What we write; the same as `text` unless given. */
  readonly written: string;
  readonly rule: string;
}

const KEY =
  "AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmvHjcZc8nokfzj31GajIQKY+5CptLr3buXA10hWqTkF7H6RfoRqXQeogmMHfpftf6zMv1LyBUgia7za6ZEzOJBOztyvhjL742iU/TpPSEDhm2SNKLijfUppn1UaNvv4w==";
const SIGNATURE =
  "oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTrPYGv07h108dUKGMeDPKijVCHX3DDKdfb+v6oB9wfuh3DTJXUAfI/M0zmO/zz8bW0Rznl8O3tGNazPwQKkRN20XPXV6nwwfoXmJQbsLNrLfkGJ5D6fwFm8nN+6pBzeDQfsS3Ap3o=";
const IPSEC = "AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==";
const SHA384 = "EBEC72B89D50C1DA8A3C5E4C2B4A7D1E0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF";

const rows: readonly (readonly [type: string, rule: string, text: string, written?: string])[] = [
  ["A", "RFC 1035 §3.4.1", "192.0.2.1"],
  ["A", "RFC 3597 §5: generic form of a known type", "\\# 4 0a00 0001", "10.0.0.1"],
  ["NS", "RFC 1035 §3.3.11", "ns.example.net."],
  ["NS", "RFC 1035 §5.1: relative name", "ns", "ns.example."],
  ["CNAME", "RFC 1035 §5.1: the origin", "@", "example."],
  ["CNAME", "RFC 1035 §5.1: escapes", "a\\.b.\\099\\000.x.", "a\\.b.c\\000.x."],
  ["SOA", "RFC 1035 §3.3.13", "ns.x. a\\.b.x. 4294967295 3600 600 86400 300"],
  ["SOA", "units of time", "ns.x. admin.x. 1 1h 10m 1w1d 1d12h30m5s", "ns.x. admin.x. 1 3600 600 691200 131405"],
  ["PTR", "RFC 1035 §3.3.12: the root", "."],
  ["HINFO", "RFC 1035 §3.3.2", '"PC \\" x" Linux', '"PC \\" x" "Linux"'],
  ["MX", "RFC 7505: null MX", "0 ."],
  ["MX", "RFC 1035 §3.3.9", "10 Mail.example.", "10 Mail.example."],
  ["TXT", "RFC 1035 §5.1: backslash before a letter", "\\a\\;b", '"a;b"'],
  ["TXT", "RFC 1035 §3.3.14: several strings", '"a;b\\"\\\\ \\200\\032" "" c', '"a;b\\"\\\\ \\200 " "" "c"'],
  ["TXT", "RFC 1035 §3.3: 255 octets", `"${"x".repeat(255)}"`],
  ["RP", "RFC 1183 §2.2", "a\\.b.example. txt.example."],
  ["AFSDB", "RFC 1183 §1", "1 afs.example."],
  ["AAAA", "RFC 5952 §4.2.3: first longest run", "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["AAAA", "RFC 5952 §4.2.2: one group is not shortened", "1:0:3:4:5:6:7:8"],
  ["AAAA", "RFC 5952 §5", "::FFFF:192.0.2.1", "::ffff:192.0.2.1"],
  ["AAAA", "RFC 4291 §2.5.5.1", "::c000:201", "::192.0.2.1"],
  ["AAAA", "RFC 4291 §2.2: nothing but zeros", "0:0:0:0:0:0:0:0", "::"],
  ["AAAA", "RFC 4291 §2.5.3", "::1"],
  ["AAAA", "RFC 4291 §2.2: a gap of one group", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ["AAAA", "RFC 6052 §2.4", "64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
  ["LOC", "RFC 1876 §4", "42 21 54 N 71 06 18 W -24m 30m", "42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m"],
  ["LOC", "RFC 1876 §4", "42 21 43.952 N 71 5 6.344 W -24m 1m 200m", "42 21 43.952 N 71 5 6.344 W -24.00m 1m 200m 10m"],
  ["LOC", "RFC 1876 §4", "52 14 05 N 00 08 50 E 10m", "52 14 5.000 N 0 8 50.000 E 10.00m 1m 10000m 10m"],
  ["LOC", "RFC 1876 §4", "32 7 19 S 116 2 25 E 10m", "32 7 19.000 S 116 2 25.000 E 10.00m 1m 10000m 10m"],
  ["LOC", "RFC 1876 §3: degrees alone", "90 S 180 E -100000", "90 0 0.000 S 180 0 0.000 E -100000.00m 1m 10000m 10m"],
  [
    "LOC",
    "RFC 1876 §3: lengths",
    "1 2 3.456 N 5 6 E 42849672.95m 0.05m 90000000m 0m",
    "1 2 3.456 N 5 6 0.000 E 42849672.95m 0.05m 90000000m 0.00m",
  ],
  ["SRV", "RFC 2782", "0 5 5060 sip.example."],
  ["NAPTR", "RFC 3403 §6.1", '100 10 "S" "SIP+D2U" "!^(.*)$!sip:\\\\1@x!" _sip._udp.example.'],
  ["NAPTR", "RFC 3403 §6.2", '100 50 s z3950+I2L+I2C "" rcds.udp', '100 50 "s" "z3950+I2L+I2C" "" rcds.udp.example.'],
  ["KX", "RFC 2230 §3.1", "10 kx.example."],
  ["CERT", "RFC 4398 §2.2: mnemonics", "PGP 0 RSASHA256 AQID", "PGP 0 8 AQID"],
  ["CERT", "RFC 4398 §2.1: a number", "65534 7 0 AQIDBAUGBwgJCg=="],
  ["DNAME", "RFC 6672 §2.1", "frobozz-division.acme.example."],
  ["APL", "RFC 3123 §5", "1:192.168.32.0/21 !1:192.168.38.0/28 2:2001:db8::/32"],
  ["APL", "RFC 3123 §4: no octets at all", "1:0.0.0.0/0 2:::/0"],
  ["APL", "RFC 3123 §4: bits beyond the prefix are kept", "1:1.2.3.4/8"],
  [
    "DS",
    "RFC 4034 §5.4",
    "60485 RSASHA1 SHA-1 2BB183AF5F22588179 A53B0A98631FAD1A292118",
    "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
  ],
  [
    "SSHFP",
    "RFC 4255 §3.2",
    "2 1 123456789abcdef67890123456789abcdef67890",
    "2 1 123456789ABCDEF67890123456789ABCDEF67890",
  ],
  ["IPSECKEY", "RFC 4025 §3.2", `10 1 2 192.0.2.38 ${IPSEC}`],
  ["IPSECKEY", "RFC 4025 §3.2", `10 0 2 . ${IPSEC}`],
  ["IPSECKEY", "RFC 4025 §3.2", `10 3 2 mygateway.example.com. ${IPSEC}`],
  ["IPSECKEY", "RFC 4025 §3.2", `10 2 2 2001:0DB8:0:8002::2000:1 ${IPSEC}`, `10 2 2 2001:db8:0:8002::2000:1 ${IPSEC}`],
  [
    "RRSIG",
    "RFC 4034 §3.3",
    `A 5 3 86400 20360322173103 ( 20030220173103 2642 example.com. ${SIGNATURE.slice(0, 56)} ${SIGNATURE.slice(56)} )`,
    `A 5 3 86400 20360322173103 20030220173103 2642 example.com. ${SIGNATURE}`,
  ],
  [
    "RRSIG",
    "RFC 4034 §3.2: seconds",
    "TYPE731 8 2 300 2090000000 1709164799 1 Example. AQID",
    "TYPE731 8 2 300 20360324193320 20240228235959 1 Example. AQID",
  ],
  ["NSEC", "RFC 4034 §4.3", "host.example.com. A MX RRSIG NSEC TYPE1234"],
  ["NSEC", "RFC 4034 §4.1.2: sorted, once", "a. TYPE65535 NSEC A A CAA", "a. A NSEC CAA TYPE65535"],
  ["DNSKEY", "RFC 4034 §2.3", `256 3 RSASHA1 ${KEY.slice(0, 40)} ${KEY.slice(40)}`, `256 3 5 ${KEY}`],
  ["DHCID", "RFC 4701 §3.6", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="],
  [
    "NSEC3",
    "RFC 5155 §3.3",
    "1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG",
    "1 1 12 AABBCCDD 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S A RRSIG",
  ],
  [
    "NSEC3",
    "RFC 5155 §3.2.1: no salt, no types",
    "1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s",
    "1 0 0 - 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S",
  ],
  ["NSEC3PARAM", "RFC 5155 §4.3", "1 0 12 aabbccdd", "1 0 12 AABBCCDD"],
  ["NSEC3PARAM", "RFC 9276 §3.1", "1 0 0 -"],
  [
    "TLSA",
    "RFC 6698 §2.3",
    "0 0 1 d2abde240d7cd3ee6b4b28c54df034b9 7983a1d16e8a410e4561cb106618e971",
    "0 0 1 D2ABDE240D7CD3EE6B4B28C54DF034B97983A1D16E8A410E4561CB106618E971",
  ],
  ["SMIMEA", "RFC 8162 §2", "3 1 0 00FF"],
  ["CDS", "RFC 8078 §4: delete", "0 0 0 00"],
  ["CDNSKEY", "RFC 8078 §4: delete", "0 3 0 AA=="],
  ["OPENPGPKEY", "RFC 7929 §2.3", "mQINBFit2jsBEADrbl5vjVxYeAE0g0IDYCBpHirv1Sjlqxx5gjtPhb2YhvyDMXjq"],
  ["CSYNC", "RFC 7477 §2.1.2", "66 3 A NS AAAA"],
  ["ZONEMD", "RFC 8976 §2.3", `2018031500 1 1 ${SHA384}`],
  ["SVCB", "RFC 9460 D.1", "0 foo.example.com."],
  ["SVCB", "RFC 9460 D.2", "1 ."],
  ["SVCB", "RFC 9460 D.2", "16 foo.example.com. port=53"],
  ["SVCB", "RFC 9460 D.2: unknown key", "1 foo.example.com. key667=hello", '1 foo.example.com. key667="hello"'],
  ["SVCB", "RFC 9460 D.2: escape", '1 foo.example.com. key667="hello\\210qoo"'],
  [
    "SVCB",
    "RFC 9460 D.2: two hints in quotes",
    '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
    "1 foo.example.com. ipv6hint=2001:db8::1,2001:db8::53:1",
  ],
  [
    "SVCB",
    "RFC 9460 D.2: mapped hint",
    '1 example.com. ipv6hint="2001:db8:122:344::192.0.2.33"',
    "1 example.com. ipv6hint=2001:db8:122:344::c000:221",
  ],
  [
    "SVCB",
    "RFC 9460 D.2: order",
    "16 foo.example.org. ( alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1 )",
    '16 foo.example.org. mandatory=alpn,ipv4hint alpn="h2,h3-19" ipv4hint=192.0.2.1',
  ],
  ["SVCB", "RFC 9460 D.2: alpn escapes, quoted", '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"'],
  [
    "SVCB",
    "RFC 9460 D.2: alpn escapes, unquoted",
    "16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2",
    '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
  ],
  ["SVCB", "RFC 9460 §2.1: a known key as octets", '1 . key1="\\002h2" key3="\\000\\053"', '1 . alpn="h2" port=53'],
  [
    "HTTPS",
    "RFC 9460 §7.1: no-default-alpn",
    "1 . no-default-alpn alpn=h3 ech=AEP+DQA/",
    '1 . alpn="h3" no-default-alpn ech=AEP+DQA/',
  ],
  ["HTTPS", "RFC 9460 §2.1: empty value", "1 . key668= key667", "1 . key667 key668"],
  ["SPF", "RFC 7208 §14.1", '"v=spf1 -all"'],
  ["EUI48", "RFC 7043 §3.2", "00-00-5E-00-53-2a", "00-00-5e-00-53-2a"],
  ["EUI64", "RFC 7043 §4.2", "00-00-5e-ef-10-00-00-2a"],
  ["URI", "RFC 7553 §4.5", '10 1 "ftp://ftp1.example.com/pub\\"lic"'],
  ["CAA", "RFC 8659 §4.1.1", '0 issue "ca1.example.net; account=230123"'],
  ["CAA", "RFC 8659 §4.1: unquoted", "128 tbs Unknown", '128 tbs "Unknown"'],
  ["CAA", "RFC 8659 §4.2: nobody", '0 issue ";"'],
  ["TYPE731", "RFC 3597 §5", "\\# 6 abcd ( ef 01 23 45 )", "\\# 6 abcdef012345"],
  ["TYPE62347", "RFC 3597 §5: nothing", "\\# 0"],
  ["MINFO", "RFC 1035 §3.3.7", "a.example. b.example."],
  ["RT", "RFC 1183 §3.3", "2 relay.example."],
  ["PX", "RFC 2163 §4", "10 a.example. b.example."],
];

export const RDATA_ROWS: readonly RdataRow[] = rows.map(([type, rule, text, written]) => ({
  type,
  text,
  written: written ?? text,
  rule,
}));
