//! Sockets that a service manager opened and handed over: LISTEN_PID, LISTEN_FDS and
//! LISTEN_FDNAMES, see sd_listen_fds(3).

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::endpoint::Endpoint;
use crate::errno::Errno;
use crate::error::{Error, Op, Result};
use crate::sys::inherit;

/// The first descriptor that is handed over (SD_LISTEN_FDS_START).
const FIRST: i32 = 3;
/// The name of descriptors that came without names (sd_listen_fds_with_names(3)).
const UNNAMED: &[u8] = b"unknown";
/// More than these are a mistake: the kernel's own bound on open files (fs.nr_open).
const MOST: i32 = 1 << 30;

/// What is wrong with the variables of socket activation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActivationError {
    /// LISTEN_PID is not the number of a process.
    #[error("LISTEN_PID is not a process id")]
    ProcessId,
    /// LISTEN_FDS is not a count, or there is LISTEN_PID and no LISTEN_FDS.
    #[error("LISTEN_FDS is not a number of descriptors")]
    Count,
    /// LISTEN_FDNAMES has more or fewer names than there are descriptors.
    #[error("LISTEN_FDNAMES does not name each descriptor of LISTEN_FDS")]
    Names,
    /// No descriptor that is still to be taken has the name, or this process was not activated.
    #[error("no inherited socket has that name")]
    NoSuchName,
}

impl ActivationError {
    /// [`Errno::ENOENT`] for a name that is not there, [`Errno::EINVAL`] for malformed variables.
    #[must_use]
    pub fn errno(&self) -> Errno {
        match self {
            Self::NoSuchName => Errno::ENOENT,
            _ => Errno::EINVAL,
        }
    }
}

/// The descriptors that the service manager handed to this process.
///
/// The variables are read and left as they are: changing them is not safe once there are threads,
/// and children are not misled by them, because LISTEN_PID is not theirs. Each descriptor is taken
/// once, whoever asks and how often the variables are read: taking moves it to a new number,
/// close-on-exec, and what is left in its place says that it has gone.
///
/// ```no_run
/// use rsocket::{Activation, Endpoint};
///
/// let listener = match Activation::from_env()? {
///     Some(activation) => activation.take("http")?,
///     None => rsocket::listen("tcp://[::1]:8080")?, // started by hand
/// };
/// # Ok::<(), rsocket::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Activation {
    names: Vec<OsString>,
}

impl Activation {
    /// Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. `None` where they are not there or are
    /// meant for another process.
    ///
    /// # Errors
    /// [`ActivationError`] for malformed variables.
    pub fn from_env() -> Result<Option<Self>> {
        let [pid, count, names] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"].map(env::var_os);
        Self::read(
            pid.as_deref(),
            count.as_deref(),
            names.as_deref(),
            std::process::id(),
        )
        .map_err(Error::from)
    }

    fn read(
        pid: Option<&OsStr>,
        count: Option<&OsStr>,
        names: Option<&OsStr>,
        this: u32,
    ) -> Result<Option<Self>, ActivationError> {
        let Some(pid) = pid else { return Ok(None) };
        let pid = decimal(pid).ok_or(ActivationError::ProcessId)?;
        if u32::try_from(pid) != Ok(this) {
            return Ok(None);
        }
        let count = count.and_then(decimal).ok_or(ActivationError::Count)?;
        let count = usize::try_from(count).map_err(|_| ActivationError::Count)?;
        let names: Vec<_> = match names {
            // No more than `count` are made: a name is a byte of the variable at least.
            Some(names) => names
                .as_bytes()
                .split(|byte| *byte == b':')
                .map(|name| OsString::from_vec(name.to_vec()))
                .collect(),
            None if count > inherit::open_max() => return Err(ActivationError::Count),
            None => vec![OsString::from_vec(UNNAMED.to_vec()); count],
        };
        if names.len() != count && !(count == 0 && names == [OsString::new()]) {
            return Err(ActivationError::Names);
        }
        Ok(Some(Activation {
            names: names.into_iter().take(count).collect(),
        }))
    }

    /// The name of each descriptor, in order, taken or not. Names need not be unique: a unit with
    /// several addresses gives them all its one name.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &OsStr> + '_ {
        self.names.iter().map(OsString::as_os_str)
    }

    /// Takes the first socket of that name that is still there, of whatever family and type.
    ///
    /// # Errors
    /// [`ActivationError::NoSuchName`] (ENOENT), also where all of that name were taken; ENOTSOCK
    /// for a descriptor that is no socket, which stays where it is; EMFILE.
    pub fn take(&self, name: impl AsRef<OsStr>) -> Result<Endpoint> {
        let name = name.as_ref();
        for (number, this) in (FIRST..).zip(&self.names) {
            if this == name && inherit::is_inherited(number) {
                return take_socket(number);
            }
        }
        Err(ActivationError::NoSuchName.into())
    }

    /// Takes every socket that is still there, with its name; what is no socket stays.
    ///
    /// # Errors
    /// EMFILE; the sockets taken by then are closed.
    pub fn take_sockets(&self) -> Result<Vec<(OsString, Endpoint)>> {
        let mut sockets = Vec::with_capacity(self.names.len());
        for (number, name) in (FIRST..).zip(&self.names) {
            if !inherit::is_inherited(number) {
                continue;
            }
            match take_socket(number) {
                Ok(endpoint) => sockets.push((name.clone(), endpoint)),
                Err(error) if error.errno() == Errno::ENOTSOCK => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sockets)
    }

    /// Takes the first descriptor of that name that is still there, socket or not: a unit may hand
    /// over a FIFO, a device or a stored file as well.
    ///
    /// # Errors
    /// [`ActivationError::NoSuchName`] (ENOENT), EMFILE.
    pub fn take_fd(&self, name: impl AsRef<OsStr>) -> Result<OwnedFd> {
        let name = name.as_ref();
        let mut numbers = (FIRST..).zip(&self.names);
        let found = numbers.find(|(number, this)| *this == name && inherit::is_inherited(*number));
        let (number, _) = found.ok_or(ActivationError::NoSuchName)?;
        take(number)
    }
}

fn take_socket(number: i32) -> Result<Endpoint> {
    if !inherit::is_socket(number) {
        return Err(Error::Os {
            op: Op::GetSockOpt,
            errno: Errno::ENOTSOCK,
        });
    }
    take(number)?.try_into()
}

fn take(number: i32) -> Result<OwnedFd> {
    inherit::take(number).map_err(|errno| Error::Os { op: Op::Dup, errno })
}

/// A decimal number of a service manager's: digits alone.
fn decimal(text: &OsStr) -> Option<i32> {
    let text = text.to_str()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten()?;
    (0..MOST).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: [&str; 3]) -> Result<Option<Vec<OsString>>, ActivationError> {
        let [pid, count, names] = variables.map(|text| (text != "-").then_some(OsStr::new(text)));
        Activation::read(pid, count, names, 42).map(|read| read.map(|read| read.names))
    }

    fn names(names: &[&str]) -> Result<Option<Vec<OsString>>, ActivationError> {
        Ok(Some(names.iter().map(OsString::from).collect()))
    }

    #[test]
    fn the_variables_are_read_as_the_manual_has_them() {
        assert_eq!(read(["-", "2", "a:b"]), Ok(None));
        assert_eq!(read(["43", "2", "a:b"]), Ok(None));
        assert_eq!(read(["43", "junk", "-"]), Ok(None));
        assert_eq!(read(["42", "2", "a:b"]), names(&["a", "b"]));
        assert_eq!(read(["42", "2", "a:"]), names(&["a", ""]));
        assert_eq!(read(["42", "1", ""]), names(&[""]));
        assert_eq!(read(["42", "2", "-"]), names(&["unknown", "unknown"]));
        assert_eq!(read(["42", "0", "-"]), names(&[]));
        assert_eq!(read(["42", "0", ""]), names(&[]));
    }

    #[test]
    fn what_is_malformed_is_an_error_of_its_own() {
        use ActivationError::{Count, Names, ProcessId};

        for pid in ["", "x", "42x", "-1", "+42", " 42", "99999999999999999999"] {
            assert_eq!(read([pid, "1", "a"]), Err(ProcessId), "{pid:?}");
        }
        for count in [
            "-",
            "",
            "x",
            "-1",
            "+1",
            "1 ",
            "1.0",
            "2147483647",
            "4294967297",
        ] {
            assert_eq!(read(["42", count, "-"]), Err(Count), "{count:?}");
        }
        for (count, names) in [
            ("1", "a:b"),
            ("2", "a"),
            ("3", "a:b"),
            ("0", "a"),
            ("2", ""),
        ] {
            assert_eq!(read(["42", count, names]), Err(Names), "{count} {names}");
        }
    }
}
