import { createRequire } from "node:module";
import { dirname } from "node:path";

/**
 * The directory of a package, for what comes with its code and is no code. It is found by the package's name, since
 * the code that asks may lie in a bundle of another one.
 *
 * @param from - the `import.meta.url` of the module that asks
 */
export function packageDirectory(name: string, from: string): string {
  return dirname(createRequire(from).resolve(`${name}/package.json`));
}
