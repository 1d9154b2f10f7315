/**
 * A process that runs a program with one secret, as the command line does:
 * `node run-child.ts <environment|fifo> <places> <program> <arguments…>`. It ends with the program's status.
 */
import { Sensitive } from "../../../kernel/index.ts";
import { runWithVariables } from "../index.ts";

const [how = "", places = "", ...command] = process.argv.slice(2);
const { status } = await runWithVariables({
  command,
  variables: [{ name: "SECRET", value: new Sensitive("hunter22"), secret: true }],
  how: how === "fifo" ? "fifo" : "environment",
  cwd: process.cwd(),
  terminal: false,
  places: [places],
});
process.exitCode = status;
