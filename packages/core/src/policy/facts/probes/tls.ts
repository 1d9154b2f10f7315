import { connect, type SecureVersion, type TLSSocket } from "node:tls";

/** What a TLS endpoint agreed to and showed. */
export interface TlsAnswer {
  readonly host: string;
  readonly port: number;
  /** The versions that it agreed to, oldest first, such as `TLSv1.2`. */
  readonly versions: readonly string[];
  /** The end of the certificate it showed, ISO 8601 in UTC; `undefined` where no handshake succeeded. */
  readonly notAfter: string | undefined;
}

/** The versions that are asked for, oldest first. */
const versions: readonly SecureVersion[] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** Old versions need old signatures, which OpenSSL offers at security level 0 only. */
const oldCiphers = "DEFAULT:@SECLEVEL=0";

/**
 * Asks an endpoint for each version of TLS, one handshake a version. Certificates are read, not believed:
 * the probe sends nothing, and whether the chain is trusted is another question.
 *
 * @param timeoutMs - for each handshake. @defaultValue 5000
 */
export async function probeTls(host: string, port: number, timeoutMs = 5000): Promise<TlsAnswer> {
  const agreed: string[] = [];
  let notAfter: string | undefined;
  for (const version of versions) {
    const answer = await shake(host, port, version, timeoutMs);
    if (answer === undefined) continue;
    agreed.push(version);
    notAfter = answer;
  }
  return { host, port, versions: agreed, notAfter };
}

/** @returns the end of the certificate, or `undefined` where the endpoint did not agree */
function shake(
  host: string,
  port: number,
  version: SecureVersion,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let socket: TLSSocket;
    const end = (answer: string | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    try {
      socket = connect({
        host,
        port,
        minVersion: version,
        maxVersion: version,
        ciphers: oldCiphers,
        rejectUnauthorized: false,
        ...(/^[\d.]+$|:/u.test(host) ? {} : { servername: host }),
      });
    } catch {
      // This OpenSSL was built without the version, so it cannot be asked for.
      resolve(undefined);
      return;
    }
    socket.setTimeout(timeoutMs, () => end(undefined));
    socket.once("error", () => end(undefined));
    socket.once("secureConnect", () => {
      const until = socket.getPeerCertificate().valid_to;
      end(until === undefined ? "" : new Date(until).toISOString());
    });
  });
}
