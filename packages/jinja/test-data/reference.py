"""Renders cases with Python's Jinja2: one JSON object a line in, one a line out."""

import json
import sys

import jinja2
from jinja2.sandbox import SandboxedEnvironment

LARGEST = 1_048_576

UNDEFINED = {
    name: getattr(jinja2, name)
    for name in ("Undefined", "StrictUndefined", "ChainableUndefined", "DebugUndefined")
}


def revive(value):
    if isinstance(value, list):
        return [revive(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$float" in value:
        return float(value["$float"])
    if "$int" in value:
        return int(value["$int"])
    if "$tuple" in value:
        return tuple(revive(item) for item in value["$tuple"])
    return {key: revive(item) for key, item in value.items()}


def render(case):
    env = case.get("env") or {}
    environment = SandboxedEnvironment(
        loader=jinja2.DictLoader(env.get("templates") or {}),
        undefined=UNDEFINED[env.get("undefined") or "Undefined"],
        extensions=["jinja2.ext." + name for name in env.get("extensions") or []],
        **(env.get("opts") or {}),
    )
    try:
        template = environment.from_string(case["source"])
        out = template.render(revive(case.get("ctx") or {}))
        # The sandbox of @lotse/jinja refuses such texts, and the pipe would burst.
        return {"out": out} if len(out) <= LARGEST else {"error": "TooLarge", "message": ""}
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)[:200]}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(render(json.loads(line))), flush=True)
