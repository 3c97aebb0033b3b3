//! The methods that the standard library has in Python: those of its class on top of the one in C.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt};

use super::method::{Answer, Arguments, Table, methods};
use super::signature::{self, Signature};
use super::{Socket, connection, lifecycle, makefile, sendfile};
use crate::attach::Attached;
use crate::failure::Failure;

pub(super) static METHODS: Table<15> = methods! {
    keywords __enter__ "($self)" = enter_context,
        "The socket itself, which the end of the block closes.";
    keywords accept "($self)" = accept,
        "Waits for a connection to a listening socket: (socket, address of the peer).\n\n\
         The new socket is of class socket, has the default timeout and is not inheritable. Raises \
         TimeoutError, BlockingIOError or OSError. See accept(2).";
    keywords close "($self)" = close,
        "Closes the socket, or leaves that to the last open file of makefile().\n\n\
         Further calls raise OSError EBADF; a second close() does nothing. Threads that are blocked \
         in the socket are woken with OSError EBADF too, and the descriptor's number is not given \
         back before they have left; duplicates notice nothing.";
    keywords detach "($self)" = detach,
        "Closes the object without closing the descriptor, which is the caller's from now on.\n\n\
         Gives its number, -1 if it was closed or detached before. Threads that are blocked in the \
         socket are woken with OSError EBADF.";
    keywords dup "($self)" = dup,
        "dup() -> socket object\n\n\
         A second socket of the same class on the same connection, with the same timeout. It is not \
         inheritable.";
    keywords get_inheritable "($self)" = get_inheritable,
        "get_inheritable() -> bool\n\n\
         Whether programs that this process starts get the descriptor.";
    keywords set_inheritable "($self, inheritable)" = set_inheritable,
        "set_inheritable(inheritable)\n\n\
         Sets whether programs that this process starts get the descriptor.";
    keywords makefile "($self, mode='r', buffering=None, *, encoding=None, errors=None, \
        newline=None)" = make_file,
        "makefile(...) -> an I/O stream connected to the socket\n\n\
         The arguments are as for io.open() after the filename, except the only supported mode \
         values are 'r' (default), 'w', 'b', or a combination of those.";
    keywords sendfile "($self, file, offset=0, count=None)" = send_file,
        "sendfile(file[, offset[, count]]) -> sent\n\n\
         Sends a binary file from `offset` on, up to its end or `count` bytes, with sendfile(2) \
         where that can read the file, else with send(). The socket must be a stream and not \
         non-blocking. Moves the file to behind what was sent.";
    keywords _sendfile_use_sendfile "($self, file, offset=0, count=None)" = use_sendfile,
        "As sendfile(), with sendfile(2) only.";
    keywords _sendfile_use_send "($self, file, offset=0, count=None)" = use_send,
        "As sendfile(), with send() only.";
    keywords _check_sendfile_params "($self, file, offset, count)" = check_sendfile,
        "Refuses what sendfile() cannot send.";
    keywords _decref_socketios "($self)" = release_file,
        "A file of makefile() was closed.";
    keywords _real_close "($self, _ss=...)" = real_close,
        "Gives the descriptor back to the kernel.";
    keywords __getstate__ "($self)" = getstate,
        "Refuses to be pickled.";
};

/// Runs a body that drops errors or objects, with PyO3 knowing that it may.
fn attached<'py, T>(
    py: Python<'py>,
    body: impl FnOnce(Python<'py>) -> PyResult<T>,
) -> Result<T, Failure> {
    // SAFETY: `py`.
    let attached = unsafe { Attached::assume() };
    Ok(attached.run(|_| body(py))?)
}

fn enter_context<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    signature::none("__enter__(self)", slf, arguments)?;
    lifecycle::enter_context(slf)
}

fn accept<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    signature::none("accept(self)", slf, arguments)?;
    connection::accept(slf)
}

fn close<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    signature::none("close(self)", slf, arguments)?;
    lifecycle::close(slf)
}

fn detach<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    signature::none("detach(self)", slf, arguments)?;
    lifecycle::detach(slf)
}

fn dup<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    signature::none("dup(self)", slf, arguments)?;
    attached(slf.py(), |_| lifecycle::dup(slf))
}

fn get_inheritable<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    signature::none("get_inheritable(self)", slf, arguments)?;
    let inheritable = attached(slf.py(), |_| lifecycle::inheritable(slf))?;
    Ok(PyBool::new(slf.py(), inheritable).to_owned().into_any())
}

fn set_inheritable<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    const SIGNATURE: Signature<1> = Signature {
        text: "set_inheritable(self, inheritable)",
        names: ["inheritable"],
        required: 1,
        positional: 1,
    };
    if let [Some(inheritable)] = &SIGNATURE.bind(slf, arguments)? {
        attached(slf.py(), |_| lifecycle::set_inheritable(slf, inheritable))?;
    }
    Ok(slf.py().None().into_bound(slf.py()))
}

fn make_file<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    const SIGNATURE: Signature<5> = Signature {
        text: "makefile(self, mode='r', buffering=None, *, encoding=None, errors=None, newline=None)",
        names: ["mode", "buffering", "encoding", "errors", "newline"],
        required: 0,
        positional: 2,
    };
    let [mode, buffering, encoding, errors, newline] = &SIGNATURE.bind(slf, arguments)?;
    attached(slf.py(), |_| {
        makefile::makefile(
            slf,
            mode.as_ref(),
            buffering.as_ref(),
            encoding.as_ref(),
            errors.as_ref(),
            newline.as_ref(),
        )
    })
}

/// The parameters of the three methods that send files.
const fn file_signature(text: &'static str) -> Signature<3> {
    Signature {
        text,
        names: ["file", "offset", "count"],
        required: 1,
        positional: 3,
    }
}

/// Calls `body` with the file, the offset and the count.
fn with_file<'py, T>(
    text: &'static str,
    slf: &Bound<'py, Socket>,
    arguments: &Arguments<'_, 'py>,
    body: impl FnOnce(&sendfile::Request<'py>) -> PyResult<T>,
) -> Result<Option<T>, Failure> {
    let [Some(file), offset, count] = file_signature(text).bind(slf, arguments)? else {
        return Ok(None);
    };
    attached(slf.py(), |py| {
        body(&sendfile::Request::new(py, file, offset, count)).map(Some)
    })
}

fn send_file<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    let text = "sendfile(self, file, offset=0, count=None)";
    let sent = with_file(text, slf, arguments, |request| {
        sendfile::send_file(slf, request)
    })?;
    Ok(sent.unwrap_or_else(|| slf.py().None().into_bound(slf.py())))
}

fn use_sendfile<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    let text = "_sendfile_use_sendfile(self, file, offset=0, count=None)";
    let sent = with_file(text, slf, arguments, |request| {
        sendfile::with_sendfile(slf, request)
    })?;
    Ok(PyInt::new(slf.py(), sent.unwrap_or_default()).into_any())
}

fn use_send<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    let text = "_sendfile_use_send(self, file, offset=0, count=None)";
    let sent = with_file(text, slf, arguments, |request| {
        sendfile::with_send(slf, request)
    })?;
    Ok(sent.unwrap_or_else(|| slf.py().None().into_bound(slf.py())))
}

fn check_sendfile<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    const SIGNATURE: Signature<3> = Signature {
        required: 3,
        ..file_signature("_check_sendfile_params(self, file, offset, count)")
    };
    if let [Some(file), offset, count] = SIGNATURE.bind(slf, arguments)? {
        attached(slf.py(), |py| {
            sendfile::Request::new(py, file, offset, count).check(slf)
        })?;
    }
    Ok(slf.py().None().into_bound(slf.py()))
}

fn release_file<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    signature::none("_decref_socketios(self)", slf, arguments)?;
    attached(slf.py(), |_| lifecycle::release_file(slf))?;
    Ok(slf.py().None().into_bound(slf.py()))
}

/// The standard library takes the class that is to close.
fn real_close<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    const SIGNATURE: Signature<1> = Signature {
        text: "_real_close(self, _ss=None)",
        names: ["_ss"],
        required: 0,
        positional: 1,
    };
    attached(slf.py(), |py| {
        match &SIGNATURE
            .bind(slf, arguments)
            .map_err(|failure| failure.exception(py))?
        {
            [Some(class)] => class.call_method1("close", (slf,)).map(drop),
            [None] => lifecycle::real_close(slf),
        }
    })?;
    Ok(slf.py().None().into_bound(slf.py()))
}

fn getstate<'py>(slf: &Bound<'py, Socket>, arguments: &Arguments<'_, 'py>) -> Answer<'py> {
    signature::none("__getstate__(self)", slf, arguments)?;
    let name = slf.get_type().name()?;
    let text = format!("cannot pickle {} object", name.repr()?);
    Err(PyTypeError::new_err(text).into())
}
