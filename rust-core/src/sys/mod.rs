//! Everything unsafe: one thin safe function per system call, native addresses, control messages.
//!
//! Nothing here retries, waits or judges. A function gives what the kernel gave, as a value or as
//! an [`Errno`]; the files above decide what that means.
//!
//! [`Errno`]: crate::Errno

pub(crate) mod bare;
pub(crate) mod call;
pub(crate) mod control;
pub(crate) mod file;
pub(crate) mod gate;
pub(crate) mod inherit;
pub(crate) mod interface;
pub(crate) mod missing;
pub(crate) mod mmsg;
pub(crate) mod option;
#[cfg(feature = "tokio")]
pub(crate) mod reactor;
pub(crate) mod resolve;
pub(crate) mod signal;
pub(crate) mod sockaddr;
pub(crate) mod stable;
pub(crate) mod transfer;
pub(crate) mod wake;

use std::ffi::{CStr, c_char};

/// The calling thread's `errno`.
#[inline]
pub(crate) fn errno() -> i32 {
    // SAFETY: errno(3): "errno is thread-local", so the pointer is valid for this thread's life.
    unsafe { *libc::__errno_location() }
}

/// The monotonic clock, in nanoseconds since its own beginning.
///
/// `Instant` and the arithmetic of `Duration` can panic, and C calls the timed verbs from signal
/// handlers and cancels threads in them: nothing on their way may have a path that unwinds.
pub(crate) fn monotonic() -> u64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: clock_gettime(2) fills the timespec; every Linux has CLOCK_MONOTONIC.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    let seconds = now.tv_sec.unsigned_abs().saturating_mul(1_000_000_000);
    seconds.saturating_add(now.tv_nsec.unsigned_abs())
}

/// The text of an error number, written into `text`.
pub(crate) fn strerror(number: i32, text: &mut [u8; 128]) -> &str {
    // SAFETY: strerror_r(3), XSI: writes at most `buflen` bytes, NUL included, into `buf`.
    let failed =
        unsafe { libc::strerror_r(number, text.as_mut_ptr().cast::<c_char>(), text.len()) };
    if failed != 0 && failed != libc::EINVAL {
        return "Unknown error";
    }
    CStr::from_bytes_until_nul(text)
        .ok()
        .and_then(|s| s.to_str().ok())
        .unwrap_or("Unknown error")
}

/// The text of an `EAI_…` code.
pub(crate) fn gai_strerror(code: i32) -> &'static str {
    // SAFETY: gai_strerror(3) takes any number and returns a static string.
    let text = unsafe { CStr::from_ptr(libc::gai_strerror(code)) };
    text.to_str().unwrap_or("Unknown resolver error")
}
