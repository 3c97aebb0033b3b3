"""The module's functions answer as the interpreter's own: results, exceptions and their text."""

import ipaddress
import json
import socket as stock
import subprocess
import sys
import warnings

import pytest
import rsocket

NUMBERS = ["0", "1", "80", "65535", "65536", "70000", "-1", "2**31-1", "2**31", "2**32-1", "2**32",
           "2**64", "2**1000", "-2**31-1", "True", "1.0", "1.5", "None", "'80'", "b'80'", "[]"]
TEXTS = ["''", "'127.0.0.1'", "'127.1'", "'0x7f.1'", "'1.2.3.4.5'", "'256.0.0.1'", "'01.2.3.4'",
         "'localhost'", "'::1'", "'::'", "'::ffff:1.2.3.4'", "'::1.2.3.4'", "'1::2::3'", "'fe80::1%lo'",
         "'1:2:3:4:5:6:7::'", "' 127.0.0.1'", "'127.0.0.1\\0'", "'\\ud800'", "'é'", "'a..b'",
         "'a'*64", "'<broadcast>'", "'255.255.255.255'", "b'127.0.0.1'", "bytearray(b'::1')", "1",
         "None", "'no.such.host.invalid'"]
PACKED = ["b''", "b'abc'", "b'\\x7f\\0\\0\\1'", "b'abcde'", "bytes(16)", "bytes(15)+b'\\1'",
          "bytes(12)+b'\\1\\2\\3\\4'", "bytes(10)+b'\\xff\\xff\\1\\2\\3\\4'", "bytes(12)+b'\\0\\0\\3\\4'",
          "bytearray(4)", "memoryview(bytes(8))[::2]", "'abcd'", "None", "b' \\x01\\r\\xb8' + bytes(12)",
          "bytes.fromhex('20010db8000000010000000000000001')", "b'\\0\\1' * 8"]
FAMILIES = ["s.AF_INET", "s.AF_INET6", "s.AF_UNIX", "0", "-1", "99", "2.0", "'2'", "None", "2**40"]
SERVICES = ["'http'", "'domain'", "'no such service'", "''", "b'http'", "None", "80", "'\\ud800'",
            "'ht\\0tp'"]

EXPRESSIONS = [
    *(f"s.{name}({number})" for name in ("htons", "ntohs", "htonl", "ntohl") for number in NUMBERS),
    *(f"s.{name}({number})" for name in ("CMSG_LEN", "CMSG_SPACE", "if_indextoname")
      for number in NUMBERS),
    # Numbers that become 0, 1 or 2 as a C int would name the standard streams.
    *(f"s.{name}({number})" for name in ("close", "dup")
      for number in NUMBERS if number not in ("0", "1", "True", "1.0", "1.5", "2**32", "2**64")),
    "s.CMSG_LEN(2**31 - 1 - s.CMSG_LEN(0))", "s.CMSG_LEN(2**31 - s.CMSG_LEN(0))",
    "s.CMSG_SPACE(2**31 - 1 - s.CMSG_SPACE(1))", "s.CMSG_SPACE(2**31 - s.CMSG_SPACE(1))",
    *(f"s.inet_aton({text})" for text in TEXTS),
    *(f"s.inet_ntoa({packed})" for packed in PACKED),
    *(f"s.inet_pton({family}, {text})" for family in FAMILIES for text in TEXTS),
    *(f"s.inet_ntop({family}, {packed})" for family in FAMILIES for packed in PACKED),
    *(f"s.{name}({text})" for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr")
      for text in TEXTS if "invalid" not in text),
    *(f"s.getservbyname({service}{protocol})" for service in SERVICES
      for protocol in ("", ", 'tcp'", ", 'udp'", ", 'no'", ", None", ", b'tcp'")),
    *(f"s.getservbyport({number}{protocol})" for number in NUMBERS for protocol in ("", ", 'udp'")),
    *(f"s.getprotobyname({name})" for name in ("'tcp'", "'ipv6-icmp'", "'no'", "1", "b'tcp'", "''")),
    *(f"s.if_nametoindex({name})" for name in ("'lo'", "b'lo'", "''", "'x'*40", "1", "None", "'l\\0o'")),
    "s.if_nameindex()", "s.gethostname()", "s.has_ipv6", "s.has_dualstack_ipv6()",
    *(f"s.getfqdn({name})" for name in ("", "''", "' localhost '", "'0.0.0.0'", "'::'", "'127.0.0.1'",
                                        "'a..b'", "1")),
    *(f"s.getaddrinfo({text}, 80)" for text in TEXTS if "invalid" not in text),
    *(f"s.getaddrinfo('127.0.0.1', {port})" for port in NUMBERS + SERVICES + ["'+80'", "' 80'", "'080'",
      "'65536'", "'99999'", "b'80'", "'80\\0x'", "''"]),
    *(f"s.getaddrinfo('::1', 53, {family}, {kind}, {proto}, {flags})" for family in ("0", "s.AF_INET6",
      "s.AF_INET") for kind in ("0", "s.SOCK_STREAM", "s.SOCK_DGRAM", "s.SOCK_RAW", "s.SOCK_SEQPACKET")
      for proto in ("0", "6", "17", "132") for flags in ("0", "s.AI_PASSIVE", "s.AI_CANONNAME",
      "s.AI_NUMERICHOST", "1 << 20")),
    "s.getaddrinfo(None, None)", "s.getaddrinfo(None, 0)", "s.getaddrinfo(None, 80, flags=s.AI_PASSIVE)",
    "s.getaddrinfo('localhost', 80)", "s.getaddrinfo('localhost', 'http', type=s.SOCK_STREAM)",
    "s.getaddrinfo('fe80::1%lo', 80, type=s.SOCK_STREAM)", "s.getaddrinfo('127.0.0.1', 80, family=None)",
    "s.getaddrinfo('127.0.0.1', 80, type='x')", "s.getaddrinfo('127.0.0.1', 80, flags=2**40)",
    "s.getaddrinfo('127.0.0.1', 80, proto=1.5)", "s.getaddrinfo('localhost')", "s.getaddrinfo()",
    "s.getaddrinfo('a', 'b', 1, 2, 3, 4, 5)", "s.getaddrinfo('a', 'b', nope=1)",
    "s.getaddrinfo('a', 'b', host='c')", "s.getaddrinfo(host='127.0.0.1', port='80', type=1)",
    "s.getaddrinfo('127.0.0.1\\0x', 80)", "s.getaddrinfo(b'127.0.0.1\\0x', 80)",
    *(f"s.getnameinfo({address}, {flags})" for address in ("('127.0.0.1', 80)", "('::1', 80)",
      "('::1', 80, 0, 0)", "('::1', 80, 2**20, 0)", "('::1', 80, -1, 0)", "('127.0.0.1', 80, 0)",
      "('127.0.0.1', 65536)", "('127.0.0.1', -1)", "('localhost', 80)", "('127.0.0.1',)", "()", "None",
      "['127.0.0.1', 80]", "('127.0.0.1', '80')", "(b'127.0.0.1', 80)", "('fe80::1', 80, 0, 1)",
      "('127.0.0.1', 80, 0, 0, 0)", "('192.0.2.1', 9)")
      for flags in ("s.NI_NUMERICHOST", "s.NI_NUMERICHOST | s.NI_NUMERICSERV", "s.NI_NUMERICHOST | 2**20",
                    "'x'", "2**40")),
    "s.getnameinfo(('127.0.0.1', 80), 0)",
    *(f"s.{name}({arguments})" for name in (
        "CMSG_LEN", "close", "dup", "getdefaulttimeout", "gethostbyaddr", "gethostbyname",
        "gethostbyname_ex", "gethostname", "getnameinfo", "getprotobyname", "getservbyname",
        "getservbyport", "htonl", "htons", "if_indextoname", "if_nameindex", "if_nametoindex",
        "inet_aton", "inet_ntoa", "inet_ntop", "inet_pton", "setdefaulttimeout", "sethostname",
        "socketpair", "getaddrinfo", "create_connection", "create_server", "fromfd", "getfqdn",
        "has_dualstack_ipv6", "send_fds", "recv_fds",
    ) for arguments in ("1, 2, 3, 4, 5, 6, 7, 8, 9", "nope=1")),
    *(f"s.{name}()" for name in ("CMSG_LEN", "close", "dup", "gethostbyaddr", "getnameinfo", "htonl",
      "htons", "if_indextoname", "inet_aton", "inet_ntop", "inet_pton", "setdefaulttimeout", "sethostname",
      "getservbyname", "create_connection", "create_server", "fromfd", "send_fds", "recv_fds")),
    "s.sethostname(None)", "s.sethostname(1)",
    *(f"[s.setdefaulttimeout({value}), s.getdefaulttimeout(), s.setdefaulttimeout(None)]"
      for value in ("None", "0", "1", "2.5", "1e-10", "True")),
    *(f"s.setdefaulttimeout({value})" for value in ("-1", "-0.5", "'1'", "float('nan')", "float('inf')",
                                                    "10**20", "1e300", "[]")),
    "s.create_connection(('127.0.0.1', 1))", "s.create_connection(('localhost', 1))",
    "s.create_connection(1)", "s.create_connection(('127.0.0.1',))",
    "s.create_connection(('127.0.0.1', 1), 1, ('192.0.2.1', 0))",
    "s.create_connection(('127.0.0.1', 1), all_errors=True)",
    "s.create_connection(('a..b', 1))",
    "s.create_server(('192.0.2.1', 80))", "s.create_server('x')", "s.create_server(('::1', 0))",
    "s.create_server(('127.0.0.1', 0), dualstack_ipv6=True)", "s.create_server(None)",
    "s.create_server(('127.0.0.1', 70000))",
    "s.create_server('/tmp', family=s.AF_UNIX)",
    "s.socketpair(s.AF_INET)", "s.socketpair(99)", "s.socketpair(type=99)", "s.socketpair('x')",
    "s.socketpair(s.AF_UNIX, s.SOCK_STREAM, 99)", "s.socketpair(proto=None)",
    "s._fallback_socketpair(s.AF_UNIX)" if hasattr(stock, "_fallback_socketpair") else "0",
    "s._fallback_socketpair(type=s.SOCK_DGRAM)" if hasattr(stock, "_fallback_socketpair") else "0",
    "s._fallback_socketpair(proto=6)" if hasattr(stock, "_fallback_socketpair") else "0",
    "s.no_such_name",
]  # fmt: skip


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
    "s.gethostbyname('localhost')", "s.gethostbyname_ex('127.0.0.1')", "s.gethostbyaddr('127.0.0.1')",
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
