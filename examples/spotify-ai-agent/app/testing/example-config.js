/**
 * A resolved configuration as small as the service accepts.
 *
 * @param {{shutdownMs?: number}} [options]
 * @returns {Record<string, any>}
 */
export function exampleConfig({ shutdownMs = 5000 } = {}) {
  return {
    environment: { name: "prod" },
    tenant: { id: "nordlicht-records", name: "Nordlicht Records", tier: "business" },
    region: { name: "eu-central-1" },
    application: {
      name: "spotify-ai-agent",
      debug: false,
      secret_key: "${secret:application#secret_key}",
      api: {
        rate_limit: { requests_per_minute: 3000, burst: 300 },
        timeouts: { request_ms: 5000, keep_alive_ms: 5000, shutdown_ms: shutdownMs },
      },
    },
    database: { postgresql: { connection_pool: { min_size: 5, max_size: 60, overflow: 20 } } },
    cache: { redis: {} },
    ml_services: { feature_flags: { one_track_per_artist: false } },
    security: {},
    monitoring: {},
    logging: { level: "info", tenant_field: "tenant_id" },
    scaling: {
      horizontal: { min_replicas: 2, max_replicas: 10, scale_up_cpu_percent: 70, scale_down_cpu_percent: 30 },
    },
    compliance: {},
  };
}
