import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HostBed } from "../../scripts/host-bed/index.ts";
import { ended } from "./plain-app.ts";

/** What installs it. */
export const capistranoPackages = "capistrano ruby-ed25519 ruby-bcrypt-pbkdf";

/** Its version; null where it is not on this machine. */
export function capistranoVersion(): string | null {
  const { status, stdout } = spawnSync("cap", ["--version"], { encoding: "utf8" });
  return status === 0 ? (/[\d.]+\d/u.exec(stdout)?.[0] ?? "") : null;
}

/**
 * A deploy of the plain app as its own documentation has it: code by git into a directory of its own, `current`
 * moved there, and the service restarted on one host after the other.
 * https://capistranorb.com/documentation/getting-started/flow/
 *
 * @param repository - as the hosts see it
 * @returns what deploys
 */
export function capistrano(bed: HostBed, directory: string, repository: string): () => Promise<void> {
  const servers = bed.hosts.map(({ name }) => `server "${name}", user: "root", roles: %w{app}`);
  const files = {
    Capfile: [
      'require "capistrano/setup"',
      'require "capistrano/deploy"',
      'require "capistrano/scm/git"',
      "install_plugin Capistrano::SCM::Git",
    ],
    "config/deploy.rb": [
      'set :application, "plain"',
      `set :repo_url, "${repository}"`,
      'set :branch, "main"',
      'set :repo_tree, "app"',
      'set :deploy_to, "/srv/plain"',
      "set :keep_releases, 3",
      `set :ssh_options, { config: ["${bed.sshConfigFile}"] }`,
      "namespace :deploy do",
      "  task :restart do",
      "    on roles(:app), in: :sequence, wait: 5 do",
      '      execute :systemctl, "restart", "plain"',
      "    end",
      "  end",
      "  after :published, :restart",
      "end",
    ],
    "config/deploy/production.rb": servers,
  };
  mkdirSync(join(directory, "config/deploy"), { recursive: true });
  for (const [file, lines] of Object.entries(files))
    writeFileSync(join(directory, file), `${lines.join("\n")}\n`);
  return () => ended("cap", ["production", "deploy"], directory);
}
