//! Control messages as bytes in the caller's own memory, for a language that hands them on raw.

use crate::sys::control::{header_at, message_len, message_space, write_header};

/// What the length field of a message with `data` bytes says (`CMSG_LEN`, cmsg(3)).
#[must_use]
pub const fn control_len(data: usize) -> usize {
    message_len(data)
}

/// The room that a message with `data` bytes takes (`CMSG_SPACE`, cmsg(3)).
#[must_use]
pub const fn control_space(data: usize) -> usize {
    message_space(data)
}

/// The control messages that [`recv_msg`](crate::fd::recv_msg) wrote: level, type and data of each.
///
/// A message whose header was cut off is left out; one whose data was cut off is shown short.
/// Nothing is owned: where descriptors are among the data, closing them is the caller's part.
///
/// ```
/// use rsocket::fd::{control_messages, push_control};
///
/// let mut bytes = Vec::new();
/// push_control(&mut bytes, 0, 1, &[0, 0, 0, 0]);
/// push_control(&mut bytes, 17, 103, &[1, 2]);
/// let messages: Vec<_> = control_messages(&bytes).collect();
/// assert_eq!(messages, [(0, 1, &[0, 0, 0, 0][..]), (17, 103, &[1, 2][..])]);
/// ```
pub fn control_messages(control: &[u8]) -> impl Iterator<Item = (i32, i32, &[u8])> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let header = header_at(control, offset)?;
        offset = header.next;
        let data = control.get(header.data_start..header.data_end)?;
        Some((header.level, header.kind, data))
    })
}

/// Appends a control message for [`send_msg`](crate::fd::send_msg).
pub fn push_control(control: &mut Vec<u8>, level: i32, kind: i32, data: &[u8]) {
    let start = control.len();
    control.resize(start.saturating_add(message_space(data.len())), 0);
    let room = control.get_mut(start..).unwrap_or_default();
    if let Some(room) = write_header(room, level, kind, data.len()) {
        room.copy_from_slice(data);
    }
}
