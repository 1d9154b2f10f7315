import { LotseError, type Files } from "../kernel/index.ts";

/** What a template's name says about the file that comes out of it. */
export interface Target {
  /** The path of the template in its tree. */
  readonly template: string;
  /** The path of the file, without the template's ending. */
  readonly name: string;
  /** Whether it may hold secrets: its name ends in `.secret` before the template's ending. */
  readonly secret: boolean;
  /** Whether it is YAML by its ending. */
  readonly yaml: boolean;
}

const ending = /\.(?:j2|jinja2?)$/u;
const secretEnding = /\.secret$/u;

/** Reads a template's name: `app.env.secret.j2` makes the secret file `app.env`. */
export function targetOf(template: string): Target {
  const bare = template.replace(ending, "");
  const stripped = bare === template ? template : bare.replace(secretEnding, "");
  return {
    template,
    name: stripped,
    secret: stripped !== bare,
    yaml: /\.ya?ml$/iu.test(stripped),
  };
}

const maxDepth = 32;
const maxTemplates = 10_000;

/**
 * The templates of a tree, sorted by name: files whose name ends in `.j2`, `.jinja` or `.jinja2`. What begins with `_`
 * or `.`, files and directories alike, is only there to be included.
 *
 * @throws LotseError `file.too-large` for more than 10,000 templates or 32 directories below each other, `file.outside`
 */
export function listTemplates(files: Files): readonly string[] {
  const found: string[] = [];
  const visit = (directory: string, depth: number): void => {
    if (depth > maxDepth || found.length > maxTemplates) throw tooMany(files.label, directory);
    for (const name of files.list(directory)) {
      if (name.startsWith("_") || name.startsWith(".")) continue;
      const path = directory === "." ? name : `${directory}/${name}`;
      if (ending.test(name)) found.push(path);
      else visit(path, depth + 1);
    }
  };
  visit(".", 0);
  return found;
}

function tooMany(label: string, directory: string): LotseError {
  return new LotseError({
    code: "file.too-large",
    message: `${label} holds more than ${maxTemplates} templates, or directories more than ${maxDepth} deep`,
    hint: "look for a symbolic link that leads back",
    where: { file: directory },
  });
}
