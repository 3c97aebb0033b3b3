//! Options of UDP, `IPPROTO_UDP`.

use super::codec::{Flag, Int, Uint};
use super::table::options;

options! {
    ROWS, IPPROTO_UDP, "[udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html)";

    /// Whether what is sent waits, and becomes one datagram when this is off again.
    UdpCork = "UDP_CORK" libc::UDP_CORK, IP, get_set(bool, Flag);
    /// What is carried inside, for the kernel to unpack: `UDP_ENCAP_…` of linux/udp.h. ENOPROTOOPT
    /// for what the kernel does not have.
    UdpEncap = "UDP_ENCAP" libc::UDP_ENCAP, IP, get_set(i32, Int);
    /// Whether datagrams of one flow may be received as one, with their size beside them.
    UdpGro = "UDP_GRO" libc::UDP_GRO, IP, get_set(bool, Flag);
    /// Whether IPv6 datagrams without a checksum are taken (RFC 6935).
    UdpNoCheck6Rx = "UDP_NO_CHECK6_RX" libc::UDP_NO_CHECK6_RX, IP, get_set(bool, Flag);
    /// Whether IPv6 datagrams are sent without a checksum (RFC 6935).
    UdpNoCheck6Tx = "UDP_NO_CHECK6_TX" libc::UDP_NO_CHECK6_TX, IP, get_set(bool, Flag);
    /// The size in bytes of the datagrams that one send is cut into, up to 65535; 0 for no cutting.
    UdpSegment = "UDP_SEGMENT" libc::UDP_SEGMENT, IP, get_set(u32, Uint);
}
