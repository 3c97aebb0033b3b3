//! Options of families that few programs use: vsock, the kernel's crypto interface, CAN,
//! AF_XDP.

use std::time::Duration;

use super::codec::{Flag, Int, LengthAlone, RawBytes, Timeval, Uint, Unsigned64};
use super::table::options;
use super::value::Bytes;
use crate::sys::missing;

options! {
    VSOCK_ROWS, AF_VSOCK, "[vsock(7)](https://man7.org/linux/man-pages/man7/vsock.7.html)";

    /// The most that the buffer size may be, in bytes.
    VsockBufferMaxSize = "SO_VM_SOCKETS_BUFFER_MAX_SIZE" missing::SO_VM_SOCKETS_BUFFER_MAX_SIZE,
        VSOCK, get_set(u64, Unsigned64);
    /// The least that the buffer size may be, in bytes.
    VsockBufferMinSize = "SO_VM_SOCKETS_BUFFER_MIN_SIZE" missing::SO_VM_SOCKETS_BUFFER_MIN_SIZE,
        VSOCK, get_set(u64, Unsigned64);
    /// The size of the buffer in bytes, within its limits.
    VsockBufferSize = "SO_VM_SOCKETS_BUFFER_SIZE" missing::SO_VM_SOCKETS_BUFFER_SIZE, VSOCK,
        get_set(u64, Unsigned64);
    /// How long connect waits, rounded up to microseconds.
    VsockConnectTimeout = "SO_VM_SOCKETS_CONNECT_TIMEOUT" missing::SO_VM_SOCKETS_CONNECT_TIMEOUT,
        VSOCK, get_set(Option<Duration>, Timeval);
}

options! {
    ALG_ROWS, SOL_ALG,
    "the kernel's [crypto documentation](https://docs.kernel.org/crypto/userspace-if.html)";

    /// The key, as long as the algorithm wants it. EBUSY once operations are under way.
    AlgSetKey = "ALG_SET_KEY" libc::ALG_SET_KEY, ALG, set(&'a [u8], RawBytes);
    /// The key by its serial number in the kernel's keyring (keyrings(7)).
    AlgSetKeyBySerial = "ALG_SET_KEY_BY_KEY_SERIAL" libc::ALG_SET_KEY_BY_KEY_SERIAL, ALG,
        set(i32, Int);
    /// How many bytes an authentication tag has.
    AlgSetAeadAuthSize = "ALG_SET_AEAD_AUTHSIZE" libc::ALG_SET_AEAD_AUTHSIZE, ALG,
        set(u32, LengthAlone);
    /// Entropy for a random number generator under test. EACCES without `CAP_SYS_ADMIN`.
    AlgSetDrbgEntropy = "ALG_SET_DRBG_ENTROPY" libc::ALG_SET_DRBG_ENTROPY, ALG,
        set(&'a [u8], RawBytes);
}

options! {
    CAN_ROWS, SOL_CAN_RAW,
    "the kernel's [CAN documentation](https://docs.kernel.org/networking/can.html)";

    /// Which error frames arrive: `CAN_ERR_…` bits of linux/can/error.h.
    CanRawErrFilter = "CAN_RAW_ERR_FILTER" libc::CAN_RAW_ERR_FILTER, CAN, get_set(u32, Uint);
    /// Whether frames of CAN FD may be sent and arrive.
    CanRawFdFrames = "CAN_RAW_FD_FRAMES" libc::CAN_RAW_FD_FRAMES, CAN, get_set(bool, Flag);
    /// Which frames arrive: an array of `struct can_filter`, as bytes.
    CanRawFilter = "CAN_RAW_FILTER" libc::CAN_RAW_FILTER, CAN,
        get(Bytes<512>, Bytes<512>), set(&'a [u8], RawBytes);
    /// Whether a frame must pass every filter, or one.
    CanRawJoinFilters = "CAN_RAW_JOIN_FILTERS" libc::CAN_RAW_JOIN_FILTERS, CAN,
        get_set(bool, Flag);
    /// Whether frames that it sends reach the other sockets of this host.
    CanRawLoopback = "CAN_RAW_LOOPBACK" libc::CAN_RAW_LOOPBACK, CAN, get_set(bool, Flag);
    /// Whether frames that it sends come back to itself.
    CanRawRecvOwnMsgs = "CAN_RAW_RECV_OWN_MSGS" libc::CAN_RAW_RECV_OWN_MSGS, CAN,
        get_set(bool, Flag);
    /// Whether frames of CAN XL may be sent and arrive.
    CanRawXlFrames = "CAN_RAW_XL_FRAMES" libc::CAN_RAW_XL_FRAMES, CAN, get_set(bool, Flag);
}

// XDP_UMEM_REG is not here: it hands memory to the kernel for good, which no safe call can.
options! {
    XDP_ROWS, SOL_XDP,
    "the kernel's [AF_XDP documentation](https://docs.kernel.org/networking/af_xdp.html)";

    /// Where the rings have their parts (`struct xdp_mmap_offsets`).
    XdpMmapOffsets = "XDP_MMAP_OFFSETS" libc::XDP_MMAP_OFFSETS, XDP, get(Bytes<128>, Bytes<128>);
    /// What is in use: 1 for no copies.
    XdpOptions = "XDP_OPTIONS" libc::XDP_OPTIONS, XDP, get(u32, Uint);
    /// How many packets the receive ring has, a power of two.
    XdpRxRing = "XDP_RX_RING" libc::XDP_RX_RING, XDP, set(u32, Uint);
    /// What was dropped and why (`struct xdp_statistics`).
    XdpStatistics = "XDP_STATISTICS" libc::XDP_STATISTICS, XDP, get(Bytes<48>, Bytes<48>);
    /// How many packets the transmit ring has, a power of two.
    XdpTxRing = "XDP_TX_RING" libc::XDP_TX_RING, XDP, set(u32, Uint);
    /// How many packets the completion ring has, a power of two.
    XdpUmemCompletionRing = "XDP_UMEM_COMPLETION_RING" libc::XDP_UMEM_COMPLETION_RING, XDP,
        set(u32, Uint);
    /// How many packets the fill ring has, a power of two.
    XdpUmemFillRing = "XDP_UMEM_FILL_RING" libc::XDP_UMEM_FILL_RING, XDP, set(u32, Uint);
}
