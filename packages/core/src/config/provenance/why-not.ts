import type { ConfigEngine } from "../resolve/engine.ts";
import type { ResolveRequest } from "../resolve/request.ts";
import { explain, type Explanation } from "./explain.ts";

/**
 * Explains what would stand at a path if a layer were not there.
 *
 * @throws LotseError `layer.unknown`, `config.unknown-path` when nothing would stand there
 */
export function whyNot(
  engine: ConfigEngine,
  request: ResolveRequest,
  path: string,
  layer: string,
): Explanation {
  return explain(engine.resolve({ ...request, without: [...(request.without ?? []), layer] }), path);
}
