import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { addDiff } from "./diff.ts";
import { addDotenv } from "./dotenv.ts";
import { addExplain, addWhyNot } from "./explain.ts";
import { addGet } from "./get.ts";
import { addImpact } from "./impact.ts";
import { addSet } from "./set.ts";
import { addTypes } from "./types.ts";
import { addValidate } from "./validate.ts";
import { addWatch } from "./watch.ts";

/** `lotse config …` */
export function addConfig(program: Command, context: Context): void {
  const config = program.command("config").description("resolve, explain, check and edit configuration");
  addGet(config, context);
  addExplain(config, context);
  addWhyNot(config, context);
  addDiff(config, context);
  addValidate(config, context);
  addImpact(config, context);
  addSet(config, context);
  addTypes(config, context);
  addWatch(config, context);
  addDotenv(config, context);
}
