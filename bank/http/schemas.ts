/** Shapes of the API's words; from them requests are checked, answers written, and the OpenAPI document made. */

/** @param description What is wanted, for who gets it wrong. */
export const word = (
  maxLength: number,
  pattern: string = NO_CONTROLS,
  description = pattern === NO_CONTROLS ? textUpTo(maxLength) : "a text of another form",
) => ({ type: "string", minLength: 1, maxLength, pattern, description }) as const;

/** Nor line ends, nor what turns the direction of what follows around, nor half a character: a text is shown as it was written, on terminals too. */
const NO_CONTROLS = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]*$";
const textUpTo = (length: number): string => `a text of 1 to ${length} characters in one line`;

export const amountText = {
  ...{ type: "string", pattern: "^\\d{1,15}(\\.\\d{1,6})?$", examples: ["50", "12.30"] },
  description: "an amount in digits, such as 50 or 12.30,",
} as const;
export const accountText = word(64, "^[A-Za-z0-9:._-]+$", "the number or name of an account");
/** A holder's, as against the bank's own. */
export const accountNumberText = word(10, "^\\d{10}$", "an account's number of 10 digits");
/** The name of a member of staff, of a biller. */
export const nameText = word(32, "^[a-z0-9-]+$", "a name of small letters a to z, digits and dashes");
export const atmText = word(20, "^[a-z0-9-]+$", "an ATM's name of small letters a to z, digits and dashes");
/** An idempotency key of one's own. */
export const keyText = word(48, "^[\\x21-\\x7e]+$", "a key of 1 to 48 visible characters");
export const currencyText = word(3, "^[A-Z]{3}$", "a currency, such as USD,");
/** Since 1970. */
export const seconds = {
  type: "integer",
  minimum: 0,
  maximum: 2 ** 40,
  description: "a time in seconds since 1970",
} as const;
export const secretText = word(100);
/** RFC 3339 full-date. */
export const dateText = word(10, "^\\d{4}-\\d{2}-\\d{2}$", "a day, such as 2027-01-31,");
export const cardText = word(16, "^\\d{16}$", "a card's number of 16 digits");
export const pinText = word(12, "^\\d{4,12}$", "a PIN of 4 to 12 digits");
export const reference = {
  ...{ type: "string", maxLength: 140, pattern: NO_CONTROLS },
  description: "a text of at most 140 characters in one line",
} as const;

const textOrNull = { type: ["string", "null"] } as const;

export const failure = {
  type: "object",
  properties: { status: { type: "string" }, message: { type: "string" } },
  required: ["status", "message"],
} as const;

export const outcome = {
  type: "object",
  properties: {
    status: { type: "string" },
    key: { type: "string" },
    entry: { type: ["integer", "null"] },
    account: textOrNull,
    currency: textOrNull,
    amount: textOrNull,
    balance: textOrNull,
    available: textOrNull,
    flagged: { type: "boolean" },
  },
} as const;

/** JSON Schema, as far as answers take it. */
type Schema = Readonly<Record<string, unknown>>;

/** An answer with these properties, each of that type. */
export const shape = (types: Readonly<Record<string, string | readonly string[] | object>>): Schema => ({
  type: "object",
  properties: Object.fromEntries(
    Object.entries(types).map(([name, type]) => [name, isType(type) ? { type } : type] as const),
  ),
});

const isType = (type: string | readonly string[] | object): boolean => typeof type === "string" || Array.isArray(type);

export const listOf = (items: object): Schema => ({ type: "array", items });

export const object = <P extends Readonly<Record<string, unknown>>>(
  properties: P,
  required: readonly (keyof P & string)[],
) => ({ type: "object", properties, required, additionalProperties: false }) as const;

/** What is in an ATM: notes of each denomination, which is in minor units of its currency. */
export const cassettes = {
  type: "array",
  maxItems: 16,
  items: object({ denomination: word(16, "^\\d+$"), count: { type: "integer", minimum: 0, maximum: 100_000 } }, [
    "denomination",
    "count",
  ]),
} as const;

/** What every route may answer beside its own. */
export const failures = {
  400: failure,
  401: failure,
  403: failure,
  404: failure,
  429: failure,
  503: failure,
  504: failure,
} as const;

/** What was proposed, and waits for a second person. */
const proposed = shape({ status: "string", key: "string", proposal: "string", about: "string" });

/** Of routes that change something and move no money. */
const change = shape({ status: "string", key: "string" });
export const changing = { 200: change, 202: proposed, 409: change, 422: change, ...failures } as const;

/** Of routes that move money. */
export const moving = { 200: outcome, 202: proposed, 409: outcome, 422: outcome, ...failures } as const;
