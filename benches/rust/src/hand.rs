//! System calls by hand, for the other half of every pair and for the measure. The other half is out
//! of line: it costs every case the same and takes no register from any.

use std::hint::black_box;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::RawFd;
use std::ptr;

use libc::{c_int, socklen_t};

use crate::fixture::{BATCH, LEN};

#[inline(never)]
pub fn send(fd: RawFd, data: &[u8; LEN]) {
    // SAFETY: the data is readable for its length.
    let sent = unsafe { libc::send(fd, data.as_ptr().cast(), LEN, libc::MSG_NOSIGNAL) };
    assert!(sent == LEN as isize);
}

#[inline(never)]
pub fn recv(fd: RawFd, buf: &mut [u8; LEN]) {
    // SAFETY: the buffer is writable for its length.
    let len = unsafe { libc::recv(fd, buf.as_mut_ptr().cast(), LEN, 0) };
    assert!(len == LEN as isize);
}

#[inline(always)]
fn send_to<A>(fd: RawFd, data: &[u8; LEN], to: &A) {
    let len = size_of::<A>() as socklen_t;
    let to = ptr::from_ref(to).cast::<libc::sockaddr>();
    let data = data.as_ptr().cast();
    // SAFETY: data and address are readable for their lengths.
    let sent = unsafe { libc::sendto(fd, data, LEN, libc::MSG_NOSIGNAL, to, len) };
    assert!(sent == LEN as isize);
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
pub fn socket_addr(from: &MaybeUninit<libc::sockaddr_storage>, len: socklen_t) -> SocketAddr {
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

    #[inline(never)]
    pub fn send(&self, fd: RawFd, data: &[u8; LEN]) {
        match self {
            Ready::V4(to) => send_to(fd, data, to),
            Ready::V6(to) => send_to(fd, data, to),
        }
    }
}

/// Room for the control message with one descriptor.
#[repr(C, align(8))]
struct FdControl {
    header: libc::cmsghdr,
    fd: c_int,
    _padding: c_int,
}

const FD_LEN: usize = size_of::<libc::cmsghdr>() + size_of::<c_int>();

#[inline(never)]
pub fn send_fd(to: RawFd, fd: RawFd) {
    send_fd_here(to, fd);
}

#[inline(always)]
pub fn send_fd_here(to: RawFd, fd: RawFd) {
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

#[inline(never)]
pub fn recv_fd(from: RawFd) -> RawFd {
    recv_fd_here(from)
}

#[inline(always)]
pub fn recv_fd_here(from: RawFd) -> RawFd {
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
                && control.header.cmsg_len == FD_LEN as _
        );
        control.fd
    }
}

#[inline(always)]
pub fn close(fd: RawFd) {
    // SAFETY: the descriptor came from `recv_fd` and is nobody else's.
    assert!(unsafe { libc::close(fd) } == 0);
}

/// Headers, buffers and addresses for a batch, made once.
pub struct Batch {
    headers: Vec<libc::mmsghdr>,
    buffers: Vec<[u8; LEN]>,
    addresses: Vec<libc::sockaddr_storage>,
    iovecs: Vec<libc::iovec>,
}

impl Batch {
    /// To `to`, or to receive.
    pub fn new(to: Option<&libc::sockaddr_in>) -> Self {
        Self::of(BATCH, to)
    }

    /// Of so many messages.
    pub fn of(messages: usize, to: Option<&libc::sockaddr_in>) -> Self {
        let mut buffers = vec![[7; LEN]; messages];
        // SAFETY: addresses and headers are integers and pointers, for which zeros are valid.
        let mut addresses = vec![unsafe { zeroed::<libc::sockaddr_storage>() }; messages];
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
            iovecs,
        }
    }

    /// Points every message to `data` and `to`.
    #[inline(always)]
    pub fn fill(&mut self, data: &[u8], to: &libc::sockaddr_in) {
        for (entry, iovec) in self.headers.iter_mut().zip(&mut self.iovecs) {
            iovec.iov_base = data.as_ptr().cast_mut().cast();
            iovec.iov_len = data.len();
            entry.msg_hdr.msg_name = ptr::from_ref(to).cast_mut().cast();
            entry.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as socklen_t;
        }
    }

    #[inline(always)]
    pub fn send(&mut self, fd: RawFd) {
        let (headers, count) = (self.headers.as_mut_ptr(), self.headers.len());
        // SAFETY: as many headers as it says, each pointing to memory of this batch.
        let sent = unsafe { libc::sendmmsg(fd, headers, count as _, libc::MSG_NOSIGNAL) };
        assert!(sent == count as c_int);
    }

    /// Receives a full batch and looks at every length and, where asked, address.
    #[inline(always)]
    pub fn recv(&mut self, fd: RawFd, convert: bool) {
        for entry in &mut self.headers {
            entry.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as socklen_t;
        }
        let (headers, count) = (self.headers.as_mut_ptr(), self.headers.len());
        let flags = libc::MSG_WAITFORONE;
        // SAFETY: as many headers as it says, each pointing to memory of this batch.
        let came = unsafe { libc::recvmmsg(fd, headers, count as _, flags, ptr::null_mut()) };
        assert!(came == count as c_int);
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
