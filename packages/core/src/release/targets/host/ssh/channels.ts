import type { SshResult } from "./call.ts";
import { lostStatus, type Channel, type Question } from "./channel.ts";

/** How long an idle one stays; there are no more than calls that are made at once. */
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
 * Asks over an idle channel, or one that is opened; it is kept for those that come soon after. Where an idle one was
 * lost, it asks once more: every operation may be repeated.
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
  const used = takeIdle(all);
  const result = used === null ? null : await askOnce(all, used, question);
  // It may have ended while nobody asked; the connection itself may be good, and others use it.
  if (result !== null && result.status !== lostStatus) return result;
  return await askOnce(all, open(), question);
}

async function askOnce(all: Idle[], channel: Channel, question: Question): Promise<SshResult> {
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
  const timer = setTimeout(() => {
    const at = all.findIndex((each) => each.channel === channel);
    if (at >= 0) all.splice(at, 1);
    channel.close();
  }, idleMs);
  timer.unref();
  all.push({ channel, timer });
}
