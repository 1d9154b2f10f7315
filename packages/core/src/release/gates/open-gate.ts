import type { Clock, Exec } from "../../kernel/index.ts";
import type { Gate } from "../gate.ts";
import { commandGate } from "./command.ts";
import { httpGate } from "./http.ts";
import { requestsGate } from "./requests.ts";
import type { GateSpec } from "./spec.ts";

/** What gates work with. */
export interface GateContextParts {
  readonly clock: Clock;
  readonly exec: Exec;
  /** Where commands that run `here` do so; absolute. */
  readonly directory: string;
}

/** Opens the gate that a strategy file describes. */
export function openGate(spec: GateSpec, { clock, exec, directory }: GateContextParts): Gate {
  switch (spec.kind) {
    case "requests":
      return requestsGate(spec, clock);
    case "command":
      return commandGate(spec, exec, directory);
    case "http":
      return httpGate(spec);
    default:
      return spec satisfies never;
  }
}
