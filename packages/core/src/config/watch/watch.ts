import { relative, sep } from "node:path";
import { watch as watchFiles, type FSWatcher } from "chokidar";
import { diagnosticOf, isLotseError, type Diagnostic } from "../../kernel/index.ts";
import { invalidConfig, type EnvironmentConfig } from "../library/environment-config.ts";
import type { EnvironmentConfigManager, LoadOptions } from "../library/manager.ts";
import { compare } from "../provenance/difference.ts";

/** What a subscriber hears of. */
export type WatchEvent =
  | {
      readonly kind: "changed";
      /** The paths whose value is another now; never empty. */
      readonly paths: readonly string[];
      readonly config: EnvironmentConfig;
    }
  | {
      /** The files on disk are broken; the last good configuration stays. */
      readonly kind: "broken";
      readonly problem: Diagnostic;
      readonly config: EnvironmentConfig;
    };

/** A running watch. */
export interface ConfigWatch extends AsyncDisposable {
  /** The last good configuration. */
  readonly config: EnvironmentConfig;
  close(): Promise<void>;
}

/** How a watch behaves. */
export interface WatchOptions extends LoadOptions {
  /** How long files have to be still before they are read. @defaultValue 50 */
  readonly settleMs?: number;
}

/**
 * Loads an environment and tells a subscriber which paths change while files are edited. A file that is
 * broken keeps the last good configuration and is told as `broken`, once for each different problem.
 *
 * @param directory - the workspace
 * @returns when the files are being watched
 * @throws LotseError when the configuration is broken at the start
 */
export async function watchConfig(
  manager: EnvironmentConfigManager,
  directory: string,
  options: WatchOptions,
  subscriber: (event: WatchEvent) => void,
): Promise<ConfigWatch> {
  const state = new WatchState(manager, options, subscriber);
  const watcher = watchFiles(directory, {
    ignoreInitial: true,
    ignored: (path) =>
      /(?:^|[\\/])(?:node_modules|\.git|\.lotse)(?:[\\/]|$)/u.test(relative(directory, path)),
  });
  const pending = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  watcher.on("all", (_, path) => {
    pending.add(relative(directory, path).split(sep).join("/"));
    clearTimeout(timer);
    timer = setTimeout(() => {
      const paths = [...pending];
      pending.clear();
      state.reload(paths);
    }, options.settleMs ?? 50);
  });
  await ready(watcher);
  const close = async (): Promise<void> => {
    clearTimeout(timer);
    await watcher.close();
  };
  return {
    get config() {
      return state.config;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function ready(watcher: FSWatcher): Promise<void> {
  return new Promise((resolve, reject) => {
    watcher.once("ready", () => resolve());
    watcher.once("error", reject);
  });
}

class WatchState {
  config: EnvironmentConfig;
  readonly #manager: EnvironmentConfigManager;
  readonly #options: LoadOptions;
  readonly #subscriber: (event: WatchEvent) => void;
  #problem: string | undefined;

  constructor(
    manager: EnvironmentConfigManager,
    options: LoadOptions,
    subscriber: (event: WatchEvent) => void,
  ) {
    this.#manager = manager;
    this.#options = options;
    this.#subscriber = subscriber;
    this.config = manager.loadWithOverrides(options);
  }

  reload(paths: readonly string[]): void {
    try {
      this.#manager.refresh(paths);
      this.#accept(this.#manager.loadWithOverrides(this.#options));
    } catch (error) {
      const known = isLotseError(error) ? error : invalidConfig(this.config.scope, []);
      const problem = diagnosticOf(known);
      const text = JSON.stringify(problem);
      if (text === this.#problem) return;
      this.#problem = text;
      this.#subscriber({ kind: "broken", problem, config: this.config });
    }
  }

  #accept(next: EnvironmentConfig): void {
    const paths = compare(this.config.snapshot.root, next.snapshot.root).map((difference) => difference.path);
    this.config = next;
    this.#problem = undefined;
    if (paths.length > 0) this.#subscriber({ kind: "changed", paths, config: next });
  }
}
