import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDeployments } from "./deployments.ts";
import { describeDeploymentStore } from "./testing/deployments-conformance.ts";

describeDeploymentStore("files", async () => {
  const directory = await mkdtemp(join(tmpdir(), "lotse-deployments-"));
  return {
    open: () => openDeployments(join(directory, ".lotse")),
    damage: ({ environment, tenant }) =>
      writeFile(join(directory, ".lotse", "state", "deployments", environment, `${tenant}.json`), "{}"),
    dispose: () => rm(directory, { recursive: true }),
  };
});
