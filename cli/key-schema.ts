/** Keys in YAML, as a part of a configuration or as a file of their own. */
import { z } from "zod";
import { algorithmProblem, keyNameProblem, secretProblem } from "./key-text.ts";

const checked = (problemOf: (text: string) => string | null) =>
  z.string().superRefine((text, context) => {
    const message = problemOf(text);
    if (message !== null) context.addIssue({ code: "custom", message });
  });

export const keys = z
  .array(
    z.strictObject({
      name: checked(keyNameProblem),
      algorithm: checked(algorithmProblem).default("hmac-sha256").describe("hmac-sha256, hmac-sha384 or hmac-sha512."),
      secret: checked(secretProblem).describe("Base64."),
    }),
  )
  .describe("Keys that are shared with others (TSIG, RFC 8945); strata key generate --format yaml prints one.");

/** A file of nothing but keys. */
export const keyFile = z.strictObject({ keys: keys.min(1) });
