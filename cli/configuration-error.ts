/** What is wrong with a file that says what to do, and where. */
import { UsageError } from "./failure.ts";

export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A configuration file that is wrong: all of its problems at once. */
export class ConfigurationError extends UsageError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatPlace).join("\n"));
    this.problems = problems;
  }
}

const formatPlace = ({ file, line, column, message }: Problem): string => `${file}:${line}:${column}: ${message}`;
