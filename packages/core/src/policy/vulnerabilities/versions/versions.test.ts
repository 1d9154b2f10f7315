import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareIn, type CompareVersions } from "./index.ts";

/** Every pair of an ordered list compares as the places in the list do; members of an inner list are equal. */
function expectOrder(compare: CompareVersions, list: readonly (readonly string[])[]): void {
  for (const [i, lefts] of list.entries()) {
    for (const [j, rights] of list.entries()) {
      for (const left of lefts) {
        for (const right of rights) {
          expect([left, right, Math.sign(compare(left, right) ?? Number.NaN)]).toEqual([
            left,
            right,
            Math.sign(i - j),
          ]);
        }
      }
    }
  }
}

const of = (ecosystem: string): CompareVersions => {
  const compare = compareIn(ecosystem);
  if (compare === undefined) throw new TypeError(`no order for ${ecosystem}`);
  return compare;
};

describe("Debian", () => {
  test("the order that the policy manual tells", () => {
    expectOrder(of("Debian:12"), [
      ["~~"],
      ["~~a"],
      ["~"],
      ["0", "00", "0-0", "0:0"],
      ["0a"],
      ["0+"],
      ["1~rc1-1"],
      ["1-1~deb12u1"],
      ["1-1", "1-01", "0:1-1"],
      ["1-1.1"],
      ["1.2.9"],
      ["1.2.10"],
      ["1.2.10+dfsg1"],
      ["12"],
      ["1:0.1"],
      ["1:1-9"],
      ["10:0"],
    ]);
  });

  test("agrees with dpkg itself", () => {
    const part = fc.stringMatching(/^[0-9][0-9a-z.+~]{0,6}$/u);
    const version = fc
      .tuple(fc.option(fc.nat(2)), part, fc.option(fc.stringMatching(/^[0-9a-z.+~]{1,4}$/u)))
      .map(
        ([epoch, upstream, revision]) =>
          `${epoch === null ? "" : `${epoch}:`}${upstream}${revision === null ? "" : `-${revision}`}`,
      );
    const dpkg = (left: string, relation: string, right: string): boolean => {
      try {
        execFileSync("dpkg", ["--compare-versions", left, relation, right], { stdio: "pipe" });
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(version, version, (left, right) => {
        const sign = Math.sign(of("Debian")(left, right) ?? Number.NaN);
        expect(dpkg(left, sign < 0 ? "lt" : sign > 0 ? "gt" : "eq", right)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

test("PyPI: the order that PEP 440 tells", () => {
  expectOrder(of("PyPI"), [
    ["1.dev0"],
    ["1.0.dev456", "1.0.0.dev456"],
    ["1.0a1", "1.0.alpha1", "1.0-A.1"],
    ["1.0a2.dev456"],
    ["1.0a12.dev456"],
    ["1.0a12"],
    ["1.0b1.dev456"],
    ["1.0b2", "1.0beta2"],
    ["1.0b2.post345.dev456"],
    ["1.0b2.post345"],
    ["1.0rc1.dev456"],
    ["1.0rc1", "1.0c1", "1.0-preview-1"],
    ["1.0", "1", "v1.0.0"],
    ["1.0+abc.5"],
    ["1.0+abc.7"],
    ["1.0+5"],
    ["1.0.post456.dev34"],
    ["1.0.post456", "1.0-456"],
    ["1.0.15"],
    ["1.1.dev1"],
    ["2.10"],
    ["1!0.1"],
  ]);
  expect(of("PyPI")("1.0", "not a version")).toBeUndefined();
});

test("Alpine: numbers, letters, suffixes and builds", () => {
  expectOrder(of("Alpine:v3.20"), [
    ["1.0.08"],
    ["1.0.1"],
    ["1.1_alpha1-r0"],
    ["1.1_beta"],
    ["1.1_rc2"],
    ["1.1", "1.1-r0"],
    ["1.1-r1"],
    ["1.1-r10"],
    ["1.1_git20240101"],
    ["1.1_p1"],
    ["1.1a"],
    ["1.1.0"],
    ["1.9"],
    ["1.10"],
  ]);
  expect(of("Alpine")("1.0", "latest")).toBeUndefined();
});

test("npm: the order of semantic versions", () => {
  expectOrder(of("npm"), [
    ["0.9.9"],
    ["1.0.0-alpha"],
    ["1.0.0-alpha.1"],
    ["1.0.0-rc.1"],
    ["1.0.0", "v1.0.0", "1.0.0+build"],
    ["1.2.0"],
    ["1.10.0"],
  ]);
  expect(of("npm")("1.0.0", "git+ssh://x")).toBeUndefined();
  expect(compareIn("Maven")).toBeUndefined();
  expect(compareIn("constructor")).toBeUndefined();
});

test.each(["Debian", "PyPI", "Alpine", "npm"])(
  "%s: turning a comparison around turns its answer around",
  (ecosystem) => {
    const version = fc.stringMatching(/^[0-9]{1,2}(\.[0-9]{1,2}){2}$/u);
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        const compare = of(ecosystem);
        const sign = (left: string, right: string): number => Math.sign(compare(left, right) ?? 0);
        expect(sign(a, b)).toBe(0 - sign(b, a));
        expect(sign(a, a)).toBe(0);
        if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  },
);
