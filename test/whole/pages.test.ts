/** The bank's pages in a real browser, without scripts: what a person does, on a wide screen and on a phone. */
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock, systemRandom } from "../../base/index.ts";
import { createAuthority, issueCertificate } from "../../bank/index.ts";
import { HttpBank, PASSWORD, PIN } from "../bank/http-bank.ts";
import { describeWithPeers, program } from "../support/peers.ts";

/** Without what would reach for the network or needs a screen. */
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

describeWithPeers("the bank's pages in Chromium", ["chromium"], () => {
  let bank: HttpBank;
  let browser: Browser;
  let address: string;

  beforeAll(async () => {
    bank = await HttpBank.open();
    const parts = { nowSeconds: systemClock.wallSeconds(), random: systemRandom };
    const wish = { names: ["localhost"], addresses: ["127.0.0.1"], days: 1 };
    const { certificate, key } = await issueCertificate(await createAuthority("firstbank.com", parts), wish, parts);
    address = await bank.listen({ key, cert: certificate });
    browser = await chromium.launch({ executablePath: program("chromium"), args: QUIET });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await bank[Symbol.asyncDispose]();
  });

  interface Person extends AsyncDisposable {
    readonly page: Page;
    readonly context: BrowserContext;
  }

  async function person({ width = 1000, dark = false } = {}): Promise<Person> {
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      javaScriptEnabled: false,
      viewport: { width, height: 700 },
      colorScheme: dark ? "dark" : "light",
      baseURL: address,
    });
    context.setDefaultTimeout(15_000);
    return { context, page: await context.newPage(), [Symbol.asyncDispose]: () => context.close() };
  }

  async function logIn(page: Page, card: string, pin = PIN): Promise<void> {
    await page.goto("/");
    await page.getByLabel("Card number").fill(card);
    await page.getByLabel("PIN").fill(pin);
    await page.getByRole("button", { name: "Log in" }).click();
  }

  const balanceOf = async (account: string): Promise<bigint> => {
    const found = (await bank.reader.account(account))!;
    return found.creditsPosted - found.debitsPosted;
  };

  test("who logs in transfers, pays a bill, makes a standing order, sees it all and logs out", async () => {
    const [{ card, account }, other] = [await bank.opened("Alice"), await bank.opened("Bob")];
    await bank.call({ url: "/v1/billers", payload: { biller: "power" } });
    await using someone = await person();
    const { page } = someone;
    await logIn(page, card);
    await expect(page.getByText(account).textContent()).resolves.toContain(account);
    await page.getByRole("link", { name: "Transfer" }).click();
    await page.getByLabel("To account").fill(other.account);
    await page.getByLabel("Amount").fill("12.30");
    await page.getByLabel("What for").fill("lunch <3");
    await page.getByRole("button", { name: "Transfer" }).click();
    expect(await page.getByRole("status").textContent()).toContain("The money was moved");
    expect(await page.getByRole("row").nth(1).textContent()).toContain("lunch <3");
    await page.getByRole("link", { name: "Pay a bill" }).click();
    await page.getByLabel("Amount").fill("20");
    await page.getByLabel("Number of the bill").fill("RF18");
    // A double click sends the form twice.
    await page.getByRole("button", { name: "Pay" }).dblclick();
    await page.waitForURL(/done=bill/);
    expect(await balanceOf(account)).toBe(6770n);
    await page.getByRole("link", { name: "Standing orders" }).click();
    await page.getByLabel("To account").fill(other.account);
    await page.getByLabel("Amount").fill("5");
    await page.getByLabel("First day").fill("2031-01-31");
    await page.getByRole("button", { name: "Make it" }).click();
    expect(await page.getByRole("status").textContent()).toContain("is made");
    await page.getByRole("button", { name: /^End/ }).click();
    expect(await page.getByText("There are none.").isVisible()).toBe(true);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.goto(`/accounts/${account}`);
    expect(await page.getByLabel("Card number").isVisible()).toBe(true);
  });

  test("by the keyboard alone", async () => {
    const { card, account } = await bank.opened("Carol");
    await using someone = await person();
    const { page } = someone;
    await page.goto("/");
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toContain("Skip to the content");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type(card);
    await page.keyboard.press("Tab");
    await page.keyboard.type(PIN);
    await page.keyboard.press("Enter");
    await page.waitForURL(/accounts/);
    expect(await page.getByText(account).isVisible()).toBe(true);
  });

  test("three wrong PINs, and the right one is too late", async () => {
    const { card } = await bank.opened("Dave");
    await using someone = await person();
    const { page } = someone;
    for (let i = 0; i < 3; i++) {
      await logIn(page, card, "0000");
      expect(await page.getByRole("alert").textContent()).toMatch(/wrong/);
    }
    await logIn(page, card);
    expect(await page.getByRole("alert").textContent()).toMatch(/blocked/i);
  });

  test("a session that ends over a transfer moves nothing, and the form is there again", async () => {
    const [{ card, account }, other] = [await bank.opened("Erin"), await bank.opened("Frank")];
    await using someone = await person();
    const { page } = someone;
    await logIn(page, card);
    await page.goto("/transfer");
    await page.getByLabel("To account").fill(other.account);
    await page.getByLabel("Amount").fill("7");
    await bank.clock.advance(601_000);
    await page.getByRole("button", { name: "Transfer" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("nothing was done");
    expect(await balanceOf(account)).toBe(10_000n);
    await page.getByLabel("Card number").fill(card);
    await page.getByLabel("PIN").fill(PIN);
    await page.getByRole("button", { name: "Log in" }).click();
    expect(await page.getByLabel("Amount").inputValue()).toBe("7");
    await page.getByRole("button", { name: "Transfer" }).click();
    await page.waitForURL(/done=transfer/);
    expect(await balanceOf(account)).toBe(9300n);
  });

  test.each([false, true])("nothing is wider than a phone of 320 pixels (dark: %s)", async (dark) => {
    const { card, account } = await bank.opened("Grace");
    await using someone = await person({ width: 320, dark });
    const { page } = someone;
    await logIn(page, card);
    for (const path of ["/", "/accounts", `/accounts/${account}`, "/transfer", "/pay", "/orders", "/staff"]) {
      await page.goto(path);
      const box = await page.locator("main").boundingBox();
      const shot = await page.screenshot({ fullPage: true });
      // The width stands at octet 16 of a PNG: a page that is wider than the screen makes a wider picture.
      expect([shot.readUInt32BE(16), box!.width <= 320]).toEqual([320, true]);
    }
  });

  test("what waits for a second person can be approved on a phone of 320 pixels", async () => {
    const { account } = await bank.opened("Heidi");
    const one = await bank.staff("ann", "teller");
    await bank.staff("tom", "teller");
    const about = { account, amount: "9000" };
    await bank.call({ url: "/v1/deposits", payload: about, token: one, key: "wide" });
    await using someone = await person({ width: 320 });
    const { page } = someone;
    await page.goto("/staff");
    await page.getByLabel("Name").fill("tom");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("link", { name: "For a second person" }).click();
    const decline = (await page.getByRole("button", { name: "Decline" }).boundingBox())!;
    expect(decline.x + decline.width).toBeLessThanOrEqual(320);
    // Its words have a line, not a column.
    expect((await page.getByText("deposit of 9000 USD").boundingBox())!.width).toBeGreaterThan(150);
    await page.getByRole("button", { name: "Approve" }).click();
    expect(await balanceOf(account)).toBe(910_000n);
  });
});
