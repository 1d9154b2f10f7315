import type { ChildProcess } from "node:child_process";
import { Duplex } from "node:stream";

/** How much of what ssh says is told. */
const toldCharacters = 300;

/** A stream over a call of ssh; where the call fails, the stream's error says why. */
export function streamOf(child: ChildProcess): Duplex {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("ssh was started without pipes");
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-toldCharacters);
  });
  const stream = new Duplex({
    read: () => void stdout.resume(),
    write: (chunk, encoding, done) => void stdin.write(chunk, encoding, done),
    final: (done) => void stdin.end(done),
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  stdin.on("error", () => undefined);
  stdout.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  child.on("error", (error) => stream.destroy(error));
  child.on("close", (status) => {
    if (status === 0) stream.push(null);
    else stream.destroy(new Error(words.replaceAll(/\s+/gu, " ").trim() || `ssh ended with ${status}`));
  });
  return stream;
}
