//! The table of all options, and the macro whose rows it is made of.

use super::{ip, ipv6, link, netlink, other, socket, tcp, udp};
use crate::family::Family;

/// A set of address families.
///
/// ```
/// use rsocket::{Family, option::Families};
///
/// assert!(Families::IP.contains(Family::INET6));
/// assert!(!Families::IP.contains(Family::UNIX));
/// assert!(Families::ANY.contains(Family::from_raw(4711)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Families(Option<&'static [Family]>);

impl Families {
    /// Every family, unknown ones included.
    pub const ANY: Families = Families(None);
    /// IPv4 and IPv6: options of a level below that an IPv6 socket has as well.
    pub const IP: Families = Families::of(&[Family::INET, Family::INET6]);
    /// IPv6 alone.
    pub const INET6: Families = Families::of(&[Family::INET6]);
    /// The Unix domain.
    pub const UNIX: Families = Families::of(&[Family::UNIX]);
    /// The families whose messages carry credentials.
    pub const CREDENTIALS: Families =
        Families::of(&[Family::UNIX, Family::NETLINK, Family::BLUETOOTH]);
    /// Netlink.
    pub const NETLINK: Families = Families::of(&[Family::NETLINK]);
    /// Link-layer packets.
    pub const PACKET: Families = Families::of(&[Family::PACKET]);
    /// Virtual machine and host.
    pub const VSOCK: Families = Families::of(&[Family::VSOCK]);
    /// The kernel's crypto interface.
    pub const ALG: Families = Families::of(&[Family::ALG]);
    /// Packets shared with the kernel (AF_XDP).
    pub const XDP: Families = Families::of(&[Family::from_raw(libc::AF_XDP)]);
    /// Controller area network.
    pub const CAN: Families = Families::of(&[Family::CAN]);

    /// Exactly these families.
    #[must_use]
    pub const fn of(families: &'static [Family]) -> Self {
        Families(Some(families))
    }

    /// Whether the family is one of them.
    #[must_use]
    #[inline]
    pub const fn contains(self, family: Family) -> bool {
        let Some(mut rest) = self.0 else { return true };
        while let [first, others @ ..] = rest {
            if first.raw() == family.raw() {
                return true;
            }
            rest = others;
        }
        false
    }
}

/// What an option's value is to the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ValueKind {
    /// A C int, 0 or 1.
    Bool,
    /// A C int.
    Int,
    /// An unsigned C int.
    UnsignedInt,
    /// A C int in seconds.
    Seconds,
    /// A C int in milliseconds.
    Milliseconds,
    /// A C int in microseconds.
    Microseconds,
    /// An unsigned 64-bit integer.
    Unsigned64,
    /// A `struct timeval`.
    Timeval,
    /// Another C structure.
    Struct,
    /// Text without a NUL.
    Text,
    /// Bytes of any number.
    Bytes,
    /// A descriptor.
    Fd,
    /// A length without bytes: a null pointer with it.
    Length,
    /// Nothing: setting it is the message.
    Nothing,
}

impl ValueKind {
    /// Whether the value is one C int, so that it can be read and set as a plain number.
    #[must_use]
    pub const fn is_int(self) -> bool {
        matches!(
            self,
            Self::Bool
                | Self::Int
                | Self::UnsignedInt
                | Self::Seconds
                | Self::Milliseconds
                | Self::Microseconds
        )
    }
}

/// What can be done with an option.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Access {
    /// Asked for only.
    Get,
    /// Set only.
    Set,
    /// Both.
    GetSet,
}

impl Access {
    /// Whether it can be asked for.
    #[must_use]
    pub const fn gets(self) -> bool {
        matches!(self, Access::Get | Access::GetSet)
    }

    /// Whether it can be set.
    #[must_use]
    pub const fn sets(self) -> bool {
        matches!(self, Access::Set | Access::GetSet)
    }
}

/// A row of [`TABLE`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct OptionInfo {
    /// The name in C, such as `"SO_REUSEADDR"`.
    pub name: &'static str,
    /// The protocol level.
    pub level: i32,
    /// The level's name in C, such as `"SOL_SOCKET"`.
    pub level_name: &'static str,
    /// The number at that level.
    pub number: i32,
    /// What its value is to the kernel: where it is set and asked for differently, what is set.
    pub value: ValueKind,
    /// What can be done with it.
    pub access: Access,
    /// The families whose sockets have it.
    pub families: Families,
}

/// Every typed option, level by level.
///
/// ```
/// use rsocket::option::{Access, TABLE, ValueKind};
///
/// let row = TABLE.iter().find(|row| row.name == "TCP_NODELAY").unwrap();
/// assert_eq!((row.level, row.number), (6, 1));
/// assert_eq!((row.value, row.access), (ValueKind::Bool, Access::GetSet));
/// ```
pub const TABLE: &[OptionInfo] = &concat::<{ count(PARTS) }>(PARTS);

const PARTS: &[&[OptionInfo]] = &[
    socket::ROWS,
    ip::ROWS,
    ip::RAW_ROWS,
    ipv6::ROWS,
    ipv6::ICMP_ROWS,
    tcp::ROWS,
    tcp::TLS_ROWS,
    udp::ROWS,
    netlink::ROWS,
    link::ROWS,
    other::VSOCK_ROWS,
    other::ALG_ROWS,
    other::CAN_ROWS,
    other::XDP_ROWS,
];

const fn count(parts: &[&[OptionInfo]]) -> usize {
    let mut count = 0;
    let mut rest = parts;
    while let [part, others @ ..] = rest {
        count += part.len();
        rest = others;
    }
    count
}

/// Runs at compile time only.
const fn concat<const COUNT: usize>(parts: &[&[OptionInfo]]) -> [OptionInfo; COUNT] {
    let mut rows = [socket::ROWS[0]; COUNT];
    let mut at = 0;
    let mut rest = parts;
    while let [part, others @ ..] = rest {
        let mut row = 0;
        while row < part.len() {
            rows[at] = part[row];
            at += 1;
            row += 1;
        }
        rest = others;
    }
    rows
}

/// What the last of an option's codecs has: where two differ, the one that sets.
pub(super) const fn last(kinds: &[ValueKind]) -> ValueKind {
    match kinds {
        [.., kind] => *kind,
        [] => ValueKind::Nothing,
    }
}

/// Whether two names are one, at compile time.
pub(super) const fn same(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while let ([a, rest_of_one @ ..], [b, rest_of_other @ ..]) = (one, other) {
        if *a != *b {
            return false;
        }
        (one, other) = (rest_of_one, rest_of_other);
    }
    one.is_empty() && other.is_empty()
}

/// One line per option: its marker, its name in C twice (for readers and as the constant), the
/// families, and what can be done with it: `get(type, codec)`, `set(type, codec)`, or
/// `get_set(type, codec)` where both are the same.
macro_rules! options {
    (
        $rows:ident, $level:ident, $man:literal;
        $(
            $(#[doc = $doc:literal])+
            $option:ident = $name:literal $module:ident::$number:ident, $families:ident,
            $($access:ident($value:ty, $codec:ty)),+;
        )+
    ) => {
        pub(super) const $rows: &[crate::option::OptionInfo] = &[$(
            crate::option::OptionInfo {
                name: $name,
                level: libc::$level,
                level_name: stringify!($level),
                number: $module::$number,
                value: crate::option::table::last(
                    &[$(<$codec as crate::option::codec::Wire>::KIND),+]
                ),
                access: crate::option::table::options!(@access $($access)+),
                families: crate::option::Families::$families,
            },
        )+];

        $(
            $(#[doc = $doc])+
            #[doc = concat!("\n\n`", $name, "` at level `", stringify!($level), "`, see ", $man, ".")]
            #[doc(alias = $name)]
            #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
            pub struct $option;

            impl crate::option::SocketOption for $option {
                const LEVEL: i32 = libc::$level;
                const NAME: i32 = $module::$number;
                const C_NAME: &'static str = $name;
                const FAMILIES: crate::option::Families = crate::option::Families::$families;
            }

            $(crate::option::table::options!(@$access $option, $value, $codec);)+
        )+

        // The name that readers see is the name of the number.
        const _: () = {
            $(assert!(crate::option::table::same($name, stringify!($number)));)+
        };
    };
    (@get_set $option:ident, $value:ty, $codec:ty) => {
        crate::option::table::options!(@get $option, $value, $codec);
        crate::option::table::options!(@set $option, $value, $codec);
    };
    (@get $option:ident, $value:ty, $codec:ty) => {
        impl crate::option::Get for $option {
            type Value = $value;

            #[inline]
            fn get(fd: std::os::fd::BorrowedFd<'_>) -> crate::error::Result<Self::Value> {
                let (level, name) = (
                    <Self as crate::option::SocketOption>::LEVEL,
                    <Self as crate::option::SocketOption>::NAME,
                );
                <$codec as crate::option::codec::Read>::read(fd, level, name)
            }
        }
    };
    (@set $option:ident, $value:ty, $codec:ty) => {
        impl crate::option::Set for $option {
            type Value<'a> = $value;

            #[inline]
            fn set(
                fd: std::os::fd::BorrowedFd<'_>,
                value: Self::Value<'_>,
            ) -> crate::error::Result<()> {
                let (level, name) = (
                    <Self as crate::option::SocketOption>::LEVEL,
                    <Self as crate::option::SocketOption>::NAME,
                );
                <$codec as crate::option::codec::Write>::write(fd, level, name, value)
            }
        }
    };
    (@access get) => { crate::option::Access::Get };
    (@access set) => { crate::option::Access::Set };
    (@access get_set) => { crate::option::Access::GetSet };
    (@access get set) => { crate::option::Access::GetSet };
}
pub(super) use options;
