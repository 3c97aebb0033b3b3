"""Expressions over a module `s` that is `socket`: what its functions can be asked, by topic."""

import itertools
import socket as stock


def listed(text):
    """The parts of a text, which stand between semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]


def each(template, **choices):
    """The template with every combination of the choices in its places."""
    for values in itertools.product(*(listed(text) for text in choices.values())):
        yield template.format(**dict(zip(choices, values)))


NUMBERS = r"""
    0; 1; 80; 65535; 65536; 70000; -1; 2**31-1; 2**31; 2**32-1; 2**32; 2**64; 2**1000; -2**31-1;
    True; 1.0; 1.5; None; '80'; b'80'; []
"""
# Without those that are 0, 1 or 2 as a C int: they would name the standard streams.
DESCRIPTORS = "80; 65535; 70000; -1; 2**31-1; 2**31; 2**1000; -2**31-1; None; '80'; b'80'; []"
HOSTS = r"""
    ''; '127.0.0.1'; '127.1'; '0x7f.1'; '1.2.3.4.5'; '256.0.0.1'; '01.2.3.4'; 'localhost'; '::1';
    '::'; '::ffff:1.2.3.4'; '::1.2.3.4'; '1::2::3'; 'fe80::1%lo'; '1:2:3:4:5:6:7::'; ' 127.0.0.1';
    '127.0.0.1\0'; '\ud800'; 'é'; 'a..b'; 'a'*64; '<broadcast>'; '255.255.255.255'; b'127.0.0.1';
    bytearray(b'::1'); 1; None
"""
PACKED = r"""
    b''; b'abc'; b'\x7f\0\0\1'; b'abcde'; bytes(16); bytes(15)+b'\1'; bytes(12)+b'\1\2\3\4';
    bytes(10)+b'\xff\xff\1\2\3\4'; bytes(12)+b'\0\0\3\4'; bytearray(4);
    memoryview(bytes(8))[::2]; 'abcd'; None; b' \x01\r\xb8'+bytes(12); b'\0\1'*8;
    bytes.fromhex('20010db8000000010000000000000001')
"""
FAMILIES = "s.AF_INET; s.AF_INET6; s.AF_UNIX; 0; -1; 99; 2.0; '2'; None; 2**40"
SERVICES = r"'http'; 'domain'; 'no such service'; ''; b'http'; None; 80; '\ud800'; 'ht\0tp'"
PORTS = r"'+80'; ' 80'; '080'; '65536'; '99999'; b'80'; '80\0x'"
SOCKADDRS = """
    ('127.0.0.1', 80); ('::1', 80); ('::1', 80, 0, 0); ('::1', 80, 2**20, 0); ('::1', 80, -1, 0);
    ('127.0.0.1', 80, 0); ('127.0.0.1', 65536); ('127.0.0.1', -1); ('localhost', 80);
    ('127.0.0.1',); (); None; ['127.0.0.1', 80]; ('127.0.0.1', '80'); (b'127.0.0.1', 80);
    ('fe80::1', 80, 0, 1); ('127.0.0.1', 80, 0, 0, 0); ('192.0.2.1', 9)
"""
FUNCTIONS = """
    CMSG_LEN; close; dup; getdefaulttimeout; gethostbyaddr; gethostbyname; gethostbyname_ex;
    gethostname; getnameinfo; getprotobyname; getservbyname; getservbyport; htonl; htons;
    if_indextoname; if_nameindex; if_nametoindex; inet_aton; inet_ntoa; inet_ntop; inet_pton;
    setdefaulttimeout; sethostname; socketpair; getaddrinfo; create_connection; create_server;
    fromfd; getfqdn; has_dualstack_ipv6; send_fds; recv_fds
"""
NEEDY_FUNCTIONS = """
    CMSG_LEN; close; dup; gethostbyaddr; getnameinfo; htonl; htons; if_indextoname; inet_aton;
    inet_ntop; inet_pton; setdefaulttimeout; sethostname; getservbyname; create_connection;
    create_server; fromfd; send_fds; recv_fds; getaddrinfo
"""
FALLBACK = (
    "s.AF_UNIX; type=s.SOCK_DGRAM; proto=6; set(); None"
    if hasattr(stock, "_fallback_socketpair")
    else ""
)

EXPRESSIONS = [
    *each("s.{name}({number})", name="htons; ntohs; htonl; ntohl", number=NUMBERS),
    *each("s.{name}({n})", name="CMSG_LEN; CMSG_SPACE; if_indextoname", n=NUMBERS),
    *each("s.{name}({fd})", name="close; dup", fd=DESCRIPTORS),
    *each("s.CMSG_LEN(2**31 - {less} - s.CMSG_LEN(0))", less="0; 1"),
    *each("s.CMSG_SPACE(2**31 - {less} - s.CMSG_SPACE(1))", less="0; 1"),
    *each("s.inet_aton({host})", host=HOSTS),
    *each("s.inet_ntoa({packed})", packed=PACKED),
    *each("s.inet_pton({family}, {host})", family=FAMILIES, host=HOSTS),
    *each("s.inet_ntop({family}, {packed})", family=FAMILIES, packed=PACKED),
    *each("s.gethostby{what}({host})", what="name; name_ex; addr", host=HOSTS),
    *each("s.getservbyname({service})", service=SERVICES),
    *each(
        "s.getservbyname({service}, {protocol})",
        service=SERVICES,
        protocol="'tcp'; 'udp'; 'no'; None; b'tcp'",
    ),
    *each("s.getservbyport({port})", port=NUMBERS),
    *each("s.getservbyport({port}, 'udp')", port=NUMBERS),
    *each("s.getprotobyname({name})", name="'tcp'; 'ipv6-icmp'; 'no'; 1; b'tcp'; ''"),
    *each(
        "s.if_nametoindex({name})",
        name=r"'lo'; b'lo'; ''; 'x'*40; 1; None; 'l\0o'; '\udcff'; b'l\0'",
    ),
    *listed("s.if_nameindex(); s.gethostname(); s.has_ipv6; s.has_dualstack_ipv6(); s.getfqdn()"),
    *each(
        "s.getfqdn({name})",
        name="''; ' localhost '; '0.0.0.0'; '::'; '127.0.0.1'; 'a..b'; 1; b'localhost'",
    ),
    *each("s.getaddrinfo({host}, 80)", host=HOSTS),
    *each("s.getaddrinfo('127.0.0.1', {port})", port=f"{NUMBERS}; {SERVICES}; {PORTS}"),
    *each(
        "s.getaddrinfo('::1', 53, {family}, {kind}, {protocol}, {flags})",
        family="0; s.AF_INET6; s.AF_INET",
        kind="0; s.SOCK_STREAM; s.SOCK_DGRAM; s.SOCK_RAW; s.SOCK_SEQPACKET",
        protocol="0; 6; 17; 132",
        flags="0; s.AI_PASSIVE; s.AI_CANONNAME; s.AI_NUMERICHOST; 1 << 20",
    ),
    *each(
        "s.getaddrinfo('127.0.0.1', 80, {bad})", bad="family=None; type='x'; flags=2**40; nope=1"
    ),
    *each(
        "s.getaddrinfo({arguments})",
        arguments=r"""
            None, None; None, 0; None, 80, flags=s.AI_PASSIVE; 'localhost', 80; 'localhost';
            'localhost', 'http', type=s.SOCK_STREAM; 'fe80::1%lo', 80, type=s.SOCK_STREAM;
            '127.0.0.1', 80, proto=1.5; 'a', 'b', 1, 2, 3, 4, 5; 'a', 'b', host='c';
            host='127.0.0.1', port='80', type=1; '127.0.0.1\0x', 80; b'127.0.0.1\0x', 80
        """,
    ),
    *each(
        "s.getnameinfo({sockaddr}, {flags})",
        sockaddr=SOCKADDRS,
        flags="""
            s.NI_NUMERICHOST; s.NI_NUMERICHOST | s.NI_NUMERICSERV; s.NI_NUMERICHOST | 2**20; 'x';
            2**40
        """,
    ),
    "s.getnameinfo(('127.0.0.1', 80), 0)",
    *each("s.{name}({arguments})", name=FUNCTIONS, arguments="1, 2, 3, 4, 5, 6, 7, 8, 9; nope=1"),
    *each("s.{name}()", name=NEEDY_FUNCTIONS),
    *each("s.sethostname({name})", name="None; 1"),
    *each(
        "[s.setdefaulttimeout({value}), s.getdefaulttimeout(), s.setdefaulttimeout(None)]",
        value="None; 0; 1; 2.5; 1e-10; True",
    ),
    *each(
        "s.setdefaulttimeout({value})",
        value="-1; -0.5; '1'; float('nan'); float('inf'); 10**20; 1e300; []",
    ),
    *each(
        "s.create_connection({arguments})",
        arguments="""
            ('127.0.0.1', 1); ('localhost', 1); 1; ('127.0.0.1',); ('a..b', 1);
            ('127.0.0.1', 1), 1, ('192.0.2.1', 0); ('127.0.0.1', 1), all_errors=True
        """,
    ),
    *each(
        "s.create_server({arguments})",
        arguments="""
            ('192.0.2.1', 80); 'x'; ('::1', 0); ('127.0.0.1', 0), dualstack_ipv6=True; None;
            ('127.0.0.1', 70000); '/tmp', family=s.AF_UNIX; ('127.0.0.1', 0), family=999;
            None, family=999, reuse_port=type('Odd', (), {'__bool__': lambda self: 1 / 0})()
        """,
    ),
    *each(
        "s.socketpair({arguments})",
        arguments="s.AF_INET; 99; type=99; 'x'; s.AF_UNIX, s.SOCK_STREAM, 99; proto=None",
    ),
    *each("s._fallback_socketpair({arguments})", arguments=FALLBACK),
    "s.no_such_name",
]
