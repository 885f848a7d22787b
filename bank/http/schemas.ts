/** Shapes of the API's words; from them requests are checked, answers written, and the OpenAPI document made. */

export const word = (maxLength: number, pattern = "^[^\\u0000-\\u001f\\u007f]*$") =>
  ({ type: "string", minLength: 1, maxLength, pattern }) as const;

export const amountText = { type: "string", pattern: "^\\d{1,15}(\\.\\d{1,6})?$", examples: ["50", "12.30"] } as const;
export const accountText = word(64, "^[A-Za-z0-9:._-]+$");
export const cardText = word(16, "^\\d{16}$");
export const pinText = word(12, "^\\d{4,12}$");
export const reference = { type: "string", maxLength: 140, pattern: "^[^\\u0000-\\u001f\\u007f]*$" } as const;

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
    account: { type: "string" },
    currency: textOrNull,
    amount: textOrNull,
    balance: textOrNull,
    available: textOrNull,
  },
} as const;

export const object = <P extends Readonly<Record<string, unknown>>>(
  properties: P,
  required: readonly (keyof P & string)[],
) => ({ type: "object", properties, required, additionalProperties: false }) as const;

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

/** Of routes that move money. */
export const moving = { 200: outcome, 409: outcome, 422: outcome, ...failures } as const;
