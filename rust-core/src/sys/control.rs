//! Control messages (cmsg(3)) as bytes: a bounds-checked walk and an encoder. No pointers.

use std::ffi::c_int;

/// The size of `struct cmsghdr`: a length and two numbers.
pub(crate) const HEADER: usize = size_of::<libc::cmsghdr>();

/// `CMSG_ALIGN`: messages start at multiples of the size of a machine word.
pub(crate) const fn align(len: usize) -> usize {
    (len + size_of::<usize>() - 1) & !(size_of::<usize>() - 1)
}

/// `CMSG_LEN`: what the length field of a message with `data` bytes says.
pub(crate) const fn message_len(data: usize) -> usize {
    align(HEADER) + data
}

/// `CMSG_SPACE`: the room that a message with `data` bytes takes.
pub(crate) const fn message_space(data: usize) -> usize {
    align(HEADER) + align(data)
}

/// One control message: where it stands and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) level: c_int,
    pub(crate) kind: c_int,
    /// Where its data starts and ends in the buffer; cut to the buffer where the length lies.
    pub(crate) data_start: usize,
    pub(crate) data_end: usize,
    /// Where the next message starts.
    pub(crate) next: usize,
}

/// The message that starts at `offset`, or `None` where no whole header is left.
///
/// The length field is not trusted: below a header it ends the walk (as cmsg(3)'s CMSG_NXTHDR
/// does), beyond the buffer it is cut, so that no walk leaves the buffer or stands still.
pub(crate) fn header_at(buffer: &[u8], offset: usize) -> Option<Header> {
    let rest = buffer.get(offset..)?;
    let (len, rest) = rest.split_first_chunk::<{ size_of::<usize>() }>()?;
    let (level, rest) = rest.split_first_chunk::<4>()?;
    let (kind, _) = rest.split_first_chunk::<4>()?;
    let len = usize::from_ne_bytes(*len);
    if len < HEADER {
        return None;
    }
    let end = offset.saturating_add(len).min(buffer.len());
    Some(Header {
        level: c_int::from_ne_bytes(*level),
        kind: c_int::from_ne_bytes(*kind),
        data_start: (offset + align(HEADER)).min(end),
        data_end: end,
        next: align(end),
    })
}

/// Writes a header at the start of `room` and says where its data goes; `None` without room.
pub(crate) fn write_header(
    room: &mut [u8],
    level: c_int,
    kind: c_int,
    data_len: usize,
) -> Option<&mut [u8]> {
    if data_len > room.len() || message_space(data_len) > room.len() {
        return None;
    }
    let (head, data) = room.split_at_mut(align(HEADER));
    head.fill(0);
    const WORD: usize = size_of::<usize>();
    head[..WORD].copy_from_slice(&message_len(data_len).to_ne_bytes());
    head[WORD..WORD + 4].copy_from_slice(&level.to_ne_bytes());
    head[WORD + 4..WORD + 8].copy_from_slice(&kind.to_ne_bytes());
    let (data, padding) = data.split_at_mut(data_len);
    padding[..align(data_len) - data_len].fill(0);
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_c_macros() {
        for len in 0..100 {
            // SAFETY: CMSG_LEN and CMSG_SPACE are arithmetic on their argument (cmsg(3)).
            let (c_len, c_space) = unsafe { (libc::CMSG_LEN(len), libc::CMSG_SPACE(len)) };
            assert_eq!(message_len(len as usize), c_len as usize);
            assert_eq!(message_space(len as usize), c_space as usize);
        }
    }

    #[test]
    fn a_lying_length_neither_leaves_the_buffer_nor_loops() {
        for len in [0, 1, 15, 16, 17, 24, 1000, usize::MAX] {
            let mut buffer = [0u8; 64];
            buffer[..8].copy_from_slice(&usize::to_ne_bytes(len));
            let mut offset = 0;
            let mut steps = 0;
            while let Some(header) = header_at(&buffer, offset) {
                assert!(header.data_start <= header.data_end && header.data_end <= buffer.len());
                assert!(header.next > offset);
                offset = header.next;
                steps += 1;
                assert!(steps <= 4);
            }
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut buffer = [0xff; 48];
        let first = write_header(&mut buffer, 1, 2, 3).expect("room");
        first.copy_from_slice(b"abc");
        let offset = message_space(3);
        write_header(&mut buffer[offset..], 4, 5, 8).expect("room").fill(9);
        let one = header_at(&buffer, 0).expect("first");
        assert_eq!((one.level, one.kind), (1, 2));
        assert_eq!(&buffer[one.data_start..one.data_end], b"abc");
        let two = header_at(&buffer, one.next).expect("second");
        assert_eq!((two.level, two.kind, two.next), (4, 5, 48));
        assert_eq!(&buffer[two.data_start..two.data_end], &[9; 8]);
        assert!(header_at(&buffer, two.next).is_none());
        assert!(write_header(&mut buffer[..20], 1, 1, 8).is_none());
    }
}
