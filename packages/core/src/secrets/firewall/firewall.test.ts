import { once } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Sensitive } from "../../kernel/index.ts";
import { createFirewall, type Firewall } from "./index.ts";

const firewall = (...values: readonly string[]): Firewall =>
  createFirewall(values.map((value, index) => ({ value: new Sensitive(value), name: `s${index}` })));

/** Filters a text cut into chunks of given sizes, the last size repeated. */
function filtered(wall: Firewall, input: Buffer, sizes: readonly number[]): Buffer {
  const filter = wall.filter();
  const output: Buffer[] = [];
  let from = 0;
  for (let turn = 0; from < input.length; turn++) {
    const size = sizes[Math.min(turn, sizes.length - 1)] ?? 1;
    // A chunk belongs to whoever wrote it, who may use its memory again.
    const chunk = Buffer.from(input.subarray(from, from + size));
    output.push(Buffer.from(filter.write(chunk)));
    chunk.fill("#");
    from += size;
  }
  output.push(filter.end());
  return Buffer.concat(output);
}

const secret = 'pa$$w/örd+"x\\1';
const bytes = Buffer.from(secret);
const marker = "[redacted:s0]";

describe("each form of a value", () => {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const everyByte = (prefix: string): string => [...bytes].map((byte) => prefix + byte.toString(16)).join("");
  it.each([
    ["raw", secret],
    ["hexadecimal", bytes.toString("hex")],
    ["hexadecimal in upper case", bytes.toString("hex").toUpperCase()],
    ["encodeURIComponent", encodeURIComponent(secret)],
    [
      "encodeURIComponent in lower case",
      encodeURIComponent(secret).replaceAll(/%../g, (e) => e.toLowerCase()),
    ],
    ["encodeURI", encodeURI(secret)],
    ["a form", new URLSearchParams({ a: secret }).toString().slice(2)],
    ["every byte with a percent sign", everyByte("%")],
    ["JSON", JSON.stringify(secret).slice(1, -1)],
    ["JSON in JSON", JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)],
    ["JSON in ASCII", JSON.stringify(secret).slice(1, -1).replace("ö", "\\u00f6")],
    ["JSON in ASCII, upper case", JSON.stringify(secret).slice(1, -1).replace("ö", "\\u00F6")],
    ["JSON with escaped slashes", JSON.stringify(secret).slice(1, -1).replace("/", "\\/")],
    [
      "Unicode escapes",
      Array.from(secret, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
    ],
    ["printf %q", 'pa\\$\\$w/örd+\\"x\\\\1'],
    ["double quotes of a shell", 'pa\\$\\$w/örd+\\"x\\\\1'],
    ["HTML", secret.replace('"', "&quot;")],
    ["base64", base64(secret)],
    ["base64 without padding", Buffer.from(secret).toString("base64url")],
  ])("%s", (_name, form) => {
    expect(firewall(secret).redact(`before ${form} after`)).toBe(`before ${marker} after`);
  });

  it.each([0, 1, 2])("base64 behind %i bytes, with and without padding, once and twice", (offset) => {
    const text = `${"~".repeat(offset)}${secret} and on`;
    const once = Buffer.from(text).toString("base64");
    for (const encoded of [
      once,
      Buffer.from(text).toString("base64url"),
      once.replaceAll("+", "%2B").replaceAll("/", "%2F"),
    ]) {
      const shown = firewall(secret).redact(encoded);
      expect(shown).toContain(marker);
      expect(Buffer.from(shown, "base64").toString()).not.toContain("w/ör");
    }
    for (const before of ["", "a", "ab"]) {
      const twice = Buffer.from(before + once).toString("base64");
      const shown = firewall(secret).redact(twice);
      expect(shown).toContain(marker);
      expect(shown.length).toBeLessThan(twice.length);
    }
  });

  it("base64 in lines of 76 characters", () => {
    const long = "correct horse battery staple ".repeat(5);
    const wrapped = Buffer.from(`key: ${long}`).toString("base64").replaceAll(/.{76}/g, "$&\r\n");
    expect(firewall(long).redact(wrapped)).toMatch(/^.{0,8}\[redacted:s0\].{0,4}$/);
  });

  it("a value with line breaks, as it is, in JSON and line by line", () => {
    const value = "first line of it\nsecond line of it\n";
    const wall = firewall(value);
    expect(wall.redact(`<${value}>`)).toBe("<[redacted:s0]\n>");
    expect(wall.redact(JSON.stringify(value))).toBe('"[redacted:s0]\\n"');
    expect(wall.redact("12:00 first line of it\n12:01 second line of it\n")).toBe(
      `12:00 ${marker}\n12:01 ${marker}\n`,
    );
    expect(wall.redact("first line of it\r\nsecond line of it")).toBe(marker);
  });

  it("leaves the frame of a PEM block readable", () => {
    const block = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAA\n-----END PRIVATE KEY-----\n";
    expect(firewall(block).redact("a -----BEGIN PRIVATE KEY----- is missing")).toContain("BEGIN PRIVATE KEY");
    expect(firewall(block).redact("got MC4CAQAwBQYDK2VwBCIEIAAA")).toBe(`got ${marker}`);
  });

  it.each([
    // The marker itself must not show the value.
    ["a", "x***y"],
    ["ab", `x${marker}y`],
    ["abc", `x${marker}y`],
    ["abcd", `x${marker}y`],
  ])("a value as short as %s", (value, shown) => {
    expect(firewall(value).redact(`x${value}y`)).toBe(shown);
    expect(firewall(value).redact(`x=${base64(value)}`)).toMatch(
      value === "a" ? /^x=\*{3}$/ : /^x=\[redacted:s0\](A==)?$/,
    );
  });
});

describe("what stands in place", () => {
  it("is without a name where there is none or it cannot be shown", () => {
    const wall = createFirewall([
      { value: new Sensitive("0123456789") },
      { value: new Sensitive("abcdefghij"), name: "two\nlines" },
      { value: new Sensitive("klmnopqrst"), name: "my-abcdefghij" },
    ]);
    expect(wall.redact("0123456789 abcdefghij klmnopqrst")).toBe("[redacted] [redacted] [redacted]");
  });

  it("covers all of values that overlap, and names the first", () => {
    expect(firewall("abcdef123", "123ghijk").redact("-abcdef123ghijk-")).toBe(`-${marker}-`);
    expect(firewall("inner-part", "the inner-part of it").redact("the inner-part of it")).toBe(
      "[redacted:s1]",
    );
    expect(firewall("abcdefgh").redact("abcdefghabcdefgh")).toBe(`${marker}${marker}`);
  });

  it("is nothing but markers for a value that repeats", () => {
    expect(firewall("aaaaaaaaaa").redact("a".repeat(1000))).toBe(marker);
  });

  it("without secrets everything passes, and an empty value is none", () => {
    expect(createFirewall([]).redact("text")).toBe("text");
    expect(firewall("", "\n").redact("te\nxt")).toBe("te\nxt");
    expect(firewall("", "\n").patterns).toBe(0);
  });
});

describe("streams", () => {
  it("holds back only what may become a secret, and puts out a match at once", () => {
    const filter = firewall("hunter2-hunter2").filter();
    expect(filter.write(Buffer.from("password: hun")).toString()).toBe("password: ");
    expect(filter.write(Buffer.from("ting~")).toString()).toBe("hunting~");
    expect(filter.write(Buffer.from(" hunter2-hunter2")).toString()).toBe(" [redacted:s0]");
    expect(filter.end().toString()).toBe("");
  });

  it("flush lets go of three bytes at most, and still redacts the rest of the secret", () => {
    const filter = firewall("hunter2-hunter2").filter();
    expect(filter.write(Buffer.from("hun")).toString()).toBe("");
    expect(filter.flush().toString()).toBe("hun");
    expect(filter.write(Buffer.from("ter2-hunter2!")).toString()).toBe("[redacted:s0]!");
    expect(filter.write(Buffer.from("hunt")).toString()).toBe("");
    expect(filter.flush().toString()).toBe("");
    expect(filter.end().toString()).toBe("hunt");
  });

  it("bounds what it holds back when line breaks never end", () => {
    const filter = firewall("hunter2-hunter2").filter();
    filter.write(Buffer.from("hunter2"));
    let out = 0;
    for (let turn = 0; turn < 100; turn++) out += filter.write(Buffer.alloc(1000, 10)).length;
    expect(out).toBeGreaterThan(30_000);
    expect(out + filter.end().length).toBe(100_007);
  });

  it("as a stream to pipe through", async () => {
    const stream = firewall("hunter2-hunter2").transform();
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.write("a hunter2-");
    stream.end("hunter2 b hunt");
    await once(stream, "end");
    expect(Buffer.concat(chunks).toString()).toBe("a [redacted:s0] b hunt");
  });

  it("a text that is no valid UTF-16 comes back unchanged", () => {
    expect(firewall("hunter2-hunter2").redact("a\ud800b")).toBe("a\ud800b");
  });
});

/** Characters that share prefixes and need escapes, so that random texts come close to the secrets. */
const unit = fc.constantFrom("a", "b", "A", "1", "/", "+", "%", '"', "\\", "\n", " ", "é", "\u0001");
const value = fc
  .string({ unit, minLength: 4, maxLength: 14 })
  .filter((text) => text.replaceAll(/[\r\n]/g, "").length >= 4);
const values = fc.array(value, { minLength: 1, maxLength: 6 });
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });

/** What a reader of a log may look for; worked out apart from the code under test. */
function formsToFind(text: string): readonly string[] {
  const raw = Buffer.from(text.replaceAll(/^[\r\n]+|[\r\n]+$/g, ""));
  const common = (left: string, right: string): string => {
    // The longest run in which both agree: what the bytes around do not touch.
    const agree = Array.from(left)
      .map((character, index) => (character === right[index] ? character : "\n"))
      .join("");
    return agree.split("\n").reduce((best, run) => (run.length > best.length ? run : best), "");
  };
  const around = (bytes: Buffer, offset: number, encoding: "base64" | "base64url"): string => {
    const between = (fill: number): string =>
      Buffer.concat([Buffer.alloc(offset, fill), bytes, Buffer.alloc(3, fill)]).toString(encoding);
    return common(between(0), between(255));
  };
  const single = [0, 1, 2].flatMap((offset) => [
    around(raw, offset, "base64"),
    around(raw, offset, "base64url"),
  ]);
  const double = single.flatMap((core) =>
    [0, 1, 2].map((offset) => around(Buffer.from(core), offset, "base64")),
  );
  const whole = raw.toString("utf8");
  const encoded = [
    raw.toString("hex"),
    raw.toString("hex").toUpperCase(),
    encodeURIComponent(whole),
    encodeURI(whole),
    JSON.stringify(whole).slice(1, -1),
    ...single,
    ...double,
  ].filter((form) => form.length >= 8);
  return [whole, ...encoded].map((form) =>
    Buffer.from(form)
      .toString("latin1")
      .replaceAll(/[\r\n]/g, ""),
  );
}

describe("laws", () => {
  it("no form of any secret is left, whatever the text, the line breaks and the chunks", () => {
    fc.assert(
      fc.property(
        values,
        fc.array(fc.tuple(fc.string({ unit, maxLength: 12 }), fc.nat(), fc.nat()), { maxLength: 12 }),
        sizes,
        (secrets, parts, cuts) => {
          const forms = secrets.flatMap(formsToFind);
          const input = parts.map(([text, pick, cut]) => {
            const form = forms[pick % forms.length] ?? "";
            const at = cut % (form.length + 1);
            return (
              Buffer.from(text).toString("latin1") +
              form.slice(0, at) +
              (cut % 3 === 0 ? "\r\n" : "") +
              form.slice(at)
            );
          });
          const wall = createFirewall(secrets.map((text) => ({ value: new Sensitive(text), name: "N" })));
          const output = filtered(wall, Buffer.from(input.join(""), "latin1"), cuts).toString("latin1");
          for (const piece of output.split("[redacted:N]")) {
            const joined = piece.replaceAll(/[\r\n]/g, "");
            for (const form of forms) expect(joined.includes(form), form).toBe(false);
          }
        },
      ),
      { numRuns: 600 },
    );
  });

  it("text without secrets passes byte for byte, and all that is left was in the input in this order", () => {
    fc.assert(
      fc.property(values, fc.string({ unit, maxLength: 300 }), sizes, (secrets, text, cuts) => {
        const wall = createFirewall(secrets.map((item) => ({ value: new Sensitive(item), name: "N" })));
        const input = Buffer.from(text);
        const output = filtered(wall, input, cuts).toString("latin1");
        let from = 0;
        for (const piece of output.split("[redacted:N]")) {
          const found = input.toString("latin1").indexOf(piece, from);
          expect(found).toBeGreaterThanOrEqual(from);
          from = found + piece.length;
        }
        if (!output.includes("[redacted:N]")) expect(output).toBe(input.toString("latin1"));
      }),
      { numRuns: 400 },
    );
  });

  it("any bytes pass that have nothing in common with the secrets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), sizes, (input, cuts) => {
        const wall = firewall("zzzzzzzzzzzz-not-in-there", "yyyyyyyyyyyy-nor-this-one");
        expect(filtered(wall, Buffer.from(input), cuts).equals(Buffer.from(input))).toBe(true);
      }),
    );
  });

  it("the chunks make no difference", () => {
    fc.assert(
      fc.property(values, fc.string({ unit, maxLength: 300 }), sizes, (secrets, text, cuts) => {
        const wall = firewall(...secrets);
        const input = Buffer.from(text + secrets.join("") + text);
        expect(filtered(wall, input, cuts).toString()).toBe(filtered(wall, input, [input.length]).toString());
      }),
      { numRuns: 400 },
    );
  });
});
