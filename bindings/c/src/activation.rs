//! Sockets that a service manager opened and handed over, see sd_listen_fds(3).

use std::ffi::{OsStr, c_char, c_uint};
use std::os::unix::ffi::OsStrExt;

use libc::ssize_t;
use rsocket::{Activation, Errno};

use crate::address::Text;
use crate::support::{Answer, Code, Result, guard, text};
use crate::types::rsocket_endpoint;

fn activation() -> Result<Activation> {
    Activation::from_env()?.ok_or(Code::errno(Errno::ENOENT))
}

/// The name of the descriptor number `index`, from 0 on, of those that were handed over: by
/// LISTEN_FDNAMES, or "unknown". rsocket_listen() takes a socket by its name from
/// `activation:name`, once.
///
/// Writes to `buf` as snprintf(3) does, always NUL-terminated where `cap` is not 0; 256 bytes hold
/// every name.
///
/// Returns the length of the whole name. Errors: `-ENOENT` behind the last one, and where this
/// process was not activated; `-EINVAL` for malformed variables, `-EFAULT` for NULL.
///
/// MT-safe as long as nobody changes the environment. Not async-signal-safe. Not a cancellation
/// point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_activation_name(
    index: c_uint,
    buf: *mut c_char,
    cap: usize,
) -> ssize_t {
    guard(|| {
        let mut out = Text::new(buf, cap)?;
        let activation = activation()?;
        let name = activation
            .names()
            .nth(index as usize)
            .ok_or(Code::errno(Errno::ENOENT))?;
        out.bytes(name.as_bytes());
        Ok(out.len)
    })
    .answer()
}

/// Takes a descriptor that was handed over under `name`, socket or not; each can be taken once.
///
/// Returns the descriptor, close-on-exec. Errors: `-ENOENT` where none of that name is left, and
/// where this process was not activated; `-EINVAL` for malformed variables, `-EFAULT` for NULL,
/// `-EMFILE`.
///
/// MT-safe as long as nobody changes the environment. Not async-signal-safe. Not a cancellation
/// point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_activation_take(name: *const c_char) -> rsocket_endpoint {
    guard(|| {
        let name = OsStr::from_bytes(text(name)?);
        Ok(activation()?.take_fd(name)?)
    })
    .answer()
}
