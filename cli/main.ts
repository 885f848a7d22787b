/** The program `strata`: where the process, its streams and its exit code meet the command line. */
import { run, systemOutput } from "./index.ts";

process.exitCode = await run(process.argv.slice(2), systemOutput());
