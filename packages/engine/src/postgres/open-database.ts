import { LotseError, Sensitive } from "@lotse/core/kernel";
import { reviveEmbedded, startEmbedded } from "./embedded.ts";
import { defaultServerDirectory } from "./layout.ts";

/** Which database to use. */
export interface DatabaseLocation {
  /** `DATABASE_URL`; what is given here is used, and nothing is started. */
  readonly url?: string | undefined;
  /** The absolute path of the workspace, which has an embedded server otherwise. */
  readonly workspace: string;
  /** Where the embedded server is kept. @defaultValue see `defaultServerDirectory` */
  readonly directory?: string | undefined;
}

/** A database that answers. */
export interface OpenDatabase {
  readonly url: Sensitive<string>;
  readonly kind: "embedded" | "shared";
  /** Brings it back where it died; see `reviveEmbedded`. Nothing can be done for a shared one. */
  readonly revive?: () => Promise<void>;
}

/**
 * Gives the database to use, starting the embedded server where none is named.
 *
 * @throws LotseError `usage.argument` when the URL is not one of PostgreSQL; what `startEmbedded` throws
 */
export async function openDatabase(location: DatabaseLocation): Promise<OpenDatabase> {
  const { url, workspace } = location;
  if (url === undefined || url === "") {
    const directory = location.directory ?? defaultServerDirectory(workspace, process.getuid?.() === 0);
    const { url: own } = await startEmbedded({ directory });
    return { url: own, kind: "embedded", revive: () => reviveEmbedded({ directory }) };
  }
  if (URL.canParse(url) && /^postgres(?:ql)?:$/u.test(new URL(url).protocol))
    return { url: new Sensitive(url), kind: "shared" };
  // The URL itself may hold a password.
  throw new LotseError({
    code: "usage.argument",
    message: "DATABASE_URL is not the address of a PostgreSQL database",
    hint: "it looks like postgresql://user:password@host:5432/database",
  });
}
