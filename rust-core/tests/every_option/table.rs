//! The table as another language uses it: rows say how a call by numbers will go.

use rsocket::option::{Access, Families, Get, Set, SocketOption, TABLE, ValueKind};
use rsocket::{Endpoint, Errno, Error, Family, Kind, Op, Protocol, Result, fd};
use std::os::fd::BorrowedFd;

use crate::check::{tcp, udp};

/// A socket that has the options of a level, where this machine has one.
fn socket_for(level: i32) -> Option<Endpoint> {
    match level {
        libc::SOL_SOCKET | libc::SOL_IP | libc::SOL_UDP => Some(udp()),
        libc::SOL_TCP => Some(tcp()),
        libc::SOL_IPV6 => Endpoint::new(Family::INET6, Kind::DGRAM, Protocol::UDP).ok(),
        libc::SOL_NETLINK => {
            Endpoint::new(Family::NETLINK, Kind::RAW, Protocol::NETLINK_ROUTE).ok()
        }
        _ => None,
    }
}

#[test]
fn a_row_that_is_asked_for_as_a_number_answers_with_one() {
    let mut answered = 0;
    for row in TABLE
        .iter()
        .filter(|row| row.access.gets() && row.value.is_int())
    {
        let Some(socket) = socket_for(row.level) else {
            continue;
        };
        if !row.families.contains(socket.family()) {
            continue;
        }
        let mut value = [0xff; 4];
        match socket.raw_option(row.level, row.number, &mut value) {
            Ok(len) => {
                assert!(len == 4 || len == 1, "{}: {len} bytes", row.name);
                if row.value == ValueKind::Bool {
                    assert!(value[0] <= 1, "{}: {value:?}", row.name);
                }
                answered += 1;
            }
            // What this kernel is too old for, or wants a connection or a peer for.
            Err(Error::Os { op, errno }) => {
                assert_eq!(op, Op::GetSockOpt);
                assert!(
                    matches!(
                        errno,
                        Errno::ENOPROTOOPT | Errno::EOPNOTSUPP | Errno::ENOTCONN | Errno::EINVAL
                    ),
                    "{}: {errno}",
                    row.name
                );
            }
            Err(error) => panic!("{}: {error}", row.name),
        }
    }
    assert!(answered > 100, "{answered}");
}

#[test]
fn a_row_that_is_only_set_cannot_be_asked_for() {
    let (tcp, udp) = (tcp(), udp());
    for (name, socket) in [
        ("IP_ADD_MEMBERSHIP", &udp),
        ("SO_RCVBUFFORCE", &udp),
        ("SO_SNDBUFFORCE", &udp),
        ("TCP_QUEUE_SEQ", &tcp),
    ] {
        let Some(row) = TABLE.iter().find(|row| row.name == name) else {
            continue;
        };
        if row.access == Access::Set {
            assert!(row.access.sets() && !row.access.gets());
            let result = socket.raw_option(row.level, row.number, &mut [0; 64]);
            assert!(result.is_err(), "{name}: {result:?}");
        }
    }
    let asked = TABLE.iter().find(|row| row.name == "SO_TYPE").unwrap();
    assert!(asked.access.gets() && !asked.access.sets() && asked.value == ValueKind::Int);
    let error = udp
        .set_raw_option(asked.level, asked.number, &[0; 4])
        .unwrap_err();
    assert_eq!(error.errno(), Errno::ENOPROTOOPT);
    let both = TABLE.iter().find(|row| row.name == "SO_KEEPALIVE").unwrap();
    assert!(both.access.gets() && both.access.sets() && both.value.is_int());
    let linger = TABLE.iter().find(|row| row.name == "SO_LINGER").unwrap();
    assert!(!linger.value.is_int());
}

/// An option of a program's own: the send queue's limit, for Unix and internet sockets alone.
#[derive(Clone, Copy)]
struct SendQueue;

impl SocketOption for SendQueue {
    const LEVEL: i32 = libc::SOL_SOCKET;
    const NAME: i32 = libc::SO_SNDBUF;
    const C_NAME: &'static str = "SO_SNDBUF";
    const FAMILIES: Families = Families::of(&[Family::UNIX, Family::INET]);
}

impl Get for SendQueue {
    type Value = i32;

    fn get(fd: BorrowedFd<'_>) -> Result<i32> {
        fd::get_int(fd, Self::LEVEL, Self::NAME)
    }
}

impl Set for SendQueue {
    type Value<'a> = i32;

    fn set(fd: BorrowedFd<'_>, value: i32) -> Result<()> {
        fd::set_int(fd, Self::LEVEL, Self::NAME, value)
    }
}

#[test]
fn an_option_of_a_programs_own_is_like_any_other() {
    let families = Families::of(&[Family::UNIX, Family::INET]);
    assert_eq!(SendQueue::FAMILIES, families);
    assert!(families.contains(Family::UNIX) && !families.contains(Family::INET6));
    let udp = udp();
    udp.set(SendQueue, 10_000).unwrap();
    assert_eq!(udp.get(SendQueue), Ok(20_000));
    let v6 = Endpoint::new(Family::INET6, Kind::DGRAM, Protocol::UDP).unwrap();
    assert_eq!(v6.get(SendQueue), Err(Error::WrongFamily));
    assert_eq!(v6.set(SendQueue, 1), Err(Error::WrongFamily));
}
