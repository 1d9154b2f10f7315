import { expect, it, vi } from "vitest";
import { benchFirewall } from "./firewall.ts";

it(
  "the benchmark of the log firewall runs, and only Lotse lets nothing through",
  { timeout: 120_000 },
  () => {
    const printed = vi.spyOn(console, "log").mockReturnValue();
    const { rows, megabytesPerSecond } = benchFirewall({ quick: true });
    expect(printed).toHaveBeenCalled();
    printed.mockRestore();
    expect(megabytesPerSecond).toBeGreaterThan(0);
    expect(
      rows.filter(({ leaks }) => leaks.length === 0).every(({ contender }) => contender === "lotse"),
    ).toBe(true);
    expect(rows.filter(({ contender }) => contender === "lotse").flatMap(({ leaks }) => leaks)).toEqual([]);
  },
);
