"""The module has the names of the interpreter's own, their values, and says what it adds."""

import inspect
import pickle
import re
import socket as stock
import subprocess
import sys
import types

import pytest
import rsocket

ADDED = {
    "connect",
    "create_unix_server",
    "install",
    "listen",
    "listen_fds",
    "listen_fds_with_names",
    "uninstall",
}
# Parameters that stock functions have here besides their own, by keyword only.
ADDED_PARAMETERS = {"create_connection": ["happy_eyeballs_delay"]}
# The files of the package, which appear on it once something has imported them.
FILES = {"aio", "cmsg", "netlink", "socketserver"}


def public(module):
    return {name for name in dir(module) if not name.startswith("_")}


def test_every_public_name_is_there():
    assert public(stock) - public(rsocket) == set()


def test_what_is_added_is_constants_and_a_few_functions():
    added = public(rsocket) - public(stock)
    constants = {name for name in added if re.fullmatch(r"[A-Z][A-Z0-9]+(_[A-Za-z0-9_]+)?", name)}
    assert added - constants - FILES == ADDED
    assert all(type(getattr(rsocket, name)) is int for name in constants)


def is_shared_class(value):
    """Enums and exceptions are the interpreter's own objects."""
    return isinstance(value, type) and issubclass(value, (int, Exception))


@pytest.mark.parametrize("name", sorted(public(stock)))
def test_a_name_has_the_same_value(name):
    ours, theirs = getattr(rsocket, name), getattr(stock, name)
    if isinstance(theirs, (int, str)):
        assert (type(ours), ours, repr(ours)) == (type(theirs), theirs, repr(theirs))
    elif name == "CAPI" or isinstance(theirs, types.ModuleType) or is_shared_class(theirs):
        assert ours is theirs
    else:
        assert callable(ours)
        assert isinstance(ours, type) == isinstance(theirs, type)
        assert inspect.getdoc(ours)


def test_constants_of_the_c_library_are_those_of_the_interpreter():
    table = rsocket._socket.constants()
    shared = {name for name in table if hasattr(stock, name)}
    assert len(shared) > 300
    assert {name: table[name] for name in shared} == {name: getattr(stock, name) for name in shared}
    assert list(table)[:-4] == sorted(list(table)[:-4])


@pytest.mark.parametrize("name", ["SO_PEERPIDFD", "SO_PASSPIDFD", "SO_TIMESTAMPNS", "SO_ZEROCOPY",
                                  "SO_PEERGROUPS", "SO_COOKIE", "MSG_ZEROCOPY", "MSG_WAITFORONE",
                                  "UDP_SEGMENT", "UDP_GRO", "IP_FREEBIND", "IP_RECVERR",
                                  "SOL_NETLINK", "NETLINK_ADD_MEMBERSHIP", "SCM_TIMESTAMPING",
                                  "SO_PASSRIGHTS", "MPTCP_INFO"])  # fmt: skip
def test_a_constant_that_the_interpreter_lacks_is_there_on_every_version(name):
    assert type(getattr(rsocket, name)) is int
    assert getattr(rsocket._socket, name) == getattr(rsocket, name)
    assert name in rsocket.__all__


def test_the_first_constant_brings_the_others_and_the_quick_way_to_the_names_of_a_module():
    assert rsocket.AF_INET == 2
    assert "__getattr__" not in vars(rsocket)
    assert vars(rsocket)["SO_PEERPIDFD"] == 77


def test_an_unknown_name_is_an_attribute_error():
    for module in (rsocket, rsocket._socket):
        with pytest.raises(AttributeError, match="no_such_name"):
            module.no_such_name  # noqa: B018
        assert not hasattr(module, "__wrapped__")


def test_star_import_gives_all_that_the_interpreters_own_gives():
    names = {}
    exec("from rsocket import *", names)
    assert set(stock.__all__) - set(names) == set()
    assert set(rsocket.__all__) == set(names) - {"__builtins__"}
    assert len(set(rsocket.__all__)) == len(rsocket.__all__)
    assert names["socket"] is rsocket.socket


def test_private_names_are_there_too():
    private = {name for name in vars(stock) if re.match("_[^_]", name)}
    assert {"_blocking_errnos", "_intenum_converter", "_socket"} <= private
    assert private - set(dir(rsocket)) == set()
    assert rsocket._socket is not stock._socket
    found = isolated("import rsocket; print(*sorted(rsocket._blocking_errnos))")
    assert found.split() == [str(number) for number in sorted(stock._blocking_errnos)]


def test_semi_private_names_are_there():
    for name in ("_GLOBAL_DEFAULT_TIMEOUT", "_LOCALHOST", "_LOCALHOST_V6", "_GiveupOnSendfile"):
        assert hasattr(rsocket, name)
    assert issubclass(rsocket._GiveupOnSendfile, Exception)


def test_members_of_enums_pickle_as_those_of_the_interpreter():
    for member in (rsocket.AF_INET, rsocket.SOCK_STREAM, rsocket.MSG_PEEK, rsocket.AI_PASSIVE):
        assert pickle.loads(pickle.dumps(member)) is member


def test_an_exception_of_one_module_is_caught_by_the_name_in_the_other():
    for name in ("error", "herror", "gaierror", "timeout"):
        assert getattr(rsocket, name) is getattr(stock, name)
    with pytest.raises(stock.gaierror):
        rsocket.getaddrinfo("127.0.0.1", "no such service")


@pytest.mark.parametrize("name", sorted(n for n in public(stock)
                                        if inspect.isfunction(getattr(stock, n))))  # fmt: skip
def test_a_python_function_of_the_original_has_the_same_parameters(name):
    ours = dict(inspect.signature(getattr(rsocket, name)).parameters)
    for added in ADDED_PARAMETERS.get(name, ()):
        assert ours.pop(added).kind is inspect.Parameter.KEYWORD_ONLY
    theirs = inspect.signature(getattr(stock, name)).parameters
    assert [(p.name, p.kind) for p in ours.values()] == [(p.name, p.kind) for p in theirs.values()]
    for parameter in theirs.values():
        default = ours[parameter.name].default
        if parameter.name != "timeout":
            assert default == parameter.default


def test_the_class_has_the_parameters_of_the_original():
    assert str(inspect.signature(rsocket.socket)) == str(inspect.signature(stock.socket))


def isolated(code):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def test_the_import_alone_loads_neither_enums_nor_the_interpreters_own_module():
    loaded = "import sys; before = set(sys.modules); import rsocket; "
    new = isolated(loaded + "print(*sorted(set(sys.modules) - before))").split()
    assert set(new) == {"rsocket", "rsocket._socket"}


def test_a_constant_is_found_even_where_the_module_stands_in_for_the_original():
    code = (
        "import sys, rsocket; sys.modules['socket'] = rsocket; import socket, pickle; "
        "assert socket is rsocket; assert socket.AF_INET.name == 'AF_INET'; "
        "assert pickle.loads(pickle.dumps(socket.SOCK_STREAM)) is socket.SOCK_STREAM; "
        "import socket; assert socket is rsocket; print(type(socket.socket().family).__module__)"
    )
    assert isolated(code).split() == ["socket"]
