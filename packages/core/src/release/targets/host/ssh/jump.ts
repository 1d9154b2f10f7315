import { quoteShell } from "../../../../kernel/index.ts";

const jumpPattern = /^(?:([A-Za-z0-9._-]+)@)?([A-Za-z0-9._-]+)(?::(\d{1,5}))?$/u;

/** Whether a text is hosts to jump through, `[user@]host[:port]`, with commas between. */
export function isJump(text: string): boolean {
  return text.split(",").every((jump) => jumpPattern.test(jump));
}

/**
 * The command by which ssh reaches a host through others. `ssh -J` would reach them without the options that are
 * given here, so it might ask, and would not check their keys as strictly
 * ([ssh_config](https://man.openbsd.org/ssh_config#ProxyCommand)).
 *
 * @param options - of each call of ssh, without those of shared connections
 * @param jumps - see {@link isJump}; the first one is reached first
 */
export function proxyCommand(options: readonly string[], jumps: string): string {
  let through = "";
  for (const jump of jumps.split(",")) {
    const [, user, host = "", port] = jumpPattern.exec(jump) ?? [];
    const before: readonly string[] = through === "" ? [] : ["-o", `ProxyCommand=${through}`];
    const words: readonly string[] = [
      "ssh",
      ...options,
      ...before,
      ...(user === undefined ? [] : ["-l", user]),
    ];
    const place = [...(port === undefined ? [] : ["-p", port]), "--", host];
    // ssh replaces tokens in the command before a shell reads it; ours are only the last two.
    const fixed = (all: readonly string[]): string =>
      all.map((word) => quoteShell(word).replaceAll("%", "%%")).join(" ");
    through = `${fixed(words)} -W '[%h]:%p' ${fixed(place)}`;
  }
  return through;
}
