import { cachedSource } from "./cached-source.ts";
import type { FactSource } from "./fact.ts";

/** One file that was rendered for a scope. */
export interface RenderedFile {
  readonly environment: string;
  readonly tenant: string | null;
  readonly file: string;
  readonly text: string;
}

/** `image: NAME`, as Kubernetes and Compose write it, with or without quotes. */
const imageLine = /^[ \t]*(?:-[ \t]+)?image:[ \t]*["']?([^\s"'#]+)/gmu;

/** Makes facts of rendered files: the images that they name. */
export function templateFacts(rendered: readonly RenderedFile[], at: string): FactSource {
  return cachedSource("templates", ["images.rendered"], ({ environment, tenant }) => {
    const here = rendered.filter((file) => file.environment === environment && file.tenant === tenant);
    if (here.length === 0) return {};
    const images = here.flatMap(({ text }) => [...text.matchAll(imageLine)].map((match) => match[1] ?? ""));
    return {
      "images.rendered": {
        value: [...new Set(images)].sort(),
        path: "rendered files",
        file: here[0]?.file,
        at,
      },
    };
  });
}
