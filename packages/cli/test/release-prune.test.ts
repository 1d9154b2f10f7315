import { expect, it } from "vitest";
import { printed } from "@lotse/core/contract";
import { tinyWorkspace } from "./tiny-workspace.ts";

it(
  "pruning keeps what rollouts under way name, also one that only waits for its turn",
  { timeout: 240_000 },
  async () => {
    const tiny = tinyWorkspace(["acme"]);
    try {
      for (const version of ["1.0.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0"]) await tiny.release(version);
      const none = printed["release-prune"].parse(
        await tiny.json("release", "prune", "--keep", "1", "--dry-run"),
      );
      expect(none.removed.map(({ version }) => version)).toEqual(["4.0.0", "3.0.0", "2.0.0", "1.0.0"]);
      expect((await tiny.run("deploy", "prod", "--release", "1.0.0")).status).toBe(0);
      const waiting = await tiny.run(
        "deploy",
        "prod",
        "--release",
        "2.0.0",
        "--strategy",
        "approved",
        "--detach",
      );
      expect(waiting.status, waiting.stderr).toBe(0);
      const queued = await tiny.run("deploy", "prod", "--release", "3.0.0", "--detach");
      expect(queued.status, queued.stderr).toBe(0);
      const { removed, kept } = printed["release-prune"].parse(
        await tiny.json("release", "prune", "--keep", "1"),
      );
      expect(removed.map(({ version }) => version)).toEqual(["4.0.0"]);
      expect(kept.map(({ version, because }) => [version, because])).toEqual([
        ["5.0.0", "newest"],
        ["3.0.0", "in-use"],
        ["2.0.0", "in-use"],
        ["1.0.0", "in-use"],
      ]);
      expect((await tiny.run("release", "verify")).status).toBe(0);
    } finally {
      await tiny.dispose();
    }
  },
);
