"""Renders the manifest with Python's Jinja2 and prints times as JSON."""

import json
import resource
import sys
import time

import jinja2
from jinja2.sandbox import SandboxedEnvironment

work = json.load(sys.stdin)
result = {}
for name, environment in (("jinja2", jinja2.Environment()), ("jinja2 sandboxed", SandboxedEnvironment())):
    start = time.process_time()
    template = environment.from_string(work["template"])
    compile_ms = (time.process_time() - start) * 1000
    for _ in range(work["warmup"]):
        output = template.render(work["context"])
    times = []
    for _ in range(work["rounds"]):
        start = time.process_time()
        output = template.render(work["context"])
        times.append((time.process_time() - start) * 1000)
    result[name] = {
        "output": output,
        "compileMs": compile_ms,
        "cpuMs": sorted(times)[len(times) // 2],
        "memoryMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
json.dump(result, sys.stdout)
