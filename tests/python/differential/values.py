"""Argument texts by what they stand for: those that make sense, and those that do not."""

from __future__ import annotations


def _listed(text: str) -> list[str]:
    """The parts of a text, which stand between semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]


ODD_NUMBERS = _listed("""
    -1; -2; 2**15; 2**16; 2**31-1; 2**31; -2**31; -2**31-1; 2**32-1; 2**32; 2**62; 2**63-1; 2**63;
    2**64; -2**63; -2**63-1; 10**30; -10**30; True; False; Index(3); Index(-1); Index(2**40);
    Index('x'); Index(True); Index(IntSub(3)); BadIndex(); IntOnly(3); IntOnly(2**40); BadInt();
    FloatOnly(1.5); FloatOnly(1); BadFloat(); 0.0; 1.0; 1.5; -0.0; 1e300; float('nan');
    float('inf'); -float('inf'); FloatSub(0.25); decimal.Decimal('1.5'); decimal.Decimal('NaN');
    fractions.Fraction(1, 2); 5j; '1'; b'1'; None; []; (); object; IntSub(3); IntSubIndex(2);
    m.AF_INET; m.SOCK_STREAM; BadBool()
""")
ANYTHING = [
    *ODD_NUMBERS,
    *_listed(r"""
        'x'; b'x'; bytearray(b'x'); memoryview(b'x'); {}; set(); m; m.socket; lambda: 0; s0; s1;
        [1, 2]; (1, 2); ('127.0.0.1', 0); ...; range(3); io.BytesIO(b'x'); '\ud800'; 'a\0b';
        generate(1); BadIter(); Fileno(3); pathlib.Path('x')
    """),
]

READABLE = _listed("""
    b'abc'; b'x'; b''; b'0123456789'; bytes(100); bytes(5000); bytearray(b'abc'); b0; b1;
    memoryview(b'abcdef'); memoryview(b'abcdef')[1:3]; array.array('i', [1, 2]);
    array.array('d'); chars(5); BytesSub(b'sub'); memoryview(bytes(8)).cast('I');
    memoryview(bytes(8)).cast('B', [2, 4]); ctypes.c_int(7); memoryview(array.array('h', [1, 2]));
    io.BytesIO(b'abc').getbuffer()
""")
UNREADABLE = _listed(r"""
    memoryview(b'abcdef')[::2]; memoryview(b'abcdef')[::-1]; released(); 'abc'; '\ud800'; 5; None;
    []; [b'x']; s0; StrSub('x'); memoryview(bytes(8)).cast('B', [2, 4])[::2]; BadIter()
""")
WRITABLE = _listed("""
    b0; b1; b2; bytearray(5); bytearray(100); bytearray(); memoryview(b0); memoryview(b1)[2:5];
    array.array('i', [0] * 4); chars(5); memoryview(bytearray(8)).cast('I'); ctypes.c_int(7);
    memoryview(bytearray(8)).cast('B', [2, 4]); io.BytesIO(b'abc').getbuffer()
""")
UNWRITABLE = _listed("""
    b'abc'; memoryview(b'abc'); memoryview(b1)[::2]; memoryview(b1)[::-1]; released(bytearray(3));
    BytesSub(b'sub'); 'abc'; 5; None; []; released()
""")

TEXTS = _listed(r"""
    'lo'; 'x'; ''; 'é'; '\ud800'; '\udcff'; 'a\0b'; 'x' * 300; StrSub('lo'); BadStr('lo'); b'lo';
    bytearray(b'lo'); b'l\0'; b'\xff'; memoryview(b'lo')
""")
HOSTS = _listed(r"""
    '127.0.0.1'; '127.0.0.1'; ''; '::1'; '::'; '127.1'; '0x7f.1'; '01.2.3.4'; '256.0.0.1';
    '1.2.3.4.5'; 'localhost'; '::ffff:1.2.3.4'; '::1.2.3.4'; '1::2::3'; 'fe80::1%lo'; '::1%lo';
    'fe80::1%nosuch'; 'fe80::1%1'; ' 127.0.0.1'; '127.0.0.1 '; '127.0.0.1\n'; '127.0.0.1\0';
    '\ud800'; 'é'; 'xn--9ca'; 'a..b'; '.'; 'a' * 64; 'x' * 300; '<broadcast>'; '<any>';
    '255.255.255.255'; '0.0.0.0'; '224.0.0.1'; '4294967295'; '4294967296'; '0'; '0x'; '-1';
    b'127.0.0.1'; b'::1'; b''; b'\xff'; bytearray(b'127.0.0.1'); memoryview(b'::1');
    StrSub('127.0.0.1'); BadStr('127.0.0.1'); BytesSub(b'127.0.0.1'); 'ip6-localhost'; 'no.invalid'
""")
PORTS = _listed("""
    0; 0; 0; 1; 9; 80; 65535; 65536; -1; 2**31; 2**32; 2**64; True; Index(9); IntSub(9); '80';
    b'80'; None; 9.0; BadIndex(); 'http'; ''; '65536'; '+80'; ' 80'; '080'; '80x'; '\\ud800'
""")
PACKED = _listed(r"""
    b'\x7f\0\0\1'; b''; b'abc'; b'abcde'; bytes(4); bytes(16); bytes(15)+b'\1'; bytearray(4);
    bytes(12)+b'\1\2\3\4'; bytes(10)+b'\xff\xff\1\2\3\4'; memoryview(bytes(8))[::2]; 'abcd';
    b' \x01\r\xb8'+bytes(12); b'\0\1'*8; array.array('i', [1]); None; 5;
    bytes.fromhex('20010db8000000010000000000000001'); b'\xfe\x80'+bytes(13)+b'\1'
""")
FLAGS = _listed("""
    0; 0; 0; m.MSG_DONTWAIT; m.MSG_DONTWAIT; m.MSG_PEEK; m.MSG_PEEK | m.MSG_DONTWAIT;
    m.MSG_WAITALL; m.MSG_OOB; m.MSG_DONTROUTE; m.MSG_NOSIGNAL; m.MSG_MORE; m.MSG_CMSG_CLOEXEC;
    m.MSG_ERRQUEUE; m.MSG_EOR; m.MSG_CONFIRM; 1 << 20; 1 << 30
""")
SIZES = _listed("0; 1; 2; 3; 5; 10; 100; 1024; 5000; 65536; 2**20; Index(3); IntSub(3)")
ANCILLARY_SIZES = _listed("0; 1; 15; 16; 17; 20; 24; 32; 100; 1024; m.CMSG_SPACE(4); m.CMSG_LEN(4)")
TIMEOUTS = _listed("""
    0; 0.0; 0.001; 0.002; 1e-9; 1e-10; 0.01; -0.0; -1e-10; 0.0015; decimal.Decimal('0.001');
    0.1 + 0.2; 3.0000000001; 2147483.648; 9e9; 9223372036; 9223372036.0; 9223372037; 2**62; True;
    Index(0); None; 1e-3; FloatSub(0.001); 123456789.123456789; 4.9406564584124654e-324
""")
LEVELS = _listed("""
    m.SOL_SOCKET; m.SOL_SOCKET; m.SOL_SOCKET; m.IPPROTO_TCP; m.IPPROTO_IP; m.IPPROTO_IPV6;
    m.SOL_UDP; m.IPPROTO_RAW; 0; 1; 99; 270; 263; 279
""")
OPTIONS = _listed("""
    m.SO_REUSEADDR; m.SO_TYPE; m.SO_ERROR; m.SO_RCVBUF; m.SO_SNDBUF; m.SO_KEEPALIVE; m.SO_LINGER;
    m.SO_BROADCAST; m.SO_ACCEPTCONN; m.SO_DOMAIN; m.SO_PROTOCOL; m.SO_PASSCRED; m.SO_PEERCRED;
    m.SO_REUSEPORT; m.SO_RCVTIMEO; m.SO_BINDTODEVICE; m.SO_MARK; m.SO_PRIORITY; m.SO_OOBINLINE;
    m.TCP_NODELAY; m.TCP_MAXSEG; m.TCP_CORK; m.TCP_DEFER_ACCEPT; m.TCP_CONGESTION; m.IP_TTL;
    m.IP_TOS; m.IP_MULTICAST_TTL; m.IPV6_V6ONLY; m.IPV6_UNICAST_HOPS; 1; 2; 3; 4; 7; 8; 9; 13; 0;
    999; 10**6
""")
OPTION_VALUES = _listed("""
    0; 1; 1; 2; 64; 4096; b''; b'x'; bytes(4); b'\\1\\0\\0\\0'; bytes(8); bytes(16); b'lo\\0';
    b'cubic'; bytearray(4); array.array('i', [1]); memoryview(bytes(8))[::2]
""")
BUFFER_LENGTHS = _listed("0; 1; 4; 8; 16; 100; 1024; 1025; -1; 5000")
FAMILIES = _listed("""
    m.AF_INET; m.AF_INET; m.AF_INET6; m.AF_UNIX; m.AF_UNIX; m.AF_NETLINK; m.AF_PACKET; m.AF_VSOCK;
    m.AF_UNSPEC; m.AF_CAN; m.AF_ALG; m.AF_TIPC; m.AF_QIPCRTR; m.AF_RDS; 2; 0; -1; 99; 1000
""")
KINDS = _listed("""
    m.SOCK_STREAM; m.SOCK_STREAM; m.SOCK_DGRAM; m.SOCK_DGRAM; m.SOCK_SEQPACKET; m.SOCK_RAW;
    m.SOCK_RDM; m.SOCK_STREAM | m.SOCK_NONBLOCK; m.SOCK_DGRAM | m.SOCK_CLOEXEC; 1; 0; -1; 99;
    m.SOCK_STREAM | m.SOCK_NONBLOCK | m.SOCK_CLOEXEC; m.SOCK_NONBLOCK
""")
PROTOCOLS = _listed("0; 0; 0; -1; 1; 6; 17; 41; 58; 132; 255; 256; 262; 99999; m.IPPROTO_UDP")
# No numbers of the standard streams.
DESCRIPTORS = _listed("""
    3; 4; 5; 6; 7; 8; 50; 500; -1; 2**31-1; 2**31; 2**40; 2**70; -2**31-1; None; '5'; 5.0; 4.5;
    Index(5); BadIndex(); IntSub(4); s0.fileno(); s1.fileno(); s2.fileno(); s0; Fileno(5); []
""")
DESCRIPTOR_LISTS = _listed("[0]; [0, 1]; []; [-1]; (0,); [0, 'x']; array.array('i', [1]); 5")
HOWS = _listed("0; 1; 2; m.SHUT_RD; m.SHUT_WR; m.SHUT_RDWR; 3; -1")
CONTROL = _listed("""
    []; (); [(m.SOL_SOCKET, m.SCM_RIGHTS, array.array('i', [0]))]; [(1, 1, b'')]; [(1, 1, b'abc')];
    [(m.SOL_SOCKET, m.SCM_RIGHTS, array.array('i', [0, 1]))]; [(1, 1, bytes(4)), (1, 1, bytes(8))];
    [(1, 1, bytes(4))] * 3; ((1, 1, bytes(4)),); generate((1, 1, bytes(4))); [[1, 1, bytes(4)]];
    [(1, 1)]; [(1, 1, 1)]; [(1, 1, 'x')]; [(1, 1, b'x', 2)]; [1]; 5; None; 'xyz'; b'x';
    [(2**40, 1, b'')];
    [('x', 1, b'')]; [(1, None, b'')]; [(1, 1, memoryview(bytes(8))[::2])]; failing((1, 1, b''));
    BadIter(); [(1, 1, b1)]; [(0, 8, bytes(12))]; [(1, 1, array.array('i', [-1]))]; [generate(1)];
    [(41, 50, bytes(20))]; [(1, 2, bytes(12))]; {}; Sequence((1, 1, b'')); [Sequence(1, 1, b'')];
    [(1, 1, bytes(2000))]; [(BadIndex(), 1, b'')]; [TupleSub((1, 1, bytes(4)))]
""")
READABLE_LISTS = _listed("""
    [b'abc']; [b'a', b'bc']; (b'a', bytearray(b'bc')); []; (); [b'']; generate(b'a', b'b');
    [b0, b1];
    [memoryview(b'abc')]; [b'x'] * 1025; [b'x'] * 1024; [array.array('i', [1])]; {b'a': 1};
    [chars(3)]
""")
UNREADABLE_LISTS = _listed("""
    b'abc'; ['a']; [1]; 5; None; [memoryview(b'abcdef')[::2]]; failing(b'a'); BadIter(); 'abc';
    [b'a', None]; generate(1); Sequence(b'a'); BadSequence(b'a'); [released()]; [b'a', 'b']
""")
WRITABLE_LISTS = _listed("""
    [b0]; [b0, b1]; (b0, b1, b2); []; [bytearray(3)]; generate(b0, b1); [memoryview(b0)[1:3]]; ();
    [array.array('i', [0])]; [bytearray(0), b0]; [bytearray(1)] * 1024; [bytearray(1)] * 1025;
    [b0, b0]
""")
UNWRITABLE_LISTS = _listed("""
    b0; [b'abc']; [1]; 5; None; [memoryview(b0)[::2]]; failing(b0); BadIter(); ['abc']; [b0, None];
    Sequence(b0); BadSequence(b0); [released()]; 'abc'; [memoryview(b'abc')]
""")
ADDRESSES_BY_FAMILY = {
    "UNIX": _listed(r"""
        'sock1'; b'sock1'; bytearray(b'sock1'); memoryview(b'sock1'); '\0abs'; b'\0abs\xff'; '';
        b'';
        'x' * 107; 'x' * 108; 'x' * 109; '\0' + 'x' * 107; b'\0' + bytes(107); b'\0' + bytes(108);
        'sock2'; 'a\0b'; '\udcff'; '\ud800'; 'é'; './dir/none'; StrSub('sock1'); BytesSub(b'sock1');
        array.array('b', [115]); memoryview(b'sock1')[::2]; s0.getsockname(); s1.getsockname();
        'file'; '/'
    """),
    "NETLINK": _listed("""
        (0, 0); (0, 1); (0, 0); (0, 2**31); (0, 2**32); (-1, 0); (2**33, 2); ('x', 2); (1, 'x');
        (0,); (0, 0, 0); [0, 0]; (Index(0), Index(0)); (0.0, 0); s0.getsockname(); (2**64, 0)
    """),
    "PACKET": _listed(r"""
        ('lo', 3); ('lo', 0); ('lo', 0x806); ('lo', 70000); ('lo', -1); ('lo', 65536);
        ('lo', 3, 300, 70000, b'123456'); ('lo', 3, 0, 0, b'123456789'); ('nosuch', 3);
        ('lo', 3, 0, 0, 5); ('lo\0', 3); (b'lo', 3); ('lo',); ('lo', 0, 1); ('lo', 0, 1, 2);
        ('lo', 0, 4, 1, b'12345678'); ('x' * 20, 0); (b'\xff', 0); ('\ud800', 0); ('lo', 'x');
        ('lo', 0, 2**40); ('lo', 0, 0, 0, memoryview(bytes(12))[::2]);
        ('lo', 0, 0, 0, bytearray(6));
        s0.getsockname(); ('lo', 0, 0, 0, b'', 0); ('', 0)
    """),
    "VSOCK": _listed("""
        (1, 1024); (m.VMADDR_CID_ANY, m.VMADDR_PORT_ANY); (2, 1); (1, 2**32); (-1, 5); (1, -1);
        (2**32, 1); ('x', 1); (1,); (1, 2, 3); [1, 2]; (1.5, 2); (Index(1), Index(2)); (3, 1234)
    """),
    "CAN": _listed(r"""
        ('lo',); ('',); ('nosuch',); ('x' * 16,); ('x' * 15,); ('lo', 1, 2); ('lo', 1); (1,); ();
        (b'lo',); ('l\0',); ('lo', 2**64, 2); ('lo', -1, 2**32); ('lo', 1, 2, 3);
        ('lo', 2**64, 1, 1);
        ('lo', 1, 2**33, 999); ('lo', 'x', 1, 1); ('lo', 1.5, 2); ('\ud800',); ['lo']
    """),
    "ALG": _listed(r"""
        ('hash', 'sha256'); ('hash', 'nosuch'); ('hash', 'sha256', 1, 2); ('hash' * 4, 'x');
        ('hash', 'x' * 63); ('hash', 'x' * 64); ('x' * 13, 'y'); ('x' * 14, 'y'); (b'hash', 'y');
        ('ha\0', 'y'); ('hash',); ('\ud800', 'y'); ('hash', 'sha256', 2**32, -1);
        ['hash', 'sha256'];
        ('hash', 'sha256', 'x'); ('skcipher', 'cbc(aes)'); (1, 2); ('a', 'b', 1, 2, 3)
    """),
    "TIPC": _listed("""
        (1, 2, 3, 4); (9, 2, 3, 4); (1, 2, 3, 4, 5); (2, 1, 1, 1); (3, 5, 6, 7); (1, 2**32, 3, 4);
        (-1, 2, 3, 4); ('x', 2, 3, 4); (1, 2, 3); (1, 2, 3, 4, 5, 6); (1, 2, 3, 4, 300);
        (257, 1, 1, 1);
        (1, 1.5, 2, 3); [1, 2, 3, 4]; (2, -1, 2**40, 0, -1)
    """),
    "QIPCRTR": _listed("(1, 2); (2**33, 2); (-1, 2); ('x', 2); (1,); (1, 2, 3); [1, 2]; (1.0, 2)"),
    "BLUETOOTH": _listed("""
        ('aa:bb:cc:dd:ee:ff', 5); ('bad', 5); b'aa:bb:cc:dd:ee:ff'; (1,); ('aa:bb:cc:dd:ee:ff',);
        'aa:bb:cc:dd:ee:ff'; ('aa:bb:cc:dd:ee:ff', 'x'); (0, 0); ('', 1); ('1:2:3:4:5:6:7', 1)
    """),
}
SHAPELESS = _listed("""
    None; 5; 'x'; b'x'; (); (1,); [1, 2]; {}; ('127.0.0.1',); 1.5; Fspath(); pathlib.Path('sock1');
    BadIter(); Sequence('127.0.0.1', 0); ('a', 'b'); (None, 0); (5, 0); ('', None)
""")
FLOWS = _listed("0; 0; 1; 2**20-1; 2**20; -1; 2**32; 'x'; 1.5; None; Index(1)")
SCOPES = _listed("0; 0; 1; 2; 2**32-1; 2**32; -1; 'x'; 1.5; None; Index(1)")
MODES = _listed("""
    'r'; 'w'; 'rw'; 'rb'; 'wb'; 'rwb'; 'b'; ''; 'x'; 'rr'; 'rt'; 'bb'; None; 5; b'r'; StrSub('r');
    'a'; 'r+'; 'wr'; 'é'; 'U'
""")
BUFFERINGS = _listed("None; 0; 1; -1; -2; 5; 4096; 2**40; 2**64; 'x'; 1.5; True; Index(5); []")
ENCODINGS = _listed(r"None; 'utf-8'; 'latin-1'; 'nosuch'; 5; b'utf-8'; 'a\0b'; 'ascii'")
ERRORS = _listed("None; 'strict'; 'ignore'; 'nosuch'; 5")
NEWLINES = _listed(r"None; ''; '\n'; '\r\n'; '\r'; 'x'; 5; b'\n'")
FILES = _listed("""
    open('file', 'rb'); open('file', 'rb', 0); io.BytesIO(b'x' * 50); open('file');
    io.StringIO('x');
    Text(); Text(mode='rb', fileno=lambda: 500); Text(mode='r'); None; 5; s1; 'file';
    Text(mode='rb', read=lambda size: b'', fileno=BadIter); open('file', 'wb');
    Text(mode='rb', read=blocks(3), seek=lambda offset: None)
""")
OFFSETS = _listed(
    "0; 0; 1; 100; 499; 500; 501; 10**6; -1; 2**63; 2**64; None; 'x'; 1.5; True; Index(3)"
)
COUNTS = _listed(
    "None; None; 1; 10; 500; 501; 10**6; 0; -1; 2**70; 'x'; 1.5; 1.0; True; Index(3); False"
)
FORMS_OF_ADDRESSES = ["INET", "INET6", *ADDRESSES_BY_FAMILY]
ATTRIBUTES = _listed("""
    'family'; 'type'; 'proto'; 'timeout'; '_io_refs'; '_closed'; 'x'; '__class__'; '__dict__';
    'recv'; 'close'; '__doc__'; '__weakref__'; '__slots__'; '__module__'; '_sock'; 'accept'
""")
EXTRA_NAMES = [
    "x",
    "nope",
    "family",
    "type",
    "proto",
    "fileno",
    "buffer",
    "nbytes",
    "flags",
    "host",
    "port",
    "timeout",
    "mode",
    "op",
]
SERVICES = _listed(r"""
    'http'; 'domain'; 'nosuch'; ''; b'http'; None; 80; '\ud800'; 'ht\0tp'; StrSub('http'); 'é';
    'HTTP'
""")
TRANSPORTS = _listed(r"'tcp'; 'udp'; 'nosuch'; ''; None; b'tcp'; 6; 'a\0b'; StrSub('tcp')")
PROTOCOL_NAMES = _listed(r"'tcp'; 'ipv6-icmp'; 'nosuch'; 1; b'tcp'; ''; '\ud800'; None; 'TCP'")
NAME_FLAGS = _listed("""
    m.NI_NUMERICHOST; m.NI_NUMERICHOST | m.NI_NUMERICSERV; m.NI_NUMERICHOST | m.NI_DGRAM; 3;
    2**20; 0;
    m.NI_NUMERICHOST | m.NI_NAMEREQD
""")
RESOLVE_FLAGS = _listed("""
    0; 0; m.AI_PASSIVE; m.AI_CANONNAME; m.AI_NUMERICHOST; m.AI_NUMERICSERV; m.AI_V4MAPPED; 1 << 20;
    m.AI_ALL | m.AI_V4MAPPED; m.AI_ADDRCONFIG; m.AI_CANONNAME | m.AI_NUMERICHOST
""")
INTERFACES = _listed(
    "1; 0; 2; 99; -1; 2**31; 2**32; 2**64; -2**63; True; Index(1); 1.0; 'lo'; None"
)
LENGTHS = _listed(
    "0; 1; 4; 16; 100; 2**31-100; 2**31-17; 2**31-16; 2**31-1; 2**31; 2**63; 2**64; -1"
)
NUMBERS_16 = _listed("0; 1; 80; 65535; 65536; 70000; 2**31-1; 2**31; 2**32-1; 2**32; -1; -2**31-1")
