import { createRequire } from "node:module";
import { dirname } from "node:path";
import { LotseError } from "./error.ts";

/**
 * The directory of a package, for what comes with its code and is no code. It is found by the package's name, since
 * the code that asks may lie in a bundle of another one.
 *
 * @param from - the `import.meta.url` of the module that asks
 * @throws LotseError `machine.missing` when it is not installed
 */
export function packageDirectory(name: string, from: string): string {
  try {
    return dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch (cause) {
    throw new LotseError({
      code: "machine.missing",
      message: `the package ${name} is not installed`,
      hint: "install Lotse again, with everything that it depends on",
      cause,
    });
  }
}
