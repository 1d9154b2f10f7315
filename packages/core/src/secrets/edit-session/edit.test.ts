import { spawn, type ChildProcess } from "node:child_process";
import { EventEmitter, once } from "node:events";
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Sensitive, type Diagnostic } from "../../kernel/index.ts";
import { chooseEditor, editPlain, hardenEditor, type EditRequest } from "./index.ts";

const runner = fileURLToPath(new URL("./testing/edit-child.ts", import.meta.url));
const original = "password: hunter22\n";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "edit-"));
  writeFileSync(join(directory, "count"), "");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** An editor that is a script of sh: `$1` is the file, `$0` a directory for notes. */
const editor = (script: string): readonly string[] => ["/bin/sh", "-c", script, directory];
const mistake: Diagnostic = { code: "parse.syntax", severity: "error", message: "bad", where: { line: 1 } };

function request(script: string, more: Partial<EditRequest> = {}): EditRequest {
  return {
    content: new Sensitive(Buffer.from(original)),
    suffix: ".yml",
    editor: editor(script),
    check: (bytes) => (Buffer.from(bytes).toString().includes("BAD") ? [mistake] : []),
    prompt: { onMistake: () => Promise.reject(new Error("was not to ask")) },
    environment: { PATH: process.env["PATH"] },
    allowDisk: true,
    terminal: false,
    signals: new EventEmitter(),
    places: [directory],
    ...more,
  };
}

/** What is left of private directories. */
const left = (): readonly string[] => readdirSync(directory).filter((name) => name.startsWith("lotse-"));

async function edit(script: string, more: Partial<EditRequest> = {}): Promise<Record<string, unknown>> {
  const result = await editPlain(request(script, more));
  expect(inspect(result, { depth: 5 })).not.toContain("hunter");
  const content = "content" in result ? result.content : undefined;
  return {
    ...result,
    ...(content instanceof Sensitive ? { content: Buffer.from(content.reveal()).toString() } : {}),
  };
}

describe("editPlain", () => {
  afterEach(() => expect(left()).toEqual([]));

  test("hands over the text and takes the new one", async () => {
    const result = await edit('cat "$1" > "$0/seen"; echo "$1" > "$0/path"; echo "password: new" > "$1"');
    expect(result).toEqual({
      outcome: "changed",
      content: "password: new\n",
      diagnostics: [],
      inMemory: false,
    });
    expect(readFileSync(join(directory, "seen"), "utf8")).toBe(original);
    expect(readFileSync(join(directory, "path"), "utf8").trim()).toMatch(/\.yml$/u);
  });

  test("the file is 0600 in a directory 0700", async () => {
    await edit('stat -c %a "$1" "$(dirname "$1")" > "$0/modes"');
    expect(readFileSync(join(directory, "modes"), "utf8")).toBe("600\n700\n");
  });

  test.each([
    ["true", "unchanged"],
    ['touch "$1"', "unchanged"],
    ['cp "$1" "$1.new"; mv "$1.new" "$1"', "unchanged"],
    ['printf "a: b" > "$1.new"; mv "$1.new" "$1"', "changed"],
    [': > "$1"', "changed"],
  ])("%s is %s", async (script, outcome) => {
    expect(await edit(script)).toMatchObject({ outcome });
  });

  test("an unchanged text is not checked", async () => {
    const check = (): never => {
      throw new Error("was not to be called");
    };
    expect(await edit("true", { check })).toMatchObject({ outcome: "unchanged" });
  });

  test("bytes come back as they are", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
    const result = await editPlain(
      request('printf x >> "$1"', { content: new Sensitive(bytes), check: () => [] }),
    );
    expect(result).toMatchObject({ outcome: "changed" });
    if (result.outcome === "changed") {
      expect(Buffer.from(result.content.reveal())).toEqual(Buffer.concat([bytes, Buffer.from("x")]));
    }
  });

  test("a mistake opens the editor again with the text as it was left", async () => {
    const asked: (readonly Diagnostic[])[] = [];
    const script = `
      echo x >> "$0/count"
      case $(wc -l < "$0/count") in
        1) echo "BAD: much typing" > "$1" ;;
        2) cat "$1" > "$0/second"; echo "GOOD: much typing" > "$1" ;;
      esac`;
    const result = await edit(script, {
      prompt: {
        onMistake: (diagnostics) => {
          asked.push(diagnostics);
          return Promise.resolve("retry");
        },
      },
    });
    expect(result).toMatchObject({ outcome: "changed", content: "GOOD: much typing\n" });
    expect(readFileSync(join(directory, "second"), "utf8")).toBe("BAD: much typing\n");
    expect(asked).toEqual([[mistake]]);
  });

  const giveUp = { onMistake: () => Promise.resolve("give-up" as const) };

  test("giving up returns the text, so that it is not lost", async () => {
    const result = await edit('echo "BAD: much typing" > "$1"', { prompt: giveUp });
    expect(result).toMatchObject({
      outcome: "given-up",
      content: "BAD: much typing\n",
      diagnostics: [mistake],
    });
  });

  test("warnings do not hold a text up, and are told", async () => {
    const warning: Diagnostic = { ...mistake, severity: "warning" };
    const result = await edit('echo a > "$1"', { check: () => [warning] });
    expect(result).toMatchObject({ outcome: "changed", diagnostics: [warning] });
  });

  test.each([
    ['rm "$1"', "the editor left no file"],
    ['rm "$1"; mkdir "$1"', "the editor put something else than a file in its place"],
    ['rm "$1"; ln -s /etc/passwd "$1"', "the editor put something else than a file in its place"],
    ['truncate -s 17000000 "$1"', "the text is larger than 16777216 bytes"],
  ])("%s is a mistake", async (script, message) => {
    const result = await edit(script, { prompt: giveUp });
    expect(result).toMatchObject({ outcome: "given-up", content: null, diagnostics: [{ message }] });
    expect(existsSync("/etc/passwd")).toBe(true);
  });

  test("after a mistake without a file the last text is there again", async () => {
    const script = `
      echo x >> "$0/count"
      case $(wc -l < "$0/count") in
        1) echo "BAD: typed" > "$1" ;;
        2) rm "$1" ;;
        3) cat "$1" > "$0/third"; echo good > "$1" ;;
      esac`;
    const result = await edit(script, { prompt: { onMistake: () => Promise.resolve("retry") } });
    expect(result).toMatchObject({ outcome: "changed", content: "good\n" });
    expect(readFileSync(join(directory, "third"), "utf8")).toBe("BAD: typed\n");
  });

  test.each([
    ["exit 3", "status 3"],
    ["kill -SEGV $$", "signal 11"],
  ])("an editor that fails without a change (%s) is an error", async (script, why) => {
    await expect(editPlain(request(script))).rejects.toMatchObject({
      code: "secret.editor",
      message: expect.stringContaining(why) as string,
    });
  });

  test("an editor that crashes after writing is asked about, and the text is kept", async () => {
    const result = await edit('echo typed > "$1"; kill -ABRT $$', { prompt: giveUp });
    expect(result).toMatchObject({
      outcome: "given-up",
      content: "typed\n",
      diagnostics: [{ code: "secret.editor", message: "the editor was ended by signal 6" }],
    });
  });

  test("an editor that does not exist is an error", async () => {
    await expect(editPlain({ ...request(""), editor: ["no-such-editor"] })).rejects.toMatchObject({
      code: "secret.editor",
    });
  });

  test("the editor does not get the keys to the secrets", async () => {
    await edit('env > "$0/env"', { environment: { PATH: "/bin:/usr/bin", SOPS_AGE_KEY: "AGE-SECRET" } });
    expect(readFileSync(join(directory, "env"), "utf8")).not.toContain("AGE-SECRET");
  });

  test.each(["check", "prompt"])("an error of %s goes through", async (where) => {
    const fails = (): never => {
      throw new Error("defect");
    };
    const more =
      where === "check"
        ? { check: fails }
        : { prompt: { onMistake: () => Promise.reject(new Error("defect")) } };
    await expect(editPlain(request('echo BAD > "$1"', more))).rejects.toThrow("defect");
  });

  test("copies that the editor made beside the file go too, overwritten", async () => {
    const outside = join(directory, "second-name");
    const run: EditRequest["runEditor"] = (argv) => {
      const backup = join(dirname(argv.at(-1) ?? ""), ".secrets.yml.swp");
      writeFileSync(backup, original);
      linkSync(backup, outside);
      return Promise.resolve(0);
    };
    await edit("", { runEditor: run });
    expect(readFileSync(outside)).toEqual(Buffer.alloc(original.length));
  });

  test.each(["../x", "yml", ".y/l", ".", ".a b"])("refuses the ending %j", async (suffix) => {
    await expect(editPlain(request("true", { suffix }))).rejects.toMatchObject({ code: "secret.editor" });
  });
});

describe("where the text is", () => {
  test("in memory, where there is one", async () => {
    const notes: string[] = [];
    const run: EditRequest["runEditor"] = (argv) => {
      notes.push(argv.at(-1) ?? "");
      return Promise.resolve(0);
    };
    const result = await editPlain(
      request("", { places: [directory, "/dev/shm"], allowDisk: false, runEditor: run }),
    );
    expect(result).toEqual({ outcome: "unchanged", inMemory: true });
    expect(notes[0]).toMatch(/^\/dev\/shm\/lotse-/u);
    expect(existsSync(dirname(notes[0] ?? ""))).toBe(false);
  });

  test("on a disk only when that is allowed", async () => {
    const onDisk = { places: ["/var/tmp"] };
    await expect(editPlain(request("true", { ...onDisk, allowDisk: false }))).rejects.toMatchObject({
      code: "machine.missing",
    });
    expect(await edit("true", { ...onDisk, allowDisk: true })).toEqual({
      outcome: "unchanged",
      inMemory: false,
    });
  });
});

describe("interruption", () => {
  afterEach(() => expect(left()).toEqual([]));

  test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const)("%s while in the editor", async (name) => {
    const signals = new EventEmitter();
    let ended = false;
    const runEditor: EditRequest["runEditor"] = async (_, { signal }) => {
      setImmediate(() => signals.emit(name, name));
      await once(signal ?? new EventTarget(), "abort");
      expect(left()).toEqual([]);
      ended = true;
      return 143;
    };
    await expect(editPlain(request("", { signals, runEditor }))).rejects.toMatchObject({
      code: "secret.interrupted",
    });
    expect(ended).toBe(true);
    expect(signals.listenerCount(name)).toBe(0);
  });

  test("Ctrl-C at a terminal is the editor's own; while asking it interrupts", async () => {
    const signals = new EventEmitter();
    const runEditor: EditRequest["runEditor"] = (argv) => {
      signals.emit("SIGINT", "SIGINT");
      writeFileSync(argv.at(-1) ?? "", "BAD");
      return Promise.resolve(0);
    };
    const asked: string[] = [];
    const prompt: EditRequest["prompt"] = {
      onMistake: () => {
        asked.push("asked");
        setImmediate(() => signals.emit("SIGINT", "SIGINT"));
        return new Promise(() => undefined);
      },
    };
    const running = editPlain(request("", { signals, runEditor, prompt, terminal: true }));
    await expect(running).rejects.toMatchObject({ code: "secret.interrupted" });
    expect(asked).toEqual(["asked"]);
  });

  test("an abort before the start opens nothing", async () => {
    const opened: string[] = [];
    const runEditor: EditRequest["runEditor"] = () => {
      opened.push("x");
      return Promise.resolve(0);
    };
    const running = editPlain(request("", { signal: AbortSignal.abort(), runEditor }));
    await expect(running).rejects.toMatchObject({ code: "secret.interrupted" });
    expect(opened).toEqual([]);
  });

  test("a real editor that ignores SIGTERM is ended all the same", async () => {
    const controller = new AbortController();
    const script = `trap '' TERM; : > "$0/ready"; while :; do sleep 0.05; done`;
    const running = editPlain(request(script, { signal: controller.signal }));
    while (!existsSync(join(directory, "ready"))) await new Promise((done) => setTimeout(done, 5));
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: "secret.interrupted" });
  });
});

describe("the real process", () => {
  async function start(script: string): Promise<{ child: ChildProcess; output: () => string }> {
    const child = spawn(process.execPath, [runner, directory, ...editor(script)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    while (!existsSync(join(directory, "ready"))) await new Promise((done) => setTimeout(done, 5));
    return { child, output: () => output };
  }
  const waiting = 'echo $$ > "$0/pid"; : > "$0/ready"; exec sleep 100';

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "%s removes the file and ends the editor",
    async (name) => {
      const { child, output } = await start(waiting);
      expect(left()).toHaveLength(1);
      child.kill(name);
      await once(child, "close");
      expect(output()).toBe("secret.interrupted\n");
      expect(left()).toEqual([]);
      const pid = Number(readFileSync(join(directory, "pid"), "utf8"));
      expect(() => process.kill(pid, 0)).toThrow();
    },
  );

  test("after kill -9 the next editing removes what was left, and not what another has open", async () => {
    const { child } = await start(waiting);
    const [name = ""] = left();
    expect(statSync(join(directory, name, "secrets.yml")).size).toBe(original.length);

    await edit("true");
    expect(left()).toEqual([name]);

    child.kill("SIGKILL");
    await once(child, "exit");
    process.kill(Number(readFileSync(join(directory, "pid"), "utf8")), "SIGKILL");
    expect(left()).toEqual([name]);
    await edit("true");
    expect(left()).toEqual([]);
  });
});

describe("the editor", () => {
  test.each([
    [{ SOPS_EDITOR: "a", EDITOR: "b", VISUAL: "c" }, ["a"]],
    [{ SOPS_EDITOR: " ", EDITOR: "b -x", VISUAL: "c" }, ["b", "-x"]],
    [{ VISUAL: "c" }, ["c"]],
  ])("%# is chosen from the environment", (environment, argv) => {
    expect(chooseEditor(environment)).toEqual(argv);
  });

  test("none set is an error", () => {
    expect(() => chooseEditor({ EDITOR: "" })).toThrowError(
      expect.objectContaining({ code: "secret.editor" }),
    );
  });

  test.each([
    [["/usr/bin/vim", "-u", "NONE"], "-i NONE"],
    [["nvim"], "noundofile"],
    [["code"], "--wait"],
  ])("%j leaves nothing behind and waits", (argv, part) => {
    const hardened = hardenEditor(argv);
    expect(hardened.join(" ")).toContain(part);
    expect(hardened[0]).toBe(argv[0]);
    expect(hardened.slice(hardened.length - argv.length + 1)).toEqual(argv.slice(1));
  });

  test("what waits already is left alone", () => {
    expect(hardenEditor(["code", "-w"])).toEqual(["code", "-w"]);
    expect(hardenEditor(["nano", "-w"])).toEqual(["nano", "-w"]);
  });
});
