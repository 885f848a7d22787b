/** The settings of a name server in a form that can be posted to its query threads: prefixes are objects with a method, so they travel as text. */
import { Prefix } from "../net/index.ts";
import type { ServerSettings } from "./settings.ts";

type PrefixLists = "allow" | "deny" | "recursionAllow" | "unlimited";

export interface PostedSettings {
  readonly plain: Omit<ServerSettings, PrefixLists>;
  readonly allow: readonly string[] | null;
  readonly deny: readonly string[];
  readonly recursionAllow: readonly string[];
  readonly unlimited: readonly string[];
}

const texts = (prefixes: readonly Prefix[]): string[] => prefixes.map((prefix) => prefix.toString());
const prefixes = (given: readonly string[]): Prefix[] => given.map((text) => Prefix.parse(text));

export function packSettings(settings: ServerSettings): PostedSettings {
  const { allow, deny, recursionAllow, unlimited, ...plain } = settings;
  return {
    plain,
    allow: allow === null ? null : texts(allow),
    deny: texts(deny),
    recursionAllow: texts(recursionAllow),
    unlimited: texts(unlimited),
  };
}

export function unpackSettings({ plain, allow, deny, recursionAllow, unlimited }: PostedSettings): ServerSettings {
  return {
    ...plain,
    allow: allow === null ? null : prefixes(allow),
    deny: prefixes(deny),
    recursionAllow: prefixes(recursionAllow),
    unlimited: prefixes(unlimited),
  };
}
