//! Numbers of the kernel's interface that the libc crate does not name, each with its header.

use std::ffi::c_int;

// include/linux/socket.h of the kernel; no header for user space has them.
/// The security label of the sender (SO_PASSSEC).
pub(crate) const SCM_SECURITY: c_int = 3;
/// A descriptor of the sending process (SO_PASSPIDFD).
pub(crate) const SCM_PIDFD: c_int = 4;

// linux/errqueue.h
/// The completion of sends with MSG_ZEROCOPY.
pub(crate) const SO_EE_ORIGIN_ZEROCOPY: u8 = 5;
/// A packet with a transmission time (SCM_TXTIME) that was dropped.
pub(crate) const SO_EE_ORIGIN_TXTIME: u8 = 6;
/// In `ee_code` of a zero-copy completion: the kernel copied after all.
pub(crate) const SO_EE_CODE_ZEROCOPY_COPIED: u8 = 1;

// linux/vm_sockets.h
/// The level of vsock options and control messages.
pub(crate) const SOL_VSOCK: c_int = 287;
/// A message of the error queue.
pub(crate) const VSOCK_RECVERR: c_int = 1;
/// Options of vsock, at level AF_VSOCK.
pub(crate) const SO_VM_SOCKETS_BUFFER_SIZE: c_int = 0;
pub(crate) const SO_VM_SOCKETS_BUFFER_MIN_SIZE: c_int = 1;
pub(crate) const SO_VM_SOCKETS_BUFFER_MAX_SIZE: c_int = 2;
/// The one whose `struct timeval` is the C library's own.
pub(crate) const SO_VM_SOCKETS_CONNECT_TIMEOUT: c_int =
    if size_of::<libc::time_t>() == size_of::<libc::c_long>() {
        6
    } else {
        8
    };

// linux/in.h
pub(crate) const IP_RECVERR_RFC4884: c_int = 26;
pub(crate) const IP_LOCAL_PORT_RANGE: c_int = 51;
pub(crate) const IP_PROTOCOL: c_int = 52;

// linux/in6.h
pub(crate) const IPV6_RECVERR_RFC4884: c_int = 31;

// linux/icmp.h
pub(crate) const ICMP_FILTER: c_int = 1;

// linux/icmpv6.h
pub(crate) const ICMPV6_FILTER: c_int = 1;

// linux/tcp.h
pub(crate) const TCP_TX_DELAY: c_int = 37;
pub(crate) const TCP_IS_MPTCP: c_int = 43;
pub(crate) const TCP_RTO_MAX_MS: c_int = 44;
pub(crate) const TCP_RTO_MIN_US: c_int = 45;
pub(crate) const TCP_DELACK_MAX_US: c_int = 46;

// asm-generic/socket.h; SPARC and PA-RISC have numbers of their own.
pub(crate) const SO_RCVPRIORITY: c_int = 82;
pub(crate) const SO_PASSRIGHTS: c_int = 83;
pub(crate) const SO_INQ: c_int = 84;
