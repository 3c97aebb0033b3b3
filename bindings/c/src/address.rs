//! Addresses: by value, as the kernel has them, and their text.

use std::ffi::{c_char, c_int, c_void};
use std::fmt::{self, Write};
use std::mem::MaybeUninit;

use libc::{sa_family_t, sockaddr, sockaddr_storage, socklen_t, ssize_t};
use rsocket::fd::{self, NativeName};
use rsocket::{Address, Errno, Error};

use crate::support::{Answer, Code, Result, borrow, bytes, guard, room, text};
use crate::types::{rsocket_addr, rsocket_endpoint};

/// An address that C hands in.
#[inline]
pub(crate) fn read<'a>(addr: *const rsocket_addr) -> Result<&'a Address> {
    if addr.is_null() {
        return Err(Code::errno(Errno::EFAULT));
    }
    // SAFETY: not null; the caller's promise is one readable object. Its length is checked first,
    // and `Address` promises the layout of `rsocket_addr`, any bytes of which it takes.
    unsafe {
        if (*addr).len as usize > size_of::<sockaddr_storage>() {
            return Err(Code::errno(Errno::EINVAL));
        }
        Ok(&*addr.cast::<Address>())
    }
}

/// An address that C wants written, or null; says "none" until then.
#[inline]
pub(crate) fn written<'a>(addr: *mut rsocket_addr) -> Option<&'a mut Address> {
    if addr.is_null() {
        return None;
    }
    // SAFETY: not null; the caller's promise is one writable object, whose length is valid from
    // here on. `Address` promises the layout of `rsocket_addr`.
    unsafe {
        (&raw mut (*addr).len).write(0);
        Some(&mut *addr.cast::<Address>())
    }
}

/// [`written`] for a system call that is made at once: the memory, and its room in bytes. Behind a
/// call that succeeded comes [`shortened`], behind one that failed `written`.
#[inline(always)]
pub(crate) fn fillable<'a>(addr: *mut rsocket_addr) -> Option<NativeName<'a>> {
    if addr.is_null() {
        return None;
    }
    // SAFETY: not null; the caller's promise is one writable object, whose length is written before
    // it is lent.
    unsafe {
        let len = &raw mut (*addr).len;
        len.write(size_of::<sockaddr_storage>() as socklen_t);
        Some((&mut *(&raw mut (*addr).ss).cast(), &mut *len))
    }
}

/// Cuts the length that the kernel gave to what there is, as accept(2) says that it may be more.
#[inline(always)]
pub(crate) fn shortened(addr: *mut rsocket_addr) {
    const ROOM: socklen_t = size_of::<sockaddr_storage>() as socklen_t;
    // SAFETY: not null, for `fillable` lent it; the kernel has written the length.
    unsafe {
        if (*addr).len > ROOM {
            (*addr).len = ROOM;
        }
    }
}

/// [`written`], where null is an error.
fn out<'a>(addr: *mut rsocket_addr) -> Result<&'a mut Address> {
    written(addr).ok_or(Code::errno(Errno::EFAULT))
}

/// Reads the text of an address: `127.0.0.1:80`, `[fe80::1%eth0]:80`, `unix:/run/x.sock`,
/// `unix-abstract:name`, `unix-unnamed:`, `netlink:?pid=1`, `vsock:2:1234`, `packet:eth0`; see
/// librsocket(7). Numbers only: rsocket_listen() and rsocket_connect() take host names.
///
/// Returns 0; on an error `addr` is no address. Errors: `-EINVAL` for malformed text,
/// `-ENAMETOOLONG` for a Unix-domain name of more than 107 bytes, `-EFAULT` for NULL.
///
/// MT-safe. Not async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_addr_parse(addr: *mut rsocket_addr, text: *const c_char) -> c_int {
    let parse = || -> Result<()> {
        let addr = out(addr)?;
        *addr = Address::parse(self::text(text)?)?;
        Ok(())
    };
    guard(parse).answer()
}

/// Takes a native address over, as getaddrinfo(3) or getifaddrs(3) give it.
///
/// Returns 0; on an error `addr` is no address. Errors: `-EINVAL` for more than 128 bytes or fewer
/// than the family field has, `-EFAULT` for NULL.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_addr_from(
    addr: *mut rsocket_addr,
    sa: *const sockaddr,
    len: socklen_t,
) -> c_int {
    let from = || -> Result<()> {
        let addr = out(addr)?;
        let native = bytes(sa.cast::<c_void>(), len as usize)?;
        if native.len() < size_of::<sa_family_t>() || native.len() > size_of::<sockaddr_storage>() {
            return Err(Code::errno(Errno::EINVAL));
        }
        *addr = Address::from_bytes(native)?;
        Ok(())
    };
    from().answer()
}

/// Makes a Unix-domain address of `len` bytes: a path, or, where the first byte is NUL, the name
/// behind it in Linux's abstract namespace. Any bytes; nothing is escaped.
///
/// Returns 0; on an error `addr` is no address. Errors: `-EINVAL` for an empty path or one with a
/// NUL byte inside, `-ENAMETOOLONG` beyond 107 bytes, `-EFAULT` for NULL.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_addr_unix(
    addr: *mut rsocket_addr,
    name: *const c_char,
    len: usize,
) -> c_int {
    use std::os::unix::ffi::OsStrExt;
    let unix = || -> Result<()> {
        let addr = out(addr)?;
        *addr = match bytes(name.cast::<c_void>(), len)? {
            [0, name @ ..] => Address::unix_abstract(name)?,
            path => Address::unix(std::ffi::OsStr::from_bytes(path))?,
        };
        Ok(())
    };
    guard(unix).answer()
}

/// Writes the text of an address to `buf`, always NUL-terminated where `cap` is not 0, as
/// snprintf(3) does: rsocket_addr_parse() reads it back.
///
/// Returns the length of the whole text without its NUL, so that a result of `cap` or more means
/// that it was cut; 110 bytes hold every internet address, 512 any address. Errors: `-EFAULT` for
/// NULL, `-EINVAL` for an address of more than 128 bytes.
///
/// MT-safe. Not async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_addr_format(
    addr: *const rsocket_addr,
    buf: *mut c_char,
    cap: usize,
) -> ssize_t {
    guard(|| {
        let addr = read(addr)?;
        let mut text = Text::new(buf, cap)?;
        text.show(addr);
        Ok(text.len)
    })
    .answer()
}

/// The local address of an endpoint, as getsockname(2) tells it.
///
/// Returns 0; on an error `addr` is no address. Errors: `-EFAULT` for NULL, `-EBADF`, `-ENOTSOCK`
/// and the others of getsockname(2).
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_addr_local(
    fd: rsocket_endpoint,
    addr: *mut rsocket_addr,
) -> c_int {
    let local = || -> Result<()> {
        let addr = out(addr)?;
        Ok(fd::local_address_into(borrow(fd)?, addr)?)
    };
    local().answer()
}

/// The address of an endpoint's peer, as getpeername(2) tells it.
///
/// Returns 0; on an error `addr` is no address. Errors: `-ENOTCONN`, `-EFAULT` for NULL, `-EBADF`,
/// `-ENOTSOCK` and the others of getpeername(2).
///
/// MT-safe, async-signal-safe. Not a cancellation point.
///
/// cbindgen:postfix=RSOCKET_MUST_CHECK RSOCKET_FD(1)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_addr_peer(fd: rsocket_endpoint, addr: *mut rsocket_addr) -> c_int {
    let peer = || -> Result<()> {
        let addr = out(addr)?;
        Ok(fd::peer_address_into(borrow(fd)?, addr)?)
    };
    peer().answer()
}

/// Whether two addresses mean the same, padding and all aside.
///
/// Returns 1 or 0. Errors: `-EFAULT` for NULL, `-EINVAL` for an address of more than 128 bytes.
///
/// MT-safe. Not async-signal-safe. Not a cancellation point.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_addr_equal(
    one: *const rsocket_addr,
    other: *const rsocket_addr,
) -> c_int {
    guard(|| Ok(c_int::from(read(one)? == read(other)?))).answer()
}

/// The port of an internet address, in host order.
///
/// Returns 0 to 65535. Errors: `-EAFNOSUPPORT` for another family, `-EFAULT` for NULL, `-EINVAL`
/// for an address of more than 128 bytes.
///
/// MT-safe, async-signal-safe. Not a cancellation point.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rsocket_addr_port(addr: *const rsocket_addr) -> c_int {
    let port = || -> Result<c_int> {
        Ok(read(addr)?
            .port()
            .ok_or(Error::WrongFamily)
            .map(c_int::from)?)
    };
    port().answer()
}

/// Text into a C buffer as snprintf(3) writes it: cut where it is full, counted to its end.
pub(crate) struct Text<'a> {
    buf: &'a mut [MaybeUninit<u8>],
    pub(crate) len: usize,
}

impl Text<'_> {
    pub(crate) fn new(buf: *mut c_char, cap: usize) -> Result<Self> {
        let mut text = Text {
            buf: room(buf.cast::<c_void>(), cap)?,
            len: 0,
        };
        text.terminate();
        Ok(text)
    }

    pub(crate) fn show(&mut self, value: &impl fmt::Display) {
        // `write_str` below never fails.
        let _written: fmt::Result = write!(self, "{value}");
    }

    /// Bytes that need not be text.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for (slot, byte) in self.buf.iter_mut().skip(self.len).zip(bytes) {
            slot.write(*byte);
        }
        self.len = self.len.saturating_add(bytes.len());
        self.terminate();
    }

    fn terminate(&mut self) {
        let last = self.buf.len().saturating_sub(1);
        if let Some(nul) = self.buf.get_mut(self.len.min(last)) {
            nul.write(0);
        }
    }
}

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}
