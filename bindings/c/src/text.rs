//! What went wrong, and which version this is.

use std::ffi::{CStr, c_char, c_int, c_uint};

use rsocket::{Errno, Target};

use libc::ssize_t;

use crate::address::Text;
use crate::support::{Answer, EAI_BASE, guard, text};

/// Results below this are EAI_... codes of getaddrinfo(3): RSOCKET_EAI_BASE + EAI_AGAIN says that a
/// host name could not be resolved for now.
pub const RSOCKET_EAI_BASE: c_int = -3000;
const _: () = assert!(RSOCKET_EAI_BASE == EAI_BASE);

/// The text of a result, such as "Connection refused", or of an `errno`: the sign does not matter.
///
/// Returns a string that stays valid and does not change, never NULL; "Unknown error" for a number
/// that means nothing. The text is in the language of LC_MESSAGES, as strerror(3) has it.
///
/// MT-safe, for it answers from constant tables only. Not async-signal-safe where translations are
/// loaded: rsocket_errname() is. Not a cancellation point.
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_strerror(code: c_int) -> *const c_char {
    if let Some(eai) = eai(code) {
        // SAFETY: gai_strerror(3) takes any number and returns a constant string.
        return unsafe { libc::gai_strerror(eai) };
    }
    let number = code.saturating_abs();
    if number != 0 && Errno::from_raw(number).name().is_none() {
        return c"Unknown error".as_ptr();
    }
    // SAFETY: strerror(3) takes any number; for a known one it returns a constant string (it uses a
    // buffer only for "Unknown error nnn").
    unsafe { libc::strerror(number) }
}

/// The symbol of a result, such as "ECONNREFUSED" or "EAI_AGAIN", or of an `errno`: the sign does
/// not matter. For logs that are read by programs.
///
/// Returns a constant string, never NULL; "0" for 0, "UNKNOWN" for a number that means nothing.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_errname(code: c_int) -> *const c_char {
    let name = match (eai(code), code.saturating_abs()) {
        (_, 0) => c"0",
        (Some(eai), _) => eai_name(eai),
        (None, number) => errno_name(Errno::from_raw(number)),
    };
    name.as_ptr()
}

/// The `EAI_...` code in a result; these are negative on Linux, so that none is mistaken for errno.
fn eai(code: c_int) -> Option<c_int> {
    let code = code.saturating_abs().saturating_neg();
    (code < EAI_BASE && code > EAI_BASE - 1000).then(|| code - EAI_BASE)
}

fn eai_name(eai: c_int) -> &'static CStr {
    match eai {
        libc::EAI_BADFLAGS => c"EAI_BADFLAGS",
        libc::EAI_NONAME => c"EAI_NONAME",
        libc::EAI_AGAIN => c"EAI_AGAIN",
        libc::EAI_FAIL => c"EAI_FAIL",
        libc::EAI_NODATA => c"EAI_NODATA",
        libc::EAI_FAMILY => c"EAI_FAMILY",
        libc::EAI_SOCKTYPE => c"EAI_SOCKTYPE",
        libc::EAI_SERVICE => c"EAI_SERVICE",
        libc::EAI_MEMORY => c"EAI_MEMORY",
        libc::EAI_SYSTEM => c"EAI_SYSTEM",
        libc::EAI_OVERFLOW => c"EAI_OVERFLOW",
        _ => c"UNKNOWN",
    }
}

fn errno_name(errno: Errno) -> &'static CStr {
    errno.c_name().unwrap_or(c"UNKNOWN")
}

/// Says in a sentence what is wrong with a URL that rsocket_listen() or rsocket_connect() refused,
/// such as "unix path is 131 bytes; the kernel's limit is 107".
///
/// Writes to `buf` as snprintf(3) does, always NUL-terminated where `cap` is not 0; 128 bytes hold
/// every sentence.
///
/// Returns the length of the whole sentence, 0 where the URL is well-formed. Errors: `-EFAULT` for
/// NULL.
///
/// MT-safe. Not async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_url_why(
    url: *const c_char,
    buf: *mut c_char,
    cap: usize,
) -> ssize_t {
    guard(|| {
        let mut why = Text::new(buf, cap)?;
        if let Err(error) = Target::parse(text(url)?) {
            why.show(&error);
        }
        Ok(why.len)
    })
    .answer()
}

/// The version of the library that runs, as RSOCKET_VERSION is that of the header.
///
/// Returns major << 16 | minor << 8 | patch.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_version() -> c_uint {
    VERSION
}

/// The version of the library that runs as text, such as "0.1.0".
///
/// Returns a constant string.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
#[unsafe(no_mangle)]
pub extern "C" fn rsocket_version_string() -> *const c_char {
    const TEXT: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    TEXT.as_ptr().cast()
}

/// A decimal number of the version.
const fn part(text: &str) -> c_uint {
    let (bytes, mut number, mut index) = (text.as_bytes(), 0, 0);
    while index < bytes.len() {
        number = number * 10 + (bytes[index] - b'0') as c_uint;
        index += 1;
    }
    number
}

const VERSION: c_uint = part(env!("CARGO_PKG_VERSION_MAJOR")) << 16
    | part(env!("CARGO_PKG_VERSION_MINOR")) << 8
    | part(env!("CARGO_PKG_VERSION_PATCH"));
