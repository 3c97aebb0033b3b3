"""The Python package from source: the sdist is whole, and pip builds it with nothing but Rust."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VERSION = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.M).group(1)

USE = """
import importlib.metadata, os, sys, rsocket, rsocket.netlink, rsocket.socketserver
assert rsocket.__version__ == importlib.metadata.version("rsocket-socket") == sys.argv[1]
assert rsocket.__file__.startswith(sys.prefix), rsocket.__file__
assert os.path.exists(os.path.join(os.path.dirname(rsocket.__file__), "py.typed"))
left, right = rsocket.socketpair()
with left, right:
    left.sendall(b"hello")
    print(right.recv(10).decode())
"""


def run(*command, **options):
    done = subprocess.run(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        **options,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


@pytest.fixture
def pip(tmp_path):
    """pip in a new virtual environment, where nothing is on PATH but Rust and the system."""
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    cargo = shutil.which("cargo")
    assert cargo is not None
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ = {
        **kept,
        "PATH": os.pathsep.join([str(Path(cargo).parent), "/usr/bin", "/bin"]),
        # What was compiled before need not be compiled again.
        "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target")),
    }
    environ.pop("VIRTUAL_ENV", None)

    def pip(*arguments):
        options = {"cwd": tmp_path, "env": environ}
        run(python, "-m", "pip", "--disable-pip-version-check", *arguments, **options)
        return run(python, "-c", USE, VERSION, **options) if arguments[0] == "install" else None

    return pip


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    beside = Path(sys.executable).with_name("maturin")
    run(beside if beside.exists() else "maturin", "sdist", "--out", folder, cwd=ROOT)
    (file,) = folder.iterdir()
    assert file.name == f"rsocket_socket-{VERSION}.tar.gz"
    return file


def test_the_sdist_has_every_source_and_nothing_else(sdist):
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    parts = ("rust-core/src", "bindings/python", "python/rsocket")
    sources = set(run("git", "ls-files", *parts, cwd=ROOT).split())
    needed = {"Cargo.lock", "Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md"}
    assert (
        sources | needed | {"PKG-INFO", "pyproject.toml", "rust-core/Cargo.toml"}
    ) - names == set()
    beyond = {name for name in names if "/" in name and not name.startswith((*parts, "rust-core/"))}
    assert beyond == set()
    kinds = {Path(name).suffix for name in names if "/" in name}
    assert kinds == {".rs", ".toml", ".md", ".py", ".pyi", ".typed"}


def test_pip_builds_a_wheel_from_the_sdist_alone(pip, sdist, tmp_path):
    pip("wheel", "--no-deps", "-w", tmp_path / "wheels", sdist)
    (wheel,) = (tmp_path / "wheels").iterdir()
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    assert re.fullmatch(rf"rsocket_socket-{VERSION}-{tag}-{tag}t?-\w*linux_\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        fields = Parser().parsestr(archive.read(metadata).decode())
        licenses = {Path(name).name for name in archive.namelist() if "/licenses/" in name}
    package = {f"rsocket/{file.name}" for file in (ROOT / "python" / "rsocket").glob("*.py*")}
    (extension,) = (name for name in files if name.endswith(".so"))
    assert files == package | {extension, "rsocket/py.typed"}
    assert re.fullmatch(r"rsocket/_socket\.cpython-\w+-[\w-]+\.so", extension)
    assert licenses == {"LICENSE-MIT", "LICENSE-APACHE"}
    assert fields["License-Expression"] == "MIT OR Apache-2.0"
    assert fields["Requires-Python"] == ">=3.9"
    assert fields["Requires-Dist"] is None
    assert pip("install", "--no-index", wheel) == "hello\n"


def test_pip_installs_the_checkout(pip):
    assert pip("install", ROOT) == "hello\n"
