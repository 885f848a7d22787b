/**
 * The control channel of a running server: commands by name, asked over a socket's file that only its own user may open
 * (`net/local.ts`). What there is to ask is put in by the parts that answer it.
 */
import { Name, NameError } from "../../dns/index.ts";
import { LocalError, type LocalHandler, type LocalListener, listenLocal, type LocalParts } from "../../net/index.ts";

/** Answers with what is JSON; `tell` says before how it goes on. Throws LocalError for what the asker is to be told. */
export type ControlCommand = (given: ControlWords, tell: (text: string) => void) => unknown;

export class ControlChannel {
  readonly #commands = new Map<string, ControlCommand>();

  add(name: string, command: ControlCommand): void {
    this.#commands.set(name, command);
  }

  /** Throws LocalError when the socket is not to be had. */
  listen(path: string, parts: LocalParts): Promise<LocalListener> {
    return listenLocal(path, this.handle, parts);
  }

  readonly handle: LocalHandler = async (request, tell) => {
    const given = new ControlWords(request);
    const name = given.required("command");
    const command = this.#commands.get(name);
    if (command === undefined) throw new LocalError("UNKNOWN", `this server does not know how to ${name}`);
    const outcome: unknown = await command(given, tell);
    return outcome;
  };
}

/** What came with a command. */
export class ControlWords {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(request: unknown) {
    if (!isRecord(request)) throw new LocalError("MALFORMED", "a request is a JSON object");
    this.#values = request;
  }

  /** Null when it is not given. Throws LocalError when it is no text. */
  text(name: string): string | null {
    const value = this.#values[name] ?? null;
    if (value !== null && typeof value !== "string") throw new LocalError("MALFORMED", `${name} is a text`);
    return value;
  }

  /** Null when it is not given. Throws LocalError when it is no number. */
  number(name: string): number | null {
    const value = this.#values[name] ?? null;
    if (value !== null && typeof value !== "number") throw new LocalError("MALFORMED", `${name} is a number`);
    return value;
  }

  /** Throws LocalError when it is not given. */
  required(name: string): string {
    const text = this.text(name);
    if (text === null) throw new LocalError("MALFORMED", `${name} is missing`);
    return text;
  }

  /** The zone that the command is about, or null for all. Throws LocalError when it is no name. */
  zone(): Name | null {
    return this.#name("zone");
  }

  /** Throws LocalError when it is not given or no name. */
  requiredZone(): Name {
    return this.requiredName("zone");
  }

  /** Throws LocalError when it is not given or no name. */
  requiredName(word: string): Name {
    const name = this.#name(word);
    if (name === null) throw new LocalError("MALFORMED", `${word} is missing`);
    return name;
  }

  #name(word: string): Name | null {
    const text = this.text(word);
    if (text === null) return null;
    try {
      return Name.parse(text);
    } catch (error) {
      if (error instanceof NameError) throw new LocalError("BAD_NAME", `${word} ${text}: ${error.message}`);
      throw error;
    }
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
