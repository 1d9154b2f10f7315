import { isLotseError, type Exec } from "../../kernel/index.ts";
import type { Gate, GateContext, Verdict } from "../gate.ts";
import { durationMs } from "../strategies/duration.ts";
import type { CommandSpec } from "./spec.ts";

/** How much of what a command wrote is told. */
const toldCharacters = 500;

/** Asks a command, whose exit status 0 lets the rollout go on. */
export function commandGate(spec: CommandSpec, exec: Exec, directory: string): Gate {
  return {
    judge: (context) =>
      spec.on === "target" ? onTarget(spec, context) : here(spec, context, exec, directory),
  };
}

async function onTarget(
  spec: CommandSpec,
  { target, environment, tenant, colour, signal }: GateContext,
): Promise<Verdict> {
  const on = { hosts: target.hosts.slice(0, 1), signal, timeoutMs: durationMs(spec.timeout) };
  try {
    await target.run({ environment, tenant, colour }, spec.run, on);
    return { verdict: "pass", reason: `${spec.run[0]} ended with exit status 0` };
  } catch (error) {
    if (!isLotseError(error) || error.code !== "target.hook") throw error;
    return { verdict: "fail", reason: error.message };
  }
}

async function here(spec: CommandSpec, context: GateContext, exec: Exec, cwd: string): Promise<Verdict> {
  const [program = "", ...args] = spec.run;
  const env = {
    LOTSE_ENVIRONMENT: context.environment,
    LOTSE_TENANT: context.tenant,
    LOTSE_COLOUR: context.colour,
    LOTSE_RELEASE: context.release,
    LOTSE_VERSION: context.version,
  };
  const { status, stdout, stderr } = await exec(program, args, {
    cwd,
    env,
    timeoutMs: durationMs(spec.timeout),
  });
  if (status === 0) return { verdict: "pass", reason: `${program} ended with exit status 0` };
  const told = `${stdout}\n${stderr}`.trim().slice(-toldCharacters);
  return {
    verdict: "fail",
    reason: `${program} ended with exit status ${status}${told === "" ? "" : `: ${told}`}`,
  };
}
