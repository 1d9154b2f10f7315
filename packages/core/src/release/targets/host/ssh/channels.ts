import type { SshResult } from "./call.ts";
import type { Channel, Question } from "./channel.ts";

/** As many as a tenant's rollout asks a host at once; others are closed, since a server bounds its sessions. */
const maxIdle = 2;
const idleMs = 5000;

interface Idle {
  readonly channel: Channel;
  readonly timer: NodeJS.Timeout;
}

// Connections belong to the process, and so do channels over them: by connection, then by command.
const idle = new Map<string, Map<string, Idle[]>>();

function idleOf(connection: string, command: string): Idle[] {
  const ofConnection = idle.get(connection) ?? new Map<string, Idle[]>();
  idle.set(connection, ofConnection);
  const all = ofConnection.get(command) ?? [];
  ofConnection.set(command, all);
  return all;
}

/**
 * Asks over an idle channel, or one that is opened; it is kept for those that come soon after.
 *
 * @param connection - what names the connection to a host
 * @param command - what the channel runs there
 * @throws what {@link Channel.ask} throws
 */
export async function askOverChannel(
  connection: string,
  command: string,
  open: () => Channel,
  question: Question,
): Promise<SshResult> {
  const all = idleOf(connection, command);
  const channel = takeIdle(all) ?? open();
  try {
    return await channel.ask(question);
  } finally {
    if (channel.isOpen()) keep(all, channel);
  }
}

/** Closes the idle channels over a connection. */
export function closeChannels(connection: string): void {
  for (const all of idle.get(connection)?.values() ?? []) {
    for (const { channel } of all.splice(0)) channel.close();
  }
}

function takeIdle(all: Idle[]): Channel | null {
  for (let last = all.pop(); last !== undefined; last = all.pop()) {
    clearTimeout(last.timer);
    if (last.channel.isOpen()) return last.channel;
  }
  return null;
}

function keep(all: Idle[], channel: Channel): void {
  if (all.length >= maxIdle) {
    channel.close();
    return;
  }
  const timer = setTimeout(() => {
    const at = all.findIndex((each) => each.channel === channel);
    if (at >= 0) all.splice(at, 1);
    channel.close();
  }, idleMs);
  timer.unref();
  all.push({ channel, timer });
}
