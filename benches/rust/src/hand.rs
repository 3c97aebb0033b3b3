//! The measure: each call as one would write it by hand on the libc crate. Also the other half of
//! every pair.

use std::hint::black_box;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use libc::{c_int, c_void, socklen_t};

use crate::Case;
use crate::fixture::{BATCH, LEN, at_path, empty, streams, times, udp_v4, udp_v6};

pub const CASES: &[Case] = &[
    ("send", |count| {
        let (left, right) = streams();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            send(left.as_raw_fd(), black_box(&data));
            recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("recv", |count| {
        let (left, right) = streams();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            send(left.as_raw_fd(), black_box(&data));
            recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("send_to v4, ready", |count| {
        let (left, right, to) = udp_v4();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        let SocketAddr::V4(to) = to else {
            unreachable!()
        };
        let to = native_v4(&to);
        times(count, || {
            send_to(left.as_raw_fd(), black_box(&data), black_box(&to));
            recv(right.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("send_to v4", |count| send_to_converted(count, udp_v4())),
    ("send_to v6", |count| send_to_converted(count, udp_v6())),
    ("recv_from v4, native", |count| {
        let (left, right, to) = udp_v4();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        let SocketAddr::V4(to) = to else {
            unreachable!()
        };
        let to = native_v4(&to);
        times(count, || {
            send_to(left.as_raw_fd(), black_box(&data), &to);
            black_box(&recv_from(right.as_raw_fd(), black_box(&mut buf)));
        });
    }),
    ("recv_from v4", |count| recv_from_converted(count, udp_v4())),
    ("recv_from v6", |count| recv_from_converted(count, udp_v6())),
    ("send fd", fd_round_trip),
    ("recv fd", fd_round_trip),
    ("send batch", |count| batch_round_trip(count, false)),
    ("recv batch, native", |count| batch_round_trip(count, false)),
    ("recv batch", |count| batch_round_trip(count, true)),
    ("would block", |count| {
        let (_left, right) = empty();
        let mut buf = [0; LEN];
        times(count, || {
            let buf = black_box(&mut buf);
            // SAFETY: the buffer is writable for its length.
            let result = unsafe { libc::recv(right.as_raw_fd(), buf.as_mut_ptr().cast(), LEN, 0) };
            // SAFETY: the pointer is this thread's errno.
            assert!(result == -1 && unsafe { *libc::__errno_location() } == libc::EAGAIN);
        });
    }),
    ("local address", |count| {
        let (left, _right, _) = udp_v4();
        times(count, || {
            black_box(local_address(left.as_raw_fd()));
        });
    }),
    ("get option", |count| {
        let (left, _right, _) = udp_v4();
        times(count, || {
            let fd = left.as_raw_fd();
            let (mut value, mut len) = (0, size_of::<c_int>() as socklen_t);
            // SAFETY: value and length are writable and of the size that the length says.
            let result = unsafe {
                libc::getsockopt(
                    fd,
                    libc::SOL_SOCKET,
                    libc::SO_REUSEADDR,
                    (&raw mut value).cast::<c_void>(),
                    &raw mut len,
                )
            };
            assert!(result == 0);
            black_box(value != 0);
        });
    }),
    ("unix send_to, path", |count| {
        let at = at_path();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        times(count, || {
            let (to, len) = native_unix(black_box(&at.path));
            send_to_len(at.sender.as_raw_fd(), black_box(&data), &to, len);
            recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
    ("unix send_to, ready", |count| {
        let at = at_path();
        let (data, mut buf) = ([7; LEN], [0; LEN]);
        let (to, len) = native_unix(&at.path);
        times(count, || {
            send_to_len(at.sender.as_raw_fd(), black_box(&data), black_box(&to), len);
            recv(at.receiver.as_raw_fd(), black_box(&mut buf));
        });
    }),
];

#[inline(always)]
pub fn send(fd: RawFd, data: &[u8; LEN]) {
    // SAFETY: the data is readable for its length.
    let sent = unsafe { libc::send(fd, data.as_ptr().cast(), LEN, libc::MSG_NOSIGNAL) };
    assert!(sent == LEN as isize);
}

#[inline(always)]
pub fn recv(fd: RawFd, buf: &mut [u8; LEN]) {
    // SAFETY: the buffer is writable for its length.
    let len = unsafe { libc::recv(fd, buf.as_mut_ptr().cast(), LEN, 0) };
    assert!(len == LEN as isize);
}

#[inline(always)]
pub fn send_to<A>(fd: RawFd, data: &[u8; LEN], to: &A) {
    send_to_len(fd, data, to, size_of::<A>() as socklen_t);
}

#[inline(always)]
fn send_to_len<A>(fd: RawFd, data: &[u8; LEN], to: &A, len: socklen_t) {
    let to = ptr::from_ref(to).cast::<libc::sockaddr>();
    let data = data.as_ptr().cast();
    // SAFETY: data and address are readable for their lengths.
    let sent = unsafe { libc::sendto(fd, data, LEN, libc::MSG_NOSIGNAL, to, len) };
    assert!(sent == LEN as isize);
}

#[inline(always)]
fn recv_from(fd: RawFd, buf: &mut [u8; LEN]) -> (MaybeUninit<libc::sockaddr_storage>, socklen_t) {
    let mut from = MaybeUninit::<libc::sockaddr_storage>::uninit();
    let mut from_len = size_of::<libc::sockaddr_storage>() as socklen_t;
    // SAFETY: buffer and address are writable for their lengths.
    let len = unsafe {
        let (buf, from) = (buf.as_mut_ptr().cast(), from.as_mut_ptr().cast());
        libc::recvfrom(fd, buf, LEN, 0, from, &raw mut from_len)
    };
    assert!(len == LEN as isize);
    (from, from_len)
}

#[inline(always)]
pub fn native_v4(address: &SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes(address.ip().octets()),
        },
        sin_zero: [0; 8],
    }
}

#[inline(always)]
pub fn native_v6(address: &SocketAddrV6) -> libc::sockaddr_in6 {
    libc::sockaddr_in6 {
        sin6_family: libc::AF_INET6 as libc::sa_family_t,
        sin6_port: address.port().to_be(),
        sin6_flowinfo: address.flowinfo(),
        sin6_addr: libc::in6_addr {
            s6_addr: address.ip().octets(),
        },
        sin6_scope_id: address.scope_id(),
    }
}

#[inline(always)]
fn native_unix(path: &Path) -> (libc::sockaddr_un, socklen_t) {
    // SAFETY: sockaddr_un is integers, for which zeros are valid.
    let mut address: libc::sockaddr_un = unsafe { zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    let bytes = path.as_os_str().as_bytes();
    assert!(bytes.len() < address.sun_path.len());
    for (to, from) in address.sun_path.iter_mut().zip(bytes) {
        *to = *from as libc::c_char;
    }
    let len = std::mem::offset_of!(libc::sockaddr_un, sun_path) + bytes.len() + 1;
    (address, len as socklen_t)
}

#[inline(always)]
fn socket_addr(from: &MaybeUninit<libc::sockaddr_storage>, len: socklen_t) -> SocketAddr {
    // SAFETY: the kernel wrote `len` bytes, of which the first two are the family; each arm checks
    // that its structure was written.
    unsafe {
        let family = c_int::from((*from.as_ptr().cast::<libc::sockaddr>()).sa_family);
        if family == libc::AF_INET && len as usize >= size_of::<libc::sockaddr_in>() {
            let from = from.as_ptr().cast::<libc::sockaddr_in>().read();
            let ip = Ipv4Addr::from(from.sin_addr.s_addr.to_ne_bytes());
            SocketAddrV4::new(ip, u16::from_be(from.sin_port)).into()
        } else {
            assert!(family == libc::AF_INET6 && len as usize >= size_of::<libc::sockaddr_in6>());
            let from = from.as_ptr().cast::<libc::sockaddr_in6>().read();
            let ip = Ipv6Addr::from(from.sin6_addr.s6_addr);
            let port = u16::from_be(from.sin6_port);
            SocketAddrV6::new(ip, port, from.sin6_flowinfo, from.sin6_scope_id).into()
        }
    }
}

type Udp = (std::net::UdpSocket, std::net::UdpSocket, SocketAddr);

fn send_to_converted(count: u64, (left, right, to): Udp) {
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    times(count, || {
        let fd = left.as_raw_fd();
        match black_box(&to) {
            SocketAddr::V4(to) => send_to(fd, black_box(&data), &native_v4(to)),
            SocketAddr::V6(to) => send_to(fd, black_box(&data), &native_v6(to)),
        }
        recv(right.as_raw_fd(), black_box(&mut buf));
    });
}

fn recv_from_converted(count: u64, (left, right, to): Udp) {
    let (data, mut buf) = ([7; LEN], [0; LEN]);
    let to = Ready::new(to);
    times(count, || {
        to.send(left.as_raw_fd(), black_box(&data));
        let (from, len) = recv_from(right.as_raw_fd(), black_box(&mut buf));
        black_box(socket_addr(&from, len));
    });
}

/// A destination that is native already.
pub enum Ready {
    V4(libc::sockaddr_in),
    V6(libc::sockaddr_in6),
}

impl Ready {
    pub fn new(to: SocketAddr) -> Self {
        match to {
            SocketAddr::V4(to) => Ready::V4(native_v4(&to)),
            SocketAddr::V6(to) => Ready::V6(native_v6(&to)),
        }
    }

    #[inline(always)]
    pub fn send(&self, fd: RawFd, data: &[u8; LEN]) {
        match self {
            Ready::V4(to) => send_to(fd, data, to),
            Ready::V6(to) => send_to(fd, data, to),
        }
    }
}

#[inline(always)]
fn local_address(fd: RawFd) -> SocketAddr {
    let mut name = MaybeUninit::<libc::sockaddr_storage>::uninit();
    let mut len = size_of::<libc::sockaddr_storage>() as socklen_t;
    // SAFETY: the address is writable for its length.
    let result = unsafe { libc::getsockname(fd, name.as_mut_ptr().cast(), &raw mut len) };
    assert!(result == 0);
    socket_addr(&name, len)
}

/// Room for the control message with one descriptor.
#[repr(C, align(8))]
struct FdControl {
    header: libc::cmsghdr,
    fd: c_int,
    _padding: c_int,
}

const FD_LEN: usize = size_of::<libc::cmsghdr>() + size_of::<c_int>();

#[inline(always)]
pub fn send_fd(to: RawFd, fd: RawFd) {
    let mut control = FdControl {
        header: libc::cmsghdr {
            cmsg_len: FD_LEN as _,
            cmsg_level: libc::SOL_SOCKET,
            cmsg_type: libc::SCM_RIGHTS,
        },
        fd,
        _padding: 0,
    };
    let mut data = libc::iovec {
        iov_base: b"x".as_ptr().cast_mut().cast(),
        iov_len: 1,
    };
    // SAFETY: the header is integers and pointers; what it points to lives through the call.
    let sent = unsafe {
        let mut header: libc::msghdr = zeroed();
        header.msg_iov = &raw mut data;
        header.msg_iovlen = 1;
        header.msg_control = (&raw mut control).cast();
        header.msg_controllen = size_of::<FdControl>() as _;
        libc::sendmsg(to, &raw const header, libc::MSG_NOSIGNAL)
    };
    assert!(sent == 1);
}

#[inline(always)]
pub fn recv_fd(from: RawFd) -> RawFd {
    let mut control = MaybeUninit::<FdControl>::uninit();
    let mut byte = 0u8;
    let mut data = libc::iovec {
        iov_base: (&raw mut byte).cast(),
        iov_len: 1,
    };
    // SAFETY: the header is integers and pointers; what it points to lives through the call, after
    // which the kernel has written the control message where its length says so.
    unsafe {
        let mut header: libc::msghdr = zeroed();
        header.msg_iov = &raw mut data;
        header.msg_iovlen = 1;
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = size_of::<FdControl>() as _;
        let len = libc::recvmsg(from, &raw mut header, libc::MSG_CMSG_CLOEXEC);
        assert!(len == 1 && header.msg_flags & libc::MSG_CTRUNC == 0);
        assert!(header.msg_controllen as usize >= FD_LEN);
        let control = control.assume_init_ref();
        assert!(
            control.header.cmsg_level == libc::SOL_SOCKET
                && control.header.cmsg_type == libc::SCM_RIGHTS
                && control.header.cmsg_len as usize == FD_LEN
        );
        control.fd
    }
}

#[inline(always)]
pub fn close(fd: RawFd) {
    // SAFETY: the descriptor came from `recv_fd` and is nobody else's.
    assert!(unsafe { libc::close(fd) } == 0);
}

fn fd_round_trip(count: u64) {
    let (left, right) = streams();
    times(count, || {
        send_fd(left.as_raw_fd(), black_box(left.as_raw_fd()));
        close(recv_fd(right.as_raw_fd()));
    });
}

/// Headers, buffers and addresses for a batch, made once.
pub struct Batch {
    headers: Vec<libc::mmsghdr>,
    buffers: Vec<[u8; LEN]>,
    addresses: Vec<libc::sockaddr_storage>,
    _iovecs: Vec<libc::iovec>,
}

impl Batch {
    /// To `to`, or to receive.
    pub fn new(to: Option<&libc::sockaddr_in>) -> Self {
        let mut buffers = vec![[7; LEN]; BATCH];
        // SAFETY: addresses and headers are integers and pointers, for which zeros are valid.
        let mut addresses = vec![unsafe { zeroed::<libc::sockaddr_storage>() }; BATCH];
        let mut iovecs: Vec<_> = buffers
            .iter_mut()
            .map(|buffer| libc::iovec {
                iov_base: buffer.as_mut_ptr().cast(),
                iov_len: LEN,
            })
            .collect();
        let headers = addresses
            .iter_mut()
            .zip(&mut iovecs)
            .map(|(address, iovec)| {
                // SAFETY: as above; the address has room for one of IPv4.
                let mut entry: libc::mmsghdr = unsafe { zeroed() };
                let header = &mut entry.msg_hdr;
                header.msg_iov = iovec;
                header.msg_iovlen = 1;
                header.msg_name = ptr::from_mut(address).cast();
                header.msg_namelen = size_of::<libc::sockaddr_storage>() as socklen_t;
                if let Some(to) = to {
                    // SAFETY: as above.
                    unsafe { header.msg_name.cast::<libc::sockaddr_in>().write(*to) };
                    header.msg_namelen = size_of::<libc::sockaddr_in>() as socklen_t;
                }
                entry
            })
            .collect();
        Batch {
            headers,
            buffers,
            addresses,
            _iovecs: iovecs,
        }
    }

    #[inline(always)]
    pub fn send(&mut self, fd: RawFd) {
        let headers = self.headers.as_mut_ptr();
        // SAFETY: as many headers as it says, each pointing to memory of this batch.
        let sent = unsafe { libc::sendmmsg(fd, headers, BATCH as _, libc::MSG_NOSIGNAL) };
        assert!(sent == BATCH as c_int);
    }

    /// Receives a full batch and looks at every length and, where asked, address.
    #[inline(always)]
    pub fn recv(&mut self, fd: RawFd, convert: bool) {
        for entry in &mut self.headers {
            entry.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as socklen_t;
        }
        let headers = self.headers.as_mut_ptr();
        // SAFETY: as many headers as it says, each pointing to memory of this batch.
        let came = unsafe {
            libc::recvmmsg(
                fd,
                headers,
                BATCH as _,
                libc::MSG_WAITFORONE,
                ptr::null_mut(),
            )
        };
        assert!(came == BATCH as c_int);
        for (entry, (buffer, address)) in self
            .headers
            .iter()
            .zip(self.buffers.iter().zip(&self.addresses))
        {
            black_box(&buffer[..entry.msg_len as usize]);
            if convert {
                // SAFETY: the same memory, all of it initialised.
                let address = unsafe { &*ptr::from_ref(address).cast() };
                black_box(socket_addr(address, entry.msg_hdr.msg_namelen));
            }
        }
    }
}

#[inline(always)]
fn batch_round_trip(count: u64, convert: bool) {
    let (left, right, to) = udp_v4();
    let SocketAddr::V4(to) = to else {
        unreachable!()
    };
    let (mut sends, mut receives) = (Batch::new(Some(&native_v4(&to))), Batch::new(None));
    times(count, || {
        sends.send(left.as_raw_fd());
        receives.recv(right.as_raw_fd(), convert);
    });
}
