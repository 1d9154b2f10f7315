/**
 * A deploying process that kills itself: `node crash-child.ts <workspace> <version> <event> <step>` deploys a
 * version to the tenant acme and dies by SIGKILL at the first event of that type of that step.
 */
import { TestWorkspace } from "./test-workspace.ts";

const [directory = "", version = "", type = "", step = ""] = process.argv.slice(2);
const workspace = new TestWorkspace(directory);
const release = await workspace.releases.get(version);
await workspace.deploy(release, {
  id: `crash-${type}-${step}`,
  onEvent: (event) => {
    if (event.type === type && "step" in event && event.step === step) process.kill(process.pid, "SIGKILL");
  },
});
