/** The version in package.json, which stands one folder above the sources and two above compiled code. */
import { fileURLToPath } from "node:url";
import { systemFiles } from "../base/index.ts";

export function strataVersion(): string {
  for (const place of ["../package.json", "../../package.json"]) {
    const file = fileURLToPath(new URL(place, import.meta.url));
    if (!systemFiles.exists(file)) continue;
    const content: unknown = JSON.parse(new TextDecoder().decode(systemFiles.read(file)));
    if (typeof content === "object" && content !== null && "version" in content) return String(content.version);
  }
  return "unknown";
}
