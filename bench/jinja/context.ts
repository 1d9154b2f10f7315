/** Context of the manifest: `tenants` tenants with `apps` applications each, the same every time. */
export function manifestContext(tenants: number, apps: number): Record<string, unknown> {
  return {
    registry: "registry.example.com",
    version: "1.2.3",
    tenants: Array.from({ length: tenants }, (_, t) => ({
      name: `tenant-${t}`,
      ...(t % 3 === 0 ? { tier: "gold" } : {}),
      apps: Array.from({ length: apps }, (__, a) => ({
        name: `app-${a}`,
        image: `team/app-${a}`,
        tag: a % 2 === 0 ? "" : `2.${a}.0`,
        ...(a % 2 === 0 ? { replicas: a + 1 } : {}),
        cpu: 1 + a,
        memory: 256 * (a + 1),
        env: Array.from({ length: 6 }, (___, e) => ({ name: `setting_${e}`, value: `v-${t}-${a}-${e}` })),
        ports: a % 2 === 0 ? [80, 8080 + a] : [9000 + a],
        hosts: [`a${t}.example`, `b${a}.example`],
      })),
    })),
  };
}

/** A context with one mapping of that many entries, each of them with some more inside. */
export function wideContext(entries: number): Record<string, unknown> {
  const entry = (i: number): [string, unknown] => [`entry_${i}`, { a: { b: i, c: [1, 2, { d: i }] } }];
  return { config: Object.fromEntries(Array.from({ length: entries }, (_, i) => entry(i))) };
}
