//! `struct tcp_info` as the kernel fills it: one table of its fields.

use std::os::fd::BorrowedFd;

use crate::error::Result;
use crate::fd;
use crate::sys::call::as_uninit;

/// The size of the whole structure in the newest kernel that this table knows (Linux 6.18).
const LEN: usize = 280;

macro_rules! fields {
    ($($(#[$doc:meta])+ $name:ident: $type:ident,)+) => {
        /// The kernel's account of a TCP connection: `struct tcp_info` of linux/tcp.h, field by
        /// field and in its units. Times are microseconds where nothing else is said.
        ///
        /// A field that the running kernel does not know is 0; [`TcpInfo::len`] says how many bytes
        /// it filled.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        #[non_exhaustive]
        pub struct TcpInfo {
            /// How many bytes the kernel filled. 104 was Linux 2.6, 280 is Linux 6.18.
            pub len: u32,
            $($(#[$doc])+ pub $name: $type,)+
        }

        impl TcpInfo {
            /// Reads the native structure; what is beyond the end of `bytes` is 0.
            #[must_use]
            pub fn from_bytes(bytes: &[u8]) -> Self {
                let mut integers = Integers { bytes, at: 0 };
                TcpInfo {
                    len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
                    $($name: $type::from_ne_bytes(integers.next()),)+
                }
            }

            /// The names and values of all fields, in the kernel's order, without `len`.
            pub fn fields(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), u64::from(self.$name))),+].into_iter()
            }
        }

        #[cfg(test)]
        const SIZES: &[(&str, usize)] = &[$((stringify!($name), size_of::<$type>())),+];
    };
}

fields! {
    /// `TCP_ESTABLISHED` (1), `TCP_SYN_SENT` (2), … `TCP_CLOSE` (7), … `TCP_LISTEN` (10).
    state: u8,
    /// The state of congestion control: open, disorder, window reduced, recovery, loss.
    ca_state: u8,
    /// Retransmissions of the segment that is waited for.
    retransmits: u8,
    /// Zero-window or keepalive probes that had no answer.
    probes: u8,
    /// How often the retransmission timer was doubled.
    backoff: u8,
    /// `TCPI_OPT_…`: timestamps 1, SACK 2, window scaling 4, ECN 8, ECN seen 16, data in SYN 32.
    options: u8,
    /// The window scales: sent in the low four bits, received in the high four.
    window_scales: u8,
    /// Bit 0: the delivery rate was limited by the application. Bits 1 and 2: why fast open failed.
    delivery_flags: u8,
    /// The retransmission timeout.
    rto: u32,
    /// The delayed-acknowledgement timeout.
    ato: u32,
    /// The largest segment to send, in bytes.
    snd_mss: u32,
    /// The largest segment received, in bytes.
    rcv_mss: u32,
    /// Segments out and not acknowledged; of a listener, connections that wait for accept.
    unacked: u32,
    /// Segments out and selectively acknowledged; of a listener, its backlog.
    sacked: u32,
    /// Segments out and taken for lost.
    lost: u32,
    /// Segments out that are retransmissions.
    retrans: u32,
    /// Always 0 since Linux 4.15.
    fackets: u32,
    /// Milliseconds since data was sent.
    last_data_sent: u32,
    /// Always 0: the kernel does not keep it.
    last_ack_sent: u32,
    /// Milliseconds since data came.
    last_data_recv: u32,
    /// Milliseconds since an acknowledgement came.
    last_ack_recv: u32,
    /// The path's MTU in bytes.
    pmtu: u32,
    /// The receive slow-start threshold in bytes.
    rcv_ssthresh: u32,
    /// The smoothed round-trip time.
    rtt: u32,
    /// Its mean deviation.
    rttvar: u32,
    /// The slow-start threshold in segments.
    snd_ssthresh: u32,
    /// The congestion window in segments.
    snd_cwnd: u32,
    /// The advertised largest segment in bytes.
    advmss: u32,
    /// How far segments have been seen out of order.
    reordering: u32,
    /// The receiver's estimate of the round-trip time.
    rcv_rtt: u32,
    /// The space of the receive queue in bytes.
    rcv_space: u32,
    /// Retransmissions in all.
    total_retrans: u32,
    /// The pacing rate in bytes per second.
    pacing_rate: u64,
    /// Its upper bound (SO_MAX_PACING_RATE).
    max_pacing_rate: u64,
    /// Bytes that were acknowledged (RFC 4898, tcpEStatsAppHCThruOctetsAcked).
    bytes_acked: u64,
    /// Bytes that came in order (RFC 4898, tcpEStatsAppHCThruOctetsReceived).
    bytes_received: u64,
    /// Segments out in all.
    segs_out: u32,
    /// Segments in in all.
    segs_in: u32,
    /// Bytes in the send queue that have not been sent once.
    notsent_bytes: u32,
    /// The smallest round-trip time seen.
    min_rtt: u32,
    /// Segments in that had data.
    data_segs_in: u32,
    /// Segments out that had data.
    data_segs_out: u32,
    /// The latest goodput in bytes per second.
    delivery_rate: u64,
    /// Time spent sending.
    busy_time: u64,
    /// Time the peer's window held the sending up.
    rwnd_limited: u64,
    /// Time the send buffer held the sending up.
    sndbuf_limited: u64,
    /// Segments delivered, with those that were delivered twice.
    delivered: u32,
    /// Of these, the ones that the network marked as congested.
    delivered_ce: u32,
    /// Bytes sent, retransmissions included.
    bytes_sent: u64,
    /// Bytes retransmitted.
    bytes_retrans: u64,
    /// Duplicates that the peer reported (D-SACK).
    dsack_dups: u32,
    /// How often reordering was seen.
    reord_seen: u32,
    /// Segments that came out of order.
    rcv_ooopack: u32,
    /// The window that the peer advertises, in bytes.
    snd_wnd: u32,
    /// The window advertised to the peer, in bytes (Linux 6.2).
    rcv_wnd: u32,
    /// How often a timeout chose another path (Linux 6.2).
    rehash: u32,
    /// Retransmission timeouts in all (Linux 6.7).
    total_rto: u16,
    /// Recoveries from them.
    total_rto_recoveries: u16,
    /// The time they took, in milliseconds.
    total_rto_time: u32,
    /// Segments in that were marked as congested (Linux 6.18, accurate ECN, as what follows).
    received_ce: u32,
    /// Delivered bytes marked ECT(1).
    delivered_e1_bytes: u32,
    /// Delivered bytes marked ECT(0).
    delivered_e0_bytes: u32,
    /// Delivered bytes marked CE.
    delivered_ce_bytes: u32,
    /// Received bytes marked ECT(1).
    received_e1_bytes: u32,
    /// Received bytes marked ECT(0).
    received_e0_bytes: u32,
    /// Received bytes marked CE.
    received_ce_bytes: u32,
    /// How the negotiation of accurate ECN went, as bits; their layout is the kernel's.
    accecn: u32,
}

impl TcpInfo {
    /// By how many bits the windows that the peer advertises are scaled.
    #[must_use]
    pub fn snd_wscale(&self) -> u8 {
        self.window_scales & 0xf
    }

    /// By how many bits the windows advertised to the peer are scaled.
    #[must_use]
    pub fn rcv_wscale(&self) -> u8 {
        self.window_scales >> 4
    }

    /// Whether the application, not the network, bounded [`TcpInfo::delivery_rate`].
    #[must_use]
    pub fn delivery_rate_app_limited(&self) -> bool {
        self.delivery_flags & 1 != 0
    }
}

/// The integers of a C structure in turn.
struct Integers<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Integers<'_> {
    /// The next integer of `N` bytes, which C aligns to its own size; zeros beyond the end.
    fn next<const N: usize>(&mut self) -> [u8; N] {
        let at = self.at.next_multiple_of(N);
        self.at = at + N;
        let rest = self.bytes.get(at..).unwrap_or_default();
        rest.first_chunk().copied().unwrap_or([0; N])
    }
}

/// TCP_INFO: see [`Endpoint::tcp_info`](crate::Endpoint::tcp_info).
///
/// # Errors
/// Those of getsockopt(2): ENOPROTOOPT or EOPNOTSUPP where it is not TCP.
pub fn tcp_info(fd: BorrowedFd<'_>) -> Result<TcpInfo> {
    let mut bytes = [0; LEN];
    let len = fd::get_option(fd, libc::IPPROTO_TCP, libc::TCP_INFO, as_uninit(&mut bytes))?;
    Ok(TcpInfo::from_bytes(bytes.get(..len).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_as_long_as_the_structure() {
        let mut at: usize = 0;
        for (_, size) in SIZES {
            at = at.next_multiple_of(*size) + size;
        }
        assert_eq!(at, LEN);
    }

    /// libc's structure ends earlier, and agrees as far as it goes.
    #[test]
    fn the_fields_are_where_c_has_them() {
        let mut bytes = [0; LEN];
        let mut put = |at: usize, value: u32| {
            bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        };
        put(std::mem::offset_of!(libc::tcp_info, tcpi_rto), 1);
        put(std::mem::offset_of!(libc::tcp_info, tcpi_rtt), 2);
        put(std::mem::offset_of!(libc::tcp_info, tcpi_total_retrans), 3);
        let info = TcpInfo::from_bytes(&bytes);
        assert_eq!((info.rto, info.rtt, info.total_retrans), (1, 2, 3));
        let short = TcpInfo::from_bytes(&bytes[..12]);
        assert_eq!((short.len, short.rto, short.rtt), (12, 1, 0));
    }
}
