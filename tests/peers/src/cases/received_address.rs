//! The address of a message's sender has the length that the kernel gave it.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;

use rsocket::{Address, Ancillary, Endpoint, Family, Kind, MsgFlags, Protocol};
use socket2::{MaybeUninitSlice, MsgHdrMut, SockAddr, SockRef};

use super::{Case, Launch, Side};
use crate::Outcome;

pub const CASE: Case = Case {
    name: "received_address",
    scenario: "recvmsg of a datagram from an abstract name",
    peer: "socket2",
    test: "received_address::names_of_every_length",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    let socket = || {
        let socket = Endpoint::new(Family::UNIX, Kind::DGRAM, Protocol::DEFAULT).unwrap();
        // The kernel chooses five hexadecimal digits.
        socket.bind(&Address::unix_unnamed()).unwrap();
        socket
    };
    let (left, right) = (socket(), socket());
    left.send_to(b"data", &right.local_address().unwrap())
        .unwrap();
    let expected = size_of::<libc::sa_family_t>() + 1 + 5;
    let len = match side {
        Side::Peer => {
            // SAFETY: the storage that try_init hands over is zeroed, which is an empty address.
            let ((), mut from) = unsafe { SockAddr::try_init(|_, _| Ok(())) }.unwrap();
            let mut data = [MaybeUninit::uninit(); 8];
            let mut bufs = [MaybeUninitSlice::new(&mut data)];
            let mut header = MsgHdrMut::new()
                .with_addr(&mut from)
                .with_buffers(&mut bufs);
            SockRef::from(&right.as_fd())
                .recvmsg(&mut header, 0)
                .unwrap();
            from.len() as usize
        }
        Side::Ours => {
            let mut data = [0; 8];
            let mut bufs = [IoSliceMut::new(&mut data)];
            let mut none = Ancillary::<0>::new();
            let (_, from) = right
                .recv_msg(&mut bufs, &mut none, MsgFlags::empty())
                .unwrap();
            assert_eq!(from, left.local_address().unwrap());
            from.as_bytes().len()
        }
    };
    if len == expected {
        Outcome::Kept(format!("an address of {len} bytes, the sender's own"))
    } else {
        Outcome::Broken(format!(
            "an address of {len} bytes where the kernel wrote {expected}"
        ))
    }
}
