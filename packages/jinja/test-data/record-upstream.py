"""Writes upstream-cases.json: what the templates of Jinja2's own test suite render to.

Unpack the source package of Debian's python3-jinja2 (`apt-get source jinja2`), and in its folder run

    PYTHONPATH=PATH/OF/test-data /usr/bin/python3 -m pytest -p record-upstream tests

Recorded is each rendering whose context is plain data, with all that decides its output: options, policies,
templates, globals, the numbers drawn by `random`, and by name the functions that a test hands in (upstream.test.ts
has them in TypeScript). Jinja2's tests are Copyright 2007 Pallets, BSD-3-Clause.
"""

import json
import random
from collections import ChainMap
from pathlib import Path

import jinja2
import pytest
from jinja2 import environment as environments
from jinja2 import filters
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS

OPTIONS = (
    "block_start_string block_end_string variable_start_string variable_end_string comment_start_string"
    " comment_end_string line_statement_prefix line_comment_prefix trim_blocks lstrip_blocks newline_sequence"
    " keep_trailing_newline"
).split()
DEFAULTS = jinja2.Environment()
UNDEFINED = {
    getattr(jinja2, name): name
    for name in ("Undefined", "StrictUndefined", "ChainableUndefined", "DebugUndefined")
}
EXTENSIONS = {
    "jinja2.ext.ExprStmtExtension": "do",
    "jinja2.ext.LoopControlExtension": "loopcontrols",
    "jinja2.ext.AutoEscapeExtension": None,
    "jinja2.ext.WithExtension": None,
}

cases = []
state = {"test": None, "depth": 0, "drawn": []}


class NotPlain(Exception):
    """A value or setting that JSON has no form for."""


def function(value):
    return {"$function": f"{value.__module__}.{value.__qualname__}"}


def plain(value, depth=0):
    if depth > 12:
        raise NotPlain
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return value if abs(value) < 2**53 else {"$int": str(value)}
    if type(value) is float:
        return {"$float": value}
    if type(value) is tuple:
        return {"$tuple": [plain(item, depth + 1) for item in value]}
    if type(value) is list:
        return [plain(item, depth + 1) for item in value]
    if type(value) is dict and all(type(key) is str for key in value):
        return {key: plain(item, depth + 1) for key, item in value.items()}
    raise NotPlain


def describe(env):
    options = {name: getattr(env, name) for name in OPTIONS if getattr(env, name) != getattr(DEFAULTS, name)}
    if callable(env.autoescape) or env.is_async or env.finalize or env.undefined not in UNDEFINED:
        raise NotPlain
    if env.autoescape:
        options["autoescape"] = True
    if isinstance(env, ImmutableSandboxedEnvironment):
        options["immutable"] = True
    if any(FILTERS.get(name) is not code for name, code in env.filters.items()):
        raise NotPlain
    if any(TESTS.get(name) is not code for name, code in env.tests.items()):
        raise NotPlain
    if any(name not in EXTENSIONS for name in env.extensions):
        raise NotPlain
    if env.loader is not None and type(env.loader) is not jinja2.DictLoader:
        raise NotPlain
    result = {
        "opts": options,
        "undefined": UNDEFINED[env.undefined],
        "extensions": [EXTENSIONS[name] for name in env.extensions if EXTENSIONS[name]],
        "templates": dict(env.loader.mapping) if env.loader is not None else {},
    }
    if global_variables(env.globals):
        result["globals"] = global_variables(env.globals)
    policies = {
        name: function(value) if callable(value) else plain(value)
        for name, value in env.policies.items()
        if value != DEFAULTS.policies[name]
    }
    if policies:
        result["policies"] = policies
    for kind in ("binop", "unop"):
        table = getattr(env, f"{kind}_table", {})
        intercepted = {sign: function(table[sign]) for sign in getattr(env, f"intercepted_{kind}s", ())}
        if intercepted:
            result[kind] = intercepted
    return result


def global_variables(variables):
    added = {name: value for name, value in variables.items() if name not in DEFAULTS.globals}
    return {name: function(value) if callable(value) else plain(value) for name, value in added.items()}


def own_globals(template):
    return template.globals.maps[0] if template and isinstance(template.globals, ChainMap) else {}


def record(env, source, context, template=None, **outcome):
    try:
        case = {"id": state["test"], "source": source, "ctx": plain(context)}
        case["globals"] = global_variables(own_globals(template))
        case["env"] = describe(env)
    except NotPlain:
        return
    if state["drawn"]:
        case["random"] = list(state["drawn"])
    cases.append({**case, **outcome})


def patch(owner, name):
    def decorate(make):
        setattr(owner, name, make(getattr(owner, name)))

    return decorate


@patch(environments.Environment, "from_string")
def _(original):
    def from_string(self, source, globals=None, template_class=None):
        outermost = state["depth"] == 0 and isinstance(source, str)
        state["depth"] += outermost
        try:
            template = original(self, source, globals, template_class)
        except Exception as error:
            if outermost and globals is None:
                record(self, source, {}, error=type(error).__name__)
            raise
        finally:
            state["depth"] -= outermost
        if isinstance(source, str) and not globals:
            template.recorded_source = source
        return template

    return from_string


@patch(environments.Environment, "get_template")
def _(original):
    def get_template(self, name, parent=None, globals=None):
        template = original(self, name, parent, globals)
        mapping = getattr(self.loader, "mapping", {})
        if isinstance(name, str) and parent is None and not globals and isinstance(mapping.get(name), str):
            template.recorded_source = mapping[name]
        return template

    return get_template


@patch(environments.Template, "render")
def _(original):
    def render(self, *args, **kwargs):
        outermost = state["depth"] == 0
        state["depth"] += 1
        if outermost:
            state["drawn"] = []
        outcome = {}
        try:
            outcome["out"] = original(self, *args, **kwargs)
            return outcome["out"]
        except Exception as error:
            outcome["error"] = type(error).__name__
            raise
        finally:
            state["depth"] -= 1
            source = getattr(self, "recorded_source", None)
            if outermost and source is not None:
                record(self.environment, source, dict(*args, **kwargs), self, **outcome)

    return render


class DrawnNumbers:
    """Stands in for the module `random` in the filters: draws the same items and notes their places."""

    @staticmethod
    def choice(items):
        before = random.getstate()
        place = random.choice(range(len(items)))
        random.setstate(before)
        state["drawn"].append((place + 0.5) / len(items))
        return random.choice(items)


filters.random = DrawnNumbers


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    state["test"] = item.nodeid


def pytest_sessionfinish(session):
    target = Path(__file__).parent / "upstream-cases.json"
    target.write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")
