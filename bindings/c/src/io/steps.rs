//! A transfer of several steps behind its first.

use std::ffi::{c_int, c_void};

use rsocket::{Errno, MsgFlags, Partial, fd};

use crate::support::{Answer, Result, Timeout, again, borrow, bytes, may_go_on, put, room};
use crate::types::rsocket_endpoint;

/// How the first step of an operation of several ended.
#[derive(Clone, Copy)]
pub(super) enum First {
    /// It was not made.
    None,
    /// It moved less than all.
    Moved(usize),
    Failed(Errno),
}

/// What an operation of several steps was given.
pub(super) struct Steps {
    pub(super) fd: rsocket_endpoint,
    pub(super) buf: *mut c_void,
    pub(super) len: usize,
    pub(super) timeout_ms: c_int,
    pub(super) done: *mut usize,
}

impl First {
    /// By what the system call gave.
    pub(super) fn of(tried: std::result::Result<usize, Errno>) -> Self {
        match tried {
            Ok(moved) => First::Moved(moved),
            Err(errno) => First::Failed(errno),
        }
    }

    /// How many bytes it moved.
    fn moved(self) -> usize {
        match self {
            First::Moved(moved) => moved,
            First::None | First::Failed(_) => 0,
        }
    }
}

impl Steps {
    /// Tells C that the first step did it all.
    #[inline(always)]
    pub(super) fn all_done(&self) {
        // Each read from the stack, so that it takes no register across the test.
        if !again(&self.done).is_null() {
            put(again(&self.done), again(&self.len));
        }
    }

    /// The policy for the steps that are left, which counts from now. Where the first step found
    /// too little room or data, the next one waits before it tries.
    fn begin(&self, first: First) -> Result<Timeout> {
        put(self.done, first.moved());
        let timeout = match first {
            First::None => Timeout::new(self.timeout_ms)?,
            First::Moved(_) => Timeout::after_a_try(self.timeout_ms)?,
            First::Failed(errno) => {
                may_go_on(errno, true)?;
                Timeout::after_a_try(self.timeout_ms)?
            }
        };
        Ok(timeout.started())
    }

    /// Tells C how far the operation came.
    fn end(&self, first: First, result: std::result::Result<(), Partial>) -> Result<()> {
        let done = match &result {
            Ok(()) => self.len,
            Err(partial) => first.moved().saturating_add(partial.done),
        };
        put(self.done, done);
        Ok(result?)
    }
}

#[cold]
#[inline(never)]
pub(super) fn send_all_on(steps: &Steps, first: First) -> c_int {
    let way_on = || {
        let mut timeout = steps.begin(first)?;
        let (fd, buf) = (borrow(steps.fd)?, bytes(steps.buf, steps.len)?);
        let rest = buf.get(first.moved()..).unwrap_or_default();
        let result = fd::send_all(fd, rest, MsgFlags::empty(), &mut timeout);
        steps.end(first, result)
    };
    way_on().answer()
}

#[cold]
#[inline(never)]
pub(super) fn recv_all_on(steps: &Steps, first: First) -> c_int {
    let first = match first {
        First::Moved(0) => First::Failed(Errno::ENODATA),
        first => first,
    };
    let way_on = || {
        let mut timeout = steps.begin(first)?;
        let (fd, buf) = (borrow(steps.fd)?, room(steps.buf, steps.len)?);
        let rest = buf.get_mut(first.moved()..).unwrap_or_default();
        let result = fd::recv_exact(fd, rest, MsgFlags::empty(), &mut timeout);
        steps.end(first, result)
    };
    way_on().answer()
}
