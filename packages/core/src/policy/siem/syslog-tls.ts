import { X509Certificate } from "node:crypto";
import {
  connect,
  createSecureContext,
  type ConnectionOptions,
  type SecureContext,
  type TLSSocket,
} from "node:tls";
import { isIP } from "node:net";
import { LotseError, type Sensitive } from "../../kernel/index.ts";

/** Where messages are sent, and whom to believe. */
export interface SyslogTarget {
  readonly host: string;
  /** @defaultValue 6514 */
  readonly port?: number | undefined;
  /** Certificates in PEM that sign the server's. @defaultValue those of this Node.js */
  readonly ca?: string | undefined;
  /** The name that the server's certificate must have. @defaultValue the host */
  readonly serverName?: string | undefined;
  /** A certificate and key in PEM to prove who sends. */
  readonly client?: { readonly certificate: string; readonly key: Sensitive<string> } | undefined;
  /** How long nothing may move. @defaultValue 10000 */
  readonly timeoutMs?: number | undefined;
}

/**
 * Sends syslog messages over TLS, each with its length in front. The server must prove who it is. Syslog has
 * no receipts: when the promise resolves, the server has taken all bytes and closed without an error.
 *
 * @param messages - as `formatSyslog` writes them
 * @returns how many were sent
 * @throws LotseError `siem.certificate` when the server is not who it should be or a certificate or key cannot
 * be used, `siem.unreachable` when it
 * cannot be reached, does not answer in time or breaks off; that may be retried, and may send events twice
 * @see https://www.rfc-editor.org/rfc/rfc5425#section-4
 */
export async function sendSyslogTls(target: SyslogTarget, messages: readonly string[]): Promise<number> {
  if (messages.length === 0) return 0;
  const socket = connect({ ...addressOf(target), secureContext: contextOf(target) });
  try {
    await exchange(socket, target, messages);
    return messages.length;
  } finally {
    socket.destroy();
  }
}

function addressOf({ host, port = 6514, serverName }: SyslogTarget): ConnectionOptions {
  const name = serverName ?? host;
  return {
    host,
    port,
    rejectUnauthorized: true,
    // A name may be sent to the server, an address may not; either is compared with the certificate.
    ...(isIP(name) === 0 ? { servername: name } : {}),
  };
}

/** @throws LotseError `siem.certificate` for texts that are no certificate, or a key that is not of its one */
function contextOf({ ca, client }: SyslogTarget): SecureContext {
  // Node.js takes a text without a certificate for one that trusts nobody, which would blame the server.
  if (ca !== undefined && !isCertificate(ca))
    throw notUsable("what should sign the collector's holds no certificate");
  try {
    return createSecureContext({
      minVersion: "TLSv1.2",
      ...(ca === undefined ? {} : { ca }),
      ...(client === undefined ? {} : { cert: client.certificate, key: client.key.reveal() }),
    });
  } catch (error) {
    throw notUsable("the certificate and key that should prove who sends cannot be used", error);
  }
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0;
  } catch {
    return false;
  }
}

function notUsable(message: string, cause?: unknown): LotseError {
  return new LotseError({
    code: "siem.certificate",
    message,
    hint: "give files in PEM that begin with -----BEGIN",
    cause,
  });
}

function exchange(socket: TLSSocket, target: SyslogTarget, messages: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = false;
    socket.setTimeout(target.timeoutMs ?? 10_000, () => socket.destroy(new Error("nothing moved in time")));
    socket.once("error", (error) => reject(errorOf(error, target)));
    socket.once("close", () => {
      if (sent) resolve();
      else reject(errorOf(new Error("the connection was closed before everything was sent"), target));
    });
    socket.once("secureConnect", () => {
      socket.resume();
      void write(socket, messages).then(
        () => socket.end(() => (sent = true)),
        (error: unknown) => socket.destroy(error as Error),
      );
    });
  });
}

async function write(socket: TLSSocket, messages: readonly string[]): Promise<void> {
  for (const message of messages) {
    if (socket.destroyed) return;
    if (!socket.write(frameOf(message))) await drained(socket);
  }
}

function drained(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      socket.off("drain", go).off("close", go);
      resolve();
    };
    socket.once("drain", go).once("close", go);
  });
}

/**
 * A message with its length in bytes in front.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5425#section-4.3
 */
export function frameOf(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`;
}

/** Of an error of OpenSSL its reason, without the place in its sources. */
function reasonOf(error: Error): string {
  const reason = "reason" in error && typeof error.reason === "string" ? error.reason : undefined;
  return reason ?? error.message.split("\n")[0] ?? "";
}

// The codes with which Node.js refuses a certificate; see https://nodejs.org/api/tls.html#x509-certificate-error-codes
const refused =
  /^(?:ERR_TLS_CERT_ALTNAME_INVALID|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF|DECRYPT_CERT)|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/u;

function errorOf(error: Error, { host, port = 6514 }: SyslogTarget): LotseError {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (refused.test(code)) {
    return new LotseError({
      code: "siem.certificate",
      message: `${host}:${port} does not prove that it is ${host} (${code})`,
      hint: "give the certificate of its authority, or the name that its certificate has",
      cause: error,
    });
  }
  return new LotseError({
    code: "siem.unreachable",
    message: `${host}:${port} took no events: ${reasonOf(error)}`,
    hint: "check the address and that the collector speaks syslog over TLS",
    retryable: true,
    cause: error,
  });
}
