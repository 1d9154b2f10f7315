import { LotseError, Sensitive, type Exec } from "../../kernel/index.ts";
import { renderDotenv } from "./dotenv-file.ts";
import { inheritedEnvironment, withVariables } from "./environment.ts";
import { makeFifo } from "./fifo.ts";
import { openPlace, type PrivatePlace } from "./private-place.ts";
import type { RunRequest } from "./run-request.ts";
import { checkVariables } from "./variable.ts";

/** What a child is started with. */
export interface Prepared {
  readonly argv: readonly [string, ...string[]];
  readonly environment: Record<string, string>;
  readonly place?: PrivatePlace;
  readonly fifo?: { readonly path: string; readonly content: Sensitive<string> };
}

/**
 * Works out arguments and environment, and makes the named pipe where there is to be one.
 *
 * @throws LotseError `usage.argument` without a program; what checking the variables and making the pipe throw
 */
export async function prepare(request: RunRequest, exec: Exec): Promise<Prepared> {
  const [program, ...args] = request.command;
  if (program === undefined || program === "") {
    throw new LotseError({
      code: "usage.argument",
      message: "there is no program to run",
      hint: "name it after --",
    });
  }
  const parent = request.environment ?? process.env;
  const inherited = inheritedEnvironment(parent, request.clean ?? false);
  if (request.how === "environment") {
    return { argv: [program, ...args], environment: withVariables(inherited, request.variables) };
  }
  const name = request.fifoName ?? "LOTSE_ENV_FILE";
  checkVariables([{ name, value: "", secret: false }]);
  const { formatLine } = request;
  const { content } = renderDotenv(request.variables, formatLine === undefined ? {} : { formatLine });
  // A pipe holds nothing on a disk, whatever its directory is on.
  const place = await openPlace({ environment: parent, allowDisk: true, candidates: request.places });
  try {
    const path = await makeFifo(place, exec);
    return {
      argv: [program, ...args.map((argument) => argument.replaceAll("{}", path))],
      environment: { ...inherited, [name]: path },
      place,
      fifo: { path, content: typeof content === "string" ? new Sensitive(content) : content },
    };
  } catch (error) {
    place.close();
    throw error;
  }
}
