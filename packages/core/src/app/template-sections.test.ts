import { describe, expect, test } from "vitest";
import { LazySections } from "./template-sections.ts";

describe("LazySections", () => {
  function sections(): { readonly map: LazySections; readonly made: string[] } {
    const made: string[] = [];
    const map = new LazySections(["a", "b"], (name) => {
      made.push(name);
      return name.toUpperCase();
    });
    return { map, made };
  }

  test("makes what is asked for, once", () => {
    const { map, made } = sections();
    expect([map.has("a"), map.size, [...map.keys()]]).toEqual([true, 2, ["a", "b"]]);
    expect(made).toEqual([]);
    expect([map.get("b"), map.get("b"), map.get("c")]).toEqual(["B", "B", undefined]);
    expect(made).toEqual(["b"]);
  });

  test("whoever walks it sees every value", () => {
    const all = [
      ["a", "A"],
      ["b", "B"],
    ];
    expect([...sections().map]).toEqual(all);
    expect([...sections().map.entries()]).toEqual(all);
    expect([...sections().map.values()]).toEqual(["A", "B"]);
    const seen: unknown[] = [];
    sections().map.forEach((value, name) => seen.push([name, value]));
    expect(seen).toEqual(all);
  });

  test("what is set stays", () => {
    const { map, made } = sections();
    map.set("a", 1).set("c", 2);
    expect([map.get("a"), map.get("c"), made]).toEqual([1, 2, []]);
  });
});
