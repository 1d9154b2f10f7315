import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { selfSigned } from "./self-signed.ts";

/**
 * Doubles of the services around a program built for AWS Lambda: the runtime interface that hands it events
 * (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), the Parameter Store that it writes its
 * result to, reached through a proxy that answers itself, and CloudFormation's response address.
 */
export interface AwsDoubles {
  /** `host:port`, for `AWS_LAMBDA_RUNTIME_API` and as `HTTPS_PROXY`. */
  readonly address: string;
  /** The certificate that the program has to trust, in PEM form. */
  readonly certificate: string;
  /** Hands the event to the program and waits for what it stored, or for the error it reported. */
  invoke(event: (responseUrl: string) => unknown): Promise<Answer>;
  /** Ends every wait: the program is gone. */
  abandon(reason: string): void;
  close(): Promise<void>;
}

/** What came of one event. */
export type Answer =
  | { readonly ok: true; readonly stored: string }
  | { readonly ok: false; readonly reason: string };

interface Job {
  readonly event: (responseUrl: string) => unknown;
  readonly settle: (answer: Answer) => void;
  stored: string | undefined;
  reason: string | undefined;
}

/** The host that the Parameter Store has in the region `eu-central-1`. */
const storeHost = "ssm.eu-central-1.amazonaws.com";

/** Starts the doubles on a free port of the loopback interface. */
export async function startAwsDoubles(): Promise<AwsDoubles> {
  const queue = new JobQueue();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    void readBody(request).then((body) => answer(queue, request, body, response));
  };
  const server = createServer(handle);
  const identity = selfSigned(storeHost);
  const store = createTlsServer(identity, handle);
  server.on("connect", (_request, socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    store.emit("connection", socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificate: identity.cert,
    invoke: (event) =>
      new Promise((settle) => queue.add({ event, settle, stored: undefined, reason: undefined })),
    abandon: (reason) => queue.abandon(reason),
    close: () => closeServer(server),
  };
}

/** Gives jobs to the program one after the other; a program that asks before there is a job waits. */
class JobQueue {
  #current: Job | undefined;
  #gone: string | undefined;
  readonly #waiting: Job[] = [];
  #asked: ((job: Job) => void) | undefined;

  get current(): Job | undefined {
    return this.#current;
  }

  add(job: Job): void {
    if (this.#gone !== undefined) {
      job.settle({ ok: false, reason: this.#gone });
      return;
    }
    this.#waiting.push(job);
    this.#hand();
  }

  next(take: (job: Job) => void): void {
    this.#asked = take;
    this.#hand();
  }

  finish(): void {
    const job = this.#current;
    this.#current = undefined;
    if (job === undefined) return;
    if (job.stored === undefined) job.settle({ ok: false, reason: job.reason ?? "nothing was stored" });
    else job.settle({ ok: true, stored: job.stored });
  }

  abandon(reason: string): void {
    this.#gone = reason;
    const jobs = [this.#current, ...this.#waiting.splice(0)];
    this.#current = undefined;
    for (const job of jobs) job?.settle({ ok: false, reason });
  }

  #hand(): void {
    if (this.#asked === undefined || this.#current !== undefined) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    const take = this.#asked;
    this.#asked = undefined;
    this.#current = job;
    take(job);
  }
}

function answer(queue: JobQueue, request: IncomingMessage, body: string, response: ServerResponse): void {
  const url = request.url ?? "/";
  const job = queue.current;
  if (url.endsWith("/runtime/invocation/next")) {
    queue.next((next) => {
      response.setHeader("Lambda-Runtime-Aws-Request-Id", "request-1");
      response.setHeader("Lambda-Runtime-Deadline-Ms", String(Date.now() + 600_000));
      response.setHeader("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:1:function:f");
      json(response, next.event(`http://${request.headers.host ?? ""}/cloudformation`));
    });
    return;
  }
  if (url.startsWith("/cloudformation")) {
    if (job !== undefined) job.reason ??= body;
    json(response, {});
    return;
  }
  if (String(request.headers["x-amz-target"] ?? "").endsWith(".PutParameter")) {
    if (job !== undefined) job.stored = (JSON.parse(body) as { Value: string }).Value;
    json(response, { Version: 1, Tier: "Standard" });
    return;
  }
  if (url.endsWith("/error") && job !== undefined) job.reason = body;
  response.statusCode = 202;
  json(response, {});
  queue.finish();
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader("Content-Type", "application/x-amz-json-1.1");
  response.end(JSON.stringify(value));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
