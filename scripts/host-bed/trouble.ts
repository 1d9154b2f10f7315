import { startHostBed } from "./bed.ts";

/**
 * Why this machine cannot have a bed of hosts: not root, or a kernel or container around it that withholds what a
 * container engine needs.
 *
 * @returns null where it can. Then its file system has been built, which takes minutes the first time
 */
export async function bedTrouble(): Promise<string | null> {
  try {
    const bed = await startHostBed({ hosts: 1 });
    await bed.stop();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
