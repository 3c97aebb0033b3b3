//! The flags of getaddrinfo(3) and getnameinfo(3).

use std::ops::{BitOr, BitOrAssign};

macro_rules! flags {
    ($(#[$doc:meta])* $type:ident { $($(#[$item_doc:meta])* $name:ident = $value:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
        #[repr(transparent)]
        pub struct $type(i32);

        impl $type {
            $(
                $(#[$item_doc])*
                #[doc = concat!("\n\n`", stringify!($value), "`.")]
                pub const $name: $type = $type(libc::$value);
            )+

            /// No flags.
            #[must_use]
            pub const fn empty() -> Self {
                $type(0)
            }

            /// Takes any bits, known here or not: the C library judges them.
            #[must_use]
            pub const fn from_raw(bits: i32) -> Self {
                $type(bits)
            }

            /// The bits as C has them.
            #[must_use]
            pub const fn raw(self) -> i32 {
                self.0
            }
        }

        impl BitOr for $type {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                $type(self.0 | other.0)
            }
        }

        impl BitOrAssign for $type {
            fn bitor_assign(&mut self, other: Self) {
                self.0 |= other.0;
            }
        }
    };
}

flags! {
    /// How [`resolve`](crate::resolve) looks, `AI_…` of [getaddrinfo(3)].
    ///
    /// [getaddrinfo(3)]: https://man7.org/linux/man-pages/man3/getaddrinfo.3.html
    ResolveFlags {
        /// No host means the wildcard address, to listen on, instead of loopback.
        PASSIVE = AI_PASSIVE,
        /// Also gives the canonical name, in the first answer.
        CANONICAL_NAME = AI_CANONNAME,
        /// The host is a number: no name is ever looked up.
        NUMERIC_HOST = AI_NUMERICHOST,
        /// The service is a number.
        NUMERIC_SERVICE = AI_NUMERICSERV,
        /// With [`Family::INET6`](crate::Family::INET6): IPv4 addresses as mapped ones where there are no IPv6 ones.
        V4_MAPPED = AI_V4MAPPED,
        /// With [`ResolveFlags::V4_MAPPED`]: IPv4 addresses as mapped ones in any case.
        ALL = AI_ALL,
        /// Only families of which this machine has an address besides loopback.
        CONFIGURED = AI_ADDRCONFIG,
    }
}

flags! {
    /// How [`name_info`](crate::name_info) looks, `NI_…` of [getnameinfo(3)].
    ///
    /// [getnameinfo(3)]: https://man7.org/linux/man-pages/man3/getnameinfo.3.html
    NameFlags {
        /// The host as a number.
        NUMERIC_HOST = NI_NUMERICHOST,
        /// The service as a number.
        NUMERIC_SERVICE = NI_NUMERICSERV,
        /// Without the domain for a host of the local one.
        NO_DOMAIN = NI_NOFQDN,
        /// A host without a name is an error instead of a number.
        NAME_REQUIRED = NI_NAMEREQD,
        /// The service of UDP where it differs from that of TCP.
        DATAGRAM = NI_DGRAM,
    }
}
