//! A thread that may do no more than any user.
#![allow(
    dead_code,
    unreachable_pub,
    unsafe_code,
    clippy::unwrap_used,
    reason = "each test file uses its own part of it; capset has no safe form"
)]

use std::thread;

/// linux/capability.h
const VERSION_3: u32 = 0x2008_0522;

/// Runs `test` in a thread without capabilities: capabilities(7), "per-thread attribute".
pub fn without_capabilities<R: Send>(test: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // struct __user_cap_header_struct, and two of __user_cap_data_struct.
            let header = [VERSION_3, 0];
            let none = [0u32; 6];
            // SAFETY: capset(2) reads the header and, in version 3, two sets of three masks.
            let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) };
            assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
            test()
        });
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
