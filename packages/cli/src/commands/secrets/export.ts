import { resolve } from "node:path";
import { Option, type Command } from "commander";
import { exportForms, exportVariablesAs, type ExportForm } from "@lotse/core/app";
import { LotseError, Sensitive } from "@lotse/core/kernel";
import { writeArtefact, type Artefact } from "@lotse/core/secrets";
import type { Context } from "../../context.ts";
import { printResult } from "../../output/result.ts";
import { requestOf, sessionOf, withScope, type ScopeOptions } from "../../options.ts";
import { leaf } from "../leaf.ts";

interface ExportOptions extends ScopeOptions {
  readonly format: ExportForm;
  readonly to?: string;
  readonly stdout?: boolean;
  readonly name?: string;
  readonly namespace?: string;
  readonly store: string;
  readonly allSecrets?: boolean;
}

/** `lotse secrets export ENV` */
export function addExport(parent: Command, context: Context): void {
  withScope(leaf(parent, "export", "write a scope's variables for Compose, Kubernetes or a CI system"))
    .argument("<env>", "environment, or environment:tenant")
    .addOption(new Option("--format <format>", "for whom").choices([...exportForms]).default("dotenv"))
    .option("--to <dir>", "the directory to write to; files have mode 0600")
    .option("--stdout", "print the files, secrets and all")
    .option("--name <name>", "the name of Kubernetes objects; the tenant's or environment's if left out")
    .option("--namespace <namespace>", "their namespace")
    .option("--store <name>", "the SecretStore that external-secrets asks", "lotse")
    .option("--all-secrets", "also every secret of the scope under its own name")
    .addHelpText(
      "after",
      `
github and gitlab print a plan: what would be set and with which command. external-secret holds no values.

Examples:
  lotse secrets export prod:nordlicht-records --format kubernetes --to /dev/shm/out
  lotse secrets export prod:nordlicht-records --format external-secret --stdout
  lotse secrets export prod --format github`,
    )
    .action(async (environment: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ExportOptions>();
      const session = sessionOf(context, options);
      const request = requestOf(environment, options);
      const name = options.name ?? request.tenant ?? request.environment;
      const { artefacts, plan, notes } = await exportVariablesAs(
        session,
        { request, allSecrets: options.allSecrets === true },
        options.format,
        {
          name,
          store: options.store,
          ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
        },
      );
      // A form that holds no value opens nothing, and is recorded all the same.
      await session.recorder.read({
        action: "secret.export",
        object: options.format,
        scope: {
          environment: session.engine.environment(request.environment),
          ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
        },
      });
      const files = await put(context, options, artefacts);
      if (plan === null && options.stdout === true && options.output === undefined) return;
      printResult(context, options.output ?? "table", {
        value: { files, plan, notes: [...notes] },
        table: () =>
          [...files.map((file) => `wrote ${file}\n`), ...notes.map((line) => `${line}\n`)].join(""),
      });
    });
}

async function put(
  context: Context,
  options: ExportOptions,
  artefacts: readonly Artefact[],
): Promise<readonly string[]> {
  if (artefacts.length === 0) return [];
  if (options.stdout === true) {
    for (const { content } of artefacts) {
      context.reveal(content instanceof Sensitive ? content.reveal() : content);
    }
    return [];
  }
  if (options.to === undefined) {
    throw new LotseError({
      code: "usage.argument",
      message: "these files hold secrets, and nothing says where they shall go",
      hint: "name a directory with --to, best one in memory, or give --stdout to print them",
    });
  }
  const directory = resolve(context.cwd, options.to);
  const written: string[] = [];
  for (const artefact of artefacts) written.push(await writeArtefact(directory, artefact));
  return written;
}
