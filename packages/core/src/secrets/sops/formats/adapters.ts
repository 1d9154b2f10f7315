import type { SopsFormat } from "../model.ts";
import type { FormatAdapter } from "./adapter.ts";
import { envAdapter } from "./env.ts";
import { iniAdapter } from "./ini.ts";
import { jsonAdapter } from "./json.ts";
import { yamlAdapter } from "./yaml.ts";

const adapters: Readonly<Record<SopsFormat, FormatAdapter>> = {
  yaml: yamlAdapter,
  json: jsonAdapter,
  env: envAdapter,
  ini: iniAdapter,
  // A binary file is one value in a JSON file.
  binary: jsonAdapter,
};

/** The adapter of a format. */
export function adapterOf(format: SopsFormat): FormatAdapter {
  return adapters[format];
}
