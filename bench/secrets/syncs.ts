import { open } from "node:fs/promises";

/** Counts how often this process waits for the disk from now on. @returns the count so far */
export async function countSyncs(): Promise<() => number> {
  const file = await open(process.execPath, "r");
  const handles = Object.getPrototypeOf(file) as { sync: () => Promise<void>; datasync: () => Promise<void> };
  await file.close();
  let count = 0;
  for (const name of ["sync", "datasync"] as const) {
    const original = handles[name];
    handles[name] = async function counted(this: unknown) {
      count += 1;
      await original.call(this);
    };
  }
  return () => count;
}
