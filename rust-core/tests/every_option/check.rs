//! How an option is checked, and the account of what was.

use std::collections::BTreeSet;
use std::fmt::Debug;

use rsocket::option::{Get, Set, SocketOption, TABLE};
use rsocket::{Address, Endpoint, Errno, Error, Family, Kind, Protocol, Result};

/// Errors that mean that an option cannot be checked here, and why.
pub(crate) type Lacks = &'static [(Errno, &'static str)];

/// Every kernel of today has it, for everybody.
pub(crate) const NEVER: Lacks = &[];
/// Only an administrator may.
pub(crate) const ADMIN: Lacks = &[
    (Errno::EPERM, "needs a capability"),
    (Errno::EACCES, "needs a capability"),
];
/// The kernel is older, or was built without it.
pub(crate) const NEW: Lacks = &[
    (Errno::ENOPROTOOPT, "this kernel does not have it"),
    (Errno::EOPNOTSUPP, "this kernel does not have it"),
];
/// Both.
pub(crate) const NEW_ADMIN: Lacks = &[
    (Errno::ENOPROTOOPT, "this kernel does not have it"),
    (Errno::EOPNOTSUPP, "this kernel does not have it"),
    (Errno::EPERM, "needs a capability"),
];

/// What has been checked.
#[derive(Default)]
pub(crate) struct Checks {
    seen: BTreeSet<(i32, &'static str)>,
    skipped: Vec<String>,
}

impl Checks {
    /// An endpoint, or `None` where the kernel does not have the family or the user may not.
    pub(crate) fn socket(
        &mut self,
        family: Family,
        kind: Kind,
        protocol: Protocol,
    ) -> Option<Endpoint> {
        match Endpoint::new(family, kind, protocol) {
            Ok(endpoint) => Some(endpoint),
            Err(error) => {
                let known = [
                    Errno::EAFNOSUPPORT,
                    Errno::EPROTONOSUPPORT,
                    Errno::ESOCKTNOSUPPORT,
                    Errno::EPERM,
                    Errno::EACCES,
                ];
                assert!(
                    known.contains(&error.errno()),
                    "{family:?} {kind:?}: {error}"
                );
                println!("skipped: sockets of {family:?} {kind:?}: {error}");
                None
            }
        }
    }

    /// Counts every option of a level as skipped.
    pub(crate) fn skip_level(&mut self, level: i32, why: &str) {
        for row in TABLE.iter().filter(|row| row.level == level) {
            self.skip_row(level, row.name, why);
        }
    }

    /// Counts an option as skipped.
    pub(crate) fn skip<O: SocketOption>(&mut self, option: O, why: &str) {
        self.count(option);
        self.skipped.push(format!("{}: {why}", O::C_NAME));
    }

    fn skip_row(&mut self, level: i32, name: &'static str, why: &str) {
        self.seen.insert((level, name));
        self.skipped.push(format!("{name}: {why}"));
    }

    fn count<O: SocketOption>(&mut self, _: O) {
        let row = TABLE
            .iter()
            .find(|row| (row.level, row.number) == (O::LEVEL, O::NAME))
            .unwrap_or_else(|| panic!("{} is not in the table", O::C_NAME));
        assert_eq!((row.name, row.families), (O::C_NAME, O::FAMILIES));
        self.seen.insert((O::LEVEL, O::C_NAME));
    }

    /// The value, or `None` for an error that means that it cannot be checked here.
    fn take<T>(&mut self, name: &str, what: &str, result: Result<T>, lacks: Lacks) -> Option<T> {
        let error = match result {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        match lacks.iter().find(|(errno, _)| *errno == error.errno()) {
            Some((_, why)) => {
                self.skipped.push(format!("{name}: {what}: {error}: {why}"));
                None
            }
            None => panic!("{name}: {what}: {error}"),
        }
    }

    /// Sets a value that is not the default, reads it back, and sets the default again.
    pub(crate) fn round_trip<O, V>(&mut self, on: &Endpoint, option: O, value: V, lacks: Lacks)
    where
        O: Get<Value = V> + for<'a> Set<Value<'a> = V> + Copy,
        V: PartialEq + Debug + Copy,
    {
        self.changes(on, option, value, value, lacks);
    }

    /// As [`Checks::round_trip`], where the kernel makes something else of the value.
    pub(crate) fn changes<O, V>(
        &mut self,
        on: &Endpoint,
        option: O,
        value: V,
        becomes: V,
        lacks: Lacks,
    ) where
        O: Get<Value = V> + for<'a> Set<Value<'a> = V> + Copy,
        V: PartialEq + Debug + Copy,
    {
        self.count(option);
        let Some(before) = self.take(O::C_NAME, "get", on.get(option), lacks) else {
            return;
        };
        assert_ne!(before, becomes, "{}: is so by default", O::C_NAME);
        if self
            .take(O::C_NAME, "set", on.set(option, value), lacks)
            .is_none()
        {
            return;
        }
        assert_eq!(on.get(option), Ok(becomes), "{}", O::C_NAME);
        let back = self.take(O::C_NAME, "set back", on.set(option, before), lacks);
        if back.is_some() && value == becomes {
            assert_eq!(on.get(option), Ok(before), "{} back", O::C_NAME);
        }
    }

    /// Switches on what is off, or off what is on, and back.
    pub(crate) fn toggles<O>(&mut self, on: &Endpoint, option: O, lacks: Lacks)
    where
        O: Get<Value = bool> + for<'a> Set<Value<'a> = bool> + Copy,
    {
        self.count(option);
        let Some(before) = self.take(O::C_NAME, "get", on.get(option), lacks) else {
            return;
        };
        if self
            .take(O::C_NAME, "set", on.set(option, !before), lacks)
            .is_none()
        {
            return;
        }
        assert_eq!(on.get(option), Ok(!before), "{}", O::C_NAME);
        let back = self.take(O::C_NAME, "set back", on.set(option, before), lacks);
        if back.is_some() {
            assert_eq!(on.get(option), Ok(before), "{} back", O::C_NAME);
        }
    }

    /// Sets a value; whether it took effect is the caller's to see. False where it was skipped.
    pub(crate) fn sets<O: Set + Copy>(
        &mut self,
        on: &Endpoint,
        option: O,
        value: O::Value<'_>,
        lacks: Lacks,
    ) -> bool {
        self.count(option);
        self.take(O::C_NAME, "set", on.set(option, value), lacks)
            .is_some()
    }

    /// Asks for a value; `None` where it was skipped.
    pub(crate) fn gets<O: Get + Copy>(
        &mut self,
        on: &Endpoint,
        option: O,
        lacks: Lacks,
    ) -> Option<O::Value> {
        self.count(option);
        self.take(O::C_NAME, "get", on.get(option), lacks)
    }

    /// Sets a value that the kernel refuses with exactly this error: it knows the option.
    pub(crate) fn refuses<O: Set + Copy>(
        &mut self,
        on: &Endpoint,
        option: O,
        value: O::Value<'_>,
        errno: Errno,
        lacks: Lacks,
    ) {
        self.count(option);
        let result = on.set(option, value);
        if result.map_err(|error| error.errno()) != Err(errno) {
            let done = self.take(O::C_NAME, "set", result, lacks);
            assert!(done.is_none(), "{}: was to be refused", O::C_NAME);
        }
    }

    /// Prints what was skipped; fails where an option of the table was not looked at.
    pub(crate) fn finish(self) {
        for line in &self.skipped {
            println!("skipped: {line}");
        }
        let missing: Vec<_> = TABLE
            .iter()
            .filter(|row| !self.seen.contains(&(row.level, row.name)))
            .map(|row| (row.level_name, row.name))
            .collect();
        assert!(missing.is_empty(), "nobody checks {missing:?}");
        println!(
            "{} options looked at, {} skips",
            self.seen.len(),
            self.skipped.len()
        );
    }
}

pub(crate) fn errno<T>(result: Result<T>) -> Option<Errno> {
    result.err().map(|error: Error| error.errno())
}

pub(crate) fn tcp() -> Endpoint {
    Endpoint::new(Family::INET, Kind::STREAM, Protocol::DEFAULT).unwrap()
}

pub(crate) fn udp() -> Endpoint {
    Endpoint::new(Family::INET, Kind::DGRAM, Protocol::DEFAULT).unwrap()
}

/// A datagram socket with a name, and one connected to it.
pub(crate) fn udp_pair(any: &str) -> Option<(Endpoint, Endpoint)> {
    let address: Address = any.parse().unwrap();
    let make = || Endpoint::new(address.family(), Kind::DGRAM, Protocol::DEFAULT);
    let (receiver, sender) = (make().ok()?, make().ok()?);
    receiver.bind(&address).ok()?;
    sender.connect(&receiver.local_address().unwrap()).unwrap();
    Some((receiver, sender))
}

/// Both ends of a TCP connection, and the listener; `ready` sees the listener before it listens.
pub(crate) fn tcp_connection(ready: impl FnOnce(&Endpoint)) -> [Endpoint; 3] {
    let (listener, client) = (tcp(), tcp());
    listener.bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
    ready(&listener);
    listener.listen(8).unwrap();
    client.connect(&listener.local_address().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    [client, server, listener]
}
