"""Processes of multiprocessing have the module in the place of `socket` where their parent has."""

import subprocess
import sys

import pytest

METHODS = ["fork", "spawn", "forkserver"]

PROGRAM = """
import multiprocessing
import os
import pickle
import socket
import subprocess
import sys

HELD = socket


def names():
    import multiprocessing.reduction
    import http.client

    modules = HELD, multiprocessing.reduction.socket, http.client.socket, sys.modules["socket"]
    return [module.__name__ for module in modules]


def told(pipe):
    pipe.send(names())


def echo(pipe, sock):
    pipe.send((type(sock).__module__, sock.recv(100)))
    left, right = socket.socketpair()
    with sock, left, right:
        pipe.send(left)
        right.sendall(b"from the child")
        # Who sends a descriptor serves it until it is fetched.
        pipe.recv()


def grandchild(pipe):
    multiprocessing.Process(target=told, args=(pipe,)).start()


def answer(target, *args):
    here, there = multiprocessing.Pipe()
    with here, there:
        process = multiprocessing.Process(target=target, args=(there, *args))
        process.start()
        yield here.recv()
        if target is echo:
            yield here.recv()
            here.send("fetched")
        process.join()
    assert process.exitcode == 0, process.exitcode


if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    EXPECTED = sys.argv[2]
    assert list(answer(told)) == [[EXPECTED] * 4]
    assert list(answer(grandchild)) == [[EXPECTED] * 4]
    left, right = socket.socketpair()
    left.sendall(b"from the parent")
    with left, right:
        (module, data), sock = answer(echo, right)
    assert (module, data) == (EXPECTED, b"from the parent"), (module, data)
    assert type(sock) is socket.socket
    with sock:
        assert sock.recv(100) == b"from the child"
    code = "import socket; print(socket.__name__)"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout.split() == [b"socket"], done.stdout
    if EXPECTED == "rsocket" and sys.argv[1] != "fork":
        import rsocket

        rsocket.uninstall()
        ((held, *later),) = answer(told)
        assert (held, *later) == ("socket",) * 4, (held, later)
    print("done")
"""


def run(*arguments, **options):
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )
    # Neither an exception of a child nor a warning goes unseen.
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


@pytest.mark.parametrize("method", METHODS)
def test_children_of_a_program_that_runs_on_the_module_have_it(program, method):
    assert run("-m", "rsocket", str(program), method, "rsocket") == "done\n"


@pytest.mark.parametrize("method", METHODS)
def test_children_of_a_program_run_by_its_name_have_it(program, method):
    command = ["-m", "rsocket", "-m", "program", method, "rsocket"]
    assert run(*command, cwd=program.parent) == "done\n"


@pytest.mark.parametrize("method", METHODS)
def test_children_of_a_program_that_only_imports_the_module_have_the_interpreters_own(
    program, method
):
    program.write_text("import rsocket\n" + PROGRAM)
    assert run(str(program), method, "socket") == "done\n"


@pytest.mark.parametrize("method", METHODS)
def test_children_of_a_program_that_installs_the_module_itself_have_it(program, method):
    program.write_text("import rsocket\nif __name__ == '__main__': rsocket.install()\n" + PROGRAM)
    assert run(str(program), method, "rsocket") == "done\n"


def test_children_find_the_module_where_only_the_program_knows_it_to_be(tmp_path):
    import rsocket

    program = tmp_path / "program.py"
    place = rsocket.__path__[0].rpartition("/")[0]
    head = f"import sys\nif __name__ == '__main__':\n    sys.path.append({place!r})\n"
    program.write_text(f"{head}    import rsocket\n    rsocket.install()\n{PROGRAM}")
    # Neither site-packages nor the environment lead to it.
    assert run("-I", "-S", str(program), "spawn", "rsocket") == "done\n"


PRELOADED = """
import rsocket
rsocket.install()
import socket
NAME = socket.__name__
"""
PRELOADING = """
import multiprocessing


def told(pipe):
    import preloaded
    import sys

    pipe.send((preloaded.NAME, sys.modules["socket"].__name__))


if __name__ == "__main__":
    multiprocessing.set_start_method("forkserver")
    multiprocessing.set_forkserver_preload(["preloaded"])
    here, there = multiprocessing.Pipe()
    with here, there:
        process = multiprocessing.Process(target=told, args=(there,))
        process.start()
        print(*here.recv())
        process.join()
"""


def test_a_preloaded_module_of_a_forkserver_may_install_it_itself(tmp_path):
    (tmp_path / "preloaded.py").write_text(PRELOADED)
    program = tmp_path / "program.py"
    program.write_text(PRELOADING)
    done = subprocess.run(
        [sys.executable, "-m", "rsocket", str(program)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "rsocket rsocket\n", done.stderr


def test_a_pool_of_processes_has_it(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import socket\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from multiprocessing import get_context\n"
        "def name(_number):\n"
        "    return socket.__name__\n"
        "if __name__ == '__main__':\n"
        "    with ProcessPoolExecutor(2, get_context('spawn')) as pool:\n"
        "        print(*pool.map(name, range(4)))\n"
    )
    assert run("-m", "rsocket", str(program)) == "rsocket rsocket rsocket rsocket\n"
