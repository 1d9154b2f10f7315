import { join } from "node:path";
import { decodeText, formatPath, planEdit, policyOfPath, type Node } from "../config/index.ts";
import { LotseError, replaceFile } from "../kernel/index.ts";
import type { Session } from "./session.ts";

/** An edit of one value in one file. */
export interface EditRequest {
  /** Relative to the workspace. */
  readonly file: string;
  readonly path: readonly string[];
  /** The new value as YAML; `undefined` only with `remove`. */
  readonly value: string | undefined;
  readonly remove: boolean;
  readonly asString: boolean;
  readonly dryRun: boolean;
}

/** What an edit did, or would do. */
export interface EditResult {
  readonly file: string;
  readonly line: number;
  readonly before: Node | undefined;
  readonly after: Node | undefined;
  /** Whether the schema calls the value a secret. */
  readonly secret: boolean;
  readonly written: boolean;
}

/**
 * Changes one value in a file by splicing its bytes. The new file takes the place of the old one in one step,
 * with the same mode.
 *
 * @throws LotseError `file.not-found`, `file.outside`, `edit.*`, `parse.*`, `usage.argument`
 */
export async function editFile(session: Session, request: EditRequest): Promise<EditResult> {
  if (request.value === undefined && !request.remove) {
    throw new LotseError({
      code: "usage.argument",
      message: "no value was given",
      hint: "name a value, or --delete",
    });
  }
  const { engine } = session;
  const bytes = engine.files.read(request.file);
  if (bytes === undefined) {
    throw new LotseError({
      code: "file.not-found",
      message: `${request.file} does not exist`,
      hint: "name a file of the workspace",
      where: { file: request.file },
    });
  }
  const text = decodeText(bytes, request.file, engine.workspace.limits);
  const policy = policyOfPath(engine.schema?.policy, request.path);
  const plan = planEdit({
    file: request.file,
    text,
    path: request.path,
    edit: request.remove
      ? { kind: "delete" }
      : { kind: "set", value: request.value ?? "", asString: request.asString },
    ...(policy === undefined ? {} : { policy }),
    limits: engine.workspace.limits,
  });
  const access = { action: "config.set", object: `${request.file}#${formatPath(request.path)}` };
  const hadMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const changed = plan.text !== text;
  if (request.dryRun || !changed) {
    await session.recorder.read({ ...access, details: { changed: false, dryRun: request.dryRun } });
  } else {
    const content = hadMark ? `\uFEFF${plan.text}` : plan.text;
    await session.recorder.change(access, () => replaceFile(join(session.directory, request.file), content));
    engine.refresh([request.file]);
  }
  return {
    file: request.file,
    line: plan.line,
    before: plan.before,
    after: plan.after,
    secret: policy?.secret === true,
    written: !request.dryRun && changed,
  };
}
