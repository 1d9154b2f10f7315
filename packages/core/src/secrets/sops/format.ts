import type { SopsFormat } from "./model.ts";

const endings: ReadonlyMap<string, SopsFormat> = new Map([
  [".yaml", "yaml"],
  [".yml", "yaml"],
  [".json", "json"],
  [".env", "env"],
  [".ini", "ini"],
]);

/** The format of a file by its name, as sops chooses it; everything else is `binary`. */
export function formatOfFile(file: string): SopsFormat {
  const name = file.slice(Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1);
  const dot = name.lastIndexOf(".");
  return (dot < 0 ? undefined : endings.get(name.slice(dot))) ?? "binary";
}
