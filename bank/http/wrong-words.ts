/** What is wrong with a request that does not have the shape it should have, in words for whoever wrote it. */
import type { FastifyError } from "fastify";

/** As Ajv tells it, where it is told to tell all (`verbose`). */
interface Fault {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly parentSchema?: { readonly description?: unknown; readonly type?: unknown };
}

/** Null: it is no fault of shape. */
export function wrongWords({ validation }: FastifyError): string | null {
  const fault: Fault | undefined = validation?.[0];
  if (fault === undefined) return null;
  const place = fault.instancePath.slice(1).replaceAll("/", ".");
  const named = place === "" ? "" : `${place}: `;
  const { missingProperty, additionalProperty, allowedValues } = fault.params;
  switch (fault.keyword) {
    case "required":
      return `${named}${String(missingProperty)} is missing`;
    case "additionalProperties":
      return `${named}${String(additionalProperty)} is not known here`;
    case "enum":
      return `${named}one of ${Array.isArray(allowedValues) ? allowedValues.join(", ") : "some words"} is wanted`;
    default: {
      const { description, type } = fault.parentSchema ?? {};
      const wanted =
        typeof description === "string"
          ? description
          : `a ${typeof type === "string" ? type : "value"} of another form`;
      return `${place === "" ? "the body" : place}: ${wanted} is wanted`;
    }
  }
}
