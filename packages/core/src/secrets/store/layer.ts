/** One secret file of a scope. */
export interface SecretLayer {
  /** Relative to the workspace. */
  readonly file: string;
  /** Null for a file that all environments share. */
  readonly environment: string | null;
  /** Null for a file that all tenants of the environment share. */
  readonly tenant: string | null;
}

/** The directory beside a secret file for values that were written without being able to read it. */
export function incomingDirectoryOf(file: string): string {
  return `${file.replace(/\.[a-z]+$/u, "")}.incoming`;
}

/** The file for one such value. */
export function incomingFileOf(file: string, name: string): string {
  return `${incomingDirectoryOf(file)}/${name}.yml`;
}
