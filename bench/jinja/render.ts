import { readFileSync } from "node:fs";

/** Renders the work on standard input with one engine and prints figures as JSON. */
interface Work {
  readonly template: string;
  readonly context: Record<string, unknown>;
  readonly warmup: number;
  readonly rounds: number;
}

type Render = (context: Record<string, unknown>) => string;

async function compile(engine: string, template: string): Promise<Render> {
  if (engine === "lotse") {
    const { Environment } = await import("../../packages/jinja/src/index.ts");
    const compiled = new Environment().fromString(template);
    return (context) => compiled.render(context);
  }
  // A name in a variable: the package has no types.
  const peer: string = "nunjucks";
  const { default: nunjucks } = (await import(peer)) as {
    default: {
      Environment: new (loader: null, options: object) => object;
      Template: new (source: string, environment: object, path: string, eager: boolean) => { render: Render };
    };
  };
  const environment = new nunjucks.Environment(null, { autoescape: false });
  const compiled = new nunjucks.Template(template, environment, "manifest", true);
  return (context) => compiled.render(context);
}

const cpuMs = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

const work = JSON.parse(readFileSync(0, "utf8")) as Work;
// The first import is not what compiling a template costs.
await compile(process.argv[2] ?? "lotse", "x");
const started = process.cpuUsage();
const render = await compile(process.argv[2] ?? "lotse", work.template);
const compileMs = cpuMs(started);
let output = "";
for (let i = 0; i < work.warmup; i += 1) output = render(work.context);
const times: number[] = [];
for (let i = 0; i < work.rounds; i += 1) {
  const start = process.cpuUsage();
  output = render(work.context);
  times.push(cpuMs(start));
}
times.sort((a, b) => a - b);
const figures = {
  output,
  compileMs,
  cpuMs: times[Math.floor(times.length / 2)],
  memoryMb: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(JSON.stringify(figures));
