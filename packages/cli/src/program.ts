import { Command } from "commander";
import type { Context } from "./context.ts";
import { addDiff } from "./commands/config/diff.ts";
import { addDotenv } from "./commands/config/dotenv.ts";
import { addExplain, addWhyNot } from "./commands/config/explain.ts";
import { addGet } from "./commands/config/get.ts";
import { addImpact } from "./commands/config/impact.ts";
import { addSet } from "./commands/config/set.ts";
import { addTypes } from "./commands/config/types.ts";
import { addValidate } from "./commands/config/validate.ts";
import { addWatch } from "./commands/config/watch.ts";
import { addAudit } from "./commands/audit/index.ts";
import { audit } from "./commands/audited.ts";
import { addCompletion } from "./commands/completion.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addInit } from "./commands/init.ts";
import { addPolicy } from "./commands/policy/index.ts";
import { addWaivers } from "./commands/policy/waivers.ts";
import { addExec } from "./commands/exec.ts";
import { addSecrets } from "./commands/secrets/index.ts";
import { addRelease } from "./commands/release/release.ts";
import { addDeploy, addRollback, addStatus } from "./commands/release/rollout.ts";
import { addStop } from "./commands/stop.ts";
import { addTemplate } from "./commands/template/template.ts";
import { addVulnerability } from "./commands/vulnerability.ts";
import { withCommon } from "./options.ts";
import { version } from "./version.ts";

const statuses = `
Exit statuses:
  0  done                       4  something named does not exist
  1  findings, failed rollout   5  somebody else holds it, or it exists already
  2  wrong usage                6  this machine lacks something
  3  an input is broken         70 a defect in Lotse      130 stopped by you
`;

/** The whole command line. */
export function buildProgram(context: Context): Command {
  const program = withCommon(new Command("lotse"))
    .description("Pilots every tenant's environment into production.")
    .version(version, "-V, --version")
    .configureOutput({ writeOut: context.out, writeErr: context.err })
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
    .addHelpText("after", statuses)
    .exitOverride();
  addInit(program, context);
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
  addTemplate(program, context);
  addRelease(program, context);
  addDeploy(program, context);
  addRollback(program, context);
  addStatus(program, context);
  addStop(program, context);
  addSecrets(program, context);
  addExec(program, context);
  addAudit(program, context);
  addPolicy(program, context);
  addWaivers(program, context);
  addVulnerability(program, context);
  addDoctor(program, context);
  addCompletion(program, context);
  audit(program, context);
  return program;
}
