import { z } from "zod";

/** A relative path with forward slashes that names something below its root, spelled in the only normal way. */
export const pathSchema = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => isInside(path), "leads out of the tree");

function isInside(path: string): boolean {
  const parts = path.split("/");
  return !path.includes("\0") && !parts.some((part) => part === "" || part === "." || part === "..");
}
