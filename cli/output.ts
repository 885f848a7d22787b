/**
 * Standard output for results, standard error for everything else (DESIGN §9): the one file that touches either.
 * Colour only on a terminal, and never with NO_COLOR (https://no-color.org).
 */

/** Paints text, or leaves it as it is where colour has no place. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  blue(text: string): string;
  cyan(text: string): string;
}

export interface Output {
  /** Whether a person looks at the results: they then may be drawn. */
  readonly isTerminal: boolean;
  /** Columns of the terminal; 100 in a pipe. */
  readonly columns: number;
  /** For results. */
  readonly paint: Paint;
  /** For notes. */
  readonly notePaint: Paint;
  /** One line, or several, of results. */
  result(text: string): void;
  /** Results as octets, as they are; ends when there is room for more. */
  octets(octets: Uint8Array): Promise<void>;
  /** One line, or several, for the person: progress, warnings, errors. */
  note(text: string): void;
}

const painted = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const plain = (text: string): string => text;

const COLOURS: Paint = {
  bold: painted(1),
  dim: painted(2),
  red: painted(31),
  green: painted(32),
  yellow: painted(33),
  blue: painted(34),
  cyan: painted(36),
};
const NO_COLOURS: Paint = {
  bold: plain,
  dim: plain,
  red: plain,
  green: plain,
  yellow: plain,
  blue: plain,
  cyan: plain,
};

export function paintFor(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Paint {
  const refused = (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb";
  return isTerminal && !refused ? COLOURS : NO_COLOURS;
}

/** The process's own streams. A reader that goes away (`| head`) ends the process quietly. */
export function systemOutput(): Output {
  const { stdout, stderr, env } = process;
  const closed = (error: NodeJS.ErrnoException): void => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  };
  stdout.on("error", closed);
  stderr.on("error", closed);
  const isTerminal = stdout.isTTY === true;
  return {
    isTerminal,
    columns: isTerminal ? stdout.columns : 100,
    paint: paintFor(isTerminal, env),
    notePaint: paintFor(stderr.isTTY === true, env),
    result: (text) => stdout.write(`${text}\n`),
    octets: (octets) => new Promise((resolve) => stdout.write(octets, () => resolve())),
    note: (text) => stderr.write(`${text}\n`),
  };
}

/** Keeps what is written, for tests. */
export class MemoryOutput implements Output {
  readonly isTerminal = false;
  readonly columns = 100;
  readonly paint: Paint = NO_COLOURS;
  readonly notePaint: Paint = NO_COLOURS;
  readonly results: string[] = [];
  readonly notes: string[] = [];

  result(text: string): void {
    this.results.push(text);
  }

  async octets(octets: Uint8Array): Promise<void> {
    this.results.push(Buffer.from(octets).toString());
  }

  note(text: string): void {
    this.notes.push(text);
  }
}
