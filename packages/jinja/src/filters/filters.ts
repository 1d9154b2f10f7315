import type { BuiltinTable } from "../runtime/builtin.ts";
import { numberFilters } from "./number.ts";
import { selectFilters } from "./select.ts";
import { sequenceFilters } from "./sequence.ts";
import { textFilters } from "./text.ts";
import { valueFilters } from "./value.ts";
import { webFilters } from "./web.ts";
import { yamlFilters } from "./yaml.ts";

/** Jinja2's 54 filters, and `to_yaml`, `quote` and `b64encode`. */
export const builtinFilters: BuiltinTable = new Map([
  ...textFilters,
  ...sequenceFilters,
  ...selectFilters,
  ...numberFilters,
  ...valueFilters,
  ...webFilters,
  ...yamlFilters,
]);
