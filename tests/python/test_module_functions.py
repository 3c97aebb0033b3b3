"""The module's functions answer as the interpreter's own: results, exceptions and their text."""

import ipaddress
import json
import socket as stock
import subprocess
import sys
import warnings

import pytest
import rsocket
from module_expressions import EXPRESSIONS


def outcome(module, expression):
    """What an expression gives, in a form that can be compared and read."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = eval(expression, {"s": module})
        except Exception as error:
            answer = (type(error), neutral(str(error)), details(error))
        else:
            answer = (type(value), neutral(repr(value)))
            for made in value if isinstance(value, (tuple, list)) else [value]:
                if hasattr(made, "detach"):
                    made.close()
    # A server that cannot be made is left to the garbage collector there, and closed here.
    shown = [warning for warning in caught if warning.category is not ResourceWarning]
    return (*answer, [(warning.category, str(warning.message)) for warning in shown])


def neutral(text):
    """Without the names of the modules, which are the only difference that there may be."""
    for name in ("rsocket._socket", "rsocket", "_socket"):
        text = text.replace(f"'{name}'", "'socket'").replace(f"{name}.", "socket.")
    return text


def details(error):
    if isinstance(error, OSError):
        return (error.errno, error.strerror)
    return [(type(part), str(part)) for part in getattr(error, "exceptions", ())]


@pytest.mark.parametrize("expression", dict.fromkeys(EXPRESSIONS))
def test_an_expression_gives_what_the_interpreters_own_module_gives(expression):
    assert outcome(rsocket, expression) == outcome(stock, expression)


def test_inet_ntop_and_inet_pton_agree_with_the_c_library_on_any_address():
    state = 12345
    for _ in range(3000):
        words = []
        for _ in range(8):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            words.append((0, 0, 1, 0xFFFF, state >> 48)[(state >> 32) % 5])
        packed = b"".join(word.to_bytes(2, "big") for word in words)
        text = stock.inet_ntop(stock.AF_INET6, packed)
        assert rsocket.inet_ntop(rsocket.AF_INET6, packed) == text
        assert rsocket.inet_pton(rsocket.AF_INET6, text) == packed
        address = ipaddress.IPv6Address(packed).exploded
        assert rsocket.inet_pton(rsocket.AF_INET6, address) == packed


@pytest.mark.parametrize(
    "call",
    [
        lambda: rsocket.create_server(("127.0.0.1", 0), backlog="x"),
        lambda: rsocket.create_server(("127.0.0.1", "x")),
        lambda: rsocket.create_server(None),
    ],
)
def test_a_server_that_cannot_be_made_is_closed_at_once(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with pytest.raises(TypeError):
            call()


def test_a_connection_with_a_wrong_argument_is_closed_at_once():
    with rsocket.create_server(("127.0.0.1", 0)) as server, warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with pytest.raises(TypeError):
            rsocket.create_connection(server.getsockname(), timeout="soon")


AUDITED = [
    "s.gethostname()", "s.sethostname(s.gethostname())", "s.sethostname(s.gethostname().encode())",
    "s.gethostbyname('localhost')", "s.gethostbyname_ex('127.0.0.1')",
    "s.gethostbyaddr('127.0.0.1')",
    "s.gethostbyname(b'localhost')", "s.getaddrinfo('127.0.0.1', 80)",
    "s.getaddrinfo(b'localhost', 'http', s.AF_INET, s.SOCK_STREAM, 6, s.AI_PASSIVE)",
    "s.getaddrinfo(None, None)", "s.getnameinfo(('127.0.0.1', 80), 1)", "s.getservbyname('http')",
    "s.getservbyname('http', 'tcp')", "s.getservbyport(80)", "s.getservbyport(80, 'tcp')",
    "s.getservbyport(-1)", "s.getprotobyname('tcp')", "s.inet_aton('1.2.3.4')", "s.if_nameindex()",
    "s.socketpair()", "s.create_connection(('127.0.0.1', 1))", "s.create_server(('127.0.0.1', 0))",
    "s.has_dualstack_ipv6()", "s.dup(s.socket().fileno())", "s.getfqdn('localhost')",
]  # fmt: skip

RECORDER = """
import importlib, json, sys
s = importlib.import_module(sys.argv[1])
s.AF_INET, s.error
events = []
def record(event, args):
    if event.startswith("socket."):
        events.append([event, [shown(value) for value in args]])
def shown(value):
    return "a socket" if hasattr(value, "detach") else repr(value)
sys.addaudithook(record)
results = []
for expression in json.loads(sys.argv[2]):
    events = []
    try:
        eval(expression)
    except (OSError, OverflowError):
        pass
    results.append(events)
print(json.dumps(results))
"""


def audited(module):
    command = [sys.executable, "-W", "ignore", "-c", RECORDER, module, json.dumps(AUDITED)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def test_audit_events_are_those_of_the_interpreters_own_module():
    ours, theirs = audited("rsocket"), audited("socket")
    assert sum(map(len, theirs)) > len(AUDITED) / 2
    for expression, our_events, their_events in zip(AUDITED, ours, theirs):
        assert our_events == their_events, expression
