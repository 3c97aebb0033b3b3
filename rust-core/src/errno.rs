//! The kernel's error numbers as a type of their own.

use std::ffi::CStr;
use std::fmt;
use std::io;

use crate::sys;

/// An error number of the kernel, as in [errno(3)].
///
/// Four bytes, `Copy`, compared by value. `Display` gives the text of `strerror(3)`; [`Errno::name`]
/// gives the symbol.
///
/// ```
/// use rsocket::Errno;
///
/// assert_eq!(Errno::ECONNREFUSED.name(), Some("ECONNREFUSED"));
/// assert_eq!(Errno::ECONNREFUSED.to_string(), "Connection refused");
/// assert_eq!(Errno::from_raw(104).kind(), std::io::ErrorKind::ConnectionReset);
/// ```
///
/// [errno(3)]: https://man7.org/linux/man-pages/man3/errno.3.html
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Errno(i32);

macro_rules! errnos {
    ($($name:ident)+) => {
        impl Errno {
            $(
                #[doc = concat!("`", stringify!($name), "`, see errno(3).")]
                pub const $name: Errno = Errno(libc::$name);
            )+

            /// Every named error number with its symbol, as one table.
            pub const TABLE: &'static [(Errno, &'static str)] =
                &[$((Errno(libc::$name), stringify!($name))),+];

            /// [`Errno::name`] as a C string.
            #[must_use]
            pub const fn c_name(self) -> Option<&'static CStr> {
                match self.0 {
                    $(libc::$name => {
                        const NAME: &[u8] = concat!(stringify!($name), "\0").as_bytes();
                        match CStr::from_bytes_with_nul(NAME) {
                            Ok(name) => Some(name),
                            Err(_) => None,
                        }
                    })+
                    _ => None,
                }
            }
        }
    };
}

errnos! {
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT
    ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG
    ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY
    ELOOP ENOMSG EIDRM ENOSTR ENODATA ETIME ENOSR ENOLINK EPROTO EMULTIHOP EBADMSG EOVERFLOW
    EILSEQ EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT
    ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN
    ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN
    ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EDQUOT
    ECANCELED EOWNERDEAD ENOTRECOVERABLE
}

impl Errno {
    /// The same number, unnamed ones included.
    #[must_use]
    pub const fn from_raw(number: i32) -> Self {
        Errno(number)
    }

    /// The positive number that `errno` holds.
    #[must_use]
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// The calling thread's `errno`.
    #[must_use]
    #[inline]
    pub fn last() -> Self {
        Errno(sys::errno())
    }

    /// The symbol, such as `"EAGAIN"`; `None` for a number that no table knows.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Self::TABLE
            .iter()
            .find(|(errno, _)| *errno == self)
            .map(|(_, name)| *name)
    }

    /// The [`io::ErrorKind`] that std gives this number.
    #[must_use]
    pub fn kind(self) -> io::ErrorKind {
        io::Error::from_raw_os_error(self.0).kind()
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 128];
        f.write_str(sys::strerror(self.0, &mut text))
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Errno({})", self.0),
        }
    }
}

impl std::error::Error for Errno {}

impl From<Errno> for io::Error {
    fn from(errno: Errno) -> Self {
        io::Error::from_raw_os_error(errno.0)
    }
}
