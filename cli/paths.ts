/** Paths in configuration files start at the file's own folder, those on the command line at the working folder. */
import { isAbsolute, join } from "node:path";

export const inFolder = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path));
