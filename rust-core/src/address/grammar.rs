//! The pieces of address text, on bytes: numbers, percent escapes, hosts and ports.

use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::error::{AddressError, Error, Op, Result};
use crate::{Errno, sys::interface};

/// A decimal number without sign or leading zeros.
pub(super) fn decimal<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
    let leading_zero = text.len() > 1 && text.starts_with(b"0");
    if leading_zero || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text)
        .ok()?
        .parse::<u64>()
        .ok()
        .and_then(|number| T::try_from(number).ok())
}

/// A decimal number, or a hexadecimal one behind `0x`.
pub(super) fn decimal_or_hex<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
    let Some(digits) = text.strip_prefix(b"0x") else {
        return decimal(text);
    };
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16)
        .ok()
        .and_then(|n| T::try_from(n).ok())
}

/// `text` up to the first `byte`, and what stands behind it.
pub(super) fn split_once(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|other| *other == byte)?;
    let (head, tail) = text.split_at_checked(at)?;
    Some((head, tail.get(1..)?))
}

pub(super) fn hex_byte([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// The bytes that percent-escaped text stands for.
///
/// RFC 3986 keeps spaces, control characters and `#` out of a URL. Where they come all the same
/// (the line break of a configuration file), taking them silently would name another socket.
pub(super) fn unescape(text: &[u8]) -> Result<Vec<u8>, AddressError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        bytes.push(match *byte {
            b'%' => {
                let (digits, tail) = tail.split_first_chunk().ok_or(AddressError::Escape)?;
                rest = tail;
                hex_byte(*digits).ok_or(AddressError::Escape)?
            }
            byte @ (0..=b' ' | b'#' | 0x7f) => return Err(AddressError::Unescaped(byte)),
            byte => byte,
        });
    }
    Ok(bytes)
}

/// Bytes with everything escaped that is not a `pchar` of RFC 3986 or a slash.
pub(super) struct Escaped<'a>(pub(super) &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => f.write_char(char::from(*byte)),
            b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b'@' | b'!' | b'$' | b'&' | b'\'' | b'('
            | b')' | b'*' | b'+' | b',' | b';' | b'=' => f.write_char(char::from(*byte)),
            byte => write!(f, "%{byte:02X}"),
        })
    }
}

/// A name behind `scheme:`, escaped; it never looks like the `//` of a URL with a host.
pub(super) struct EscapedName<'a>(pub(super) &'a [u8]);

impl fmt::Display for EscapedName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.strip_prefix(b"//") {
            Some(rest) => write!(f, "%2F/{}", Escaped(rest)),
            None => Escaped(self.0).fmt(f),
        }
    }
}

/// Writes with the width and alignment that the formatter asks for, as std's addresses do.
pub(super) fn padded(
    f: &mut fmt::Formatter<'_>,
    write: impl Fn(&mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    struct Text<W>(W);

    impl<W: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Text<W> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0(f)
        }
    }

    if f.width().is_none() && f.precision().is_none() {
        write(f)
    } else {
        f.pad(&Text(write).to_string())
    }
}

/// How the percent sign before an IPv6 zone is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ZoneSign {
    /// RFC 4007, as outside of URLs: `%eth0`; `%25eth0` is understood.
    Plain,
    /// RFC 6874, as in URLs: `%25eth0` alone, since `%253` could mean two zones otherwise.
    Url,
}

/// A host as text has it.
pub(super) enum Host<'a> {
    V4(Ipv4Addr),
    V6 { ip: Ipv6Addr, scope_id: u32 },
    Name(&'a str),
}

/// `host:port` and nothing behind it.
pub(super) fn host_and_port(text: &[u8], sign: ZoneSign) -> Result<(Host<'_>, u16)> {
    if let Some(bracketed) = text.strip_prefix(b"[") {
        let (inside, behind) = split_once(bracketed, b']').ok_or(AddressError::Ipv6)?;
        let port = match behind {
            [] => return Err(AddressError::MissingPort.into()),
            [b':', port @ ..] => port,
            _ => return Err(AddressError::Trailing.into()),
        };
        return Ok((ipv6(inside, sign)?, parse_port(port)?));
    }
    if is_bare_ipv6(text) {
        return Err(AddressError::Brackets.into());
    }
    let (name, port) = split_once(text, b':').unwrap_or((text, b""));
    Ok((ipv4_or_name(name)?, parse_port(port)?))
}

fn parse_port(text: &[u8]) -> Result<u16, AddressError> {
    if text.is_empty() {
        return Err(AddressError::MissingPort);
    }
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 0 && digits < text.len() {
        return Err(AddressError::Trailing);
    }
    decimal(text).ok_or(AddressError::Port)
}

fn parse_ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether the text is an IPv6 address without brackets, with or without a zone and a port.
pub(super) fn is_bare_ipv6(text: &[u8]) -> bool {
    let without_zone = text.split(|byte| *byte == b'%').next().unwrap_or_default();
    let without_port = without_zone
        .rsplitn(2, |byte| *byte == b':')
        .nth(1)
        .unwrap_or_default();
    parse_ipv6(without_zone).is_some() || parse_ipv6(without_port).is_some()
}

fn ipv6(text: &[u8], sign: ZoneSign) -> Result<Host<'static>> {
    let (ip, zone) = match split_once(text, b'%') {
        Some((ip, zone)) => (ip, Some(zone)),
        None => (text, None),
    };
    let ip = parse_ipv6(ip).ok_or(AddressError::Ipv6)?;
    let scope_id = zone.map_or(Ok(0), |zone| parse_zone(zone, sign))?;
    Ok(Host::V6 { ip, scope_id })
}

/// What stands behind the percent sign, as a scope id.
fn parse_zone(zone: &[u8], sign: ZoneSign) -> Result<u32> {
    let all_digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let unescaped;
    let zone = match (sign, zone.strip_prefix(b"25")) {
        (ZoneSign::Plain, _) if all_digits(zone) => zone,
        (ZoneSign::Plain, name) => name.unwrap_or(zone),
        (ZoneSign::Url, None) => return Err(AddressError::ZoneSign.into()),
        (ZoneSign::Url, Some(name)) => {
            unescaped = unescape(name)?;
            &unescaped
        }
    };
    // RFC 4007, 11.2: a zone may be its number, which is taken as it is.
    if all_digits(zone) {
        return Ok(decimal(zone).ok_or(AddressError::Zone)?);
    }
    interface_number(zone, AddressError::Zone)
}

/// The number of the interface with that name, or `missing`.
pub(super) fn interface_number(name: &[u8], missing: AddressError) -> Result<u32> {
    interface::if_nametoindex(name).map_err(|errno| match errno {
        Errno::ENODEV => missing.into(),
        errno => Error::Os {
            op: Op::IfNameToIndex,
            errno,
        },
    })
}

fn ipv4_or_name(text: &[u8]) -> Result<Host<'_>, AddressError> {
    if text.is_empty() {
        return Err(AddressError::EmptyHost);
    }
    let name = std::str::from_utf8(text).map_err(|_| AddressError::HostName)?;
    if let Ok(ip) = name.parse() {
        return Ok(Host::V4(ip));
    }
    // inet_aton(3) and getaddrinfo(3) would take `127.1`, `0177.0.0.1` and `0x7f.1` as addresses;
    // no name of the DNS ends in a number, so what does is meant as an address.
    let name_without_root = name.strip_suffix('.').unwrap_or(name);
    let last = name_without_root.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || hex.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number && !last.is_empty() {
        return Err(AddressError::Ipv4);
    }
    // RFC 1035, 2.3.4: "labels 63 octets or less, names 255 octets or less" with the length bytes.
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if name_without_root.len() > 253 || !name_without_root.split('.').all(is_label) {
        return Err(AddressError::HostName);
    }
    Ok(Host::Name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_no_sign_and_no_leading_zero() {
        assert_eq!(decimal::<u16>(b"0"), Some(0));
        assert_eq!(decimal::<u16>(b"65535"), Some(65535));
        for text in [
            "",
            "+1",
            "-1",
            "01",
            "00",
            " 1",
            "1 ",
            "0x1",
            "65536",
            "99999999999999999999",
        ] {
            assert_eq!(decimal::<u16>(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(decimal_or_hex::<u16>(b"0x0800"), Some(2048));
        assert_eq!(decimal_or_hex::<u16>(b"0x"), None);
        assert_eq!(decimal_or_hex::<u16>(b"0x+1"), None);
    }

    #[test]
    fn every_byte_survives_escaping() {
        for byte in 0..=u8::MAX {
            let text = Escaped(&[byte]).to_string();
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
            assert_eq!(unescape(text.as_bytes()), Ok(vec![byte]), "{byte:#x}");
        }
    }

    #[test]
    fn names_never_start_like_a_url_with_a_host() {
        for name in ["//x", "///", "//", "/", "/x", "x//"] {
            let text = EscapedName(name.as_bytes()).to_string();
            assert!(!text.starts_with("//"), "{text:?}");
            assert_eq!(
                unescape(text.as_bytes()),
                Ok(name.as_bytes().to_vec()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn escapes_are_whole() {
        for text in ["%", "%4", "%4g", "a%", "%%41", "%+1"] {
            assert_eq!(
                unescape(text.as_bytes()),
                Err(AddressError::Escape),
                "{text:?}"
            );
        }
        for byte in [b' ', b'#', b'\n', 0, 0x7f] {
            assert_eq!(unescape(&[b'a', byte]), Err(AddressError::Unescaped(byte)));
        }
    }
}
