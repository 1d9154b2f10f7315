import { join } from "node:path";
import { lockWithin, makeLotseDirectory, type Clock } from "../kernel/index.ts";

const timeoutMs = 60_000;

/**
 * Does something to the stored releases of a workspace alone. Everything that writes or removes releases or objects
 * does so: what is being put into the store is named by nothing yet, and pruning would take it.
 *
 * @param place - `directory` is the absolute path of the workspace's `.lotse`
 * @param holder - who does what, for whoever has to wait
 * @throws LotseError `rollout.locked` when somebody else holds the lock for a minute
 */
export async function withReleaseLock<T>(
  { directory, clock }: { readonly directory: string; readonly clock: Clock },
  holder: string,
  act: () => Promise<T>,
): Promise<T> {
  await makeLotseDirectory(directory);
  const path = join(directory, "state", "locks", "releases.lock");
  const lock = await lockWithin({ path, holder, clock }, timeoutMs);
  try {
    return await act();
  } finally {
    await lock.release();
  }
}
