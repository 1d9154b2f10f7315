// A process that runs commands of the built `lotse` one after the other: starting Node for each of the many
// commands of the documentation would take longer than the commands themselves. See docs-shell.ts.
import { processContext } from "../src/context.ts";
import type { main as Main } from "../src/main.ts";
import type { Ended } from "./cli-runner.ts";

/** A command as docs-shell.ts sends it. */
export interface HostRequest {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Whether standard error goes to standard output. */
  readonly together: boolean;
}

const built = new URL("../dist/main.js", import.meta.url).href;
const { main } = (await import(built)) as { readonly main: typeof Main };
const context = processContext();

process.on("message", (request: HostRequest) => {
  void answer(request).then((ended) => process.send?.(ended));
});
process.once("disconnect", () => process.exit());
process.send?.("ready");

async function answer({ args, cwd, variables, together }: HostRequest): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  const out = (text: string): void => void (stdout += text);
  const err = (text: string): void => void (stderr += text);
  const status = await main(args, {
    ...context,
    cwd,
    variables,
    out,
    reveal: (content) => out(typeof content === "string" ? content : Buffer.from(content).toString("utf8")),
    ask: null,
    sessions: new Map(),
    err: together ? out : err,
    live: false,
  });
  return { status, stdout, stderr };
}
