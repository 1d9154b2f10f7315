import type { Command } from "commander";
import { type PolicyRequest } from "@lotse/core/app";
import { LotseError } from "@lotse/core/kernel";
import { splitScope, type CommonOptions } from "../../options.ts";

/** Options of commands that judge. */
export interface JudgeOptions extends CommonOptions {
  readonly tenant?: string;
  readonly all?: boolean;
  readonly framework?: string;
  readonly strict?: boolean;
  readonly changedSince?: string;
  readonly probe?: boolean;
}

/** Adds what chooses scopes and how they are judged. */
export function withJudging(command: Command): Command {
  return command
    .argument("[env]", "environment with all its tenants, or environment:tenant; all if left out")
    .option("-t, --tenant <tenant>", "only this tenant")
    .option("--all", "all environments with all their tenants")
    .option("--framework <id>", "only this framework: gdpr, soc2, hipaa, iso27001, pci-dss, or your own")
    .option("--strict", "what is unknown counts as failed")
    .option("--changed-since <revision>", "only what a change since this git revision concerns")
    .option("--probe", "ask the running system, as policy/policy.yml lists it");
}

/** What the options ask for. @throws LotseError `usage.argument` */
export function judgingOf(environment: string | undefined, options: JudgeOptions): PolicyRequest {
  const named = environment === undefined ? undefined : splitScope(environment);
  const tenant = options.tenant ?? named?.tenant;
  if (options.all === true && (named !== undefined || tenant !== undefined)) {
    throw new LotseError({
      code: "usage.argument",
      message: "--all and a named environment or tenant exclude each other",
      hint: "leave one of them out",
    });
  }
  return {
    environment: named?.environment,
    tenant,
    framework: options.framework,
    strict: options.strict,
    changedSince: options.changedSince,
    probe: options.probe,
  };
}

/** Whether the whole workspace is judged, so that the run belongs into the trend. */
export function isWhole({ environment, tenant, framework, changedSince }: PolicyRequest): boolean {
  return [environment, tenant, framework, changedSince].every((one) => one === undefined);
}
