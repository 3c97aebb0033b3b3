"""`install()` and `python -m rsocket` put the module in the place of `socket`, and take it back."""

import subprocess
import sys
import textwrap

import pytest


def run(*arguments, code=0, **options):
    """What a Python process prints; it must end with `code`."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )
    assert done.returncode == code, done.stderr
    return done


def python(source):
    return run("-c", textwrap.dedent(source)).stdout


def test_a_later_import_gets_the_module_and_uninstall_gives_the_name_back():
    assert python(
        """
        import rsocket
        rsocket.install()
        import socket
        assert socket is rsocket
        from socket import create_connection
        assert create_connection is rsocket.create_connection
        rsocket.install()
        rsocket.uninstall()
        import socket
        assert socket is not rsocket and socket.__file__ != rsocket.__file__
        assert socket.AF_INET is rsocket.AF_INET
        rsocket.uninstall()
        del socket
        rsocket.install()
        import socket
        assert socket is rsocket
        print("done")
        """
    )


def test_uninstall_leaves_what_somebody_else_has_put_there():
    assert python(
        """
        import sys, types, rsocket
        rsocket.install()
        other = sys.modules["socket"] = types.ModuleType("socket")
        rsocket.uninstall()
        assert sys.modules["socket"] is other
        print("done")
        """
    )


def test_modules_that_came_too_early_are_named():
    done = run(
        "-W",
        "always",
        "-c",
        "import http.client, rsocket; rsocket.install()",
    )
    assert "RuntimeWarning: rsocket was installed too late" in done.stderr
    assert "http.client" in done.stderr
    assert "<string>:1:" in done.stderr


def test_ssl_keeps_the_interpreters_own_class_below_its_sockets():
    pytest.importorskip("ssl")
    assert python(
        """
        import rsocket
        rsocket.install()
        import _socket, socket, ssl
        assert issubclass(ssl.SSLSocket, _socket.socket)
        left, right = socket.socketpair()
        wrapped = ssl.create_default_context().wrap_socket(
            left, server_hostname="localhost", do_handshake_on_connect=False
        )
        assert left.fileno() == -1 and wrapped.fileno() != -1
        wrapped.close(), right.close()
        print("done")
        """
    )


PROGRAM = """
import sys
import socket
print(socket.__name__, socket.socket.__module__, __name__, sys.argv, __file__)
"""


def test_a_program_runs_as_main_with_its_arguments(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    printed = run("-m", "rsocket", str(program), "-x", "value").stdout.strip()
    assert printed == f"rsocket rsocket __main__ {[str(program), '-x', 'value']} {program}"


def test_a_program_finds_the_modules_beside_it(tmp_path):
    (tmp_path / "beside.py").write_text("import socket\nname = socket.__name__\n")
    program = tmp_path / "program.py"
    program.write_text("import sys, beside\nprint(beside.name, sys.path[0])\n")
    assert run("-m", "rsocket", str(program)).stdout.split() == ["rsocket", str(tmp_path)]


def test_a_module_runs_by_its_name(tmp_path):
    (tmp_path / "tool.py").write_text(PROGRAM)
    printed = run("-m", "rsocket", "-m", "tool", "1", cwd=tmp_path).stdout.strip()
    path = str(tmp_path / "tool.py")
    assert printed == f"rsocket rsocket __main__ {[path, '1']} {path}"


def test_a_package_runs_by_its_name(tmp_path):
    package = tmp_path / "tools"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import socket; print(socket.__name__, __package__)")
    assert run("-m", "rsocket", "-m", "tools", cwd=tmp_path).stdout == "rsocket tools\n"


def test_the_exit_code_and_the_traceback_are_the_programs_own(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import sys; sys.exit(3)")
    run("-m", "rsocket", str(program), code=3)
    program.write_text("def broken():\n    raise LookupError('here')\nbroken()\n")
    error = run("-m", "rsocket", str(program), code=1).stderr
    assert "in broken" in error
    assert error.rstrip().endswith("LookupError: here")


def test_usage_is_told_where_there_is_no_program():
    assert run("-m", "rsocket", "--help").stdout.startswith("usage: python -m rsocket")
    assert run("-m", "rsocket", code=2).stderr.startswith("usage: python -m rsocket")
    assert "no_such_module" in run("-m", "rsocket", "-m", "no_such_module", code=1).stderr
    assert "no/such.py" in run("-m", "rsocket", "no/such.py", code=1).stderr


def test_other_imports_of_a_process_do_not_meet_the_hook_for_multiprocessing():
    assert python(
        """
        import sys, rsocket
        assert any(type(finder) is rsocket._AfterImport for finder in sys.meta_path)
        import multiprocessing.reduction
        assert not any(type(finder) is rsocket._AfterImport for finder in sys.meta_path)
        assert rsocket.socket in multiprocessing.reduction.ForkingPickler._extra_reducers
        print("done")
        """
    )
