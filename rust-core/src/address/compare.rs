//! What makes two addresses equal, their order and their hash.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::{Address, AddressView, UNIX_PATH, UnixName};

impl Address {
    /// What two addresses are compared by: the bytes, without what a Unix path has behind its NUL.
    fn key(&self) -> &[u8] {
        match self.view() {
            AddressView::Unix(UnixName::Path(path)) => {
                &self.as_bytes()[..UNIX_PATH + path.as_os_str().len()]
            }
            _ => self.as_bytes(),
        }
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(other.key())
    }
}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}
