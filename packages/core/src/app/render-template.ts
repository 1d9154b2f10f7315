import { statSync } from "node:fs";
import { resolve } from "node:path";
import { EnvironmentConfig, suggest, SecretReference } from "../config/index.ts";
import { DirectoryFiles, LotseError } from "../kernel/index.ts";
import { DictLoader, FilesLoader, isTemplateValue, TemplateSet } from "../templates/index.ts";
import { missingHint, variablesFor } from "./template-values.ts";

/** What {@link renderTemplate} takes. */
export interface RenderTemplateOptions {
  /** The path of the template below `directory`, or its name in `templates`. */
  readonly templateName: string;
  /**
   * The names a template may use: values, or the configuration of an environment. Of a configuration floats print as
   * its files write them, and `lotse.environment` and `lotse.tenant` are there.
   */
  readonly variables: Readonly<Record<string, unknown>> | EnvironmentConfig;
  /** The directory of the templates; nothing outside it can be included. @defaultValue `templates` */
  readonly directory?: string;
  /** Templates by name, instead of a directory. */
  readonly templates?: Readonly<Record<string, string>>;
  /** Whether blocks leave no white space behind; Jinja2's own default is false. @defaultValue true */
  readonly trim?: boolean;
}

/**
 * Renders a Jinja2 template. Names must be defined, nothing depends on time or chance, and a template can neither reach
 * the host nor run without end. Secret handles are printed as their references.
 *
 * @example
 * ```ts
 * const variables = getEnvironmentConfig("production");
 * const text = renderTemplate({ templateName: "nginx/site.conf.j2", variables });
 * ```
 *
 * @throws LotseError `template.not-found`; `template.error` with the place in the template; `file.*`
 */
export function renderTemplate(options: RenderTemplateOptions): string {
  const { templateName, variables, templates, directory = "templates", trim = true } = options;
  const loader =
    templates === undefined
      ? new FilesLoader(new DirectoryFiles(existing(directory)))
      : new DictLoader(new Map(Object.entries(templates)));
  const set = new TemplateSet({ loader, trim });
  if (variables instanceof EnvironmentConfig) {
    const { snapshot } = variables;
    const hint = missingHint(snapshot);
    return set.render(templateName, variablesFor(snapshot, undefined), { hint }).text;
  }
  const values = new Map(Object.entries(variables).map(([name, value]) => [name, withoutHandles(value)]));
  return set.render(templateName, values, {
    hint: ({ name, known }) => suggest(name, known),
  }).text;
}

function existing(directory: string): string {
  const path = resolve(directory);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw new LotseError({
    code: "template.not-found",
    message: `there is no directory ${directory}`,
    hint: "name the directory of the templates",
    where: { file: directory },
  });
}

/** A copy in which secret handles are their references. Own data properties only: getters are not called. */
function withoutHandles(value: unknown, known: Map<object, unknown> = new Map()): unknown {
  if (typeof value !== "object" || value === null || isTemplateValue(value)) return value;
  if (value instanceof SecretReference) return String(value);
  if (known.has(value)) return known.get(value);
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    known.set(value, list);
    for (const item of value) list.push(withoutHandles(item, known));
    return list;
  }
  const entries = entriesOf(value);
  if (entries === undefined) return value;
  const map = new Map<unknown, unknown>();
  known.set(value, map);
  for (const [key, item] of entries) map.set(key, withoutHandles(item, known));
  return map;
}

/** The entries of a map or plain object; `undefined` for an object of any other class. */
function entriesOf(value: object): Iterable<readonly [unknown, unknown]> | undefined {
  if (value instanceof Map) return value as ReadonlyMap<unknown, unknown>;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  return Object.entries(Object.getOwnPropertyDescriptors(value)).flatMap(([key, property]) =>
    property.enumerable === true && property.value !== undefined ? [[key, property.value as unknown]] : [],
  );
}
