//! Connecting to whichever of several addresses answers first: [`connect_any`](crate::connect_any),
//! asynchronous.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::AsyncEndpoint;
use crate::address::Address;
use crate::connect::{Attempt, NoneConnected, Stagger, begin, last_error, order};
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::sys::reactor::sleep;

/// [`connect_any`](crate::connect_any).
///
/// Cancellation: every attempt ends and its socket is closed.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let listener = rsocket::tokio::listen("tcp://127.0.0.1:0").await?;
/// let nobody = "127.0.0.1:1".parse()?;
/// let client = rsocket::tokio::connect_any(&[nobody, listener.local_address()?]).await?;
/// assert_eq!(client.peer_address()?, listener.local_address()?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`NoneConnected`] with every attempt's error: [`Error::NoRuntime`](crate::Error::NoRuntime) outside a
/// runtime.
pub async fn connect_any(addresses: &[Address]) -> Result<AsyncEndpoint, NoneConnected> {
    connect_any_with(addresses, Stagger::default(), |_| Ok(())).await
}

/// [`connect_any_with`](crate::connect_any_with); `tokio::time::timeout` around it bounds the whole.
///
/// Cancellation: every attempt ends and its socket is closed.
///
/// ```
/// use std::time::Duration;
/// use rsocket::tokio::connect_any_with;
/// use rsocket::{Stagger, option};
/// use tokio::time::timeout;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let listener = rsocket::tokio::listen("tcp://127.0.0.1:0").await?;
/// # let addresses = ["127.0.0.1:1".parse()?, listener.local_address()?];
/// let no_delay = |socket: &rsocket::Endpoint| socket.set(option::TcpNoDelay, true);
/// let race = connect_any_with(&addresses, Stagger::default(), no_delay);
/// let client = timeout(Duration::from_secs(5), race).await??;
/// assert!(client.get(option::TcpNoDelay)?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`connect_any`].
pub async fn connect_any_with(
    addresses: &[Address],
    stagger: Stagger,
    mut configure: impl FnMut(&Endpoint) -> Result<()>,
) -> Result<AsyncEndpoint, NoneConnected> {
    let mut race = Race {
        running: Vec::new(),
        delay: None,
    };
    let mut failed = Vec::new();
    let mut waiting = order(addresses, stagger.interleave).into_iter();
    loop {
        // The first attempt, or the one after an attempt that failed or took its time.
        if race.delay.is_none()
            && let Some(address) = waiting.next()
        {
            match begin(&address, stagger, &mut configure) {
                Ok((endpoint, true)) => return Ok(AsyncEndpoint::take_over(endpoint, false)),
                Ok((endpoint, false)) => race.add(endpoint, address, stagger),
                Err(error) => failed.push(Attempt { address, error }),
            }
            continue;
        }
        if race.running.is_empty() {
            let error = last_error(&failed);
            return Err(NoneConnected {
                error,
                attempts: failed,
            });
        }
        match poll_fn(|cx| race.poll_next(cx)).await {
            Event::Connected(endpoint) => return Ok(endpoint),
            Event::Failed(attempt) => {
                failed.push(attempt);
                race.delay = None;
            }
            Event::Due(Ok(())) => race.delay = None,
            Event::Due(Err(error)) => {
                let unanswered = race.running.into_iter().map(|running| running.address);
                failed.extend(unanswered.map(|address| Attempt { address, error }));
                return Err(NoneConnected {
                    error,
                    attempts: failed,
                });
            }
        }
    }
}

type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

struct Running {
    address: Address,
    task: Task<Result<AsyncEndpoint>>,
}

/// The attempts under way, and the time after which the next is due.
struct Race {
    running: Vec<Running>,
    delay: Option<Task<Result<()>>>,
}

enum Event {
    Connected(AsyncEndpoint),
    Failed(Attempt),
    Due(Result<()>),
}

impl Race {
    fn add(&mut self, endpoint: Endpoint, address: Address, stagger: Stagger) {
        let endpoint = AsyncEndpoint::take_over(endpoint, false);
        let task = Box::pin(async move {
            endpoint.connected().await?;
            Ok(endpoint)
        });
        self.running.push(Running { address, task });
        self.delay = Some(Box::pin(sleep(stagger.delay)));
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        for (index, running) in self.running.iter_mut().enumerate() {
            let Poll::Ready(result) = running.task.as_mut().poll(cx) else {
                continue;
            };
            let address = self.running.swap_remove(index).address;
            return Poll::Ready(match result {
                Ok(endpoint) => Event::Connected(endpoint),
                Err(error) => Event::Failed(Attempt { address, error }),
            });
        }
        match &mut self.delay {
            Some(delay) => delay.as_mut().poll(cx).map(Event::Due),
            None => Poll::Pending,
        }
    }
}
