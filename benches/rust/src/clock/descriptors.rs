//! Descriptors passed over a Unix-domain stream, received and closed.

use std::mem::{MaybeUninit, zeroed};
use std::os::fd::{AsFd, AsRawFd, RawFd};

use libc::c_int;
use rsocket::Endpoint;

use super::{Contender, Table};
use crate::fixture::streams;
use crate::hand;

pub(super) fn rows(table: &mut Table) {
    row::<1>(table, "1 descriptor there");
    row::<8>(table, "8 descriptors there");
    row::<64>(table, "64 descriptors there");
}

fn row<const N: usize>(table: &mut Table, name: &str) {
    table.row("Descriptors", name, 1, vec![ours::<N>(), by_hand::<N>()]);
}

fn ours<const N: usize>() -> Contender<'static> {
    let (left, right) = streams();
    let left = Endpoint::try_from(left).unwrap();
    let right = Endpoint::try_from(right).unwrap();
    let mut byte = [0];
    Contender::alone("rsocket", move || {
        left.send_fds(b"x", &[left.as_fd(); N]).unwrap();
        let (_, fds) = right.recv_fds::<N>(&mut byte).unwrap();
        assert!(fds.iter().all(Option::is_some));
    })
}

fn by_hand<const N: usize>() -> Contender<'static> {
    let (left, right) = streams();
    Contender::alone("libc", move || {
        send(left.as_raw_fd(), [left.as_raw_fd(); N]);
        for fd in receive::<N>(right.as_raw_fd()) {
            hand::close(fd);
        }
    })
}

/// A control message with descriptors.
#[repr(C, align(8))]
struct Control<const N: usize> {
    header: libc::cmsghdr,
    fds: [c_int; N],
}

impl<const N: usize> Control<N> {
    const LEN: usize = size_of::<libc::cmsghdr>() + size_of::<[c_int; N]>();
}

fn message<const N: usize>(data: &mut libc::iovec, control: *mut Control<N>) -> libc::msghdr {
    // SAFETY: the header is integers and pointers, for which zeros are valid.
    let mut header: libc::msghdr = unsafe { zeroed() };
    header.msg_iov = data;
    header.msg_iovlen = 1;
    header.msg_control = control.cast();
    header.msg_controllen = size_of::<Control<N>>() as _;
    header
}

fn send<const N: usize>(to: RawFd, fds: [RawFd; N]) {
    let header = libc::cmsghdr {
        cmsg_len: Control::<N>::LEN as _,
        cmsg_level: libc::SOL_SOCKET,
        cmsg_type: libc::SCM_RIGHTS,
    };
    let mut control = Control { header, fds };
    let mut data = libc::iovec {
        iov_base: b"x".as_ptr().cast_mut().cast(),
        iov_len: 1,
    };
    let header = message(&mut data, &raw mut control);
    // SAFETY: what the header points to lives through the call.
    assert!(unsafe { libc::sendmsg(to, &raw const header, libc::MSG_NOSIGNAL) } == 1);
}

fn receive<const N: usize>(from: RawFd) -> [RawFd; N] {
    let mut control = MaybeUninit::<Control<N>>::uninit();
    let mut byte = 0u8;
    let mut data = libc::iovec {
        iov_base: (&raw mut byte).cast(),
        iov_len: 1,
    };
    let mut header = message(&mut data, control.as_mut_ptr());
    let flags = libc::MSG_CMSG_CLOEXEC;
    // SAFETY: what the header points to lives through the call.
    assert!(unsafe { libc::recvmsg(from, &raw mut header, flags) } == 1);
    assert!(header.msg_flags & libc::MSG_CTRUNC == 0);
    assert!(header.msg_controllen as usize >= Control::<N>::LEN);
    // SAFETY: the kernel wrote as many bytes as the message has.
    let control = unsafe { control.assume_init() };
    assert!(control.header.cmsg_type == libc::SCM_RIGHTS);
    assert!(control.header.cmsg_len as usize == Control::<N>::LEN);
    control.fds
}
