//! The databases of hosts, services and protocols, through the reentrant calls of the C library.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use libc::{hostent, protoent, servent, size_t, socklen_t};

/// Room for the answer of a first attempt, and where to give up growing it.
const ROOM: usize = 1024;
const ROOM_MAX: usize = 1 << 20;

unsafe extern "C" {
    fn gethostbyname_r(
        name: *const c_char,
        host: *mut hostent,
        buffer: *mut c_char,
        len: size_t,
        result: *mut *mut hostent,
        h_errno: *mut c_int,
    ) -> c_int;
    fn gethostbyaddr_r(
        address: *const c_void,
        address_len: socklen_t,
        family: c_int,
        host: *mut hostent,
        buffer: *mut c_char,
        len: size_t,
        result: *mut *mut hostent,
        h_errno: *mut c_int,
    ) -> c_int;
    fn getservbyname_r(
        name: *const c_char,
        protocol: *const c_char,
        service: *mut servent,
        buffer: *mut c_char,
        len: size_t,
        result: *mut *mut servent,
    ) -> c_int;
    fn getservbyport_r(
        port: c_int,
        protocol: *const c_char,
        service: *mut servent,
        buffer: *mut c_char,
        len: size_t,
        result: *mut *mut servent,
    ) -> c_int;
    fn getprotobyname_r(
        name: *const c_char,
        protocol: *mut protoent,
        buffer: *mut c_char,
        len: size_t,
        result: *mut *mut protoent,
    ) -> c_int;
    fn hstrerror(code: c_int) -> *const c_char;
}

/// A host of the database (`struct hostent`).
pub(super) struct Host {
    pub(super) family: c_int,
    pub(super) name: Vec<u8>,
    pub(super) aliases: Vec<Vec<u8>>,
    pub(super) addresses: Vec<Vec<u8>>,
}

/// `h_errno`.
#[derive(Clone, Copy)]
pub(super) struct HostError(pub(super) c_int);

impl HostError {
    pub(super) fn text(self) -> String {
        // SAFETY: hstrerror(3) takes any number and returns a static string.
        unsafe { CStr::from_ptr(hstrerror(self.0)) }
            .to_string_lossy()
            .into_owned()
    }
}

pub(super) fn host_by_name(name: &CStr) -> Result<Host, HostError> {
    host(|entry, buffer, result, error| {
        // SAFETY: gethostbyname_r(3): writes the entry, its strings into the buffer, the result
        // and the error; the name ends in NUL.
        unsafe {
            gethostbyname_r(
                name.as_ptr(),
                entry,
                buffer.as_mut_ptr(),
                buffer.len(),
                result,
                error,
            )
        }
    })
}

/// For four bytes of AF_INET or sixteen of AF_INET6.
pub(super) fn host_by_address(family: c_int, address: &[u8]) -> Result<Host, HostError> {
    host(|entry, buffer, result, error| {
        // SAFETY: gethostbyaddr_r(3): as above; it reads `address_len` bytes of the address.
        unsafe {
            gethostbyaddr_r(
                address.as_ptr().cast(),
                address.len() as socklen_t,
                family,
                entry,
                buffer.as_mut_ptr(),
                buffer.len(),
                result,
                error,
            )
        }
    })
}

fn host(
    mut ask: impl FnMut(*mut hostent, &mut [c_char], *mut *mut hostent, *mut c_int) -> c_int,
) -> Result<Host, HostError> {
    let mut error = 0;
    let found = grown(
        |entry, buffer, result| ask(entry, buffer, result, &raw mut error),
        |entry: &hostent| {
            let len = usize::try_from(entry.h_length).unwrap_or(0);
            // SAFETY: gethostbyname(3): h_name is a string; h_aliases and h_addr_list end with a
            // null pointer; each address has h_length bytes.
            unsafe {
                Host {
                    family: entry.h_addrtype,
                    name: string(entry.h_name),
                    aliases: list(entry.h_aliases).map(|alias| string(alias)).collect(),
                    addresses: list(entry.h_addr_list)
                        .map(|bytes| std::slice::from_raw_parts(bytes.cast(), len).to_vec())
                        .collect(),
                }
            }
        },
    );
    found.ok_or(HostError(error))
}

/// The port of a service, in host order.
pub(super) fn service_port(name: &CStr, protocol: Option<&CStr>) -> Option<u16> {
    let protocol = protocol.map_or(ptr::null(), CStr::as_ptr);
    grown(
        |entry, buffer, result| {
            // SAFETY: getservbyname_r(3): writes the entry, its strings into the buffer, and the
            // result; the name ends in NUL, the protocol is null or ends in NUL.
            unsafe {
                let (buffer, len) = (buffer.as_mut_ptr(), buffer.len());
                getservbyname_r(name.as_ptr(), protocol, entry, buffer, len, result)
            }
        },
        // getservbyname(3): s_port is in network byte order.
        |entry: &servent| u16::from_be(entry.s_port as u16),
    )
}

/// The name of the service on a port, which is in host order.
pub(super) fn service_name(port: u16, protocol: Option<&CStr>) -> Option<Vec<u8>> {
    let protocol = protocol.map_or(ptr::null(), CStr::as_ptr);
    grown(
        |entry, buffer, result| {
            // SAFETY: getservbyport_r(3): as above.
            unsafe {
                let (buffer, len) = (buffer.as_mut_ptr(), buffer.len());
                getservbyport_r(port.to_be().into(), protocol, entry, buffer, len, result)
            }
        },
        // SAFETY: getservbyport(3): s_name is a string.
        |entry: &servent| unsafe { string(entry.s_name) },
    )
}

pub(super) fn protocol_number(name: &CStr) -> Option<c_int> {
    grown(
        |entry, buffer, result| {
            // SAFETY: getprotobyname_r(3): writes the entry, its strings into the buffer, and the
            // result; the name ends in NUL.
            unsafe {
                getprotobyname_r(
                    name.as_ptr(),
                    entry,
                    buffer.as_mut_ptr(),
                    buffer.len(),
                    result,
                )
            }
        },
        |entry: &protoent| entry.p_proto,
    )
}

/// Asks with more and more room until the answer fits, and takes it while its memory is there.
fn grown<E, T>(
    mut ask: impl FnMut(*mut E, &mut [c_char], *mut *mut E) -> c_int,
    take: impl FnOnce(&E) -> T,
) -> Option<T> {
    let mut room = ROOM;
    loop {
        let mut buffer: Vec<c_char> = vec![0; room];
        let mut entry = MaybeUninit::uninit();
        let mut result = ptr::null_mut();
        let code = ask(entry.as_mut_ptr(), &mut buffer, &raw mut result);
        if code == libc::ERANGE && room < ROOM_MAX {
            room *= 4;
            continue;
        }
        // SAFETY: on success the result points to the entry, filled; else it is null.
        return unsafe { result.as_ref() }.map(take);
    }
}

/// # Safety
/// `text` must be null or end in NUL.
unsafe fn string(text: *const c_char) -> Vec<u8> {
    if text.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}

/// # Safety
/// `entries` must be null or end with a null pointer, and live as long as the iterator.
unsafe fn list(entries: *mut *mut c_char) -> impl Iterator<Item = *mut c_char> {
    let mut next = entries;
    std::iter::from_fn(move || {
        // SAFETY: the caller's promise: entries up to and with the null pointer may be read.
        unsafe {
            if next.is_null() || (*next).is_null() {
                return None;
            }
            let entry = *next;
            next = next.add(1);
            Some(entry)
        }
    })
}
