//! Building the payload of a request: a family's fixed header, and attributes behind it.

use super::message::{ATTRIBUTE_HEADER_LEN, align};
use crate::errno::Errno;
use crate::error::{Error, Op, Result};

/// The payload of a request. Crates such as `netlink-packet-route` make bigger ones from types.
///
/// ```
/// use rsocket::netlink::{Attributes, Payload};
///
/// // RTM_NEWLINK for a dummy interface: struct ifinfomsg, IFLA_IFNAME, and IFLA_LINKINFO with
/// // IFLA_INFO_KIND in it.
/// let payload = Payload::new(&[0; 16])
///     .string(3, "dummy0")?
///     .nested(18, |info| info.string(1, "dummy"))?;
/// let mut attributes = Attributes::new(&payload.as_bytes()[16..]);
/// assert_eq!(attributes.next().unwrap()?.string(), b"dummy0");
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Payload {
    bytes: Vec<u8>,
}

impl Payload {
    /// Begins with the fixed header of the family, such as `struct ifinfomsg`.
    #[must_use]
    pub fn new(fixed: &[u8]) -> Self {
        let mut bytes = fixed.to_vec();
        bytes.resize(align(bytes.len()), 0);
        Payload { bytes }
    }

    /// Adds an attribute.
    ///
    /// # Errors
    /// EMSGSIZE for more than 65531 bytes.
    pub fn attribute(mut self, kind: u16, value: &[u8]) -> Result<Self> {
        let len = self.bytes.len();
        // A longer one is refused below.
        let room = ATTRIBUTE_HEADER_LEN + align(value.len().min(usize::from(u16::MAX)));
        self.bytes.resize(len.saturating_add(room), 0);
        put_attribute(&mut self.bytes, len, kind, value)?;
        Ok(self)
    }

    /// Adds an attribute that is an integer of 32 bits in host order.
    ///
    /// # Errors
    /// None in practice.
    pub fn u32(self, kind: u16, value: u32) -> Result<Self> {
        self.attribute(kind, &value.to_ne_bytes())
    }

    /// Adds a string with its NUL, as most families want it.
    ///
    /// # Errors
    /// EMSGSIZE for more than 65530 bytes, EINVAL for a NUL byte in it.
    pub fn string(self, kind: u16, value: &str) -> Result<Self> {
        if value.contains('\0') {
            return Err(Error::Os {
                op: Op::SendMsg,
                errno: Errno::EINVAL,
            });
        }
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.attribute(kind, &bytes)
    }

    /// Adds an attribute that holds attributes (NLA_F_NESTED).
    ///
    /// # Errors
    /// EMSGSIZE for more than 65531 bytes, and what `build` returns.
    pub fn nested(self, kind: u16, build: impl FnOnce(Payload) -> Result<Payload>) -> Result<Self> {
        let inside = build(Payload::default())?;
        self.attribute(kind | libc::NLA_F_NESTED as u16, &inside.bytes)
    }

    /// The bytes, for [`Netlink::request`](super::Netlink::request).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Writes an attribute into `buf` behind the first `len` bytes of a payload, and says how long the
/// payload is then. Padding is made zero.
///
/// # Errors
/// EMSGSIZE for more than 65531 bytes, and where `buf` has no room.
pub fn put_attribute(buf: &mut [u8], len: usize, kind: u16, value: &[u8]) -> Result<usize> {
    let size = ATTRIBUTE_HEADER_LEN.saturating_add(value.len());
    let written = u16::try_from(size).map_err(|_| too_long())?;
    let start = align(len);
    let end = start.saturating_add(align(size));
    let whole = buf.get_mut(len..end).ok_or_else(too_long)?;
    whole.fill(0);
    let attribute = buf.get_mut(start..end).ok_or_else(too_long)?;
    let fields = written.to_ne_bytes().into_iter().chain(kind.to_ne_bytes());
    let bytes = fields.chain(value.iter().copied());
    for (slot, byte) in attribute.iter_mut().zip(bytes) {
        *slot = byte;
    }
    Ok(end)
}

fn too_long() -> Error {
    Error::Os {
        op: Op::SendMsg,
        errno: Errno::EMSGSIZE,
    }
}
