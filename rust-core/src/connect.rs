//! Connecting to whichever of several addresses answers first, staggered after RFC 8305.

use std::fmt;
use std::os::fd::AsFd;
use std::time::Duration;

use crate::address::Address;
use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::family::{Kind, Protocol};
use crate::policy::{Blocking, Deadline, Readiness, Wait};
use crate::sys::wake;

/// How [`connect_any_with`] goes through its addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stagger {
    /// How long an attempt is left alone before the next address is tried as well. RFC 8305 says
    /// 250 milliseconds, and never below 10; zero tries all at once.
    pub delay: Duration,
    /// Whether families take turns (RFC 8305, section 4), so that one that is broken costs one
    /// delay and not one per address. Otherwise the order is kept.
    pub interleave: bool,
    /// The socket type.
    pub kind: Kind,
    /// The protocol.
    pub protocol: Protocol,
}

impl Default for Stagger {
    /// 250 milliseconds, families in turn, stream sockets of the usual protocol.
    fn default() -> Self {
        Stagger {
            delay: Duration::from_millis(250),
            interleave: true,
            kind: Kind::STREAM,
            protocol: Protocol::DEFAULT,
        }
    }
}

/// One address that [`connect_any`] tried in vain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// Where to.
    pub address: Address,
    /// Why not; [`Error::TimedOut`] for one that had no answer when the deadline passed.
    pub error: Error,
}

/// No address could be connected to.
///
/// ```
/// use rsocket::{Errno, connect_any};
///
/// let failure = connect_any(&["127.0.0.1:1".parse()?]).unwrap_err();
/// for attempt in &failure.attempts {
///     println!("{}: {}", attempt.address, attempt.error);
/// }
/// assert_eq!(failure.error.errno(), Errno::ECONNREFUSED);
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoneConnected {
    /// The whole operation's error: [`Error::TimedOut`], [`Error::Interrupted`], or the last
    /// attempt's; EADDRNOTAVAIL where there was no address.
    pub error: Error,
    /// Each attempt that was made, in the order in which they ended.
    pub attempts: Vec<Attempt>,
}

impl fmt::Display for NoneConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        let mut before = " (";
        for attempt in &self.attempts {
            write!(f, "{before}{}: {}", attempt.address, attempt.error)?;
            before = "; ";
        }
        f.write_str(if self.attempts.is_empty() { "" } else { ")" })
    }
}

impl std::error::Error for NoneConnected {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<NoneConnected> for Error {
    fn from(failure: NoneConnected) -> Self {
        failure.error
    }
}

impl From<NoneConnected> for std::io::Error {
    fn from(failure: NoneConnected) -> Self {
        failure.error.into()
    }
}

/// Connects a stream socket to whichever address answers first ("happy eyeballs"): see
/// [`connect_any_with`].
///
/// ```
/// use rsocket::{Hints, Kind, connect_any, resolve};
///
/// # let listener = rsocket::listen("tcp://127.0.0.1:0")?;
/// # let port = listener.local_address()?.port().unwrap().to_string();
/// let hints = Hints { kind: Some(Kind::STREAM), ..Hints::default() };
/// let addresses: Vec<_> = resolve(Some("localhost"), Some(&port), hints)?
///     .map(|answer| answer.address)
///     .collect();
/// match connect_any(&addresses) {
///     Ok(endpoint) => println!("connected to {}", endpoint.peer_address()?),
///     Err(failure) => println!("{failure}"), // says what became of each address
/// }
/// # Ok::<(), rsocket::Error>(())
/// ```
///
/// # Errors
/// [`NoneConnected`] with every attempt's error.
pub fn connect_any(addresses: &[Address]) -> Result<Endpoint, NoneConnected> {
    connect_any_with(addresses, Stagger::default(), |_| Ok(()), Blocking)
}

/// Connects to whichever of `addresses` answers first, after RFC 8305: the first is tried at once,
/// the next as soon as that fails or [`Stagger::delay`] has passed, and so on, with the earlier
/// attempts still under way. The endpoint that wins is blocking; the others are closed.
///
/// Addresses should come in order of preference, as [`resolve`](crate::resolve) gives them.
/// `configure` sees each socket before it connects, to set options or to bind; its error is that
/// attempt's. `wait` bounds the whole. One thread, ppoll(2), and no socket left behind.
///
/// ```
/// use std::time::Duration;
/// use rsocket::{Deadline, Stagger, connect_any_with, listen, option};
///
/// # let listener = listen("tcp://127.0.0.1:0")?;
/// # let addresses = ["127.0.0.1:1".parse()?, listener.local_address()?];
/// let quick = Stagger { delay: Duration::from_millis(50), ..Stagger::default() };
/// let soon = Deadline::after(Duration::from_secs(5));
/// let endpoint = connect_any_with(
///     &addresses,
///     quick,
///     |socket| socket.set(option::TcpNoDelay, true),
///     soon,
/// )?;
/// assert!(endpoint.get(option::TcpNoDelay)?);
/// # Ok::<(), rsocket::Error>(())
/// ```
///
/// # Errors
/// [`NoneConnected`] with every attempt's error.
pub fn connect_any_with(
    addresses: &[Address],
    stagger: Stagger,
    configure: impl FnMut(&Endpoint) -> Result<()>,
    mut wait: impl Wait,
) -> Result<Endpoint, NoneConnected> {
    let mut race = Race {
        waiting: order(addresses, stagger.interleave).into_iter(),
        running: Vec::new(),
        failed: Vec::new(),
        next_start: Deadline::after(Duration::ZERO),
        stagger,
        configure,
    };
    match race.run(&mut wait) {
        Ok(winner) => Ok(winner),
        Err(error) => {
            let unanswered = race.running.into_iter().map(|(_, address)| address);
            let mut attempts = race.failed;
            attempts.extend(unanswered.map(|address| Attempt { address, error }));
            Err(NoneConnected { error, attempts })
        }
    }
}

struct Race<F> {
    waiting: std::vec::IntoIter<Address>,
    running: Vec<(Endpoint, Address)>,
    failed: Vec<Attempt>,
    next_start: Deadline,
    stagger: Stagger,
    configure: F,
}

impl<F: FnMut(&Endpoint) -> Result<()>> Race<F> {
    fn run(&mut self, wait: &mut impl Wait) -> Result<Endpoint> {
        loop {
            let due = self.next_start.remaining() == Some(Duration::ZERO);
            if due || self.running.is_empty() {
                match self.waiting.next() {
                    Some(address) => {
                        if let Some(winner) = self.start(address) {
                            return Ok(winner);
                        }
                        continue;
                    }
                    None if self.running.is_empty() => return Err(last_error(&self.failed)),
                    None => self.next_start = Deadline::NEVER,
                }
            }
            if let Some(winner) = self.sleep(wait)? {
                return Ok(winner);
            }
        }
    }

    /// Begins an attempt; the endpoint where it is connected at once.
    fn start(&mut self, address: Address) -> Option<Endpoint> {
        let begun = begin(&address, self.stagger, &mut self.configure);
        match begun.and_then(|(endpoint, is_connected)| {
            if is_connected {
                endpoint.set_nonblocking(false)?;
            }
            Ok((endpoint, is_connected))
        }) {
            Ok((endpoint, true)) => return Some(endpoint),
            Ok((endpoint, false)) => {
                self.running.push((endpoint, address));
                self.next_start = Deadline::after(self.stagger.delay);
            }
            Err(error) => self.failed.push(Attempt { address, error }),
        }
        None
    }

    /// Sleeps until an attempt ends, the next is due, or the deadline passes.
    fn sleep(&mut self, wait: &mut impl Wait) -> Result<Option<Endpoint>> {
        let deadline = wait.deadline().unwrap_or(Deadline::NEVER);
        let left = [deadline.remaining(), self.next_start.remaining()];
        let timeout = left.into_iter().flatten().min();
        let events = Readiness::Writable.events();
        let entry =
            |(endpoint, _): &(Endpoint, Address)| wake::entry(Some(endpoint.as_fd()), events);
        let mut entries: Vec<_> = self.running.iter().map(entry).collect();
        match wait.block(|| wake::poll_many(&mut entries, timeout)) {
            Ok(0) if deadline.remaining() == Some(Duration::ZERO) => Err(Error::TimedOut),
            Ok(0) => Ok(None),
            Ok(_) => self.judge(entries.iter().map(|entry| entry.revents != 0)),
            Err(Errno::EINTR) => wait.interrupted().map(|()| None),
            Err(errno) => Err(Error::Os {
                op: Op::Poll,
                errno,
            }),
        }
    }

    /// Looks at the attempts that have an answer; the first that is connected wins.
    fn judge(&mut self, answered: impl Iterator<Item = bool>) -> Result<Option<Endpoint>> {
        let running = std::mem::take(&mut self.running);
        let mut winner = None;
        for ((endpoint, address), answered) in running.into_iter().zip(answered) {
            if !answered || winner.is_some() {
                self.running.push((endpoint, address));
                continue;
            }
            match connected(&endpoint) {
                Ok(()) => winner = Some(endpoint),
                Err(error) => {
                    self.failed.push(Attempt { address, error });
                    self.next_start = Deadline::after(Duration::ZERO);
                }
            }
        }
        Ok(winner)
    }
}

/// Makes a socket and begins to connect it, O_NONBLOCK; true where it is connected at once.
pub(crate) fn begin(
    address: &Address,
    stagger: Stagger,
    configure: &mut impl FnMut(&Endpoint) -> Result<()>,
) -> Result<(Endpoint, bool)> {
    let endpoint = Endpoint::new(address.family(), stagger.kind, stagger.protocol)?;
    configure(&endpoint)?;
    endpoint.set_nonblocking(true)?;
    match endpoint.connect(address) {
        Ok(()) => Ok((endpoint, true)),
        Err(Error::Os {
            errno: Errno::EINPROGRESS,
            ..
        }) => Ok((endpoint, false)),
        Err(error) => Err(error),
    }
}

/// What the whole came to where no attempt is left.
pub(crate) fn last_error(failed: &[Attempt]) -> Error {
    let no_address = Error::Os {
        op: Op::Connect,
        errno: Errno::EADDRNOTAVAIL,
    };
    failed.last().map_or(no_address, |attempt| attempt.error)
}

fn connected(endpoint: &Endpoint) -> Result<()> {
    match endpoint.take_error()? {
        None => endpoint.set_nonblocking(false),
        Some(errno) => Err(Error::Os {
            op: Op::Connect,
            errno,
        }),
    }
}

/// RFC 8305, section 4: the families take turns, each in its own order, the first one's first.
pub(crate) fn order(addresses: &[Address], interleave: bool) -> Vec<Address> {
    let mut rest: Vec<_> = addresses.to_vec();
    if !interleave {
        return rest;
    }
    let mut ordered: Vec<Address> = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let last = ordered.last().map(Address::family);
        let other = |address: &Address| Some(address.family()) != last;
        let next = rest.iter().position(other).unwrap_or(0);
        ordered.push(rest.remove(next));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_keep_their_own_order() {
        let text = |addresses: &[Address]| addresses.iter().map(Address::to_string).collect();
        let addresses: Vec<Address> = ["[::1]:1", "[::1]:2", "[::1]:3", "1.1.1.1:4", "1.1.1.1:5"]
            .map(|text| text.parse().expect("an address"))
            .into();
        let turns: Vec<String> = text(&order(&addresses, true));
        assert_eq!(
            turns,
            ["[::1]:1", "1.1.1.1:4", "[::1]:2", "1.1.1.1:5", "[::1]:3"]
        );
        assert_eq!(order(&addresses, false), addresses);
        assert_eq!(order(&[], true), []);
    }
}
