import { describe, expect, it } from "vitest";
import { isAmbiguous, resolvePlain } from "./yaml-resolve.ts";

describe("a plain scalar", () => {
  it.each([
    ["", "null", ""],
    ["~", "null", ""],
    ["NULL", "null", ""],
    ["true", "bool", "True"],
    ["FALSE", "bool", "False"],
    ["yes", "str", "yes"],
    ["12", "int", "12"],
    ["+12", "int", "12"],
    ["-0x1f", "int", "-31"],
    ["0777", "int", "511"],
    ["0o17", "int", "15"],
    ["0b101", "int", "5"],
    ["1_000", "int", "1000"],
    ["08", "float", "8"],
    ["9223372036854775807", "int", "9223372036854775807"],
    ["9223372036854775808", "float", "9223372036854776000"],
    ["1.50", "float", "1.5"],
    [".5", "float", "0.5"],
    ["1e3", "float", "1000"],
    [".inf", "float", "+Inf"],
    ["-.INF", "float", "-Inf"],
    [".nan", "float", "NaN"],
    ["2026-01-02", "time", "2026-01-02T00:00:00Z"],
    ["2026-1-2", "time", "2026-01-02T00:00:00Z"],
    ["2026-01-02T03:04:05.500Z", "time", "2026-01-02T03:04:05.5Z"],
    ["2026-01-02t3:4:5+02:00", "time", "2026-01-02T03:04:05+02:00"],
    ["2026-01-02 03:04:05", "time", "2026-01-02T03:04:05Z"],
    ["2026-02-30", "str", "2026-02-30"],
    ["2026-01-02T03:04:05", "str", "2026-01-02T03:04:05"],
    ["1:20", "str", "1:20"],
    ["1.2.3", "str", "1.2.3"],
    ["0x", "str", "0x"],
    ["-", "str", "-"],
    ["1e", "str", "1e"],
    ["abc", "str", "abc"],
  ])("%j reads as %s %s", (text, type, plain) => {
    const read = resolvePlain(text);
    expect([read.type, read.bytes.toString()]).toEqual([type, plain]);
  });

  it.each([
    "0777",
    "1_000",
    "0x1f",
    "2026-01-02",
    "yes",
    "No",
    "on",
    "y",
    "1:20",
    "1e3",
    "null",
    "<<",
    "=",
    "1,000",
  ])("%j is ambiguous as a text", (text) => {
    expect(isAmbiguous(text)).toBe(true);
  });

  it.each(["abc", "a:b", "v1.2", "sk_live_1", "-----BEGIN", "x-1"])("%j is plainly a text", (text) => {
    expect(isAmbiguous(text)).toBe(false);
  });
});
