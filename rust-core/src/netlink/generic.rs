//! Generic netlink: families that have a name, and a number that the kernel gave them at boot.

use std::os::fd::{AsFd, BorrowedFd};

use super::{BUFFER_LEN, Cursor, Message, Netlink, Payload};
use crate::error::{Error, NetlinkError, Result};
use crate::family::Protocol;
use crate::fd;
use crate::policy::{Blocking, Wait};

/// The size of `struct genlmsghdr`, which stands before a family's own header and attributes.
const GENERIC_HEADER_LEN: usize = 4;

// linux/genetlink.h.
const CTRL_VERSION: u8 = 2;

/// A generic netlink family, as the kernel's controller describes it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct GenericFamily {
    /// The message type of its requests (`nlmsg_type`).
    pub id: u16,
    /// Its version.
    pub version: u32,
    /// The size of its own header behind `struct genlmsghdr`, in bytes.
    pub header_len: u32,
    /// Its multicast groups.
    pub groups: Vec<GenericGroup>,
}

/// A multicast group of a [`GenericFamily`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GenericGroup {
    /// The name.
    pub name: String,
    /// The number, for [`Netlink::join`].
    pub id: u32,
}

impl GenericFamily {
    /// The number of a multicast group, for [`Netlink::join`].
    #[must_use]
    pub fn group(&self, name: &str) -> Option<u32> {
        let mut groups = self.groups.iter();
        groups
            .find(|group| group.name == name)
            .map(|group| group.id)
    }

    /// The payload of a request to the family: `struct genlmsghdr` with this command.
    ///
    /// ```
    /// use rsocket::Protocol;
    /// use rsocket::netlink::{BUFFER_LEN, Netlink};
    ///
    /// let mut netlink = Netlink::open(Protocol::NETLINK_GENERIC)?;
    /// let controller = netlink.resolve_family("nlctrl")?;
    /// assert!(controller.group("notify").is_some());
    ///
    /// // CTRL_CMD_GETFAMILY as a dump: every family of this kernel.
    /// let mut buf = vec![0; BUFFER_LEN];
    /// let request = controller.command(3);
    /// let names = netlink.dump(controller.id, request.as_bytes(), 3, &mut buf, |family| {
    ///     let mut attributes = family.attributes(4).filter_map(Result::ok);
    ///     let name = attributes.find(|attribute| attribute.kind == 2);
    ///     Ok(name.map(|name| String::from_utf8_lossy(name.string()).into_owned()))
    /// })?;
    /// assert!(names.contains(&Some("nlctrl".into())));
    /// # Ok::<(), rsocket::Error>(())
    /// ```
    #[must_use]
    pub fn command(&self, command: u8) -> Payload {
        Payload::new(&[command, u8::try_from(self.version).unwrap_or(0), 0, 0])
    }
}

pub(super) fn resolve(netlink: &mut Netlink, name: &str) -> Result<GenericFamily> {
    let mut buf = vec![0; BUFFER_LEN];
    let fd = netlink.endpoint.as_fd();
    resolve_family(fd, &mut netlink.cursor, &mut buf, name, &mut Blocking)
}

/// [`Netlink::resolve_family`] for a caller that keeps the cursor and the buffer.
///
/// # Errors
/// As there, and those of the policy.
pub fn resolve_family(
    fd: BorrowedFd<'_>,
    cursor: &mut Cursor,
    buf: &mut [u8],
    name: &str,
    wait: &mut impl Wait,
) -> Result<GenericFamily> {
    let protocol = fd::get_int(fd, libc::SOL_SOCKET, libc::SO_PROTOCOL)?;
    let payload = lookup(Protocol::from_raw(protocol), name)?;
    cursor.finish(fd, buf, wait)?;
    cursor.request(
        fd,
        cursor.next_sequence(),
        CONTROLLER,
        0,
        payload.as_bytes(),
        wait,
    )?;
    let mut family = None;
    while let Some(reply) = cursor.next(fd, buf, wait)? {
        family = Some(read(reply)?);
    }
    family.ok_or(NO_FAMILY)
}

/// The message type of requests to the controller of all families.
pub(crate) const CONTROLLER: u16 = libc::GENL_ID_CTRL as u16;

/// An answer without a family would be none at all.
pub(crate) const NO_FAMILY: Error = Error::Netlink(NetlinkError::Length(0));

/// The request for a family by its name.
pub(crate) fn lookup(protocol: Protocol, name: &str) -> Result<Payload> {
    if protocol != Protocol::NETLINK_GENERIC {
        return Err(Error::WrongKind);
    }
    let command = libc::CTRL_CMD_GETFAMILY as u8;
    Payload::new(&[command, CTRL_VERSION, 0, 0]).string(libc::CTRL_ATTR_FAMILY_NAME as u16, name)
}

/// The family that the controller answers with.
pub(crate) fn read(reply: Message<'_>) -> Result<GenericFamily> {
    let mut family = GenericFamily::default();
    for attribute in reply.attributes(GENERIC_HEADER_LEN) {
        let attribute = attribute?;
        match i32::from(attribute.kind) {
            libc::CTRL_ATTR_FAMILY_ID => {
                let id = attribute.payload.first_chunk();
                family.id = id.map_or(0, |raw| u16::from_ne_bytes(*raw));
            }
            libc::CTRL_ATTR_VERSION => family.version = attribute.u32().unwrap_or(0),
            libc::CTRL_ATTR_HDRSIZE => family.header_len = attribute.u32().unwrap_or(0),
            libc::CTRL_ATTR_MCAST_GROUPS => {
                for group in attribute.attributes() {
                    family.groups.push(read_group(group?.attributes())?);
                }
            }
            _ => {}
        }
    }
    Ok(family)
}

fn read_group(attributes: super::Attributes<'_>) -> Result<GenericGroup> {
    let mut group = GenericGroup::default();
    for attribute in attributes {
        let attribute = attribute?;
        match i32::from(attribute.kind) {
            libc::CTRL_ATTR_MCAST_GRP_NAME => {
                group.name = String::from_utf8_lossy(attribute.string()).into_owned();
            }
            libc::CTRL_ATTR_MCAST_GRP_ID => group.id = attribute.u32().unwrap_or(0),
            _ => {}
        }
    }
    Ok(group)
}
