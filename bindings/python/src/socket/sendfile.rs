//! `sendfile`: a file's content through sendfile(2), or read and sent where that cannot be.

use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, RawFd};

use pyo3::create_exception;
use pyo3::exceptions::{
    PyAttributeError, PyBlockingIOError, PyException, PyTypeError, PyValueError,
};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyMemoryView, PySlice, PyString};
use rsocket::{Errno, Error, Readiness, fd};

use super::Socket;
use super::method::plain_number;
use super::native::{self, Method, native};
use crate::error;
use crate::recursion::Deeper;
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

/// What is to be sent.
pub(super) struct Request<'py> {
    file: Bound<'py, PyAny>,
    offset: Bound<'py, PyAny>,
    count: Option<Bound<'py, PyAny>>,
}

impl<'py> Request<'py> {
    pub(super) fn new(
        py: Python<'py>,
        file: Bound<'py, PyAny>,
        offset: Option<Bound<'py, PyAny>>,
        count: Option<Bound<'py, PyAny>>,
    ) -> Self {
        Request {
            file,
            offset: offset.unwrap_or_else(|| PyInt::new(py, 0).into_any()),
            count: count.filter(|count| !count.is_none()),
        }
    }

    /// [`check`](Self::check), or whatever overrides it.
    fn check_through(&self, slf: &Bound<'py, Socket>) -> PyResult<()> {
        if native(slf.as_any(), Method::CheckSendfileParams)?.is_some() {
            return self.check(slf);
        }
        let _deeper = Deeper::enter(slf.py())?;
        let name = native::name(slf.py(), Method::CheckSendfileParams)?;
        let arguments = (&self.file, &self.offset, &self.count);
        slf.call_method1(name, arguments).map(drop)
    }

    /// `_check_sendfile_params`
    pub(super) fn check(&self, slf: &Bound<'py, Socket>) -> PyResult<()> {
        let py = slf.py();
        if let Some(mode) = self.file.getattr_opt(intern!(py, "mode"))?
            && !is_binary(&mode)?
        {
            return Err(PyValueError::new_err(
                "file should be opened in binary mode",
            ));
        }
        if !is_stream(slf)? {
            return Err(PyValueError::new_err(
                "only SOCK_STREAM type sockets are supported",
            ));
        }
        let Some(count) = &self.count else {
            return Ok(());
        };
        let refused = || -> PyResult<String> {
            let text = format!("count must be a positive integer (got {})", count.repr()?);
            Ok(text)
        };
        if !count.is_instance_of::<PyInt>() {
            return Err(PyTypeError::new_err(refused()?));
        }
        if plain_number(count).map_or_else(|| count.le(0), |count| Ok(count <= 0))? {
            return Err(PyValueError::new_err(refused()?));
        }
        Ok(())
    }

    /// How much to send at most.
    fn count(&self) -> PyResult<Option<u64>> {
        let Some(count) = &self.count else {
            return Ok(None);
        };
        if let Some(count) = plain_number(count) {
            // What only a check that was replaced lets through: 0 is no limit.
            let count = u64::try_from(count).map_or(Some(0), |count| (count != 0).then_some(count));
            return Ok(count);
        }
        // A count beyond every file's size is all of the file.
        let beyond = count.gt(u64::MAX)?;
        Ok(Some(if beyond { u64::MAX } else { count.extract()? }))
    }

    /// Moves the file to behind what was sent, whether that ended well or not.
    fn finish<T>(&self, position: &Bound<'py, PyAny>, result: PyResult<T>) -> PyResult<T> {
        let seek = self.file.getattr_opt(intern!(position.py(), "seek"));
        let moved = seek.and_then(|seek| match seek {
            Some(seek) => seek.call1((position,)).map(drop),
            None => Ok(()),
        });
        match (moved, result) {
            (Ok(()), result) => result,
            (Err(second), Ok(_)) => Err(second),
            (Err(second), Err(first)) => Err(during(position.py(), first, second)),
        }
    }
}

fn is_binary(mode: &Bound<'_, PyAny>) -> PyResult<bool> {
    match mode.cast_exact::<PyString>().map(|mode| mode.to_str()) {
        Ok(Ok(mode)) => Ok(mode.contains('b')),
        _ => mode.contains("b"),
    }
}

fn is_stream(slf: &Bound<'_, Socket>) -> PyResult<bool> {
    if slf.as_any().is_exact_instance_of::<Socket>() {
        return Ok(slf.get().kind().raw() & libc::SOCK_STREAM != 0);
    }
    let kind = slf.getattr(intern!(slf.py(), "type"))?;
    kind.bitand(libc::SOCK_STREAM)?.is_truthy()
}

/// `error`, which came up while `handled` was dealt with, as the interpreter would chain them.
fn during(py: Python<'_>, handled: PyErr, error: PyErr) -> PyErr {
    let handled = handled.into_value(py);
    let mut first = error.value(py).clone();
    // What led to the error itself comes before.
    while let Ok(context) = first.getattr(intern!(py, "__context__"))
        && let Ok(context) = context.cast_into()
    {
        first = context;
    }
    if !first.is(&handled) {
        // SAFETY: two live exceptions; the function takes over a reference to the second.
        unsafe { ffi::PyException_SetContext(first.as_ptr(), handled.into_ptr()) };
    }
    error
}

fn give_up(py: Python<'_>, error: PyErr) -> PyErr {
    let reason = error.clone_ref(py).into_value(py);
    during(py, error, _GiveupOnSendfile::new_err((reason,)))
}

fn refuse_nonblocking(slf: &Bound<'_, Socket>) -> PyResult<()> {
    let nonblocking = if slf.as_any().is_exact_instance_of::<Socket>() {
        slf.get().timeout().is_zero()
    } else {
        slf.call_method0(intern!(slf.py(), "gettimeout"))?.eq(0)?
    };
    if nonblocking {
        return Err(PyValueError::new_err(
            "non-blocking sockets are not supported",
        ));
    }
    Ok(())
}

/// Refuses what the selectors of the standard library refuse; `given` is what an own `fileno` gave.
fn refuse_bad_number(slf: &Bound<'_, Socket>, given: Option<Bound<'_, PyAny>>) -> PyResult<()> {
    let number = match given {
        None => slf.get().raw(),
        Some(given) => match given.extract() {
            Ok(number) => number,
            Err(_) => {
                let text = format!("Invalid file object: {}", given.repr()?);
                return Err(PyValueError::new_err(text));
            }
        },
    };
    if number < 0 {
        let text = format!("Invalid file descriptor: {number}");
        return Err(PyValueError::new_err(text));
    }
    Ok(())
}

/// The descriptor and the size of a regular file, or `_GiveupOnSendfile`.
fn regular_file(file: &Bound<'_, PyAny>) -> PyResult<(RawFd, u64)> {
    let py = file.py();
    let number = match file.call_method0(intern!(py, "fileno")) {
        Ok(number) => number,
        Err(error) => {
            let unsupported = py
                .import(intern!(py, "io"))?
                .getattr(intern!(py, "UnsupportedOperation"))?;
            let expected =
                error.is_instance_of::<PyAttributeError>(py) || error.is_instance(py, &unsupported);
            return Err(if expected { give_up(py, error) } else { error });
        }
    };
    let number = number.extract()?;
    match size(number) {
        Ok(size) => Ok((number, size)),
        Err(errno) => Err(give_up(py, error::from_errno(errno))),
    }
}

/// How long the file is that a descriptor names.
fn size(number: RawFd) -> Result<u64, Errno> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: fstat(2) takes any number, and fills the structure where it succeeds.
    unsafe {
        if libc::fstat(number, status.as_mut_ptr()) != 0 {
            return Err(Errno::last());
        }
        Ok(u64::try_from(status.assume_init().st_size).unwrap_or(0))
    }
}

/// `_sendfile_use_sendfile`
pub(super) fn with_sendfile(slf: &Bound<'_, Socket>, request: &Request<'_>) -> PyResult<u64> {
    request.check_through(slf)?;
    let own = match native(slf.as_any(), Method::Fileno)? {
        Some(_) => None,
        None => Some(slf.call_method0(intern!(slf.py(), "fileno"))?),
    };
    let (number, size) = regular_file(&request.file)?;
    if size == 0 {
        return Ok(0);
    }
    refuse_nonblocking(slf)?;
    refuse_bad_number(slf, own)?;
    let offset: i64 = request.offset.extract()?;
    let mut sent = 0;
    let result = kernel_copies(slf, (number, size), offset, request.count()?, &mut sent);
    if sent > 0 {
        let position = PyInt::new(slf.py(), offset.saturating_add_unsigned(sent));
        request.finish(position.as_any(), result)?;
    } else {
        result?;
    }
    Ok(sent)
}

fn kernel_copies(
    slf: &Bound<'_, Socket>,
    (number, size): (RawFd, u64),
    offset: i64,
    count: Option<u64>,
    sent: &mut u64,
) -> PyResult<()> {
    let (py, socket) = (slf.py(), slf.get());
    if number < 0 {
        return Err(give_up(py, error::from_errno(Errno::EBADF)));
    }
    // SAFETY: not -1; open while `file`, which gave the number, is in the caller's hands, and the
    // kernel answers EBADF where it is not.
    let file = unsafe { BorrowedFd::borrow_raw(number) };
    loop {
        // sendfile(2) refuses a negative position (EINVAL), as any above its largest one.
        let position = u64::try_from(offset).map_or(u64::MAX, |offset| offset + *sent);
        // All of the file, which may have grown: a little is asked for at its end.
        let left = count.map_or_else(
            || size.saturating_sub(position).max(READ_BLOCK),
            |count| count - *sent,
        );
        let left = left.min(BLOCK_MAX);
        if left == 0 {
            return Ok(());
        }
        let fd = socket.descriptor().map_err(error::from_errno)?;
        let mut waiting = Waiting::unlocked(py, socket, fd);
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
                return Err(give_up(py, error));
            }
            Err(error) => return Err(waiting.failure(error).exception(py)),
        }
        py.check_signals()?;
    }
}

/// `_sendfile_use_send`
pub(super) fn with_send<'py>(
    slf: &Bound<'py, Socket>,
    request: &Request<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = slf.py();
    request.check_through(slf)?;
    refuse_nonblocking(slf)?;
    if request.offset.is_truthy()? {
        request
            .file
            .call_method1(intern!(py, "seek"), (&request.offset,))?;
    }
    let mut sent = PyInt::new(py, 0).into_any();
    let (read, send) = (
        request.file.getattr(intern!(py, "read"))?,
        slf.getattr(intern!(py, "send"))?,
    );
    let result = we_copy(&read, &send, request.count()?, &mut sent);
    if sent.gt(0)? {
        request.finish(&request.offset.add(&sent)?, result)?;
    } else {
        result?;
    }
    Ok(sent)
}

/// `send` may be anybody's: its answers are objects that are counted with.
fn we_copy<'py>(
    read: &Bound<'py, PyAny>,
    send: &Bound<'py, PyAny>,
    count: Option<u64>,
    sent: &mut Bound<'py, PyAny>,
) -> PyResult<()> {
    let py = read.py();
    let mut block = count.map_or(READ_BLOCK, |count| count.min(READ_BLOCK));
    loop {
        if let Some(count) = count {
            let left = PyInt::new(py, count).as_any().sub(&*sent)?;
            if left.le(0)? {
                return Ok(());
            }
            if left.lt(block)? {
                block = left.extract()?;
            }
        }
        let mut data = PyMemoryView::from(&read.call1((block,))?)?.into_any();
        if data.len()? == 0 {
            return Ok(());
        }
        loop {
            let moved = match send.call1((&data,)) {
                Ok(moved) => moved,
                Err(error) if error.is_instance_of::<PyBlockingIOError>(py) => {
                    // No code of Python runs here that would let a signal in.
                    py.check_signals()?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            *sent = added(sent, &moved)?;
            if !moved.lt(data.len()?)? {
                break;
            }
            let none = py.None().into_bound(py);
            // SAFETY: three live objects; a new slice or NULL with an exception.
            let rest = unsafe {
                let slice = ffi::PySlice_New(moved.as_ptr(), none.as_ptr(), none.as_ptr());
                Bound::from_owned_ptr_or_err(py, slice)?.cast_into_unchecked::<PySlice>()
            };
            data = data.get_item(rest)?;
        }
    }
}

/// `sum += more`
fn added<'py>(sum: &Bound<'py, PyAny>, more: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: two live objects; a new one or NULL with an exception.
    unsafe {
        let sum_now = ffi::PyNumber_InPlaceAdd(sum.as_ptr(), more.as_ptr());
        Bound::from_owned_ptr_or_err(sum.py(), sum_now)
    }
}

/// `sendfile`: sendfile(2) where it can be used.
pub(super) fn send_file<'py>(
    slf: &Bound<'py, Socket>,
    request: &Request<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = slf.py();
    let through = |method: Method| -> PyResult<Bound<'py, PyAny>> {
        match (native(slf.as_any(), method)?, method) {
            (Some(slf), Method::SendfileUseSendfile) => {
                let sent = with_sendfile(slf, request)?;
                Ok(sent.into_pyobject(py)?.into_any())
            }
            (Some(slf), _) => with_send(slf, request),
            (None, _) => {
                let _deeper = Deeper::enter(py)?;
                let name = native::name(py, method)?;
                let arguments = (&request.file, &request.offset, &request.count);
                slf.call_method1(name, arguments)
            }
        }
    };
    match through(Method::SendfileUseSendfile) {
        Err(error) if error.is_instance_of::<_GiveupOnSendfile>(py) => {
            let second = through(Method::SendfileUseSend);
            second.map_err(|second| during(py, error, second))
        }
        result => result,
    }
}
