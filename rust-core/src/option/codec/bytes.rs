//! Values of any length, and those that are more than their bytes: descriptors and programs.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use super::{Read, Wire, Write};
use crate::address::Address;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::fd;
use crate::option::table::ValueKind;
use crate::option::value::Bytes;
use crate::sys::call::as_uninit;
use crate::sys::option::{self as sys, BpfInstruction};
use crate::tcp::TcpInfo;

/// A value of its own shape: only its kind is common.
macro_rules! wires {
    ($($(#[$doc:meta])+ $codec:ident, $kind:ident;)+) => {$(
        $(#[$doc])+
        pub(in crate::option) struct $codec;

        impl Wire for $codec {
            const KIND: ValueKind = ValueKind::$kind;
        }
    )+};
}

wires! {
    /// A name of up to 15 bytes.
    Text, Text;
    /// Bytes as they are.
    RawBytes, Bytes;
    /// Setting it is the message.
    Nothing, Nothing;
    /// A length without bytes.
    LengthAlone, Length;
    /// A descriptor of an eBPF program.
    Descriptor, Fd;
    /// A classic BPF program.
    Program, Struct;
    /// The peer's process, as a descriptor.
    PeerPidfd, Fd;
    /// A socket address.
    SocketName, Struct;
    /// Bytes of any number, for which the kernel says when there was no room.
    Label, Bytes;
    /// Numbers of any number.
    GroupIds, Bytes;
    /// A bit per multicast group.
    GroupBits, Bytes;
    /// `struct tcp_info`, as long as the kernel has it.
    TcpInfoBytes, Struct;
}

impl Read for Text {
    type Value = Bytes<16>;

    fn read(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<Bytes<16>> {
        let mut bytes = [0; 16];
        let len = fd::get_option(fd, level, name, as_uninit(&mut bytes))?;
        let text = bytes.get(..len).unwrap_or(&bytes);
        let end = text
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(text.len());
        Ok(Bytes::new(bytes, end))
    }
}

impl Write for Text {
    type Value<'a> = &'a str;

    fn write(fd: BorrowedFd<'_>, level: i32, name: i32, value: &str) -> Result<()> {
        fd::set_option(fd, level, name, value.as_bytes())
    }
}

impl<const N: usize> Wire for Bytes<N> {
    const KIND: ValueKind = ValueKind::Bytes;
}

impl<const N: usize> Read for Bytes<N> {
    type Value = Bytes<N>;

    fn read(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<Bytes<N>> {
        let mut bytes = [0; N];
        let len = fd::get_option(fd, level, name, as_uninit(&mut bytes))?;
        Ok(Bytes::new(bytes, len))
    }
}

impl Write for RawBytes {
    type Value<'a> = &'a [u8];

    #[inline]
    fn write(fd: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> Result<()> {
        fd::set_option(fd, level, name, value)
    }
}

impl Write for Nothing {
    type Value<'a> = ();

    fn write(fd: BorrowedFd<'_>, level: i32, name: i32, (): ()) -> Result<()> {
        // The kernel wants an int for every option of socket(7), and does not look at this one.
        fd::set_int(fd, level, name, 0)
    }
}

impl Write for LengthAlone {
    type Value<'a> = u32;

    fn write(fd: BorrowedFd<'_>, level: i32, name: i32, value: u32) -> Result<()> {
        fd::set_option_null(fd, level, name, value)
    }
}

impl Write for Descriptor {
    type Value<'a> = BorrowedFd<'a>;

    fn write(fd: BorrowedFd<'_>, level: i32, name: i32, value: BorrowedFd<'_>) -> Result<()> {
        fd::set_int(fd, level, name, value.as_raw_fd())
    }
}

impl Write for Program {
    type Value<'a> = &'a [BpfInstruction];

    fn write(fd: BorrowedFd<'_>, level: i32, name: i32, value: &[BpfInstruction]) -> Result<()> {
        sys::set_program(fd, level, name, value).map_err(|errno| Error::Os {
            op: Op::SetSockOpt,
            errno,
        })
    }
}

impl Read for PeerPidfd {
    type Value = OwnedFd;

    fn read(fd: BorrowedFd<'_>, _level: i32, _name: i32) -> Result<OwnedFd> {
        sys::peer_pidfd(fd).map_err(|errno| Error::Os {
            op: Op::GetSockOpt,
            errno,
        })
    }
}

impl Read for SocketName {
    type Value = Address;

    fn read(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<Address> {
        let mut bytes = [0; size_of::<libc::sockaddr_storage>()];
        let len = fd::get_option(fd, level, name, as_uninit(&mut bytes))?;
        Address::from_bytes(bytes.get(..len).unwrap_or(&bytes))
    }
}

/// The most that an answer of unknown length may take: 65536 groups of 4 bytes.
const ANSWER_MAX: usize = 1 << 18;

/// Asks with more and more room until `is_whole` has the answer in it.
fn read_growing(
    fd: BorrowedFd<'_>,
    level: i32,
    name: i32,
    is_whole: impl Fn(usize, usize) -> bool,
) -> Result<Vec<u8>> {
    let mut room = 256;
    loop {
        let mut bytes = vec![0; room];
        match fd::get_option(fd, level, name, as_uninit(&mut bytes)) {
            Ok(len) if is_whole(len, room) || room >= ANSWER_MAX => {
                bytes.truncate(len);
                return Ok(bytes);
            }
            // socket(7): SO_PEERSEC and SO_PEERGROUPS answer ERANGE where the room is too small.
            Err(Error::Os {
                errno: Errno::ERANGE,
                ..
            }) if room < ANSWER_MAX => {}
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        room *= 4;
    }
}

impl Read for Label {
    type Value = Vec<u8>;

    fn read(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<Vec<u8>> {
        let mut label = read_growing(fd, level, name, |_, _| true)?;
        // Some security modules count a terminating NUL, some do not.
        if label.last() == Some(&0) {
            label.pop();
        }
        Ok(label)
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes
        .chunks_exact(4)
        .filter_map(|word| word.first_chunk().copied())
        .map(u32::from_ne_bytes)
}

impl Read for GroupIds {
    type Value = Vec<u32>;

    fn read(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<Vec<u32>> {
        Ok(words(&read_growing(fd, level, name, |_, _| true)?).collect())
    }
}

impl Read for GroupBits {
    type Value = Vec<u32>;

    fn read(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<Vec<u32>> {
        // netlink(7): where the room is too small, what fits is given and the length needed is
        // told, which is cut to the room here: a full room may hide more.
        let bits = read_growing(fd, level, name, |len, room| len < room)?;
        let groups = words(&bits)
            .zip((1_u32..).step_by(32))
            .flat_map(|(word, first)| {
                (0..32)
                    .filter(move |bit| word >> bit & 1 != 0)
                    .map(move |bit| first + bit)
            });
        Ok(groups.collect())
    }
}

/// Room for more of `struct tcp_info` than any kernel of today fills.
const TCP_INFO_MAX: usize = 512;

impl Read for TcpInfoBytes {
    type Value = TcpInfo;

    fn read(fd: BorrowedFd<'_>, level: i32, name: i32) -> Result<TcpInfo> {
        let mut bytes = [0; TCP_INFO_MAX];
        let len = fd::get_option(fd, level, name, as_uninit(&mut bytes))?;
        Ok(TcpInfo::from_bytes(bytes.get(..len).unwrap_or(&bytes)))
    }
}
