// Who may import whom; see docs/architecture.md.
const core = "^packages/core/src";

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    {
      name: "layer-0-kernel",
      comment: "the kernel imports nothing of ours",
      severity: "error",
      from: { path: `${core}/kernel/` },
      to: { path: "^packages/", pathNot: `(node_modules|${core}/kernel/)` },
    },
    {
      name: "layer-0-jinja",
      comment: "jinja imports nothing of ours and no library",
      severity: "error",
      from: { path: "^packages/jinja/src", pathNot: "[.]test[.]ts$" },
      to: { pathNot: "^packages/jinja/", dependencyTypesNot: ["core"] },
    },
    {
      name: "layer-1",
      comment: "config imports the kernel only",
      severity: "error",
      from: { path: `${core}/config/` },
      to: { path: "^packages/", pathNot: `(node_modules|${core}/(config|kernel)/)` },
    },
    {
      name: "layer-1-secrets",
      comment: "secrets imports the kernel only",
      severity: "error",
      from: { path: `${core}/secrets/` },
      to: { path: "^packages/", pathNot: `(node_modules|${core}/(secrets|kernel)/)` },
    },
    {
      name: "layer-1-audit",
      comment: "audit imports the kernel only: others reach it through the kernel's port AuditSink",
      severity: "error",
      from: { path: `${core}/audit/` },
      to: { path: "^packages/", pathNot: `(node_modules|${core}/(audit|kernel)/)` },
    },
    {
      name: "layer-1-templates",
      comment: "templates imports the kernel and jinja only",
      severity: "error",
      from: { path: `${core}/templates/` },
      to: { path: "^packages/", pathNot: `(node_modules|${core}/(templates|kernel)/|^packages/jinja/)` },
    },
    {
      name: "layer-2-policy",
      comment: "policy imports the kernel and layer 1",
      severity: "error",
      from: { path: `${core}/policy/` },
      to: { path: "^packages/", pathNot: `(node_modules|${core}/(policy|kernel|config|secrets|audit|templates)/)` },
    },
    {
      name: "layer-2-release",
      comment: "release imports the kernel, and the log firewall for what its processes write: use cases plug the rest in",
      severity: "error",
      from: { path: `${core}/release/` },
      to: { path: "^packages/", pathNot: `(node_modules|${core}/(release|kernel|secrets/firewall)/)` },
    },
    {
      name: "layer-2-contract",
      severity: "error",
      from: { path: `${core}/contract/` },
      to: { path: "^packages/", pathNot: `(node_modules|${core}/(contract|config|kernel)/)` },
    },
    {
      name: "layer-3-app",
      severity: "error",
      from: { path: `${core}/app/` },
      to: { path: "^packages/(cli|server|console)/" },
    },
    {
      name: "layer-3-engine",
      severity: "error",
      from: { path: "^packages/engine/src" },
      to: { path: "^packages/(cli|server|console)/" },
    },
    {
      name: "core-knows-no-shell",
      severity: "error",
      from: { path: core },
      to: { path: "^packages/cli/" },
    },
    {
      name: "git-in-one-place",
      comment: "other programs are run through the port Exec; child_process is for its adapter and the process target",
      severity: "error",
      from: { path: core, pathNot: `${core}/(kernel/(exec|process-identity)|release/(targets/(process|host/ssh)|testing)|secrets/(inject/child|sops/testing)|.*[.]test[.]ts)` },
      to: { path: "^(node:)?child_process$" },
    },
    {
      name: "yaml-parser-in-its-adapter",
      severity: "error",
      from: { path: core, pathNot: `(${core}/(config/(parse|edit)|secrets/sops)/|[.]test[.]ts$)` },
      to: { path: "node_modules/js-yaml" },
    },
    {
      name: "no-tests-in-sources",
      severity: "error",
      from: { path: "^packages", pathNot: "([.]test[.]ts$|/testing/|/test/)" },
      to: { path: "([.]test[.]ts$|/test/)" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    parser: "swc",
    enhancedResolveOptions: { conditionNames: ["lotse-source", "import", "node", "default", "types"], exportsFields: ["exports"] },
  },
};
