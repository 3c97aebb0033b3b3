//! The resolver of the C library: getaddrinfo(3) and getnameinfo(3).

use std::ffi::CStr;
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::slice;

use libc::{addrinfo, c_char, c_int, socklen_t};

use super::errno;
use super::sockaddr::{CAPACITY, SockAddr};

/// `NI_MAXSERV` of netdb.h.
const SERVICE_CAPACITY: usize = 32;
const HOST_CAPACITY: usize = libc::NI_MAXHOST as usize;

/// Why the resolver gave nothing: an `EAI_…` code, or the errno behind EAI_SYSTEM.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    Code(c_int),
    System(i32),
}

fn check(code: c_int) -> Result<(), Failure> {
    match code {
        0 => Ok(()),
        // getaddrinfo(3), EAI_SYSTEM: "other system error; errno is set to indicate the error".
        libc::EAI_SYSTEM => Err(Failure::System(errno())),
        code => Err(Failure::Code(code)),
    }
}

/// What is asked for: family, socket type, protocol and `AI_…` flags as C has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hints {
    pub(crate) family: c_int,
    pub(crate) kind: c_int,
    pub(crate) protocol: c_int,
    pub(crate) flags: c_int,
}

/// The list that getaddrinfo(3) made, freed at the end.
pub(crate) struct List {
    head: Option<NonNull<addrinfo>>,
    next: *const addrinfo,
}

// SAFETY: the list is heap memory without ties to the thread that asked for it, and only its owner
// reads or frees it.
unsafe impl Send for List {}
// SAFETY: nothing is read through a shared reference.
unsafe impl Sync for List {}

/// One entry of a [`List`], copied out.
pub(crate) struct Entry {
    pub(crate) family: c_int,
    pub(crate) kind: c_int,
    pub(crate) protocol: c_int,
    /// `None` where the address is longer than any that the kernel has.
    pub(crate) address: Option<SockAddr>,
    pub(crate) canonical_name: Option<Vec<u8>>,
}

pub(crate) fn getaddrinfo(
    host: Option<&CStr>,
    service: Option<&CStr>,
    hints: Hints,
) -> Result<List, Failure> {
    // SAFETY: addrinfo is integers and pointers, for which all-zero bits are valid; getaddrinfo(3)
    // wants "all other fields" of the hints to "contain either 0 or a null pointer".
    let mut native: addrinfo = unsafe { MaybeUninit::zeroed().assume_init() };
    native.ai_family = hints.family;
    native.ai_socktype = hints.kind;
    native.ai_protocol = hints.protocol;
    native.ai_flags = hints.flags;
    let mut head = ptr::null_mut();
    // SAFETY: the strings end in NUL or are null, which getaddrinfo(3) allows for either (both
    // null is EAI_NONAME); the hints are read, and the list's head is written on success only.
    let code = unsafe {
        libc::getaddrinfo(
            host.map_or(ptr::null(), CStr::as_ptr),
            service.map_or(ptr::null(), CStr::as_ptr),
            &raw const native,
            &raw mut head,
        )
    };
    check(code)?;
    Ok(List {
        head: NonNull::new(head),
        next: head,
    })
}

impl Iterator for List {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        // SAFETY: the list lives until the drop of `self`; each `ai_next` is null or an entry.
        let entry = unsafe { self.next.as_ref() }?;
        self.next = entry.ai_next;
        let address = if entry.ai_addr.is_null() {
            Some(SockAddr::empty())
        } else {
            // SAFETY: getaddrinfo(3): ai_addr points to the address, "the length of which is
            // placed in the ai_addrlen field".
            let bytes = unsafe {
                slice::from_raw_parts(entry.ai_addr.cast::<u8>(), entry.ai_addrlen as usize)
            };
            SockAddr::from_bytes(bytes)
        };
        let canonical_name = NonNull::new(entry.ai_canonname).map(|name| {
            // SAFETY: getaddrinfo(3): ai_canonname points to "the official name of the host", a C
            // string in the list's memory.
            unsafe { CStr::from_ptr(name.as_ptr()) }.to_bytes().to_vec()
        });
        Some(Entry {
            family: entry.ai_family,
            kind: entry.ai_socktype,
            protocol: entry.ai_protocol,
            address,
            canonical_name,
        })
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if let Some(head) = self.head {
            // SAFETY: the list came from getaddrinfo(3) and is freed once, here.
            unsafe { libc::freeaddrinfo(head.as_ptr()) };
        }
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}

/// The host and service of an address.
pub(crate) fn getnameinfo(address: &SockAddr, flags: c_int) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    debug_assert!(address.len() as usize <= CAPACITY);
    let mut host = [0u8; HOST_CAPACITY];
    let mut service = [0u8; SERVICE_CAPACITY];
    // SAFETY: getnameinfo(3) reads the address for its length and writes at most as many bytes
    // into each buffer as it is told that there are.
    let code = unsafe {
        libc::getnameinfo(
            address.as_ptr(),
            address.len(),
            host.as_mut_ptr().cast::<c_char>(),
            host.len() as socklen_t,
            service.as_mut_ptr().cast::<c_char>(),
            service.len() as socklen_t,
            flags,
        )
    };
    check(code)?;
    Ok((text(&host), text(&service)))
}

fn text(buffer: &[u8]) -> Vec<u8> {
    CStr::from_bytes_until_nul(buffer)
        .map_or_else(|_| buffer.to_vec(), |text| text.to_bytes().to_vec())
}
