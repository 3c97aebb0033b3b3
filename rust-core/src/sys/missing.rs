//! Numbers of the kernel's interface that the libc crate does not name, each with its header.

use std::ffi::c_int;

// include/linux/socket.h of the kernel; no header for user space has it.
/// A descriptor of the sending process (SO_PASSPIDFD).
pub(crate) const SCM_PIDFD: c_int = 4;
