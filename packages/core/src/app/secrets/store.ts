import { join } from "node:path";
import type { ConfigEngine } from "../../config/index.ts";
import type { Actor, Clock, Exec } from "../../kernel/index.ts";
import { identitiesFromEnvironment } from "../../secrets/sops/index.ts";
import { SecretStore } from "../../secrets/store/index.ts";
import { refuseTrackedState } from "../tracked-state.ts";
import { signingKeyOf } from "./signing-key.ts";

/** What the secrets of a workspace are opened with. */
interface StoreOwner {
  readonly directory: string;
  readonly state: string;
  readonly engine: ConfigEngine;
  readonly clock: Clock;
  readonly exec: Exec;
  readonly actor: Actor;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** The secret files of a workspace; nothing is read yet. */
export function secretStoreOf(owner: StoreOwner): SecretStore {
  const { workspace, files } = owner.engine;
  return new SecretStore({
    directory: owner.directory,
    state: owner.state,
    files,
    workspace: workspace.name,
    signers: workspace.secrets.signers,
    identities: () => identitiesFromEnvironment(owner.variables, owner.exec, homeOf(owner.variables)),
    signingKey: () => signingKeyOf(owner.variables),
    checkState: () => refuseTrackedState(owner.exec, owner.state),
    who: `${owner.actor.kind}:${owner.actor.id}`,
    clock: owner.clock,
  });
}

function homeOf(variables: StoreOwner["variables"]): string {
  return variables["HOME"] ?? join("/nonexistent");
}
