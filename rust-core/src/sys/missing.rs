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
