export { type Command, type Option, type Positional } from "./arguments.ts";
export { COMMANDS } from "./commands.ts";
export { type Output, systemOutput } from "./output.ts";
export { run } from "./run.ts";
