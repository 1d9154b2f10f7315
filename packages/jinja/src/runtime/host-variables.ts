import type { RenderContext } from "../options.ts";
import type { Value } from "../values/object.ts";
import type { Runtime } from "./runtime.ts";

/** The variables of a context as an object of its own, without a prototype. */
export function ownEntries(context: RenderContext): Record<string, unknown> {
  const result = Object.create(null) as Record<string, unknown>;
  if (context instanceof Map) {
    for (const [name, value] of context as ReadonlyMap<string, unknown>) result[name] = value;
    return result;
  }
  // Descriptors, so that no getter runs.
  for (const name of Object.keys(context))
    result[name] = Object.getOwnPropertyDescriptor(context, name)?.value;
  return result;
}

/** Finds a variable of the host; each is converted when it is first asked for. */
export function contextLookup(context: RenderContext, runtime: Runtime): (name: string) => Value | undefined {
  if (context instanceof Map) {
    const map = context as ReadonlyMap<string, unknown>;
    return (name) => runtime.host.convert(map.get(name), name);
  }
  return (name) => runtime.host.property(context, name, name);
}
