//! Checked iteration over netlink messages and attributes in a byte buffer. No copies, no trust.

use crate::errno::Errno;
use crate::error::NetlinkError;

/// The size of `struct nlmsghdr`.
pub const HEADER_LEN: usize = 16;
/// The size of `struct nlattr`.
pub const ATTRIBUTE_HEADER_LEN: usize = 4;

/// The error number or status that NLMSG_ERROR and NLMSG_DONE begin with.
const STATUS_LEN: usize = 4;

// linux/netlink.h; libc has no names for them.
const NLM_F_CAPPED: i32 = 0x100;
const NLM_F_ACK_TLVS: i32 = 0x200;

/// NLMSG_ALIGN and NLA_ALIGN: four bytes, netlink(3).
pub(crate) const fn align(len: usize) -> usize {
    len.saturating_add(3) & !3
}

/// One netlink message, borrowed from the buffer it came in; see netlink(7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message<'a> {
    /// `nlmsg_type`.
    pub kind: u16,
    /// `nlmsg_flags`: NLM_F_….
    pub flags: u16,
    /// `nlmsg_seq`: the request that it answers.
    pub sequence: u32,
    /// `nlmsg_pid`: the port id of whoever it is for, or from.
    pub pid: u32,
    /// What stands behind the header.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The error number of an NLMSG_ERROR message, or the status of NLMSG_DONE; `None` where the
    /// message is neither, or says 0, an acknowledgement.
    #[must_use]
    pub fn error(&self) -> Option<Errno> {
        if !matches!(i32::from(self.kind), libc::NLMSG_ERROR | libc::NLMSG_DONE) {
            return None;
        }
        let code = self
            .payload
            .first_chunk()
            .map_or(0, |raw| i32::from_ne_bytes(*raw));
        (code < 0).then(|| Errno::from_raw(code.saturating_neg()))
    }

    /// The attributes of an extended acknowledgement (NETLINK_EXT_ACK): behind the error number and
    /// as much of the request as is repeated. None where the message carries none.
    #[must_use]
    pub fn extended_ack(&self) -> Attributes<'a> {
        let has = |flag: i32| i32::from(self.flags) & flag != 0;
        let kind = i32::from(self.kind);
        let attributes = match self.payload {
            payload if !has(NLM_F_ACK_TLVS) || payload.len() < STATUS_LEN => None,
            payload if kind == libc::NLMSG_DONE => payload.get(STATUS_LEN..),
            payload if kind == libc::NLMSG_ERROR => {
                let request = payload.get(STATUS_LEN..).unwrap_or_default();
                let len = request
                    .first_chunk()
                    .map_or(0, |raw| u32::from_ne_bytes(*raw));
                // NLM_F_CAPPED: "request was capped", its header alone is repeated.
                let len = if has(NLM_F_CAPPED) {
                    HEADER_LEN
                } else {
                    len as usize
                };
                request.get(align(len)..)
            }
            _ => None,
        };
        Attributes::new(attributes.unwrap_or_default())
    }

    /// The attributes behind `fixed` bytes of the payload (the family's own header, such as
    /// `struct ifinfomsg`).
    #[must_use]
    pub fn attributes(&self, fixed: usize) -> Attributes<'a> {
        Attributes {
            rest: self.payload.get(align(fixed)..).unwrap_or_default(),
        }
    }
}

/// The messages of one datagram.
///
/// ```
/// use rsocket::NetlinkError;
/// use rsocket::netlink::Messages;
///
/// // NLMSG_DONE of 20 bytes, and a header that says more than there is.
/// let mut datagram = [20u32, 3, 7, 0, 0].map(u32::to_ne_bytes).concat();
/// datagram.extend([999u32, 0, 0, 0].map(u32::to_ne_bytes).concat());
/// let mut messages = Messages::new(&datagram);
/// let done = messages.next().unwrap()?;
/// assert_eq!((done.kind, done.sequence), (3, 7));
/// assert_eq!(messages.next(), Some(Err(NetlinkError::Length(999))));
/// # Ok::<(), NetlinkError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    /// The messages in `datagram`.
    #[must_use]
    pub const fn new(datagram: &'a [u8]) -> Self {
        Messages { rest: datagram }
    }

    /// The bytes that have not been looked at.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, NetlinkError>;

    /// A malformed length is an error, and ends the walk: what follows cannot be found.
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        let short = || NetlinkError::Length(u32::try_from(rest.len()).unwrap_or(u32::MAX));
        let Some((header, _)) = rest.split_first_chunk::<HEADER_LEN>() else {
            return Some(Err(short()));
        };
        let len = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]);
        let Some(payload) = rest.get(HEADER_LEN..len as usize) else {
            return Some(Err(NetlinkError::Length(len)));
        };
        self.rest = rest.get(align(len as usize)..).unwrap_or_default();
        Some(Ok(Message {
            kind: u16::from_ne_bytes([header[4], header[5]]),
            flags: u16::from_ne_bytes([header[6], header[7]]),
            sequence: u32::from_ne_bytes([header[8], header[9], header[10], header[11]]),
            pid: u32::from_ne_bytes([header[12], header[13], header[14], header[15]]),
            payload,
        }))
    }
}

/// One attribute: a type and bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attribute<'a> {
    /// `nla_type` without its two flag bits.
    pub kind: u16,
    /// NLA_F_NESTED: `payload` holds attributes itself.
    pub nested: bool,
    /// NLA_F_NET_BYTEORDER: integers in `payload` are in network order.
    pub network_order: bool,
    /// The bytes.
    pub payload: &'a [u8],
}

impl<'a> Attribute<'a> {
    /// The attributes inside.
    #[must_use]
    pub const fn attributes(&self) -> Attributes<'a> {
        Attributes { rest: self.payload }
    }

    /// The payload up to its first NUL byte, as netlink sends strings.
    #[must_use]
    pub fn string(&self) -> &'a [u8] {
        self.payload
            .split(|byte| *byte == 0)
            .next()
            .unwrap_or_default()
    }

    /// The payload as an unsigned 32-bit integer in host order; `None` where it is shorter than
    /// that.
    #[must_use]
    pub fn u32(&self) -> Option<u32> {
        self.payload
            .first_chunk()
            .map(|raw| u32::from_ne_bytes(*raw))
    }
}

/// The attributes of a message or of a nested attribute.
///
/// ```
/// use rsocket::netlink::{Attributes, Payload};
///
/// const IFLA_IFNAME: u16 = 3;
/// const IFLA_MTU: u16 = 4;
/// let payload = Payload::new(&[]).string(IFLA_IFNAME, "eth0")?.u32(IFLA_MTU, 1500)?;
/// let found: Vec<_> = Attributes::new(payload.as_bytes()).collect::<Result<_, _>>()?;
/// assert_eq!((found[0].kind, found[0].string()), (IFLA_IFNAME, &b"eth0"[..]));
/// assert_eq!(found[1].u32(), Some(1500));
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    /// The attributes in `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Attributes { rest: bytes }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, NetlinkError>;

    /// A malformed length is an error, and ends the walk.
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        let Some((header, _)) = rest.split_first_chunk::<ATTRIBUTE_HEADER_LEN>() else {
            return Some(Err(NetlinkError::AttributeLength(rest.len() as u16)));
        };
        let len = u16::from_ne_bytes([header[0], header[1]]);
        let Some(payload) = rest.get(ATTRIBUTE_HEADER_LEN..len.into()) else {
            return Some(Err(NetlinkError::AttributeLength(len)));
        };
        let kind = u16::from_ne_bytes([header[2], header[3]]);
        self.rest = rest.get(align(len.into())..).unwrap_or_default();
        Some(Ok(Attribute {
            kind: kind & libc::NLA_TYPE_MASK as u16,
            nested: kind & libc::NLA_F_NESTED as u16 != 0,
            network_order: kind & libc::NLA_F_NET_BYTEORDER as u16 != 0,
            payload,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(len: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = len.to_ne_bytes().to_vec();
        bytes.extend([3, 0, 2, 0, 7, 0, 0, 0, 9, 0, 0, 0]);
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn messages_are_walked_with_their_padding() {
        let mut bytes = message(17, &[1, 0, 0, 0]);
        bytes.extend(message(20, &[2, 2, 2, 2]));
        let all: Vec<_> = Messages::new(&bytes)
            .collect::<Result<_, _>>()
            .expect("well-formed");
        assert_eq!(all.len(), 2);
        assert_eq!(
            (all[0].kind, all[0].flags, all[0].sequence, all[0].pid),
            (3, 2, 7, 9)
        );
        assert_eq!(
            (all[0].payload, all[1].payload),
            (&[1][..], &[2, 2, 2, 2][..])
        );
    }

    #[test]
    fn a_lying_length_is_an_error_and_ends_the_walk() {
        for len in [0, 15, 21, u32::MAX] {
            let bytes = message(len, &[0; 4]);
            let mut walk = Messages::new(&bytes);
            assert_eq!(walk.next(), Some(Err(NetlinkError::Length(len))));
            assert_eq!(walk.next(), None);
        }
        assert_eq!(
            Messages::new(&[1; 7]).next(),
            Some(Err(NetlinkError::Length(7)))
        );
    }

    #[test]
    fn attributes_lose_their_flag_bits_and_keep_their_bounds() {
        let bytes = [6, 0, 5, 0x80, b'l', b'o', 0, 0, 4, 0, 1, 0];
        let all: Vec<_> = Attributes::new(&bytes)
            .collect::<Result<_, _>>()
            .expect("well-formed");
        assert_eq!(
            (all[0].kind, all[0].nested, all[0].payload),
            (5, true, &b"lo"[..])
        );
        assert_eq!((all[1].kind, all[1].payload), (1, &[][..]));
        for len in [0u16, 3, 13, u16::MAX] {
            let mut bytes = bytes;
            bytes[..2].copy_from_slice(&len.to_ne_bytes());
            let mut walk = Attributes::new(&bytes);
            assert_eq!(walk.next(), Some(Err(NetlinkError::AttributeLength(len))));
            assert_eq!(walk.next(), None);
        }
    }
}
