import { recommend } from "./recommend.js";

const sections = [
  "application",
  "database",
  "cache",
  "security",
  "monitoring",
  "logging",
  "scaling",
  "compliance",
];

/**
 * What must hold for the service to take requests. Each check returns what is wrong, or `null`.
 *
 * @type {Record<string, (config: Record<string, any>, identity: {tenant?: string, environment?: string}) => string | null>}
 */
const checks = {
  sections(config) {
    const missing = sections.filter((name) => typeof config[name] !== "object" || config[name] === null);
    return missing.length === 0 ? null : `missing: ${missing.join(", ")}`;
  },

  identity(config, { tenant, environment }) {
    if (tenant && config.tenant?.id && config.tenant.id !== tenant) {
      return `configuration is for tenant ${config.tenant.id}, this process for ${tenant}`;
    }
    if (environment && config.environment?.name !== environment) {
      return `configuration is for ${config.environment?.name}, this process for ${environment}`;
    }
    return null;
  },

  connection_pool(config) {
    const { min_size: least, max_size: most, overflow } = config.database.postgresql.connection_pool;
    return least <= most && overflow >= 0
      ? null
      : `bounds out of order: ${least}, ${most}, overflow ${overflow}`;
  },

  replicas(config) {
    const { min_replicas: least, max_replicas: most } = config.scaling.horizontal;
    return least >= 1 && least <= most ? null : `bounds out of order: ${least}, ${most}`;
  },

  cpu_targets(config) {
    const { scale_up_cpu_percent: up, scale_down_cpu_percent: down } = config.scaling.horizontal;
    return down < up ? null : `would grow at ${up} % and shrink at ${down} %`;
  },

  rate_limit(config) {
    const { requests_per_minute: steady, burst } = config.application.api.rate_limit;
    return burst >= 1 && burst <= steady ? null : `burst ${burst} does not fit ${steady} requests a minute`;
  },

  strict_production(config) {
    if (config.environment?.name !== "prod") return null;
    return config.application.debug === false ? null : "debug is on in production";
  },

  recommender() {
    const found = recommend("harbour-lights", { limit: 3 });
    return found?.length === 3 ? null : "no recommendations for a known track";
  },
};

/**
 * Runs every check over the configuration. A check that cannot be computed has failed.
 *
 * @param {Record<string, any>} config
 * @param {{tenant?: string, environment?: string}} identity whom this process serves
 * @returns {{name: string, ok: boolean, reason?: string}[]}
 */
export function runChecks(config, identity) {
  return Object.entries(checks).map(([name, check]) => {
    const reason = outcome(check, config, identity);
    return reason === null ? { name, ok: true } : { name, ok: false, reason };
  });
}

/** @type {(check: (typeof checks)[string], config: Record<string, any>, identity: object) => string | null} */
function outcome(check, config, identity) {
  try {
    return check(config, identity);
  } catch (error) {
    return `cannot be computed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
