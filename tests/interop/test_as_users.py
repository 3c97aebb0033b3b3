"""Programs built the way a user builds them: C by pkg-config, Rust by a path dependency.

Each talks to the Python module over unix seqpacket, in both roles, and passes open files.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from run import Conversation

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
PYTHON = [sys.executable, str(FOLDER / "peer.py")]


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def c_peer(tmp_path_factory):
    """`cc $(pkg-config --cflags --libs rsocket)`, against a prefix of our own."""
    pkg_config = shutil.which("pkg-config") or shutil.which("pkgconf")
    assert pkg_config, "neither pkg-config nor pkgconf is there: `make` puts the latter into .venv"
    prefix = tmp_path_factory.mktemp("prefix")
    run("make", "-C", ROOT, "install", f"PREFIX={prefix}")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = run(pkg_config, "--cflags", "--libs", "rsocket", env=environment).split()
    program = prefix / "peer"
    run(os.environ.get("CC", "cc"), FOLDER / "peer.c", "-o", program, *flags)
    return ["env", f"LD_LIBRARY_PATH={prefix / 'lib'}", str(program)]


@pytest.fixture(scope="module")
def rust_peer(tmp_path_factory):
    """A package outside the workspace that names the crate by its path."""
    package = tmp_path_factory.mktemp("rust")
    shutil.copytree(FOLDER / "rust" / "src", package / "src")
    shutil.copy(ROOT / "Cargo.lock", package / "Cargo.lock")
    (package / "Cargo.toml").write_text(
        '[package]\nname = "peer"\nversion = "0.1.0"\nedition = "2024"\n\n'
        f"[dependencies]\nrsocket-core = {{ path = '{ROOT / 'rust-core'}' }}\n\n[workspace]\n"
    )
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "as-users"
    run("cargo", "build", "--quiet", "--offline", "--target-dir", target, cwd=package)
    return [str(target / "debug" / "peer")]


@pytest.mark.parametrize("server", ["own", "Python"])
@pytest.mark.parametrize("medium", ["fds", "seqpacket"])
@pytest.mark.parametrize("peer", ["c_peer", "rust_peer"])
def test_talks_to_python(request, tmp_path, peer, medium, server):
    peers = {"own": request.getfixturevalue(peer), "Python": PYTHON}
    client = "Python" if server == "own" else "own"
    conversation = Conversation(peers, server, client, medium, "unix-seqpacket:{path}", tmp_path)
    assert conversation.run().failure is None
