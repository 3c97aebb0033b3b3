"""What the driver must know of the interpreter under test: version, build, test modules."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass

# Runs in the interpreter, with the substitution in force, and prints a JSON object.
PROBE = """
import importlib.util, json, os, platform, sys, sysconfig
import socket
name, *own = sys.argv[1].split(",")
facts = {
    "version": platform.python_version(),
    "build": [sys.version, sys.executable, sysconfig.get_config_var("CONFIG_ARGS")],
    "module_file": getattr(socket, "__file__", None),
    "substituted": socket is sys.modules.get(name),
    "modules": {},
}
# Whoever imported the interpreter's own socket before the substitution goes on using that.
# Only ssl is meant to, and the replacement itself may.
allowed = {"socket", "ssl", "__main__", name.partition(".")[0]}
allowed.update(module_name.partition(".")[0] for module_name in own)
facts["still_stock"] = sorted(
    module_name for module_name, module in list(sys.modules.items())
    if module_name.partition(".")[0] not in allowed and any(
        getattr(value, "__name__", None) == "socket" and value is not socket
        and type(value) is type(sys)
        for value in list(vars(module).values())
    )
)
try:
    import test.support
except ImportError as error:
    facts["no_tests"] = str(error)
else:
    for module in sys.argv[2:]:
        try:
            spec = importlib.util.find_spec("test." + module)
        except ModuleNotFoundError:
            spec = None
        if spec is None or spec.loader is None:
            continue
        facts["modules"][module] = parts = []
        for folder in spec.submodule_search_locations or ():
            parts += sorted(
                entry[:-3] for entry in os.listdir(folder)
                if entry.startswith("test_") and entry.endswith(".py")
            )
print(json.dumps(facts))
"""


class CannotTest(Exception):
    """The interpreter or the replacement cannot be tested, for the reason in the text."""


@dataclass(frozen=True)
class Interpreter:
    """An interpreter and its test modules; a package comes with the modules inside it."""

    path: str
    version: str
    key: str  # names the build: results of one build say nothing about another
    module_file: str
    modules: dict[str, list[str]]

    def expand(self, module):
        """The modules to run for `module`: none, itself, or the parts of a package."""
        if module not in self.modules:
            return []
        parts = self.modules[module]
        return [f"test.{module}.{part}" for part in parts] if parts else [f"test.{module}"]


def probe(path, environment, replacement, own, modules):
    """Asks the interpreter at `path` about itself, in the environment that its tests get.

    `own` names modules that belong to the replacement.
    """
    try:
        answer = subprocess.run(
            [path, "-c", PROBE, ",".join([replacement, *own]), *modules],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            check=False,  # what it printed says more than its status
            capture_output=True,
            text=True,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotTest(f"{path} does not run: {error}") from error
    # A replacement that fails to import leaves the interpreter's own socket in place, and `site`
    # says so on stderr only.
    if answer.returncode or answer.stderr:
        raise CannotTest(f"{path} cannot start with {replacement} as socket:\n{answer.stderr}")
    facts = json.loads(answer.stdout)
    if not facts["substituted"]:
        raise CannotTest(f"{path} does not put {replacement} in the place of socket")
    if facts["still_stock"]:
        raise CannotTest(
            "these modules were imported before the substitution and hold the interpreter's own "
            f"socket: {', '.join(facts['still_stock'])}"
        )
    if "no_tests" in facts:
        raise CannotTest(f"{path} comes without its test package: {facts['no_tests']}")
    build = hashlib.sha256(repr(facts["build"]).encode()).hexdigest()[:12]
    return Interpreter(
        path=path,
        version=facts["version"],
        key=f"{facts['version']}-{build}",
        module_file=facts["module_file"],
        modules=facts["modules"],
    )
