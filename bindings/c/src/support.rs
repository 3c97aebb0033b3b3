//! What every function needs: C's arguments checked, errors as numbers, panics stopped at the edge.
//!
//! What a C caller promises, and the SAFETY notes of this crate lean on: a pointer is null or
//! points to as many objects as the length beside it says (one where there is none), readable, or
//! writable where it is not `const`, and nobody else writes to them during the call.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::time::Duration;

use libc::ssize_t;
use rsocket::{Deadline, Errno, Error, Partial, Wait, fd};

/// A negative result: minus an error number, or an `EAI_...` code below -3000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(c_int);

/// Where the `EAI_...` codes of getaddrinfo(3) are put: all of them are negative on Linux.
pub(crate) const EAI_BASE: c_int = -3000;

impl Code {
    pub(crate) const fn errno(errno: Errno) -> Self {
        Code(-errno.raw())
    }
}

impl From<Errno> for Code {
    fn from(errno: Errno) -> Self {
        Code::errno(errno)
    }
}

impl From<Error> for Code {
    fn from(error: Error) -> Self {
        match error {
            Error::Resolve(error) => Code(EAI_BASE.saturating_add(error.code())),
            other => Code::errno(other.errno()),
        }
    }
}

impl From<Partial> for Code {
    fn from(partial: Partial) -> Self {
        partial.error.into()
    }
}

pub(crate) type Result<T> = std::result::Result<T, Code>;

/// Leaves `errno` equal to the error that is returned.
#[cold]
#[inline(never)]
fn fail(code: Code) -> c_int {
    set_errno(code.0.saturating_neg());
    code.0
}

pub(crate) fn errno() -> c_int {
    Errno::last().raw()
}

pub(crate) fn set_errno(number: c_int) {
    // SAFETY: errno(3): errno is thread-local, so the pointer is valid for this thread's life.
    unsafe { *libc::__errno_location() = number };
}

/// A result as C has it: not negative, or minus an error number.
pub(crate) trait Answer {
    type C;
    fn answer(self) -> Self::C;
}

impl Answer for Result<()> {
    type C = c_int;

    #[inline]
    fn answer(self) -> c_int {
        match self {
            Ok(()) => 0,
            Err(code) => fail(code),
        }
    }
}

impl Answer for Result<c_int> {
    type C = c_int;

    #[inline]
    fn answer(self) -> c_int {
        match self {
            Ok(value) => value,
            Err(code) => fail(code),
        }
    }
}

impl Answer for Result<OwnedFd> {
    type C = c_int;

    #[inline]
    fn answer(self) -> c_int {
        match self {
            Ok(fd) => fd.into_raw_fd(),
            Err(code) => fail(code),
        }
    }
}

impl Answer for Result<usize> {
    type C = ssize_t;

    #[inline]
    fn answer(self) -> ssize_t {
        match self {
            Ok(len) => len as ssize_t,
            Err(code) => fail(code) as ssize_t,
        }
    }
}

/// Runs what may have a path that panics; a panic ends here, as ENOTRECOVERABLE.
///
/// Cancellation waits until the end: pthread_cancel(3) unwinds the stack, and neither catch_unwind
/// nor a frame that owns a descriptor may be unwound so.
pub(crate) fn guard<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    let _deferred = Uncancelled::new();
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Code::errno(Errno::ENOTRECOVERABLE)))
}

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, previous: *mut c_int) -> c_int;
}

/// `PTHREAD_CANCEL_DISABLE`, which libc does not name; the same in glibc and musl.
const PTHREAD_CANCEL_DISABLE: c_int = 1;

struct Uncancelled {
    previous: c_int,
}

impl Uncancelled {
    fn new() -> Self {
        let mut previous = 0;
        // SAFETY: pthread_setcancelstate(3) writes the previous state through the pointer.
        unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &raw mut previous) };
        Uncancelled { previous }
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        let mut ignored = 0;
        // SAFETY: as above; the state is one that it gave.
        unsafe { pthread_setcancelstate(self.previous, &raw mut ignored) };
    }
}

/// A descriptor that C lends for one call.
#[inline]
pub(crate) fn borrow<'fd>(fd: c_int) -> Result<BorrowedFd<'fd>> {
    if fd < 0 {
        return Err(Code::errno(Errno::EBADF));
    }
    // SAFETY: not -1. That it stays open during the call is as true as for the system call of the
    // same name: the kernel checks the number and answers EBADF.
    Ok(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// [`borrow`] for a call that is made at once: the kernel itself turns down what is no descriptor.
#[inline(always)]
pub(crate) fn lent<'fd>(fd: c_int) -> Option<BorrowedFd<'fd>> {
    if fd == -1 {
        return None;
    }
    // SAFETY: not -1; otherwise as `borrow`.
    Some(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Writes arguments to the stack, here and now, for the way on behind a first try. Otherwise they
/// are kept in registers across its system call, which every call would have to save and restore
/// for the few that go on; for the same reason a call that reads them again does so by [`again`].
macro_rules! keep {
    ($place:ident, $type:ident { $($field:ident),+ $(,)? }) => {{
        let kept = $place.as_mut_ptr();
        // SAFETY: `kept` points to room for it, and every field is written.
        let kept = unsafe {
            $((&raw mut (*kept).$field).write_volatile($field);)+
            $place.assume_init_ref()
        };
        // Every field, or this does not compile.
        let $type { $($field: _),+ } = kept;
        kept
    }};
}
pub(crate) use keep;

/// Reads a field of what was kept from the stack.
#[inline(always)]
pub(crate) fn again<T: Copy>(field: &T) -> T {
    // SAFETY: a reference is readable.
    unsafe { (&raw const *field).read_volatile() }
}

/// Bytes that C wants filled.
#[inline]
pub(crate) fn room<'a>(buf: *mut c_void, len: usize) -> Result<&'a mut [MaybeUninit<u8>]> {
    if buf.is_null() {
        return if len == 0 {
            Ok(&mut [])
        } else {
            Err(Code::errno(Errno::EFAULT))
        };
    }
    if len > isize::MAX as usize {
        return Err(Code::errno(Errno::EINVAL));
    }
    // SAFETY: the caller's promise (see the head of this file); at most isize::MAX bytes.
    Ok(unsafe { slice::from_raw_parts_mut(buf.cast(), len) })
}

/// Objects that C hands in, read-only.
#[inline]
pub(crate) fn objects<'a, T>(pointer: *const T, len: usize) -> Result<&'a [T]> {
    if pointer.is_null() {
        return if len == 0 {
            Ok(&[])
        } else {
            Err(Code::errno(Errno::EFAULT))
        };
    }
    if len > isize::MAX as usize / size_of::<T>() {
        return Err(Code::errno(Errno::EINVAL));
    }
    // SAFETY: the caller's promise (see the head of this file); at most isize::MAX bytes.
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

/// Objects that C hands in, to be read and changed.
#[inline]
pub(crate) fn objects_mut<'a, T>(pointer: *mut T, len: usize) -> Result<&'a mut [T]> {
    objects(pointer.cast_const(), len)?;
    if pointer.is_null() {
        return Ok(&mut []);
    }
    // SAFETY: the caller's promise (see the head of this file); `objects` has checked the length.
    Ok(unsafe { slice::from_raw_parts_mut(pointer, len) })
}

/// Bytes that C hands in.
#[inline]
pub(crate) fn bytes<'a>(buf: *const c_void, len: usize) -> Result<&'a [u8]> {
    objects(buf.cast(), len)
}

/// One object that C hands in, to be read and changed.
#[inline]
pub(crate) fn object<'a, T>(pointer: *mut T) -> Result<&'a mut T> {
    // SAFETY: the caller's promise: null or one writable object.
    unsafe { pointer.as_mut() }.ok_or(Code::errno(Errno::EFAULT))
}

/// A C string.
pub(crate) fn text<'a>(pointer: *const c_char) -> Result<&'a [u8]> {
    if pointer.is_null() {
        return Err(Code::errno(Errno::EFAULT));
    }
    // SAFETY: not null; the caller's promise is a NUL-terminated string.
    Ok(unsafe { CStr::from_ptr(pointer) }.to_bytes())
}

/// Writes through a pointer that may be null.
#[inline]
pub(crate) fn put<T>(pointer: *mut T, value: T) {
    if !pointer.is_null() {
        // SAFETY: not null; the caller's promise is one writable object.
        unsafe { pointer.write(value) };
    }
}

/// poll(2)'s timeout as a waiting policy: milliseconds, -1 for ever, 0 without waiting.
///
/// The clock is read when there is something to wait for: a call that finds data or room makes one
/// system call and nothing else.
pub(crate) struct Timeout {
    milliseconds: c_int,
    tries_first: bool,
    deadline: Cell<Option<Deadline>>,
}

impl Timeout {
    #[inline]
    pub(crate) fn new(milliseconds: c_int) -> Result<Self> {
        if milliseconds < -1 {
            return Err(Code::errno(Errno::EINVAL));
        }
        Ok(Timeout {
            milliseconds,
            tries_first: true,
            deadline: Cell::new(None),
        })
    }

    /// Counts from now, for an operation of several steps.
    #[inline]
    pub(crate) fn started(self) -> Self {
        self.deadline();
        self
    }

    /// For an operation that has been tried once.
    #[inline]
    pub(crate) fn after_a_try(milliseconds: c_int) -> Result<Self> {
        let timeout = Self::new(milliseconds)?;
        Ok(Timeout {
            tries_first: false,
            ..timeout
        })
    }
}

/// Ends the operation where its first try has shown an error that time does not change.
pub(crate) fn may_go_on(tried: Errno, waits: bool) -> Result<()> {
    match tried {
        Errno::EINTR => Ok(()),
        Errno::EAGAIN if waits => Ok(()),
        errno => Err(errno.into()),
    }
}

impl Wait for Timeout {
    #[inline]
    fn deadline(&self) -> Option<Deadline> {
        if self.deadline.get().is_none() {
            let deadline = match u64::try_from(self.milliseconds) {
                Ok(milliseconds) => Deadline::after(Duration::from_millis(milliseconds)),
                Err(_) => Deadline::NEVER,
            };
            self.deadline.set(Some(deadline));
        }
        self.deadline.get()
    }

    #[inline]
    fn tries_first(&self) -> bool {
        self.tries_first
    }
}

/// Refuses bits that mean nothing here, so that they can mean something one day.
#[inline]
pub(crate) fn known(flags: c_uint, known: c_uint) -> Result<()> {
    if flags & !known == 0 {
        Ok(())
    } else {
        Err(Code::errno(Errno::EINVAL))
    }
}

/// Clears close-on-exec where the caller asked for it.
pub(crate) fn inherit(endpoint: OwnedFd, inherit: bool) -> Result<OwnedFd> {
    if inherit {
        fd::set_inheritable(endpoint.as_fd(), true)?;
    }
    Ok(endpoint)
}
