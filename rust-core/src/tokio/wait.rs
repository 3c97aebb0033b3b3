//! How an asynchronous call waits: readiness from tokio's reactor, corrected where the reactor
//! remembers too much.

use std::future::{Future, poll_fn};
use std::os::fd::{AsFd, RawFd};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use ::tokio::io::unix::AsyncFdReadyGuard;
use ::tokio::io::{Interest, Ready};
use ::tokio::task::coop::consume_budget;

use super::AsyncEndpoint;
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::flags::MsgFlags;
use crate::sys::reactor::{Events, refused, sleep};
use crate::sys::wake;

/// What a verb waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    Receive,
    Send,
    /// An entry of the error queue (MSG_ERRQUEUE).
    ErrorQueue,
    /// Out-of-band data (MSG_OOB).
    OutOfBand,
}

impl Direction {
    /// Where a receive with these flags looks.
    pub(super) fn of(flags: MsgFlags) -> Self {
        if flags.contains(MsgFlags::ERRQUEUE) {
            Direction::ErrorQueue
        } else if flags.contains(MsgFlags::OOB) {
            Direction::OutOfBand
        } else {
            Direction::Receive
        }
    }

    fn interest(self) -> Interest {
        match self {
            // A pending error alone, such as ECONNREFUSED of UDP, makes epoll(7) report EPOLLERR
            // without EPOLLIN, and it is the receive that fetches it.
            Direction::Receive => Interest::READABLE.add(Interest::ERROR),
            Direction::Send => Interest::WRITABLE.add(Interest::ERROR),
            Direction::ErrorQueue => Interest::ERROR,
            Direction::OutOfBand => Interest::PRIORITY,
        }
    }

    /// What epoll(7) calls it.
    fn events(self) -> i32 {
        match self {
            Direction::Receive => libc::EPOLLIN | libc::EPOLLRDHUP,
            Direction::Send => libc::EPOLLOUT,
            Direction::ErrorQueue => 0,
            Direction::OutOfBand => libc::EPOLLPRI | libc::EPOLLRDHUP,
        }
    }

    /// Whether the reactor takes the socket for ready from now on for ever. To it EPOLLHUP is the
    /// end, which an unconnected stream socket reports until it is connected; and EPOLLERR is the
    /// end of sending, which for a socket is an error to fetch or an entry of the error queue.
    fn is_final(self, ready: Ready) -> bool {
        match self {
            Direction::Receive | Direction::OutOfBand => ready.is_read_closed(),
            Direction::Send => ready.is_write_closed(),
            Direction::ErrorQueue => false,
        }
    }

    /// Whether an answer means that the call has to wait.
    fn has_to_wait(self, error: Error) -> bool {
        // tcp(7): EINVAL where there is no urgent data.
        let no_urgent_data = self == Direction::OutOfBand && error.errno() == Errno::EINVAL;
        error.is_would_block() || no_urgent_data
    }

    /// A source of events to use instead of `guard` after EAGAIN, where the reactor takes the
    /// socket for ready for ever; else it is told that the socket is not ready.
    pub(super) fn not_ready(
        self,
        guard: &mut Guard<'_>,
        endpoint: &Endpoint,
    ) -> Result<Option<Events>> {
        if self.is_final(guard.ready()) {
            return Events::of(endpoint.as_fd(), self.events()).map(Some);
        }
        guard.clear_ready();
        Ok(None)
    }
}

pub(super) type Guard<'a> = AsyncFdReadyGuard<'a, RawFd>;

impl AsyncEndpoint {
    /// Makes `call`, which must not block, until it need not wait.
    ///
    /// `end` is the answer where the socket is shut down for receiving: there a call that blocks
    /// ends, but one that does not is told EAGAIN for ever by datagram sockets and some listeners.
    pub(super) async fn when_ready<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&Endpoint) -> Result<R>,
        end: impl Fn() -> Option<Result<R>>,
    ) -> Result<R> {
        consume_budget().await;
        if matches!(direction, Direction::ErrorQueue | Direction::OutOfBand) {
            return self.when_signalled(direction, call).await;
        }
        let registration = self.watched.registration()?;
        let events = loop {
            let ready = registration.ready(direction.interest());
            let mut guard = ready.await.map_err(|error| refused(&error))?;
            match call(self.endpoint()) {
                Err(error) if error.is_would_block() => {
                    if let Some(events) = direction.not_ready(&mut guard, self.endpoint())? {
                        break events;
                    }
                }
                result => return result,
            }
        };
        loop {
            poll_fn(|cx| events.poll_next(cx)).await?;
            // Asked before the call, so that data which came before the shutdown is not lost.
            let is_shut = direction == Direction::Receive && is_shut(self.endpoint())?;
            match call(self.endpoint()) {
                Err(error) if error.is_would_block() => {
                    if let Some(result) = is_shut.then(&end).flatten() {
                        return result;
                    }
                }
                result => return result,
            }
        }
    }

    /// [`AsyncEndpoint::when_ready`] for what another direction may have marked as seen: tries
    /// once more after it has queued up for the next event.
    async fn when_signalled<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&Endpoint) -> Result<R>,
    ) -> Result<R> {
        let registration = self.watched.registration()?;
        loop {
            let mut ready = pin!(registration.ready(direction.interest()));
            let mut queued = false;
            let step = poll_fn(|cx| {
                let event = ready.as_mut().poll(cx);
                if event.is_pending() && queued {
                    return Poll::Pending;
                }
                queued = true;
                match (call(self.endpoint()), event) {
                    (Err(error), event) if direction.has_to_wait(error) => {
                        event.map(|guard| (Err(error), Some(guard)))
                    }
                    (result, _) => Poll::Ready((result, None)),
                }
            });
            match step.await {
                (result, None) => return result,
                (result, Some(guard)) => {
                    let mut guard = guard.map_err(|error| refused(&error))?;
                    // The peer has sent its last: no urgent data will come.
                    if direction.is_final(guard.ready()) {
                        return result;
                    }
                    guard.clear_ready();
                }
            }
        }
    }

    /// Waits until poll(2) says so, whatever the reactor remembers.
    pub(super) async fn until_ready(&self, direction: Direction) -> Result<()> {
        let would_block = Error::Os {
            op: Op::Poll,
            errno: Errno::EAGAIN,
        };
        let look = |endpoint: &Endpoint| match is_ready(endpoint, direction)? {
            true => Ok(()),
            false => Err(would_block),
        };
        self.when_ready(direction, look, || None).await
    }
}

/// What the socket is ready for now, of `events` and of errors and hang-ups.
fn poll_now(endpoint: &Endpoint, events: i32) -> Result<i32> {
    // poll(2) and epoll(7) have the same bits.
    let mut entries = [wake::entry(Some(endpoint.as_fd()), events as i16)];
    let op = Op::Poll;
    wake::poll_many(&mut entries, Some(Duration::ZERO)).map_err(|errno| Error::Os { op, errno })?;
    Ok(entries[0].revents.into())
}

/// Whether the socket is ready now.
pub(super) fn is_ready(endpoint: &Endpoint, direction: Direction) -> Result<bool> {
    Ok(poll_now(endpoint, direction.events())? != 0)
}

/// Whether nothing more will come once the queue is empty.
fn is_shut(endpoint: &Endpoint) -> Result<bool> {
    Ok(poll_now(endpoint, libc::EPOLLRDHUP)? & libc::EPOLLRDHUP != 0)
}

/// Longer and longer sleeps, for what neither poll(2) nor epoll(7) can wait for.
pub(super) struct Naps(Duration);

impl Naps {
    pub(super) const fn new() -> Self {
        Naps(Duration::from_micros(500))
    }

    pub(super) async fn next(&mut self) -> Result<()> {
        let delay = self.0;
        self.0 = (delay * 2).min(Duration::from_millis(20));
        sleep(delay).await
    }
}
