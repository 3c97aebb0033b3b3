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
        let len = u16::try_from(ATTRIBUTE_HEADER_LEN + value.len()).map_err(|_| too_long())?;
        self.bytes.extend(len.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(value);
        self.bytes.resize(align(self.bytes.len()), 0);
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

fn too_long() -> Error {
    Error::Os {
        op: Op::SendMsg,
        errno: Errno::EMSGSIZE,
    }
}
