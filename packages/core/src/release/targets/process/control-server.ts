import { createServer, type Server, type Socket } from "node:net";
import { isLotseError } from "../../../kernel/index.ts";
import { answerCodes, maxMessageBytes, requestSchema, type responseSchema } from "./protocol.ts";
import type { Supervisor } from "./supervisor.ts";
import type { z } from "zod";
import { seal } from "./slot-secrets.ts";

type Response = z.infer<typeof responseSchema>;

/** What the control server tells its process. */
export interface ControlEvents {
  /** After each connection, with how many are still open. */
  readonly onQuiet: (open: number) => void;
  /** After everything was removed on request, and the answer sent. */
  readonly onStopped: () => void;
}

/** Serves the supervisor's socket: one JSON line in, one out, and the connection is closed. */
export function createControlServer(supervisor: Supervisor, events: ControlEvents): Server {
  let open = 0;
  return createServer((socket) => {
    open += 1;
    let text = "";
    let asked = false;
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      open -= 1;
      events.onQuiet(open);
    });
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > maxMessageBytes) socket.destroy();
      const end = text.indexOf("\n");
      if (end < 0 || asked) return;
      asked = true;
      const gone = new AbortController();
      socket.once("close", () => gone.abort(new Error("nobody waits for the answer any more")));
      void answer(supervisor, text.slice(0, end), socket, { ...events, signal: gone.signal });
    });
  });
}

async function answer(
  supervisor: Supervisor,
  line: string,
  socket: Socket,
  events: ControlEvents & { readonly signal: AbortSignal },
): Promise<void> {
  let response: Response;
  let stopped = false;
  try {
    const request = requestSchema.parse(JSON.parse(line));
    response = { ok: true, result: await dispatch(supervisor, request, events.signal) };
    stopped = request.method === "stop";
  } catch (error) {
    response = { ok: false, ...describe(error) };
  }
  socket.end(`${JSON.stringify(response)}\n`, () => {
    if (stopped) events.onStopped();
  });
}

function describe(error: unknown): Omit<Extract<Response, { ok: false }>, "ok"> {
  if (!isLotseError(error)) return { code: "internal.bug", message: String(error).slice(0, 2000) };
  const code = answerCodes.find((known) => known === error.code) ?? "internal.bug";
  return { code, message: error.message };
}

/** Void results become `null` on the wire. */
async function dispatch(
  supervisor: Supervisor,
  request: z.infer<typeof requestSchema>,
  signal: AbortSignal,
): Promise<unknown> {
  switch (request.method) {
    case "ping":
      return null;
    case "inspect":
      return supervisor.inspect(request.scope);
    case "admit":
      return supervisor.admit(request.slot, request.fencing);
    case "run":
      return supervisor.run(request.slot, request, signal, request.fencing);
    case "prepare":
      await supervisor.prepare(request.launch, seal(request.secrets), request.fencing);
      break;
    case "start":
      await supervisor.start(request.slot, request.fencing);
      break;
    case "route":
      await supervisor.route(request.scope, request.weights, request.sticky, request.fencing);
      break;
    case "end":
      await supervisor.end(request.slot, request.fencing);
      break;
    case "remove":
      await supervisor.remove(request.slot, request.fencing);
      break;
    case "stop":
      await supervisor.removeAll();
      break;
  }
  return null;
}
