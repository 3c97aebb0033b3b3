//! Every error has the number that C and Python see, and becomes the std error of its kind.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error as _;
use std::io::{self, ErrorKind};

use rsocket::{
    Address, AddressError, Attempt, ControlError, Errno, Error, NetlinkError, NoneConnected, Op,
    Partial, ResolveError, connect_any,
};

fn os(errno: Errno) -> Error {
    Error::Os {
        op: Op::Connect,
        errno,
    }
}

#[test]
fn the_number_and_the_kind_of_each() {
    let resolve = ResolveError::from_code(libc::EAI_NONAME);
    for (error, errno, kind) in [
        (
            os(Errno::ECONNREFUSED),
            Errno::ECONNREFUSED,
            ErrorKind::ConnectionRefused,
        ),
        (Error::TimedOut, Errno::ETIMEDOUT, ErrorKind::TimedOut),
        (Error::Interrupted, Errno::EINTR, ErrorKind::Interrupted),
        (
            Error::UnexpectedEof,
            Errno::ENODATA,
            ErrorKind::UnexpectedEof,
        ),
        (
            Error::Resolve(resolve),
            Errno::EADDRNOTAVAIL,
            ErrorKind::AddrNotAvailable,
        ),
        (
            AddressError::Port.into(),
            Errno::EINVAL,
            ErrorKind::InvalidInput,
        ),
    ] {
        assert_eq!(error.errno(), errno, "{error:?}");
        let as_io = io::Error::from(error);
        assert_eq!(as_io.kind(), kind, "{error:?}");
        // The kernel's own number stays one; what is not the kernel's keeps its text.
        match error {
            Error::Os { .. } => assert_eq!(as_io.raw_os_error(), Some(errno.raw())),
            _ => assert_eq!(as_io.to_string(), error.to_string()),
        }
    }
    for (error, errno) in [
        (Error::Closed, Errno::EBADF),
        (Error::WrongFamily, Errno::EAFNOSUPPORT),
        (Error::WrongKind, Errno::EPROTOTYPE),
        (Error::BatchFull, Errno::ENOBUFS),
        (AddressError::PathTooLong(108).into(), Errno::ENAMETOOLONG),
        (ControlError::NoRoom.into(), Errno::ENOBUFS),
        (ControlError::TooManyFds(254).into(), Errno::ETOOMANYREFS),
        (ControlError::Truncated.into(), Errno::EMSGSIZE),
        (NetlinkError::Length(3).into(), Errno::EBADMSG),
        (NetlinkError::AttributeLength(3).into(), Errno::EBADMSG),
        (NetlinkError::Truncated(9000).into(), Errno::EMSGSIZE),
        (NetlinkError::Overrun.into(), Errno::ENOBUFS),
        (NetlinkError::DumpInterrupted.into(), Errno::EINTR),
        (NetlinkError::Refused(Errno::EPERM).into(), Errno::EPERM),
    ] {
        assert_eq!(error.errno(), errno, "{error:?}");
        assert_eq!(io::Error::from(error).to_string(), error.to_string());
    }
    assert!(os(Errno::EAGAIN).is_would_block());
    assert!(!Error::TimedOut.is_would_block());
}

#[test]
fn names_and_numbers_of_the_kernel() {
    for (errno, name) in Errno::TABLE {
        assert_eq!(errno.name(), Some(*name));
        assert_eq!(errno.c_name().unwrap().to_str(), Ok(*name));
        assert_eq!(format!("{errno:?}"), *name);
        assert_eq!(errno.to_string(), strerror(errno.raw()));
        assert_eq!(
            errno.kind(),
            io::Error::from_raw_os_error(errno.raw()).kind()
        );
    }
    let unknown = Errno::from_raw(4711);
    assert_eq!(
        (unknown.raw(), unknown.name(), unknown.c_name()),
        (4711, None, None)
    );
    assert_eq!(format!("{unknown:?}"), "Errno(4711)");
    assert_eq!(unknown.to_string(), "Unknown error 4711");
}

/// What the C library says, without the number that std puts behind it.
fn strerror(number: i32) -> String {
    let text = io::Error::from_raw_os_error(number).to_string();
    text.replace(&format!(" (os error {number})"), "")
}

#[test]
fn the_resolver_says_what_the_c_library_says() {
    let error = ResolveError::from_code(libc::EAI_NONAME);
    assert_eq!(error.code(), libc::EAI_NONAME);
    assert_eq!(error.to_string(), "Name or service not known");
    assert_eq!(ResolveError::from_code(4711).to_string(), "Unknown error");
}

#[test]
fn what_got_part_of_the_way() {
    let partial = Partial {
        done: 12,
        error: os(Errno::EPIPE),
    };
    assert_eq!(partial.to_string(), "connect: Broken pipe after 12 bytes");
    assert_eq!(Error::from(partial), os(Errno::EPIPE));
    assert_eq!(io::Error::from(partial).raw_os_error(), Some(libc::EPIPE));
}

#[test]
fn every_attempt_of_a_connect_that_failed() {
    let none = connect_any(&[]).unwrap_err();
    assert_eq!(
        (none.error.errno(), none.attempts.len()),
        (Errno::EADDRNOTAVAIL, 0)
    );
    assert_eq!(none.to_string(), "connect: Cannot assign requested address");

    let to: Address = "127.0.0.1:1".parse().unwrap();
    let failure = connect_any(&[to, to]).unwrap_err();
    let refused = Attempt {
        address: to,
        error: os(Errno::ECONNREFUSED),
    };
    assert_eq!(failure.attempts, [refused.clone(), refused]);
    let text = "connect: Connection refused (127.0.0.1:1: connect: Connection refused; \
                127.0.0.1:1: connect: Connection refused)";
    assert_eq!(failure.to_string(), text);
    let source = failure.source().unwrap().downcast_ref::<Error>();
    assert_eq!(source, Some(&os(Errno::ECONNREFUSED)));
    let failure: NoneConnected = failure;
    assert_eq!(
        io::Error::from(failure.clone()).kind(),
        ErrorKind::ConnectionRefused
    );
    assert_eq!(Error::from(failure), os(Errno::ECONNREFUSED));
}
