//! The kernel's own address memory: `sockaddr_storage` with the length that counts.

use std::mem::MaybeUninit;
use std::slice;

use libc::{sockaddr, sockaddr_storage, socklen_t};

use crate::address::Address;
use crate::errno::Errno;

/// As many bytes as any address of the kernel has.
pub(crate) const CAPACITY: usize = size_of::<sockaddr_storage>();

/// A native address as it goes to and comes from the kernel.
///
/// Invariant: the first `len` bytes of `storage` are initialised, and `len <= CAPACITY`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct SockAddr {
    storage: MaybeUninit<sockaddr_storage>,
    len: socklen_t,
}

/// A C address structure: plain integers and bytes, no padding that matters, any bits are valid.
///
/// # Safety
/// The type is `#[repr(C)]`, holds integers only, has no padding bytes and is no larger than
/// `sockaddr_storage`.
pub(crate) unsafe trait Native: Copy {}

// SAFETY: integers only, 16 bytes without padding (ip(7)).
unsafe impl Native for libc::sockaddr_in {}
// SAFETY: integers only, 28 bytes without padding (ipv6(7)).
unsafe impl Native for libc::sockaddr_in6 {}
// SAFETY: integers only, 12 bytes without padding (netlink(7)).
unsafe impl Native for libc::sockaddr_nl {}
// SAFETY: integers only, 16 bytes without padding (vsock(7)).
unsafe impl Native for libc::sockaddr_vm {}
// SAFETY: integers only, 20 bytes without padding (packet(7)).
unsafe impl Native for libc::sockaddr_ll {}

impl SockAddr {
    /// An address of length 0; the storage is not touched.
    #[inline]
    pub(crate) const fn empty() -> Self {
        SockAddr {
            storage: MaybeUninit::uninit(),
            len: 0,
        }
    }

    /// [`SockAddr::empty`] for a system call to fill: a constant is copied whole, and its storage
    /// would be zeroed for that.
    #[inline]
    pub(crate) fn room() -> Self {
        let mut address = MaybeUninit::<Self>::uninit();
        // SAFETY: `storage` may stay uninitialised, and `len` is written.
        unsafe {
            (&raw mut (*address.as_mut_ptr()).len).write(0);
            address.assume_init()
        }
    }

    /// A copy of `bytes`, or `None` where they are more than any address has.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > CAPACITY {
            return None;
        }
        let mut address = Self::room();
        // SAFETY: `bytes` has at most CAPACITY bytes, the size of `storage`; the two do not overlap.
        unsafe {
            let storage = address.storage.as_mut_ptr().cast::<u8>();
            storage.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        address.len = bytes.len() as socklen_t;
        Some(address)
    }

    /// The whole of a C structure.
    #[inline]
    pub(crate) fn from_native<T: Native>(native: &T) -> Self {
        let mut address = Self::room();
        // SAFETY: `Native` promises at most CAPACITY bytes without padding, so the copy is in
        // bounds and initialises `size_of::<T>()` bytes; sockaddr_storage is aligned for all.
        unsafe { address.storage.as_mut_ptr().cast::<T>().write(*native) };
        address.len = size_of::<T>() as socklen_t;
        address
    }

    /// The address read as a C structure, or `None` where it is shorter than that.
    #[inline]
    pub(crate) fn get<T: Native>(&self) -> Option<T> {
        if self.len as usize >= size_of::<T>() {
            // SAFETY: at least `size_of::<T>()` bytes are initialised, and `Native` promises that
            // any bits are a valid T; sockaddr_storage is aligned for all.
            Some(unsafe { self.storage.as_ptr().cast::<T>().read() })
        } else {
            None
        }
    }

    /// The bytes that count.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the first `len` bytes are initialised by the type's invariant.
        unsafe { slice::from_raw_parts(self.storage.as_ptr().cast::<u8>(), self.len as usize) }
    }

    /// Where a system call reads the address from.
    #[inline]
    pub(crate) fn as_ptr(&self) -> *const sockaddr {
        self.storage.as_ptr().cast::<sockaddr>()
    }

    /// How many bytes count.
    #[inline]
    pub(crate) fn len(&self) -> socklen_t {
        self.len
    }

    /// Lets a system call fill the address: `fill` gets the memory, and its room in bytes to say
    /// there how long the address is. Where it fails there is none.
    ///
    /// # Safety
    /// A `fill` that succeeds must initialise as many bytes as it says, up to CAPACITY.
    #[inline]
    pub(crate) unsafe fn fill_with<R>(
        &mut self,
        fill: impl FnOnce(*mut sockaddr, &mut socklen_t) -> Result<R, Errno>,
    ) -> Result<R, Errno> {
        self.len = CAPACITY as socklen_t;
        let memory = self.storage.as_mut_ptr().cast::<sockaddr>();
        let result = fill(memory, &mut self.len);
        if result.is_err() {
            self.len = 0;
        } else if self.len as usize > CAPACITY {
            // accept(2): "the returned address is truncated if the buffer provided is too small; in
            // this case, addrlen will return a value greater than was supplied to the call".
            self.len = CAPACITY as socklen_t;
        }
        result
    }

    /// Says how long the address is that a system call has just written.
    ///
    /// # Safety
    /// The kernel must have written `len` bytes, or as many as fit where `len` is more.
    #[inline]
    pub(crate) unsafe fn set_len(&mut self, len: socklen_t) {
        self.len = len.min(CAPACITY as socklen_t);
    }
}

// Here and not beside the type, because it is unsafe.
impl Address {
    /// The address that stands there in native form.
    #[inline]
    pub(crate) fn of(native: &SockAddr) -> &Address {
        // SAFETY: `Address` is `repr(transparent)` over a SockAddr.
        unsafe { &*std::ptr::from_ref(native).cast::<Address>() }
    }
}
