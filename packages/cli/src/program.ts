import { Command } from "commander";
import type { Context } from "./context.ts";
import { audit } from "./commands/audited.ts";
import { withCommon } from "./options.ts";
import { version } from "./version.ts";

type AddCommands = (program: Command, context: Context) => void;

/** Commands that are loaded together. */
interface Family {
  /** The first words that call them. */
  readonly words: readonly string[];
  /** Whether they have to know all other commands. */
  readonly needsAll?: true;
  readonly load: () => Promise<AddCommands>;
}

/** In the order in which help shows them. A command starts without loading what other families need. */
const families: readonly Family[] = [
  { words: ["init"], load: async () => (await import("./commands/init.ts")).addInit },
  { words: ["config"], load: async () => (await import("./commands/config/index.ts")).addConfig },
  { words: ["template"], load: async () => (await import("./commands/template/template.ts")).addTemplate },
  { words: ["release"], load: async () => (await import("./commands/release/release.ts")).addRelease },
  {
    words: ["deploy", "rollback", "status", "approve", "pause", "resume", "abort", "retry", "worker"],
    load: async () => (await import("./commands/rollout/index.ts")).addRollouts,
  },
  { words: ["stop"], load: async () => (await import("./commands/stop.ts")).addStop },
  { words: ["secrets"], load: async () => (await import("./commands/secrets/index.ts")).addSecrets },
  { words: ["exec"], load: async () => (await import("./commands/exec.ts")).addExec },
  { words: ["audit"], load: async () => (await import("./commands/audit/index.ts")).addAudit },
  { words: ["policy"], load: async () => (await import("./commands/policy/index.ts")).addPolicy },
  { words: ["waivers"], load: async () => (await import("./commands/policy/waivers.ts")).addWaivers },
  {
    words: ["vulnerability"],
    load: async () => (await import("./commands/vulnerability.ts")).addVulnerability,
  },
  { words: ["doctor"], load: async () => (await import("./commands/doctor.ts")).addDoctor },
  {
    words: ["completion", "complete"],
    needsAll: true,
    load: async () => (await import("./commands/completion.ts")).addCompletion,
  },
];

const statuses = `
Exit statuses:
  0  done                       4  something named does not exist
  1  findings, failed rollout   5  somebody else holds it, or it exists already
  2  wrong usage                6  this machine lacks something
  3  an input is broken         70 a defect in Lotse      130 stopped by you
`;

/**
 * The command line.
 *
 * @param args - only the commands that these call are loaded; all where they name none, as help and mistakes do.
 * @defaultValue all commands
 */
export async function buildProgram(context: Context, args: readonly string[] = []): Promise<Command> {
  const program = withCommon(new Command("lotse"))
    .description("Pilots every tenant's environment into production.")
    .version(version, "-V, --version")
    .configureOutput({ writeOut: context.out, writeErr: context.err })
    .showSuggestionAfterError(true)
    .enablePositionalOptions()
    .addHelpText("after", statuses)
    .exitOverride();
  for (const add of await Promise.all(familiesFor(program, args).map(({ load }) => load()))) {
    add(program, context);
  }
  audit(program, context);
  return program;
}

function familiesFor(program: Command, args: readonly string[]): readonly Family[] {
  const word = firstWord(program, args);
  if (word === undefined && args.some((arg) => arg === "-V" || arg === "--version")) return [];
  const called = families.find(({ words }) => words.includes(word ?? ""));
  return called === undefined || called.needsAll === true ? families : [called];
}

/** The command that is called: the first argument that is neither an option nor an option's value. */
function firstWord(program: Command, args: readonly string[]): string | undefined {
  const taking = new Set(
    program.options.filter(({ required }) => required).flatMap(({ short, long }) => [short, long]),
  );
  for (let at = 0; at < args.length; at++) {
    if (taking.has(args[at])) at += 1;
    else if (args[at]?.startsWith("-") === false) return args[at];
  }
  return undefined;
}
