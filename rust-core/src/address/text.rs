//! The text of an [`Address`]: `Display`, `FromStr` and [`Address::parse`].

use std::ffi::OsStr;
use std::fmt;
use std::net::{SocketAddrV4, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;
use std::str::FromStr;

use super::grammar::{
    Escaped, EscapedName, Host, ZoneSign, decimal, host_and_port, interface_number, is_bare_ipv6,
    padded, split_once, unescape,
};
use super::query::{Key, Query, QueryWriter, split_query};
use super::scheme::{self, Form, Scheme, VSOCK_CIDS};
use super::{Address, AddressView, PacketAddress, UnixName};
use crate::error::{AddressError, Error, Result};

/// How many multicast groups the mask in a netlink address has.
const MASK_GROUPS: u32 = u32::BITS;

impl Address {
    /// Reads the text of an address.
    ///
    /// | family | canonical text, as `Display` writes it | read as well |
    /// | --- | --- | --- |
    /// | IPv4 | `127.0.0.1:80` | |
    /// | IPv6 | `[::1]:80`, `[fe80::1%3]:80`, `[::1]:80?flowinfo=7` | `[fe80::1%eth0]:80`, `[fe80::1%25eth0]:80` |
    /// | Unix path | `unix:/run/x.sock`, `unix:rel.sock` | `unix:///run/x.sock` |
    /// | Unix abstract | `unix-abstract:name` | |
    /// | Unix unnamed | `unix-unnamed:` | |
    /// | netlink | `netlink:?pid=4711&groups=1,5` | |
    /// | vsock | `vsock:2:1234` | `any`, `local` or `host` for the machine |
    /// | packet | `packet:2?protocol=0x0800&hatype=1&pkttype=4&addr=02:00:00:00:00:01` | `packet:eth0` |
    ///
    /// Hosts are numeric; [`Target`](super::Target) takes names, and says the socket type too.
    /// A zone is a number or the name of an interface of this machine, looked up by
    /// if_nametoindex(3) at once; `Display` writes the number, which is what the address holds.
    /// Behind `%`, digits alone are a number (`%25` is interface 25), and only before a name is
    /// `%25` taken for an escaped percent sign.
    ///
    /// In Unix names and the query `%XX` is any byte. Bytes that are not printable ASCII, and the
    /// space and ``"#%<>?[\]^`{|}``, are written so; a space, a control character, `#` or `?` has
    /// to be. A leading `@` is a part of a relative path. A multicast group is its number, 1 to
    /// 32 here: more do not fit a netlink address. A family without a form of its own is shown in
    /// parentheses, which nothing reads.
    ///
    /// ```
    /// use rsocket::{Address, AddressError, Error};
    ///
    /// assert_eq!(Address::parse("unix:/tmp/a%20b")?, Address::unix("/tmp/a b")?);
    /// assert_eq!(Address::netlink(0, 0b10001).to_string(), "netlink:?groups=1,5");
    /// let error = Address::parse("127.0.0.1:080").unwrap_err();
    /// assert_eq!(error, Error::Address(AddressError::Port));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// An [`AddressError`] that says what is wrong; [`Error::Os`] where looking up an interface
    /// fails for another reason than that there is none.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self> {
        let text = text.as_ref();
        let Some((name, rest)) = scheme::split(text) else {
            return parse_ip(text);
        };
        match Scheme::find(name) {
            Some(scheme) if scheme.is_of_address() => parse_form(scheme.form, rest),
            Some(Scheme {
                form: Form::Fd | Form::Activation,
                ..
            }) => Err(AddressError::NoAddress.into()),
            Some(_) => Err(AddressError::TargetText.into()),
            None if is_bare_ipv6(text) => Err(AddressError::Brackets.into()),
            None if decimal::<u64>(rest).is_some() => Err(AddressError::Host.into()),
            None => Err(AddressError::UnknownScheme.into()),
        }
    }
}

impl FromStr for Address {
    type Err = Error;

    /// See [`Address::parse`].
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

fn parse_ip(text: &[u8]) -> Result<Address> {
    let is_path = !text.contains(&b':') && text.contains(&b'/');
    if is_path || matches!(text, [b'/' | b'.' | b'@', ..]) {
        return Err(AddressError::MissingScheme.into());
    }
    let (place, query) = split_query(text);
    match host_and_port(place, ZoneSign::Plain)? {
        (Host::Name(_), _) => Err(AddressError::Host.into()),
        (host, port) => {
            let query = Query::parse(query, ip_keys(&host))?;
            ip_address(&host, port, &query).ok_or_else(|| AddressError::Host.into())
        }
    }
}

/// The query keys that belong to the address itself.
pub(super) fn ip_keys(host: &Host<'_>) -> &'static [Key] {
    if matches!(host, Host::V6 { .. }) {
        &[Key::FlowInfo]
    } else {
        &[]
    }
}

/// `None` for a name, which is no address.
pub(super) fn ip_address(host: &Host<'_>, port: u16, query: &Query) -> Option<Address> {
    match *host {
        Host::V4(ip) => Some(SocketAddrV4::new(ip, port).into()),
        Host::V6 { ip, scope_id } => {
            Some(SocketAddrV6::new(ip, port, query.flowinfo.unwrap_or(0), scope_id).into())
        }
        Host::Name(_) => None,
    }
}

fn parse_form(form: Form, rest: &[u8]) -> Result<Address> {
    let (body, query) = split_query(rest);
    match form {
        Form::Netlink => {
            if !body.is_empty() {
                return Err(AddressError::TargetText.into());
            }
            let query = Query::parse(query, &[Key::Pid, Key::Groups])?;
            let groups = query.groups.unwrap_or_default();
            let mask = groups.iter().try_fold(0, |mask, group| {
                (1..=MASK_GROUPS)
                    .contains(group)
                    .then(|| mask | 1 << (group - 1))
            });
            let mask = mask.ok_or(AddressError::Groups)?;
            Ok(Address::netlink(query.pid.unwrap_or(0), mask))
        }
        Form::Packet => parse_packet(body, &Query::parse(query, PACKET_KEYS)?),
        form => {
            Query::parse(query, &[])?;
            parse_name(form, body)
        }
    }
}

/// What stands behind the schemes whose address is all in its name.
pub(super) fn parse_name(form: Form, body: &[u8]) -> Result<Address> {
    match form {
        Form::UnixPath => parse_unix_path(body),
        Form::UnixAbstract => Address::unix_abstract(unescape(without_slashes(body)?)?),
        Form::UnixUnnamed if body.is_empty() => Ok(Address::unix_unnamed()),
        Form::UnixUnnamed => Err(AddressError::Trailing.into()),
        Form::Vsock => parse_vsock(without_slashes(body)?),
        _ => Err(AddressError::UnknownScheme.into()),
    }
}

/// Refuses the `//` of a URL with a host, where there is none.
pub(super) fn without_slashes(body: &[u8]) -> Result<&[u8], AddressError> {
    if body.starts_with(b"//") {
        Err(AddressError::Slashes)
    } else {
        Ok(body)
    }
}

fn parse_unix_path(body: &[u8]) -> Result<Address> {
    let path = match body.strip_prefix(b"//") {
        // RFC 8089: an empty host is this machine; `unix://x` would name a host called x.
        Some(path) if path.starts_with(b"/") || path.is_empty() => path,
        Some(_) => return Err(AddressError::RelativeUrl.into()),
        None => body,
    };
    if path.contains(&0) {
        return Err(AddressError::PathWithNul.into());
    }
    Address::unix(OsStr::from_bytes(&unescape(path)?))
}

fn parse_vsock(body: &[u8]) -> Result<Address> {
    let (cid, port) = split_once(body, b':').ok_or(AddressError::MissingPort)?;
    let named = VSOCK_CIDS
        .iter()
        .find(|(name, _)| *name == cid)
        .map(|(_, cid)| *cid);
    match (named.or_else(|| decimal(cid)), decimal(port)) {
        (Some(cid), Some(port)) => Ok(Address::vsock(cid, port)),
        _ => Err(AddressError::Number.into()),
    }
}

/// What a packet address holds besides its interface.
pub(super) const PACKET_KEYS: &[Key] = &[
    Key::Protocol,
    Key::HardwareType,
    Key::PacketType,
    Key::HardwareAddress,
];

pub(super) fn parse_packet(body: &[u8], query: &Query) -> Result<Address> {
    let name = unescape(without_slashes(body)?)?;
    let interface = match decimal(&name) {
        Some(number) => number,
        None => interface_number(&name, AddressError::Interface)?,
    };
    let (hardware, hardware_len) = query.hardware.unwrap_or_default();
    Ok(Address::packet(PacketAddress {
        protocol: query.protocol.unwrap_or(0),
        interface,
        hardware_type: query.hardware_type.unwrap_or(0),
        packet_type: query.packet_type.unwrap_or(0),
        hardware_len,
        hardware,
    }))
}

impl fmt::Display for Address {
    /// The canonical text, which [`Address::parse`] reads back as the same address.
    ///
    /// The exceptions are what no text can name: an address of a family without a form, and
    /// native bytes that the kernel's own functions do not give, such as a path of 108 bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        padded(f, |f| self.write(f))
    }
}

impl Address {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.view() {
            AddressView::Unspecified => f.write_str("(unspecified)"),
            AddressView::Inet(address) => write!(f, "{address}"),
            AddressView::Inet6(address) => {
                write_v6(f, &address, ZoneSign::Plain)?;
                write_flowinfo(&mut QueryWriter::new(f), &address)
            }
            AddressView::Unix(UnixName::Path(path)) => {
                write_path(f, "unix", path.as_os_str().as_bytes())
            }
            AddressView::Unix(UnixName::Abstract(name)) => {
                write!(f, "unix-abstract:{}", EscapedName(name))
            }
            AddressView::Unix(UnixName::Unnamed) => f.write_str("unix-unnamed:"),
            AddressView::Netlink { pid, groups } => {
                f.write_str("netlink:")?;
                let mut query = QueryWriter::new(f);
                query.pair(Key::Pid, (pid != 0).then_some(pid))?;
                query.groups((1..=MASK_GROUPS).filter(|group| groups & 1 << (group - 1) != 0))
            }
            AddressView::Vsock { cid, port } => write!(f, "vsock:{cid}:{port}"),
            AddressView::Packet(address) => write_packet(f, "packet", &address),
            AddressView::Other { family, data } => {
                write!(f, "({family:?}:")?;
                data.iter().try_for_each(|byte| write!(f, " {byte:02x}"))?;
                f.write_str(")")
            }
        }
    }
}

/// `[ip%zone]:port`
pub(super) fn write_v6(
    f: &mut fmt::Formatter<'_>,
    address: &SocketAddrV6,
    sign: ZoneSign,
) -> fmt::Result {
    write!(f, "[{}", address.ip())?;
    match (address.scope_id(), sign) {
        (0, _) => {}
        (zone, ZoneSign::Plain) => write!(f, "%{zone}")?,
        (zone, ZoneSign::Url) => write!(f, "%25{zone}")?,
    }
    write!(f, "]:{}", address.port())
}

pub(super) fn write_flowinfo(
    query: &mut QueryWriter<'_, '_>,
    address: &SocketAddrV6,
) -> fmt::Result {
    let flowinfo = address.flowinfo();
    query.pair(Key::FlowInfo, (flowinfo != 0).then_some(flowinfo))
}

/// `scheme:path`, or `scheme:///path` where the path itself starts with two slashes.
pub(super) fn write_path(f: &mut fmt::Formatter<'_>, scheme: &str, path: &[u8]) -> fmt::Result {
    let host = if path.starts_with(b"//") { "//" } else { "" };
    write!(f, "{scheme}:{host}{}", Escaped(path))
}

pub(super) fn write_packet(
    f: &mut fmt::Formatter<'_>,
    scheme: &str,
    address: &PacketAddress,
) -> fmt::Result {
    write!(f, "{scheme}:{}", address.interface)?;
    let PacketAddress {
        protocol,
        hardware_type,
        packet_type,
        hardware_len,
        hardware,
        ..
    } = *address;
    let mut query = QueryWriter::new(f);
    query.pair(
        Key::Protocol,
        (protocol != 0).then(|| format!("{protocol:#06x}")),
    )?;
    query.pair(
        Key::HardwareType,
        (hardware_type != 0).then_some(hardware_type),
    )?;
    query.pair(Key::PacketType, (packet_type != 0).then_some(packet_type))?;
    let bytes = hardware
        .iter()
        .take(hardware_len.into())
        .map(|byte| format!("{byte:02x}"));
    query.pair(
        Key::HardwareAddress,
        (hardware_len != 0).then(|| bytes.collect::<Vec<_>>().join(":")),
    )
}
