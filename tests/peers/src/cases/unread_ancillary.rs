//! Descriptors in std's unstable ancillary data, walked over but not taken.

use super::{Case, Launch, Side};
use crate::Outcome;
use crate::scene::{leaks, stream_with_fds};

pub const CASE: Case = Case {
    name: "unread_ancillary",
    scenario: "3 descriptors received, messages walked, none taken",
    peer: "std",
    test: "fd_leak::a_walk_that_takes_nothing",
    launch: Launch::Plain,
    run,
};

fn run(side: Side) -> Outcome {
    match side {
        #[cfg(not(std_ancillary))]
        Side::Peer => Outcome::Skipped("unstable: set RUSTC_BOOTSTRAP=rsocket_peers".into()),
        #[cfg(std_ancillary)]
        Side::Peer => leaks(|| {
            use std::os::fd::OwnedFd;
            use std::os::unix::net::{AncillaryData, SocketAncillary, UnixStream};

            let stream = UnixStream::from(OwnedFd::from(stream_with_fds(3)));
            let (mut data, mut room) = ([0; 8], [0; 64]);
            let mut ancillary = SocketAncillary::new(&mut room);
            let mut bufs = [std::io::IoSliceMut::new(&mut data)];
            stream
                .recv_vectored_with_ancillary(&mut bufs, &mut ancillary)
                .unwrap();
            let count: usize = ancillary
                .messages()
                .map(|message| match message {
                    Ok(AncillaryData::ScmRights(rights)) => rights.count(),
                    _ => 0,
                })
                .sum();
            assert_eq!(count, 3);
            String::new()
        }),
        Side::Ours => leaks(|| {
            let endpoint = stream_with_fds(3);
            let mut ancillary = rsocket::Ancillary::<64>::new();
            let mut data = [0; 8];
            let mut bufs = [std::io::IoSliceMut::new(&mut data)];
            let flags = rsocket::MsgFlags::empty();
            let _ = endpoint.recv_msg(&mut bufs, &mut ancillary, flags).unwrap();
            assert_eq!(ancillary.messages().count(), 1);
            drop(ancillary);
            String::new()
        }),
    }
}
