/** HTML as values: whatever is put into a template is escaped, unless it is HTML already. So no page can forget to. */

export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static of(strings: TemplateStringsArray, values: readonly HtmlValue[]): Html {
    return new Html(strings.reduce((text, part, i) => text + shown(values[i - 1]!) + part));
  }

  toString(): string {
    return this.#text;
  }
}

/** Null and false stand for nothing. */
export type HtmlValue = Html | string | number | null | false | readonly HtmlValue[];

export const html = (strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html => Html.of(strings, values);

function shown(value: HtmlValue): string {
  if (value === null || value === false) return "";
  if (value instanceof Html) return value.toString();
  if (typeof value === "object") return value.map(shown).join("");
  return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

/** In text and between quotes of an attribute. */
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
