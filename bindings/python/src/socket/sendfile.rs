//! `sendfile`: a file's content through sendfile(2), or read and sent where that cannot be.

use std::os::fd::BorrowedFd;

use pyo3::create_exception;
use pyo3::exceptions::{
    PyAttributeError, PyBlockingIOError, PyException, PyOSError, PyTypeError, PyValueError,
};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyMemoryView, PySlice};
use rsocket::{Errno, Error, Readiness, fd};

use super::Socket;
use super::native::{self, Method, native};
use crate::error;
use crate::wait::Waiting;

create_exception!(
    rsocket,
    _GiveupOnSendfile,
    PyException,
    "The file or the socket does not fit sendfile(2): use send() instead."
);

/// sendfile(2) moves a little less than 2 GiB at a time; a round number below that.
const BLOCK_MAX: u64 = 1 << 30;
/// How much of a file that sendfile(2) cannot read is read at a time.
const READ_BLOCK: u64 = 8192;

/// Checks the arguments as the standard library does: how much to send, `None` for all of it.
fn request(
    slf: &Bound<'_, Socket>,
    file: &Bound<'_, PyAny>,
    count: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<u64>> {
    if let Some(mode) = file.getattr_opt(intern!(file.py(), "mode"))?
        && !mode.contains("b")?
    {
        return Err(PyValueError::new_err(
            "file should be opened in binary mode",
        ));
    }
    if slf.get().kind().raw() & libc::SOCK_STREAM == 0 {
        return Err(PyValueError::new_err(
            "only SOCK_STREAM type sockets are supported",
        ));
    }
    match count.filter(|count| !count.is_none()) {
        None => Ok(None),
        Some(count) => {
            let refused = || -> PyResult<String> {
                Ok(format!(
                    "count must be a positive integer (got {})",
                    count.repr()?
                ))
            };
            if !count.is_instance_of::<PyInt>() {
                return Err(PyTypeError::new_err(refused()?));
            }
            if count.le(0)? {
                return Err(PyValueError::new_err(refused()?));
            }
            // A count beyond every file's size is all of the file.
            Ok(Some(count.extract().unwrap_or(u64::MAX)))
        }
    }
}

/// Where in the file to start.
fn position(offset: Option<&Bound<'_, PyAny>>) -> PyResult<i64> {
    offset.map_or(Ok(0), PyAnyMethods::extract)
}

/// `_check_sendfile_params`
pub(super) fn check(
    slf: &Bound<'_, Socket>,
    file: &Bound<'_, PyAny>,
    count: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    request(slf, file, count).map(drop)
}

fn refuse_nonblocking(socket: &Socket) -> PyResult<()> {
    if socket.timeout().is_zero() {
        return Err(PyValueError::new_err(
            "non-blocking sockets are not supported",
        ));
    }
    Ok(())
}

/// The descriptor and the size of a regular file, or `_GiveupOnSendfile`.
fn regular_file(file: &Bound<'_, PyAny>) -> PyResult<(i32, u64)> {
    let py = file.py();
    let give_up = |error: PyErr| _GiveupOnSendfile::new_err((error.into_value(py),));
    let number: i32 = match file
        .call_method0(intern!(py, "fileno"))
        .and_then(|number| number.extract())
    {
        Ok(number) => number,
        Err(error) => {
            let unsupported = py
                .import(intern!(py, "io"))?
                .getattr(intern!(py, "UnsupportedOperation"))?;
            let expected =
                error.is_instance_of::<PyAttributeError>(py) || error.is_instance(py, &unsupported);
            return Err(if expected { give_up(error) } else { error });
        }
    };
    match py
        .import(intern!(py, "os"))?
        .call_method1(intern!(py, "fstat"), (number,))
    {
        Ok(status) => Ok((number, status.getattr(intern!(py, "st_size"))?.extract()?)),
        Err(error) if error.is_instance_of::<PyOSError>(py) => Err(give_up(error)),
        Err(error) => Err(error),
    }
}

/// Moves the file to where sending stopped, whether it ended well or not.
fn leave_file_at(file: &Bound<'_, PyAny>, sent: u64, position: i64) -> PyResult<()> {
    if sent > 0 && file.hasattr(intern!(file.py(), "seek"))? {
        file.call_method1(intern!(file.py(), "seek"), (position,))?;
    }
    Ok(())
}

/// The result of sending, after moving the file; an error of that comes second.
fn finish(file: &Bound<'_, PyAny>, sent: u64, offset: i64, result: PyResult<()>) -> PyResult<u64> {
    let moved = leave_file_at(file, sent, offset.saturating_add_unsigned(sent));
    result.and(moved).map(|()| sent)
}

/// `_sendfile_use_sendfile`
pub(super) fn with_sendfile(
    slf: &Bound<'_, Socket>,
    file: &Bound<'_, PyAny>,
    offset: Option<&Bound<'_, PyAny>>,
    count: Option<&Bound<'_, PyAny>>,
) -> PyResult<u64> {
    let count = request(slf, file, count)?;
    let (number, size) = regular_file(file)?;
    if size == 0 {
        return Ok(0);
    }
    refuse_nonblocking(slf.get())?;
    let offset = position(offset)?;
    let mut sent = 0;
    let result = kernel_copies(slf, number, offset, count, &mut sent);
    finish(file, sent, offset, result)
}

fn kernel_copies(
    slf: &Bound<'_, Socket>,
    number: i32,
    offset: i64,
    count: Option<u64>,
    sent: &mut u64,
) -> PyResult<()> {
    let (py, socket) = (slf.py(), slf.get());
    if number < 0 {
        return Err(error::from_errno(Errno::EBADF));
    }
    // SAFETY: not -1; open while `file`, which gave the number, is in the caller's hands, and the
    // kernel answers EBADF where it is not.
    let file = unsafe { BorrowedFd::borrow_raw(number) };
    loop {
        let left = count.map_or(BLOCK_MAX, |count| (count - *sent).min(BLOCK_MAX));
        if left == 0 {
            return Ok(());
        }
        let fd = socket.descriptor().map_err(error::from_errno)?;
        let mut waiting = Waiting::unlocked(py, socket, fd);
        // sendfile(2) refuses a negative position (EINVAL), as any above its largest one.
        let position = u64::try_from(offset).map_or(u64::MAX, |offset| offset + *sent);
        match fd::send_file(fd, file, position, left as usize, &mut waiting) {
            Ok(0) => return Ok(()),
            Ok(len) => *sent += len as u64,
            // O_NONBLOCK was set behind our back: wait, as the socket's timeout says.
            Err(error) if error.is_would_block() => {
                let ready = fd::wait_ready(fd, Readiness::Writable, &mut waiting);
                waiting
                    .finish(ready)
                    .map_err(|failure| failure.exception(py))?;
            }
            Err(error @ Error::Os { .. }) if *sent == 0 => {
                let error = waiting.failure(error).exception(py);
                return Err(_GiveupOnSendfile::new_err((error.into_value(py),)));
            }
            Err(error) => return Err(waiting.failure(error).exception(py)),
        }
        py.check_signals()?;
    }
}

/// `_sendfile_use_send`
pub(super) fn with_send(
    slf: &Bound<'_, Socket>,
    file: &Bound<'_, PyAny>,
    offset: Option<&Bound<'_, PyAny>>,
    count: Option<&Bound<'_, PyAny>>,
) -> PyResult<u64> {
    let count = request(slf, file, count)?;
    refuse_nonblocking(slf.get())?;
    let offset = position(offset)?;
    if offset != 0 {
        file.call_method1(intern!(file.py(), "seek"), (offset,))?;
    }
    let mut sent = 0;
    let result = we_copy(slf, file, count, &mut sent);
    finish(file, sent, offset, result)
}

fn we_copy(
    slf: &Bound<'_, Socket>,
    file: &Bound<'_, PyAny>,
    count: Option<u64>,
    sent: &mut u64,
) -> PyResult<()> {
    let py = slf.py();
    let (read, send) = (
        file.getattr(intern!(py, "read"))?,
        slf.getattr(intern!(py, "send"))?,
    );
    loop {
        let left = count.map_or(READ_BLOCK, |count| (count - *sent).min(READ_BLOCK));
        let data = match left {
            0 => return Ok(()),
            left => PyMemoryView::from(&read.call1((left,))?)?,
        };
        let len = data.len()? as isize;
        if len == 0 {
            return Ok(());
        }
        let mut start: isize = 0;
        while start < len {
            match send.call1((data.get_item(PySlice::new(py, start, len, 1))?,)) {
                Ok(moved) => {
                    let moved: u32 = moved.extract()?;
                    start += moved as isize;
                    *sent += u64::from(moved);
                }
                Err(error) if error.is_instance_of::<PyBlockingIOError>(py) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// `sendfile`: sendfile(2) where it can be used.
pub(super) fn send_file<'py>(
    slf: &Bound<'py, Socket>,
    file: &Bound<'py, PyAny>,
    offset: Option<&Bound<'py, PyAny>>,
    count: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = slf.py();
    let through = |method: Method| -> PyResult<Bound<'py, PyAny>> {
        let sent = match (native(slf.as_any(), method)?, method) {
            (Some(slf), Method::SendfileUseSendfile) => with_sendfile(slf, file, offset, count)?,
            (Some(slf), _) => with_send(slf, file, offset, count)?,
            (None, _) => {
                let name = native::name(py, method)?;
                let zero = PyInt::new(py, 0).into_any();
                return slf.call_method1(name, (file, offset.unwrap_or(&zero), count));
            }
        };
        Ok(sent.into_pyobject(py)?.into_any())
    };
    match through(Method::SendfileUseSendfile) {
        Err(error) if error.is_instance_of::<_GiveupOnSendfile>(py) => {
            through(Method::SendfileUseSend)
        }
        result => result,
    }
}
