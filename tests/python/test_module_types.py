"""The stubs say what the module does, type checkers know all of it, and typeshed's fit as well."""

import os
import re
import shutil
import socket as stock
import subprocess
import sys
from pathlib import Path

import pytest
import rsocket

mypy = pytest.importorskip("mypy", reason="needs mypy")
pytestmark = pytest.mark.skipif(sys.version_info < (3, 10), reason="mypy needs Python 3.10")

HERE = Path(__file__).parent
PACKAGE = Path(rsocket.__file__).parent
TYPESHED = Path(mypy.__file__).parent / "typeshed" / "stdlib"


def check(*command, path, cwd):
    environment = {**os.environ, "MYPYPATH": str(path), "PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run(
        [sys.executable, "-m", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=cwd,
    )


@pytest.fixture
def sources(tmp_path):
    """The package without the extension, where mypy finds nothing else of this checkout."""
    target = tmp_path / "sources" / "rsocket"
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return target.parent


def test_the_stubs_say_what_the_module_does(sources, tmp_path):
    allowed = HERE / "stubtest_allowlist.txt"
    done = check(
        *("mypy.stubtest", "--concise", "--allowlist", str(allowed), "rsocket"),
        path=sources,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout


def test_the_python_files_are_strictly_typed(sources, tmp_path):
    done = check("mypy", "--strict", "-p", "rsocket", path=sources, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_typesheds_stubs_of_the_original_describe_the_module(tmp_path):
    package = tmp_path / "typeshed" / "rsocket"
    package.mkdir(parents=True)
    outer = (TYPESHED / "socket.pyi").read_text()
    # The enums are the interpreter's own objects and not classes of this package.
    enums = ("AddressFamily", "SocketKind", "MsgFlag", "AddressInfo")
    for name in enums:
        outer = re.sub(rf"^class {name}\(.*\n(?:(?: .*)?\n)+?(?=\S)", "", outer, flags=re.M)
    outer = f"from socket import {', '.join(f'{n} as {n}' for n in enums)}\n{outer}"
    outer = outer.replace("import _socket\n", "from rsocket import _socket as _socket\n")
    outer = outer.replace("from _socket import", "from rsocket._socket import")
    (package / "__init__.pyi").write_text(outer)
    (package / "_socket.pyi").write_text((TYPESHED / "_socket.pyi").read_text())
    allowed = HERE / "typeshed_allowlist.txt"
    done = check(
        *("mypy.stubtest", "--concise", "--ignore-missing-stub", "--ignore-unused-allowlist"),
        *("--allowlist", str(allowed), "rsocket"),
        path=package.parent,
        cwd=tmp_path,
    )
    lacking = re.compile(r"rsocket\.(?:_socket\.)?(\w+) is not present at runtime")
    differences = []
    for line in done.stdout.splitlines():
        found = lacking.fullmatch(line)
        if not (found and not hasattr(stock, found.group(1))):
            differences.append(line)
    assert not differences, "\n".join(differences)
    assert "error" not in done.stdout


def test_every_public_name_has_a_known_type(tmp_path):
    pytest.importorskip("pyright", reason="needs pyright")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--verifytypes", "rsocket", "--ignoreexternal"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        # It looks for the interpreter on the path.
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
    )
    assert "Type completeness score: 100%" in done.stdout, done.stdout
