/** Pages as a browser's requests see them: forms, cookies, and what they refuse. How they look and feel is `test/whole/pages.test.ts`'s. */
import { describe, expect, test } from "vitest";
import { HttpBank } from "./http-bank.ts";

/** A browser without a window: keeps the cookie, follows what it is sent to. */
class Browser {
  readonly #bank: HttpBank;
  cookie = "";
  text = "";
  code = 0;
  path = "";

  constructor(bank: HttpBank) {
    this.#bank = bank;
  }

  async go(path: string): Promise<this> {
    return this.#follow(await this.#bank.app.inject({ method: "GET", url: path, headers: this.#headers() }), path);
  }

  async send(path: string, fields: Readonly<Record<string, string>>): Promise<this> {
    const payload = new URLSearchParams({ ...this.hidden(), ...fields }).toString();
    const headers = { ...this.#headers(), "content-type": "application/x-www-form-urlencoded" };
    return this.#follow(await this.#bank.app.inject({ method: "POST", url: path, headers, payload }), path);
  }

  /** What the forms of this page carry unseen. */
  hidden(): Record<string, string> {
    const fields = this.text.matchAll(/type="hidden"\s+name="(\w+)"\s+value="([^"]*)"/g);
    return Object.fromEntries(Array.from(fields, ([, name, value]) => [name!, value!.replaceAll("&amp;", "&")]));
  }

  async logIn(card: string, pin = "1234"): Promise<this> {
    await this.go("/");
    return this.send("/login", { card, pin });
  }

  #headers(): Record<string, string> {
    return this.cookie === "" ? {} : { cookie: this.cookie };
  }

  async #follow(response: Awaited<ReturnType<HttpBank["app"]["inject"]>>, path: string): Promise<this> {
    const set = response.headers["set-cookie"];
    if (typeof set === "string") this.cookie = /Max-Age=0|Expires=Thu, 01 Jan 1970/.test(set) ? "" : set.split(";")[0]!;
    if (response.statusCode === 303) return this.go(String(response.headers.location));
    this.text = response.payload;
    this.code = response.statusCode;
    this.path = path;
    return this;
  }
}

const otherNumber = async (bank: HttpBank): Promise<string> => (await bank.opened("Bob")).account;
const balance = async (bank: HttpBank, account: string): Promise<bigint> => {
  const { creditsPosted, debitsPosted } = (await bank.reader.account(account))!;
  return creditsPosted - debitsPosted;
};

describe("a holder", () => {
  test("logs in, sees the account, moves money, and logs out", async () => {
    await using bank = await HttpBank.open();
    const { card, account } = await bank.opened();
    const to = await otherNumber(bank);
    const browser = await new Browser(bank).logIn(card);
    expect(browser.text).toContain(account);
    await browser.go("/transfer");
    await browser.send("/transfer", { from: account, to, amount: "12.30", reference: "<b>lunch</b>" });
    expect(browser.text).toContain("The money was moved.");
    expect(browser.text).toContain("Transfer: &lt;b&gt;lunch&lt;/b&gt;");
    expect(browser.text).not.toContain("<b>lunch");
    expect(await balance(bank, to)).toBe(11_230n);
    await browser.send("/logout", {});
    expect((await browser.go("/accounts")).text).toContain("Card number");
  });

  test.each([
    ["text", /opening deposit/],
    ["csv", /opening deposit/],
    ["ofx", /OFX/],
  ])("takes a statement away as %s", async (format, content) => {
    await using bank = await HttpBank.open();
    const { card, account } = await bank.opened();
    const browser = await new Browser(bank).logIn(card);
    await browser.go(`/accounts/${account}`);
    const link = browser.text.match(new RegExp(`href="([^"]*format=${format})"`))?.[1] ?? "";
    expect((await browser.go(link.replaceAll("&amp;", "&"))).text).toMatch(content);
  });

  test("who sends a form twice pays once", async () => {
    await using bank = await HttpBank.open();
    const { card, account } = await bank.opened();
    const to = await otherNumber(bank);
    const browser = await new Browser(bank).logIn(card);
    await browser.go("/transfer");
    const form = { ...browser.hidden(), from: account, to, amount: "10", reference: "" };
    await browser.send("/transfer", form);
    await browser.send("/transfer", form);
    expect(browser.text).toContain("The money was moved.");
    expect(await balance(bank, to)).toBe(11_000n);
  });

  test("whose session ends over a form is not paid unseen, and finds what was filled in again", async () => {
    await using bank = await HttpBank.open();
    const { card, account } = await bank.opened();
    const to = await otherNumber(bank);
    const browser = await new Browser(bank).logIn(card);
    await browser.go("/transfer");
    const form = { ...browser.hidden(), from: account, to, amount: "10", reference: "rent" };
    await bank.clock.advance(601_000);
    await browser.send("/transfer", form);
    expect(browser.text).toContain("nothing was done");
    await browser.send("/login", { card, pin: "1234" });
    expect(browser.path).toContain("/transfer?");
    for (const word of [to, "10", "rent"]) expect(browser.text).toContain(`value="${word}"`);
    expect(await balance(bank, to)).toBe(10_000n);
  });

  test.each([
    [{ amount: "1000" }, /not enough money/],
    [{ amount: "0" }, /no amount that can be moved/],
    [{ amount: "1.234" }, /at most 2 digits/],
    [{ amount: "12", to: "1234567890" }, /no account number/],
    [{ amount: "<script>" }, /amount/],
  ])("a transfer of %j is explained, and what was filled in stays", async (fields, message) => {
    await using bank = await HttpBank.open();
    const { card, account } = await bank.opened();
    const to = await otherNumber(bank);
    const browser = await new Browser(bank).logIn(card);
    await browser.go("/transfer");
    await browser.send("/transfer", { from: account, to, reference: "kept", ...fields });
    expect(browser.text).toMatch(message);
    expect(browser.text).toContain('value="kept"');
    expect(browser.text).not.toContain("<script>");
    expect(browser.code).toBeGreaterThanOrEqual(400);
    expect(await balance(bank, account)).toBe(10_000n);
  });

  test("sees nobody else's account", async () => {
    await using bank = await HttpBank.open();
    const { card } = await bank.opened();
    const other = await otherNumber(bank);
    const browser = await new Browser(bank).logIn(card);
    expect((await browser.go(`/accounts/${other}`)).text).toMatch(/no such account of yours/);
    for (const path of ["/staff/counter", "/staff/trail"])
      expect((await browser.go(path)).text).not.toContain("Trail</h1>");
  });

  test("three wrong PINs block the card", async () => {
    await using bank = await HttpBank.open();
    const { card } = await bank.opened();
    const browser = new Browser(bank);
    for (let i = 0; i < 3; i++) expect((await browser.logIn(card, "0000")).text).toMatch(/wrong/);
    expect((await browser.logIn(card)).text).toMatch(/blocked/i);
  });
});

describe("forms of others", () => {
  test("a form without the session's own word does nothing", async () => {
    await using bank = await HttpBank.open();
    const { card, account } = await bank.opened();
    const to = await otherNumber(bank);
    const browser = await new Browser(bank).logIn(card);
    await browser.send("/transfer", { from: account, to, amount: "10", reference: "", key: "k", csrf: "guessed" });
    expect([browser.code, await balance(bank, to)]).toEqual([403, 10_000n]);
  });

  test("nobody is logged in from another site", async () => {
    await using bank = await HttpBank.open();
    const { card } = await bank.opened();
    const headers = { origin: "https://evil.test", "content-type": "application/x-www-form-urlencoded" };
    const { statusCode } = await bank.app.inject({
      method: "POST",
      url: "/login",
      headers,
      payload: `card=${card}&pin=1234`,
    });
    expect(statusCode).toBe(403);
  });

  test("one is not sent to another site after logging in", async () => {
    await using bank = await HttpBank.open();
    const { card } = await bank.opened();
    for (const next of ["//evil.test/", "https://evil.test/", "/\\evil.test"]) {
      const browser = await new Browser(bank).go("/");
      await browser.send("/login", { card, pin: "1234", next });
      expect(browser.path).toBe("/accounts");
    }
  });

  test("the session's cookie is for this site alone, and nothing else may be shown around a page or loaded by it", async () => {
    await using bank = await HttpBank.open();
    const { card } = await bank.opened();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const response = await bank.app.inject({
      method: "POST",
      url: "/login",
      headers,
      payload: `card=${card}&pin=1234`,
    });
    expect(response.headers["set-cookie"]).toMatch(/^__Host-session=.*; Path=\/; HttpOnly; Secure; SameSite=Strict/);
    expect(response.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(response.headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  });
});

describe("staff", () => {
  test("what is above a teller's limit is approved by a second one", async () => {
    await using bank = await HttpBank.open();
    const { account } = await bank.opened();
    await bank.staff("tess", "teller");
    await bank.staff("tom", "teller");
    const [tess, tom] = await Promise.all(
      ["tess", "tom"].map(async (id) =>
        (await new Browser(bank).go("/staff")).send("/staff/login", { id, password: "correct horse battery" }),
      ),
    );
    await tess!.send("/staff/counter/cash", { what: "deposits", account, amount: "6000" });
    expect(tess!.text).toContain("waits for a second one");
    expect((await tess!.go("/staff/proposals")).text).not.toContain("Approve</button>");
    await tom!.go("/staff/proposals");
    await tom!.send("/staff/proposals", { decision: "approve" });
    expect(tom!.text).toContain("It is approved.");
    expect(await balance(bank, account)).toBe(610_000n);
  });

  test("a teller freezes an account at once, and lets it go again with a second one", async () => {
    await using bank = await HttpBank.open();
    const { account } = await bank.opened();
    await bank.staff("tess", "teller");
    const tess = await (
      await new Browser(bank).go("/staff")
    ).send("/staff/login", { id: "tess", password: "correct horse battery" });
    await tess.send("/staff/counter/state", { state: "closed", number: account });
    expect(tess.text).toContain("a balance of 100.00 USD");
    await tess.send("/staff/counter/state", { state: "blocked", number: "12" });
    expect(tess.text).toContain("an account&#39;s number of 10 digits is wanted");
    await tess.send("/staff/counter/state", { state: "blocked", number: account });
    expect(tess.text).toContain("The account is frozen.");
    expect((await bank.reader.account(account))?.state).toBe("blocked");
    await tess.send("/staff/counter/state", { state: "open", number: account });
    expect(tess.text).toContain("It waits for a second person.");
    expect((await bank.reader.account(account))?.state).toBe("blocked");
  });

  test("an auditor sees that the books are right, and who did what", async () => {
    await using bank = await HttpBank.open();
    await bank.opened();
    await bank.staff("ann", "auditor");
    const ann = await (
      await new Browser(bank).go("/staff")
    ).send("/staff/login", { id: "ann", password: "correct horse battery" });
    expect(ann.text).toContain("Books, holds and chain are right.");
    expect((await ann.go("/staff/trail")).text).toContain("counter on this machine");
  });
});
