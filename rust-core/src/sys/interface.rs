//! Network interfaces by name and number (if_nametoindex(3), if_nameindex(3)).

use std::ffi::{CStr, OsString, c_char};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;

use crate::errno::Errno;

/// The number of the interface called `name`.
///
/// ENODEV where there is none, and for a name that no interface can have (empty, 16 bytes and
/// more, with a NUL).
pub(crate) fn if_nametoindex(name: &[u8]) -> Result<u32, Errno> {
    let mut text = [0; libc::IF_NAMESIZE];
    // The last byte stays 0. Longer names are refused here: glibc may cut them before it asks.
    match text.get_mut(..name.len()) {
        Some(room) if name.len() < libc::IF_NAMESIZE && !name.contains(&0) => {
            room.copy_from_slice(name);
        }
        _ => return Err(Errno::ENODEV),
    }
    // SAFETY: `text` ends with a NUL and lives until the call returns.
    match unsafe { libc::if_nametoindex(text.as_ptr().cast::<c_char>()) } {
        0 => Err(Errno::last()),
        index => Ok(index),
    }
}

/// The number of the interface called `name`, as a socket knows it.
///
/// ENODEV as for [`if_nametoindex`]; EBADF and ENOTTY for what is no socket.
pub(crate) fn if_nametoindex_of(fd: BorrowedFd<'_>, name: &[u8]) -> Result<u32, Errno> {
    // SAFETY: integers and addresses, for which zero is a value.
    let mut request = unsafe { MaybeUninit::<libc::ifreq>::zeroed().assume_init() };
    // The last byte stays 0: the kernel would cut a longer name, and find another interface.
    match request.ifr_name.split_last_mut() {
        Some((_end, room)) if name.len() <= room.len() => {
            for (place, byte) in room.iter_mut().zip(name) {
                *place = byte.cast_signed() as c_char;
            }
        }
        _ => return Err(Errno::ENODEV),
    }
    // SAFETY: netdevice(7): SIOCGIFINDEX reads `ifr_name` of a `struct ifreq`, and "retrieve[s] the
    // interface index of the interface into ifr_ifindex".
    unsafe {
        if libc::ioctl(fd.as_raw_fd(), libc::SIOCGIFINDEX, &raw mut request) < 0 {
            return Err(Errno::last());
        }
        Ok(request.ifr_ifru.ifru_ifindex.cast_unsigned())
    }
}

/// The name of the interface with the number `index`; ENXIO where there is none.
pub(crate) fn if_indextoname(index: u32) -> Result<OsString, Errno> {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: if_indextoname(3): the buffer "shall be a pointer to a buffer of at least
    // IF_NAMESIZE bytes".
    let result = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast::<c_char>()) };
    if result.is_null() {
        return Err(Errno::last());
    }
    let end = name
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(name.len());
    Ok(OsString::from_vec(name.iter().take(end).copied().collect()))
}

/// Every interface of this network namespace: its number and its name.
pub(crate) fn if_nameindex() -> Result<Vec<(u32, OsString)>, Errno> {
    // SAFETY: if_nameindex(3) takes nothing and returns an array of its own, or null.
    let array = unsafe { libc::if_nameindex() };
    if array.is_null() {
        return Err(Errno::last());
    }
    let mut interfaces = Vec::new();
    let mut entry = array;
    // SAFETY: if_nameindex(3): "the end of the array is indicated by an entry with if_index set to
    // zero and if_name set to NULL"; every name before it is a NUL-terminated string.
    unsafe {
        while (*entry).if_index != 0 && !(*entry).if_name.is_null() {
            let name = CStr::from_ptr((*entry).if_name).to_bytes().to_vec();
            interfaces.push(((*entry).if_index, OsString::from_vec(name)));
            entry = entry.add(1);
        }
        libc::if_freenameindex(array);
    }
    Ok(interfaces)
}
