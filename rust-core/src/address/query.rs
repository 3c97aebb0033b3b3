//! The query of address text: its keys, their values, and how they are written.

use std::fmt;

use super::grammar::{decimal, decimal_or_hex, hex_byte, split_once, unescape};
use crate::error::AddressError;

/// Cuts off the query: what stands before the first `?`, and what stands behind it.
pub(super) fn split_query(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    match split_once(text, b'?') {
        Some((head, query)) => (head, Some(query)),
        None => (text, None),
    }
}

/// A key that a query may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Mode,
    Unlink,
    Reuse,
    FlowInfo,
    Pid,
    Groups,
    Protocol,
    HardwareType,
    PacketType,
    HardwareAddress,
}

impl Key {
    const NAMES: [(Key, &'static str); 10] = [
        (Key::Mode, "mode"),
        (Key::Unlink, "unlink"),
        (Key::Reuse, "reuse"),
        (Key::FlowInfo, "flowinfo"),
        (Key::Pid, "pid"),
        (Key::Groups, "groups"),
        (Key::Protocol, "protocol"),
        (Key::HardwareType, "hatype"),
        (Key::PacketType, "pkttype"),
        (Key::HardwareAddress, "addr"),
    ];
}

/// The values of a query, `None` where the key is not there.
#[derive(Default)]
pub(super) struct Query {
    pub(super) mode: Option<u32>,
    pub(super) unlink: Option<bool>,
    pub(super) reuse: Option<bool>,
    pub(super) flowinfo: Option<u32>,
    pub(super) pid: Option<u32>,
    /// In ascending order, each once.
    pub(super) groups: Option<Vec<u32>>,
    pub(super) protocol: Option<u16>,
    pub(super) hardware_type: Option<u16>,
    pub(super) packet_type: Option<u8>,
    pub(super) hardware: Option<([u8; 8], u8)>,
}

impl Query {
    /// Reads `key=value&key=value`; a key outside of `allowed` is an error.
    pub(super) fn parse(text: Option<&[u8]>, allowed: &[Key]) -> Result<Self, AddressError> {
        let mut query = Query::default();
        let Some(text) = text else { return Ok(query) };
        for pair in text.split(|byte| *byte == b'&') {
            let (name, value) = match split_once(pair, b'=') {
                Some((name, value)) => (name, Some(value)),
                None => (pair, None),
            };
            let named = Key::NAMES.iter().find(|(_, text)| text.as_bytes() == name);
            match named {
                Some((key, _)) if allowed.contains(key) => query.set(*key, value)?,
                _ => return Err(AddressError::QueryKey),
            }
        }
        Ok(query)
    }

    fn set(&mut self, key: Key, value: Option<&[u8]>) -> Result<(), AddressError> {
        let is_flag = matches!(key, Key::Unlink | Key::Reuse);
        let value = unescape(value.unwrap_or(if is_flag { b"1" } else { b"" }))?;
        match key {
            Key::Mode => once(&mut self.mode, octal_mode(&value), AddressError::Mode),
            Key::Unlink => once(&mut self.unlink, parse_flag(&value), AddressError::Flag),
            Key::Reuse => once(&mut self.reuse, parse_flag(&value), AddressError::Flag),
            Key::FlowInfo => once(&mut self.flowinfo, decimal(&value), AddressError::Number),
            Key::Pid => once(&mut self.pid, decimal(&value), AddressError::Number),
            Key::Groups => once(&mut self.groups, parse_groups(&value), AddressError::Groups),
            Key::Protocol => once(
                &mut self.protocol,
                decimal_or_hex(&value),
                AddressError::Number,
            ),
            Key::HardwareType => once(
                &mut self.hardware_type,
                decimal(&value),
                AddressError::Number,
            ),
            Key::PacketType => once(&mut self.packet_type, decimal(&value), AddressError::Number),
            Key::HardwareAddress => once(
                &mut self.hardware,
                parse_hardware(&value),
                AddressError::HardwareAddress,
            ),
        }
    }
}

/// Fills a slot that must be empty yet.
fn once<T>(
    slot: &mut Option<T>,
    value: Option<T>,
    malformed: AddressError,
) -> Result<(), AddressError> {
    if slot.is_some() {
        return Err(AddressError::RepeatedKey);
    }
    *slot = Some(value.ok_or(malformed)?);
    Ok(())
}

/// Permission bits in octal, with or without a leading zero.
fn octal_mode(text: &[u8]) -> Option<u32> {
    if !text.iter().all(|byte| matches!(byte, b'0'..=b'7')) {
        return None;
    }
    let mode = u32::from_str_radix(std::str::from_utf8(text).ok()?, 8).ok()?;
    (mode <= 0o777).then_some(mode)
}

fn parse_flag(text: &[u8]) -> Option<bool> {
    match text {
        b"1" => Some(true),
        b"0" => Some(false),
        _ => None,
    }
}

/// Numbers from 1, with commas between them.
fn parse_groups(text: &[u8]) -> Option<Vec<u32>> {
    let numbers = text.split(|byte| *byte == b',').map(|number| match number {
        b"" => None,
        number => decimal::<u32>(number).filter(|group| *group != 0),
    });
    let mut groups = numbers.collect::<Option<Vec<u32>>>()?;
    groups.sort_unstable();
    groups.dedup();
    Some(groups)
}

/// Up to 8 bytes in hexadecimal, with colons between them.
fn parse_hardware(text: &[u8]) -> Option<([u8; 8], u8)> {
    let mut hardware = [0; 8];
    let mut len = 0;
    for pair in text.split(|byte| *byte == b':') {
        *hardware.get_mut(usize::from(len))? = hex_byte(*pair.first_chunk()?)?;
        if pair.len() != 2 {
            return None;
        }
        len += 1;
    }
    Some((hardware, len))
}

/// Writes a query: `?` before the first pair, `&` before the others.
pub(super) struct QueryWriter<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    separator: char,
}

impl<'a, 'f> QueryWriter<'a, 'f> {
    pub(super) fn new(f: &'a mut fmt::Formatter<'f>) -> Self {
        QueryWriter { f, separator: '?' }
    }

    /// `key=value`, where there is a value.
    pub(super) fn pair(&mut self, key: Key, value: Option<impl fmt::Display>) -> fmt::Result {
        let Some(value) = value else { return Ok(()) };
        let name = Key::NAMES
            .iter()
            .find(|(named, _)| *named == key)
            .map_or("", |(_, name)| *name);
        write!(self.f, "{}{name}={value}", self.separator)?;
        self.separator = '&';
        Ok(())
    }

    /// `groups=1,5`, where there are groups.
    pub(super) fn groups(&mut self, groups: impl IntoIterator<Item = u32>) -> fmt::Result {
        let numbers = groups
            .into_iter()
            .map(|group| group.to_string())
            .collect::<Vec<_>>();
        self.pair(
            Key::Groups,
            (!numbers.is_empty()).then(|| numbers.join(",")),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal_and_have_permission_bits_only() {
        for (text, mode) in [("0", 0), ("660", 0o660), ("0660", 0o660), ("777", 0o777)] {
            assert_eq!(octal_mode(text.as_bytes()), Some(mode), "{text:?}");
        }
        for text in ["", "8", "1777", "0o660", "+7", "-7", "99999999999"] {
            assert_eq!(octal_mode(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn groups_are_sorted_and_named_once() {
        assert_eq!(parse_groups(b"5,1,5,40"), Some(vec![1, 5, 40]));
        for text in ["", ",", "1,", ",1", "0", "1,,2", "1;2", "4294967296", "01"] {
            assert_eq!(parse_groups(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn hardware_addresses_are_pairs_of_digits() {
        let address = [0, 0x11, 0xaa, 0xff, 0, 0, 0, 0];
        assert_eq!(parse_hardware(b"00:11:aa:FF"), Some((address, 4)));
        for text in [
            "",
            "0",
            "000",
            "00:",
            ":00",
            "00:1",
            "0g",
            "00:00:00:00:00:00:00:00:00",
        ] {
            assert_eq!(parse_hardware(text.as_bytes()), None, "{text:?}");
        }
    }
}
