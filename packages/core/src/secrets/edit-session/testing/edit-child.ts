/**
 * A process that lets a secret text be edited, as the command line does:
 * `node edit-child.ts <place> <editor…>`. It prints the outcome, or the code of the error.
 */
import { isLotseError, Sensitive } from "../../../kernel/index.ts";
import { editPlain } from "../index.ts";

const [place = "", ...editor] = process.argv.slice(2);
try {
  const result = await editPlain({
    content: new Sensitive(Buffer.from("password: hunter22\n")),
    suffix: ".yml",
    editor,
    check: () => [],
    prompt: { onMistake: () => Promise.resolve("give-up") },
    environment: process.env,
    allowDisk: true,
    terminal: false,
    places: [place],
  });
  console.log(result.outcome);
} catch (error) {
  console.log(isLotseError(error) ? error.code : error);
}
