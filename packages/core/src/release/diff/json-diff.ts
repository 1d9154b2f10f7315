/** A value at a path that two trees of JSON do not share. */
export interface ValueChange {
  /** As configuration paths are written: `database.host`, `hosts[0]`, `labels["a.b"]`. */
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  /** Null where there was nothing. */
  readonly before: unknown;
  /** Null where there is nothing. */
  readonly after: unknown;
}

/** The paths at which two trees of JSON differ, in the order of the keys. Lists differ by place. */
export function jsonDiff(before: unknown, after: unknown, path = ""): readonly ValueChange[] {
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => changeAt(own(before, key), own(after, key), `${path}${keyText(key, path)}`));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      changeAt(
        index < before.length ? { value: before[index] as unknown } : undefined,
        index < after.length ? { value: after[index] as unknown } : undefined,
        `${path}[${index}]`,
      ),
    );
  }
  const isScalar = (value: unknown): boolean => value === null || typeof value !== "object";
  if (isScalar(before) && isScalar(after) && Object.is(before, after)) return [];
  return [{ path, kind: "changed", before, after }];
}

interface Present {
  readonly value: unknown;
}

function changeAt(
  before: Present | undefined,
  after: Present | undefined,
  path: string,
): readonly ValueChange[] {
  if (before !== undefined && after !== undefined) return jsonDiff(before.value, after.value, path);
  if (before === undefined && after === undefined) return [];
  const kind = before === undefined ? "added" : "removed";
  return [{ path, kind, before: before?.value ?? null, after: after?.value ?? null }];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(map: Readonly<Record<string, unknown>>, key: string): Present | undefined {
  return Object.hasOwn(map, key) ? { value: map[key] } : undefined;
}

function keyText(key: string, above: string): string {
  if (/^[A-Za-z_][\w-]*$/u.test(key)) return above === "" ? key : `.${key}`;
  return `[${JSON.stringify(key)}]`;
}
