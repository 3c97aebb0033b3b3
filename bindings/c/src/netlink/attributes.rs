//! Attributes by the pointers that C has to them.

use std::ffi::c_void;
use std::{ptr, slice};

use rsocket::netlink::Attributes;

use super::nlattr;
use crate::support::set_errno;

const ATTRIBUTE_HEADER: usize = size_of::<nlattr>();

pub(super) fn payload_of<'a>(attribute: *const nlattr) -> Option<&'a [u8]> {
    if attribute.is_null() {
        return None;
    }
    // SAFETY: not null; the caller's promise is an attribute that this library gave, whose length was
    // checked against its message.
    unsafe {
        let len = usize::from((*attribute).nla_len).saturating_sub(ATTRIBUTE_HEADER);
        Some(slice::from_raw_parts(
            attribute.cast::<u8>().add(ATTRIBUTE_HEADER),
            len,
        ))
    }
}

pub(super) fn next_attribute(all: &[u8], previous: *const nlattr) -> *const nlattr {
    let mut rest = Attributes::new(all);
    if !previous.is_null() {
        let offset = previous.addr().wrapping_sub(all.as_ptr().addr());
        rest = Attributes::new(all.get(offset..).unwrap_or_default());
        // The previous one itself.
        let _previous = rest.next();
    }
    match rest.next() {
        Some(Ok(attribute)) => {
            let offset = attribute.payload.as_ptr().addr() - all.as_ptr().addr();
            let start = all
                .as_ptr()
                .wrapping_add(offset.wrapping_sub(ATTRIBUTE_HEADER));
            // Attributes are aligned in the buffer as messages are.
            start.cast::<c_void>().cast::<nlattr>()
        }
        Some(Err(error)) => {
            set_errno(error.errno().raw());
            ptr::null()
        }
        None => ptr::null(),
    }
}
