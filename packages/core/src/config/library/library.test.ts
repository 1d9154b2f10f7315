import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { EnvironmentConfigManager, EnvironmentType, getEnvironmentConfig } from "./manager.ts";
import { watchConfig, type WatchEvent } from "../watch/watch.ts";

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

const tree = {
  "lotse.yml": "version: 1\nschema: schema.yml\n",
  "schema.yml":
    "type: object\nproperties:\n  level: { type: string }\n  port: { type: integer, x-final: true }\n",
  "environments/base.yml":
    "level: info\nport: 80\nbig: 9007199254740993\ndb: { host: a, pool: { max: 10 } }\n",
  "environments/dev/dev.yml": "level: debug\n",
  "environments/dev/overrides/one.yml": "level: one\n",
  "environments/dev/overrides/two.yml": "level: two\n",
  "environments/staging/staging.yml": "{}\n",
  "environments/prod/prod.yml": "level: warning\n",
  "environments/tenants/acme.yml": "tenant: { id: acme }\ndb: { host: b }\n",
};

function workspace(): { directory: string; write: (path: string, text: string) => void } {
  const directory = mkdtempSync(join(tmpdir(), "lotse-library-"));
  directories.push(directory);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  for (const [path, text] of Object.entries(tree)) write(path, text);
  return { directory, write };
}

describe("the library", () => {
  it("loads by name, alias and variable", () => {
    const { directory } = workspace();
    expect(getEnvironmentConfig("production", { directory }).get("level")).toBe("warning");
    expect(getEnvironmentConfig(EnvironmentType.Production, { directory }).get("level")).toBe("warning");
    expect(
      getEnvironmentConfig(undefined, { directory, variables: { ENVIRONMENT: "development" } }).get("level"),
    ).toBe("debug");
    expect(getEnvironmentConfig(undefined, { directory, variables: { ENV: "prod" } }).get("level")).toBe(
      "warning",
    );
    expect(() => getEnvironmentConfig(undefined, { directory, variables: {} })).toThrow(
      expect.objectContaining({ code: "config.no-environment" }),
    );
  });

  it("loadWithOverrides takes overrides in order, a tenant and values", () => {
    const manager = new EnvironmentConfigManager({ directory: workspace().directory, variables: {} });
    expect(manager.loadWithOverrides({ environment: "dev", overrides: ["one", "two"] }).get("level")).toBe(
      "two",
    );
    expect(manager.loadWithOverrides({ environment: "dev", overrides: ["two", "one"] }).get("level")).toBe(
      "one",
    );
    const config = manager.loadWithOverrides({
      environment: "dev",
      tenant: "acme",
      set: { "db.pool.max": 5 },
    });
    expect(config.get("db")).toEqual({ host: "b", pool: { max: 5 } });
    expect(config.get("big")).toBe(9007199254740993n);
    expect(config.has("db.pool")).toBe(true);
    expect(config.get("nothing.here")).toBeUndefined();
    expect(config.explain("db.host").file).toBe("environments/tenants/acme.yml");
  });

  it("gives frozen values, and locks hold for values given in code", () => {
    const manager = new EnvironmentConfigManager({ directory: workspace().directory, variables: {} });
    const db = manager.load("dev").get("db") as { host: string };
    expect(() => {
      db.host = "changed";
    }).toThrow(TypeError);
    expect(() => manager.loadWithOverrides({ environment: "dev", set: { port: 81 } })).toThrow(
      expect.objectContaining({ code: "lock.final" }),
    );
    expect(() => manager.loadWithOverrides({ environment: "dev", set: { level: 1 } })).toThrow(
      expect.objectContaining({ code: "merge.kind-change" }),
    );
    for (const path of ["__proto__", "constructor", "db.prototype"]) {
      expect(() => manager.load("dev").get(path)).toThrow(expect.objectContaining({ code: "parse.path" }));
    }
  });

  it("looks again at the disk when asked", () => {
    const { directory, write } = workspace();
    const manager = new EnvironmentConfigManager({ directory, variables: {} });
    expect(manager.load("dev").get("level")).toBe("debug");
    write("environments/dev/dev.yml", "level: trace\n");
    manager.refresh(["environments/dev/dev.yml"]);
    expect(manager.load("dev").get("level")).toBe("trace");
    write("schema.yml", "type: object\nrequired: [missing]\n");
    manager.refresh();
    expect(() => manager.load("dev")).toThrow(expect.objectContaining({ code: "schema.violation" }));
  });
});

describe("watchConfig", () => {
  it(
    "delivers changed paths, keeps the last good configuration, and says why",
    { timeout: 20_000 },
    async () => {
      const { directory, write } = workspace();
      const manager = new EnvironmentConfigManager({ directory, variables: {} });
      const events: WatchEvent[] = [];
      let heard = Promise.withResolvers<void>();
      const watch = await watchConfig(manager, directory, { environment: "dev", tenant: "acme" }, (event) => {
        events.push(event);
        heard.resolve();
      });
      const next = async (): Promise<WatchEvent | undefined> => {
        await heard.promise;
        heard = Promise.withResolvers<void>();
        return events.at(-1);
      };
      write("environments/dev/dev.yml", "level: trace\n");
      expect(await next()).toMatchObject({ kind: "changed", paths: ["level"] });
      write("environments/tenants/acme.yml", "tenant: { id: acme }\ndb: { host: [ }\n");
      expect(await next()).toMatchObject({
        kind: "broken",
        problem: { code: "parse.syntax", where: { file: "environments/tenants/acme.yml", line: 2 } },
      });
      expect(watch.config.get("db.host")).toBe("b");
      write("environments/tenants/acme.yml", "tenant: { id: acme }\ndb: { host: c }\n");
      expect(await next()).toMatchObject({ kind: "changed", paths: ["db.host"] });
      expect(watch.config.get("db.host")).toBe("c");
      await watch.close();
      expect(events.map(({ kind }) => kind)).toEqual(["changed", "broken", "changed"]);
    },
  );
});
