/**
 * A deploying process that kills itself: `node crash-child.ts <workspace> <version> <event> <step>` deploys a
 * version to the tenant acme and dies by SIGKILL at the first event of that type of that step; the events are
 * `step-started` and `step-finished`.
 */
import { TestWorkspace } from "./test-workspace.ts";

const [directory = "", version = "", type = "", step = ""] = process.argv.slice(2);
const workspace = new TestWorkspace(directory);
const release = await workspace.releases.get(version);
await workspace.deploy(release, {
  id: `crash-${type}-${step}`,
  force: true,
  strategy: { strategy: "blue-green", old: "removed" },
  onStep: (name) => {
    if (type === "step-started" && name === step) process.kill(process.pid, "SIGKILL");
  },
  onDone: (name) => {
    if (type === "step-finished" && name === step) process.kill(process.pid, "SIGKILL");
  },
});
