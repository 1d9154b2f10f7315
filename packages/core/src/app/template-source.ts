import { statSync } from "node:fs";
import { basename, dirname, relative, resolve, sep } from "node:path";
import { DirectoryFiles, LotseError, staysInside } from "../kernel/index.ts";
import { listTemplates, targetOf, type Target } from "../templates/index.ts";

/** Which templates are meant. */
export interface TemplateRequest {
  /** A template, or a directory whose templates are all rendered. */
  readonly template: string;
  /** The directory that relative paths start from. */
  readonly from: string;
  /** The directory that `include`, `import` and `extends` look in. @defaultValue the directory of the template */
  readonly root?: string | undefined;
  /** Whether the files are secret files whatever their names say. @defaultValue false */
  readonly secretFile?: boolean | undefined;
}

/** The templates that are meant, and where they are. */
export interface TemplateSource {
  /** The absolute path of the directory that templates are looked for in. */
  readonly root: string;
  readonly targets: readonly Target[];
  /** Turns a template's name, which is its path below the root, into the path that messages show. */
  readonly label: (name: string) => string;
}

/**
 * Finds the templates that are meant.
 *
 * @throws LotseError `template.not-found`, `usage.argument` for a template that is not below the root, `file.*`
 */
export function templateSource({ template, from, root, secretFile }: TemplateRequest): TemplateSource {
  const path = resolve(from, template);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw noTemplate(template, "name a template, or a directory of templates");
  const directory = found.isDirectory();
  const top = resolve(from, root ?? (directory ? path : dirname(path)));
  const start = relative(top, path).split(sep).join("/");
  if (!staysInside(start)) {
    throw new LotseError({
      code: "usage.argument",
      message: `${template} is not in ${String(root)}`,
      hint: "name with --root a directory that the template lies in",
    });
  }
  const below = (name: string): string => (start === "" ? name : `${start}/${name}`);
  const targets = directory
    ? listTemplates(new DirectoryFiles(path)).map((name) => ({ ...targetOf(name), template: below(name) }))
    : [{ ...targetOf(basename(path)), template: start }];
  if (targets.length === 0) throw noTemplate(template, "the names of templates end in .j2 or .jinja");
  const shown = relative(from, top).split(sep).join("/");
  return {
    root: top,
    targets: targets.map((target) => ({ ...target, secret: target.secret || secretFile === true })),
    // Outside the directory the user is in, the absolute path is the shorter one to read.
    label: (name) => (shown === "" ? name : `${/^\.\.(?:\/|$)/u.test(shown) ? top : shown}/${name}`),
  };
}

function noTemplate(template: string, hint: string): LotseError {
  return new LotseError({
    code: "template.not-found",
    message: `there is no template ${template}`,
    hint,
    where: { file: template },
  });
}
