//! Options of TCP, `IPPROTO_TCP`, and of TLS in the kernel above it, `SOL_TLS`.

use std::time::Duration;

use super::codec::{
    Flag, Int, Md5Key, Microseconds, Milliseconds, OptionMilliseconds, OptionSeconds, RawBytes,
    Seconds, TcpInfoBytes, Text, Uint,
};
use super::table::options;
use super::value::{Bytes, TcpMd5Key};
use crate::sys::missing;

options! {
    ROWS, IPPROTO_TCP, "[tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html)";

    /// What the congestion control algorithm tells of itself, in its own form.
    TcpCcInfo = "TCP_CC_INFO" libc::TCP_CC_INFO, IP, get(Bytes<64>, Bytes<64>);
    /// The congestion control algorithm by its name. ENOENT for one that the kernel does not have,
    /// EPERM for one that is not allowed to all without `CAP_NET_ADMIN`.
    TcpCongestion = "TCP_CONGESTION" libc::TCP_CONGESTION, IP,
        get(Bytes<16>, Text), set(&'a str, Text);
    /// The state of the connection, as much of it as the kernel fills.
    TcpInfo = "TCP_INFO" libc::TCP_INFO, IP, get(crate::tcp::TcpInfo, TcpInfoBytes);
    /// Whether partial segments wait until this is off again, 200 milliseconds at most.
    TcpCork = "TCP_CORK" libc::TCP_CORK, IP, get_set(bool, Flag);
    /// How long a listener waits for the first data of a connection before accept sees it, in whole
    /// seconds, rounded up to retransmissions of its handshake; zero for not at all.
    TcpDeferAccept = "TCP_DEFER_ACCEPT" libc::TCP_DEFER_ACCEPT, IP, get_set(Duration, Seconds);
    /// The longest delay of an acknowledgement in whole microseconds, Linux 6.15.
    TcpDelackMax = "TCP_DELACK_MAX_US" missing::TCP_DELACK_MAX_US, IP,
        get_set(Duration, Microseconds);
    /// How many connections with data in the SYN a listener keeps (RFC 7413); 0 for none.
    TcpFastOpen = "TCP_FASTOPEN" libc::TCP_FASTOPEN, IP, get_set(u32, Uint);
    /// Whether connect waits for the first send, to put its data into the SYN.
    TcpFastOpenConnect = "TCP_FASTOPEN_CONNECT" libc::TCP_FASTOPEN_CONNECT, IP,
        get_set(bool, Flag);
    /// The keys that cookies for data in the SYN are made with: 16 bytes, or 32 for a second one.
    TcpFastOpenKey = "TCP_FASTOPEN_KEY" libc::TCP_FASTOPEN_KEY, IP,
        get(Bytes<32>, Bytes<32>), set(&'a [u8], RawBytes);
    /// Whether data in the SYN needs no cookie.
    TcpFastOpenNoCookie = "TCP_FASTOPEN_NO_COOKIE" libc::TCP_FASTOPEN_NO_COOKIE, IP,
        get_set(bool, Flag);
    /// Whether a receive reports how many bytes are left in the queue.
    TcpInq = "TCP_INQ" libc::TCP_INQ, IP, get_set(bool, Flag);
    /// Whether the connection speaks multipath TCP (RFC 8684), Linux 5.16.
    TcpIsMptcp = "TCP_IS_MPTCP" missing::TCP_IS_MPTCP, IP, get(bool, Flag);
    /// How many unanswered keepalive probes end the connection, 1 to 127.
    TcpKeepCount = "TCP_KEEPCNT" libc::TCP_KEEPCNT, IP, get_set(u32, Uint);
    /// How long a connection is idle before the first keepalive probe, in whole seconds, rounded
    /// up, 1 to 32767; needs [`KeepAlive`](super::KeepAlive).
    TcpKeepIdle = "TCP_KEEPIDLE" libc::TCP_KEEPIDLE, IP, get_set(Duration, Seconds);
    /// How long after an unanswered keepalive probe the next is sent, in whole seconds, rounded up,
    /// 1 to 32767.
    TcpKeepInterval = "TCP_KEEPINTVL" libc::TCP_KEEPINTVL, IP, get_set(Duration, Seconds);
    /// How long an orphaned connection stays in FIN_WAIT2, in whole seconds, rounded up; zero for
    /// the system's, `None` for not at all.
    TcpLinger2 = "TCP_LINGER2" libc::TCP_LINGER2, IP, get_set(Option<Duration>, OptionSeconds);
    /// The largest segment to send, in bytes; before connect, a limit of it.
    TcpMaxSeg = "TCP_MAXSEG" libc::TCP_MAXSEG, IP, get_set(u32, Uint);
    /// The key for MD5 signatures of one peer's segments (RFC 2385). ENOENT for removing a key that
    /// is not there.
    TcpMd5Sig = "TCP_MD5SIG" libc::TCP_MD5SIG, IP, set(TcpMd5Key<'a>, Md5Key);
    /// Whether segments are sent at once, however small (no Nagle algorithm, RFC 896).
    TcpNoDelay = "TCP_NODELAY" libc::TCP_NODELAY, IP, get_set(bool, Flag);
    /// How many unsent bytes the queue may have before the socket is no longer writable.
    TcpNotSentLowWater = "TCP_NOTSENT_LOWAT" libc::TCP_NOTSENT_LOWAT, IP, get_set(u32, Uint);
    /// The sequence number of the queue under repair.
    TcpQueueSeq = "TCP_QUEUE_SEQ" libc::TCP_QUEUE_SEQ, IP, get_set(u32, Uint);
    /// Whether acknowledgements are sent at once; TCP may turn it off again by itself.
    TcpQuickAck = "TCP_QUICKACK" libc::TCP_QUICKACK, IP, get_set(bool, Flag);
    /// Repair mode, which takes a connection to another host: 1 on, 0 off, -1 off without a window
    /// probe. EPERM without `CAP_NET_ADMIN`.
    TcpRepair = "TCP_REPAIR" libc::TCP_REPAIR, IP, get_set(i32, Int);
    /// The options that a connection under repair had negotiated (`struct tcp_repair_opt`).
    TcpRepairOptions = "TCP_REPAIR_OPTIONS" libc::TCP_REPAIR_OPTIONS, IP, set(&'a [u8], RawBytes);
    /// The queue under repair: 0 none, 1 receive, 2 send.
    TcpRepairQueue = "TCP_REPAIR_QUEUE" libc::TCP_REPAIR_QUEUE, IP, get_set(i32, Int);
    /// The window of a connection under repair (`struct tcp_repair_window`).
    TcpRepairWindow = "TCP_REPAIR_WINDOW" libc::TCP_REPAIR_WINDOW, IP,
        get(Bytes<20>, Bytes<20>), set(&'a [u8], RawBytes);
    /// The longest retransmission timeout in whole milliseconds, Linux 6.15.
    TcpRtoMax = "TCP_RTO_MAX_MS" missing::TCP_RTO_MAX_MS, IP, get_set(Duration, Milliseconds);
    /// The shortest retransmission timeout in whole microseconds, Linux 6.15.
    TcpRtoMin = "TCP_RTO_MIN_US" missing::TCP_RTO_MIN_US, IP, get_set(Duration, Microseconds);
    /// The headers of the SYN that made the connection, once; empty where they were not saved.
    TcpSavedSyn = "TCP_SAVED_SYN" libc::TCP_SAVED_SYN, IP, get(Bytes<512>, Bytes<512>);
    /// Whether a listener saves the headers of each SYN: 0 no, 1 IP and TCP, 2 the link's as well.
    TcpSaveSyn = "TCP_SAVE_SYN" libc::TCP_SAVE_SYN, IP, get_set(u32, Uint);
    /// How often a SYN is sent again, 1 to 255.
    TcpSynCount = "TCP_SYNCNT" libc::TCP_SYNCNT, IP, get_set(u32, Uint);
    /// Without effect since Linux 4.20.
    TcpThinDupAck = "TCP_THIN_DUPACK" libc::TCP_THIN_DUPACK, IP, get_set(bool, Flag);
    /// Whether retransmission timeouts of a stream with little in flight grow linearly.
    TcpThinLinearTimeouts = "TCP_THIN_LINEAR_TIMEOUTS" libc::TCP_THIN_LINEAR_TIMEOUTS, IP,
        get_set(bool, Flag);
    /// The clock of its timestamps (RFC 7323); set in repair mode alone.
    TcpTimestamp = "TCP_TIMESTAMP" libc::TCP_TIMESTAMP, IP, get_set(u32, Uint);
    /// How much later every segment is sent, in whole microseconds.
    TcpTxDelay = "TCP_TX_DELAY" missing::TCP_TX_DELAY, IP, get_set(Duration, Microseconds);
    /// The protocol put on top in the kernel, such as `"tls"`, which stays. ENOENT for one that the
    /// kernel does not have, ENOTCONN without a connection.
    TcpUlp = "TCP_ULP" libc::TCP_ULP, IP, get(Bytes<16>, Text), set(&'a str, Text);
    /// How long data may stay unacknowledged before the connection ends, in whole milliseconds,
    /// rounded up (RFC 5482); `None` for as long as the system's retransmissions take.
    TcpUserTimeout = "TCP_USER_TIMEOUT" libc::TCP_USER_TIMEOUT, IP,
        get_set(Option<Duration>, OptionMilliseconds);
    /// The limit of the receive window that is advertised, in bytes.
    TcpWindowClamp = "TCP_WINDOW_CLAMP" libc::TCP_WINDOW_CLAMP, IP, get_set(u32, Uint);
}

options! {
    TLS_ROWS, SOL_TLS,
    "the kernel's [TLS documentation](https://docs.kernel.org/networking/tls.html)";

    /// The keys for what is received (`struct tls12_crypto_info_…` of linux/tls.h); needs
    /// [`TcpUlp`] `"tls"`.
    TlsRx = "TLS_RX" libc::TLS_RX, IP, set(&'a [u8], RawBytes);
    /// Whether records are expected without padding, which saves a second look (TLS 1.3).
    TlsRxExpectNoPad = "TLS_RX_EXPECT_NO_PAD" libc::TLS_RX_EXPECT_NO_PAD, IP, get_set(bool, Flag);
    /// The keys for what is sent; needs [`TcpUlp`] `"tls"`.
    TlsTx = "TLS_TX" libc::TLS_TX, IP, set(&'a [u8], RawBytes);
    /// Whether sendfile(2) hands pages to the interface without a copy; the file must not change.
    TlsTxZerocopyRo = "TLS_TX_ZEROCOPY_RO" libc::TLS_TX_ZEROCOPY_RO, IP, get_set(bool, Flag);
}
