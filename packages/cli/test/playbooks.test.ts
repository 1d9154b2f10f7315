// The playbooks name paths of the configuration; in a hurry nobody looks for the right one.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyOfExample, lotse, root } from "./cli-runner.ts";

const directory = join(root, "docs/playbooks");
const files = readdirSync(directory).filter((name) => name.endsWith(".md"));
const text = (name: string): string => readFileSync(join(directory, name), "utf8");

/** Commands that ask for a path, with its words; `PATH` is for the reader to fill in. */
const asked = files.flatMap((name) =>
  [...text(name).matchAll(/lotse (config (?:get|explain)) (prod:TENANT) ([a-z][\w.]+)/gu)].map(
    ([, command = "", , path = ""]) => [name, command, path] as const,
  ),
);

let workspace: ReturnType<typeof copyOfExample>;
beforeAll(() => {
  workspace = copyOfExample();
});
afterAll(() => workspace.remove());

describe("the playbooks", () => {
  it("ask for something", () => expect(asked.length).toBeGreaterThan(2));

  it.each(asked)("%s: lotse %s of %s works in the example", async (_, command, path) => {
    const ended = await lotse([...command.split(" "), "prod:lakemere-hospital", path], {
      cwd: workspace.directory,
    });
    expect(ended.stderr).toBe("");
    expect(ended.status).toBe(0);
  });

  it.each(files.filter((name) => name !== "README.md"))("%s has the five steps in their order", (name) => {
    const steps = [...text(name).matchAll(/^## (.+)$/gmu)].map(([, heading = ""]) => heading.split(",")[0]);
    expect(steps).toEqual(["Detect", "Contain", "Eradicate", "Recover", "Notify"]);
  });

  it.each(files.filter((name) => !["README.md", "data-breach.md"].includes(name)))(
    "%s leads to who tells whom within 72 hours",
    (name) => expect(text(name)).toContain("data-breach.md#notify-within-72-hours"),
  );

  it("tell who of us tells whom what, and by when", () => {
    const [, notify = ""] = text("data-breach.md").split("## Notify, within 72 hours");
    const rows = notify.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("|---"));
    expect(rows[0]).toBe("| by | who of us | tells whom | what, and where |");
    expect(rows.find((row) => row.includes("72 h"))).toContain("supervisory authority");
    for (const row of rows)
      expect(
        row
          .split("|")
          .slice(1, -1)
          .every((cell) => cell.trim() !== ""),
      ).toBe(true);
  });
});
