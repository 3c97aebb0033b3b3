//! A transfer of several steps behind its first.

use std::ffi::{c_int, c_void};

use rsocket::{Errno, MsgFlags, Partial, fd};

use super::transfer::may_go_on;
use crate::support::{Answer, Result, Timeout, borrow, bytes, put, room};
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

/// An operation of several steps behind its first.
pub(super) struct Steps {
    pub(super) fd: rsocket_endpoint,
    pub(super) buf: *mut c_void,
    pub(super) len: usize,
    pub(super) timeout_ms: c_int,
    pub(super) done: *mut usize,
    pub(super) first: First,
}

impl Steps {
    /// How many bytes the first step moved.
    fn moved(&self) -> usize {
        match self.first {
            First::Moved(moved) => moved,
            First::None | First::Failed(_) => 0,
        }
    }

    /// The policy for the steps that are left, which counts from now. Where the first step found
    /// too little room or data, the next one waits before it tries.
    fn begin(&self) -> Result<Timeout> {
        put(self.done, self.moved());
        let timeout = match self.first {
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
    fn end(&self, result: std::result::Result<(), Partial>) -> Result<()> {
        let moved = self.moved();
        let done = match &result {
            Ok(()) => self.len,
            Err(partial) => moved.saturating_add(partial.done),
        };
        put(self.done, done);
        Ok(result?)
    }
}

#[cold]
#[inline(never)]
pub(super) fn send_all_on(steps: &Steps) -> c_int {
    let way_on = || {
        let mut timeout = steps.begin()?;
        let (fd, buf) = (borrow(steps.fd)?, bytes(steps.buf, steps.len)?);
        let rest = buf.get(steps.moved()..).unwrap_or_default();
        steps.end(fd::send_all(fd, rest, MsgFlags::empty(), &mut timeout))
    };
    way_on().answer()
}

#[cold]
#[inline(never)]
pub(super) fn recv_all_on(steps: &Steps) -> c_int {
    let way_on = || {
        let mut timeout = steps.begin()?;
        let (fd, buf) = (borrow(steps.fd)?, room(steps.buf, steps.len)?);
        let rest = buf.get_mut(steps.moved()..).unwrap_or_default();
        steps.end(fd::recv_exact(fd, rest, MsgFlags::empty(), &mut timeout))
    };
    way_on().answer()
}
