//! The class as Python sees it: one method per line of its documentation, each a call into the
//! file that does the work.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use super::timeout::Timeout;
use super::{
    Socket, connection, lifecycle, makefile, message, native, options, sendfile, transfer,
};
use crate::argument::{Given, arity, int, int_or, lone_int, size};
use crate::attach::Attached;
use crate::enums;

/// An optional size, 0 where it is left out.
fn size_or_zero(object: Option<&Bound<'_, PyAny>>) -> PyResult<isize> {
    object.map_or(Ok(0), size)
}

#[pymethods]
impl Socket {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Socket::empty()
    }

    #[pyo3(signature = (family = Given::NOTHING, r#type = Given::NOTHING, proto = Given::NOTHING, fileno = Given::NOTHING))]
    fn __init__(
        slf: &Bound<'_, Self>,
        family: Given<'_>,
        r#type: Given<'_>,
        proto: Given<'_>,
        fileno: Given<'_>,
    ) -> PyResult<()> {
        lifecycle::initialise(slf, family.get(), r#type.get(), proto.get(), fileno.get())
    }

    fn __enter__<'a, 'py>(slf: &'a Bound<'py, Self>) -> &'a Bound<'py, Self> {
        slf
    }

    #[pyo3(signature = (*_args))]
    fn __exit__(slf: &Bound<'_, Self>, _args: &Bound<'_, PyTuple>) -> PyResult<()> {
        if slf.get().closed.load(Ordering::Relaxed) {
            Ok(())
        } else {
            lifecycle::call_close(slf)
        }
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        lifecycle::represent(slf)
    }

    fn __getstate__(slf: &Bound<'_, Self>) -> PyResult<()> {
        let name = slf.get_type().name()?;
        Err(PyTypeError::new_err(format!(
            "cannot pickle {} object",
            name.repr()?
        )))
    }

    /// Warns about a socket that was not closed, and closes it.
    fn __del__(slf: &Bound<'_, Self>) {
        lifecycle::finalise(slf);
    }

    /// The address family: a member of AddressFamily, or an int that has none.
    #[getter(family)]
    fn family_member(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        enums::family(py, self.family().raw())
    }

    /// The socket type: a member of SocketKind, or an int that has none. Never shows SOCK_NONBLOCK
    /// or SOCK_CLOEXEC.
    #[getter]
    fn r#type(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        enums::kind(py, self.kind().raw())
    }

    /// The protocol number.
    #[getter]
    fn proto(&self) -> i32 {
        self.protocol().raw()
    }

    /// The timeout in seconds; None waits for ever.
    #[getter(timeout)]
    fn timeout_seconds(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.timeout().to_python(py)
    }

    #[getter]
    fn _io_refs(&self) -> isize {
        self.io_refs.load(Ordering::Relaxed)
    }

    #[setter(_io_refs)]
    fn set_io_refs(&self, value: isize) {
        self.io_refs.store(value, Ordering::Relaxed);
    }

    #[getter]
    fn _closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    #[setter(_closed)]
    fn set_closed(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.closed.store(value.is_truthy()?, Ordering::Relaxed);
        Ok(())
    }

    /// accept() -> (socket object, address info)
    ///
    /// Waits for a connection to a listening socket. The new socket is of class `socket`, has the
    /// default timeout and is not inheritable. Raises TimeoutError, BlockingIOError, OSError.
    /// See accept(2).
    fn accept<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, Self>, Py<PyAny>)> {
        connection::accept(slf)
    }

    /// _accept() -> (integer, address info)
    ///
    /// As accept(), with the descriptor instead of a socket.
    fn _accept(&self, py: Python<'_>) -> PyResult<(i32, Py<PyAny>)> {
        connection::accept_descriptor(py, self)
    }

    /// bind(address)
    ///
    /// Gives the socket its own address. See bind(2).
    #[pyo3(signature = (address, /))]
    fn bind(slf: &Bound<'_, Self>, address: &Bound<'_, PyAny>) -> PyResult<()> {
        connection::bind(slf, address)
    }

    /// close()
    ///
    /// Closes the socket, or leaves that to the last open file of makefile(). Further calls raise
    /// OSError EBADF; a second close() does nothing.
    fn close(slf: &Bound<'_, Self>) -> PyResult<()> {
        lifecycle::close(slf)
    }

    #[pyo3(signature = (_ss = None))]
    fn _real_close(slf: &Bound<'_, Self>, _ss: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        lifecycle::real_close(slf)
    }

    fn _decref_socketios(slf: &Bound<'_, Self>) -> PyResult<()> {
        lifecycle::release_file(slf)
    }

    /// connect(address)
    ///
    /// Connects to a remote address. Raises TimeoutError after the timeout; a non-blocking socket
    /// raises BlockingIOError (EINPROGRESS) and goes on. See connect(2).
    #[pyo3(signature = (address, /))]
    fn connect(slf: &Bound<'_, Self>, address: &Bound<'_, PyAny>) -> PyResult<()> {
        connection::connect(slf, address)
    }

    /// connect_ex(address) -> errno
    ///
    /// As connect(), but gives the errno (0 for success, EAGAIN for a timeout) where that would
    /// raise OSError.
    #[pyo3(signature = (address, /))]
    fn connect_ex(slf: &Bound<'_, Self>, address: &Bound<'_, PyAny>) -> PyResult<i32> {
        connection::connect_ex(slf, address)
    }

    /// detach() -> file descriptor
    ///
    /// Closes the object without closing the descriptor, which is the caller's from now on; -1 if
    /// it was closed or detached before.
    fn detach(&self) -> i32 {
        lifecycle::detach(self)
    }

    /// dup() -> socket object
    ///
    /// A second socket of the same class on the same connection, with the same timeout. It is not
    /// inheritable.
    fn dup<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        lifecycle::dup(slf)
    }

    /// fileno() -> integer
    ///
    /// The number of the descriptor; -1 after close() or detach().
    fn fileno(&self) -> i32 {
        self.raw()
    }

    /// get_inheritable() -> bool
    ///
    /// Whether programs that this process starts get the descriptor.
    fn get_inheritable(slf: &Bound<'_, Self>) -> PyResult<bool> {
        lifecycle::inheritable(slf)
    }

    /// set_inheritable(inheritable)
    ///
    /// Sets whether programs that this process starts get the descriptor.
    fn set_inheritable(slf: &Bound<'_, Self>, inheritable: &Bound<'_, PyAny>) -> PyResult<()> {
        lifecycle::set_inheritable(slf, inheritable)
    }

    /// getblocking() -> bool
    ///
    /// False for a socket that never waits: timeout 0.
    fn getblocking(&self) -> bool {
        !self.timeout().is_zero()
    }

    /// setblocking(flag)
    ///
    /// True is settimeout(None), false is settimeout(0).
    #[pyo3(signature = (flag, /))]
    fn setblocking(&self, flag: &Bound<'_, PyAny>) -> PyResult<()> {
        #[cfg(Py_3_12)]
        let blocking = flag.is_truthy()?;
        #[cfg(not(Py_3_12))]
        let blocking = crate::argument::long(flag)? != 0;
        lifecycle::set_timeout(
            self,
            if blocking {
                Timeout::NONE
            } else {
                Timeout::ZERO
            },
        )
    }

    /// gettimeout() -> timeout
    ///
    /// The timeout in seconds (float); None waits for ever.
    fn gettimeout(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.timeout().to_python(py)
    }

    /// settimeout(timeout)
    ///
    /// Sets the timeout in seconds of each call that waits: None waits for ever, 0 never waits.
    /// Raises ValueError below zero and OverflowError beyond what poll(2) takes.
    #[pyo3(signature = (timeout, /))]
    fn settimeout(&self, timeout: &Bound<'_, PyAny>) -> PyResult<()> {
        lifecycle::set_timeout(self, Timeout::parse(timeout)?)
    }

    /// getpeername() -> address info
    ///
    /// The address of the peer. See getpeername(2).
    fn getpeername(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        connection::peer_address(py, self)
    }

    /// getsockname() -> address info
    ///
    /// The socket's own address. See getsockname(2).
    fn getsockname(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        connection::local_address(py, self)
    }

    /// getsockopt(level, option[, buffersize]) -> data
    ///
    /// The value of an option: an int, or bytes where a buffer size from 1 to 1024 is given. See
    /// getsockopt(2).
    #[pyo3(signature = (*args))]
    fn getsockopt<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        options::get(py, self, args)
    }

    /// setsockopt(level, option, value: int)
    /// setsockopt(level, option, value: buffer)
    /// setsockopt(level, option, None, optlen: int)
    ///
    /// Sets an option. See setsockopt(2).
    #[pyo3(signature = (*args))]
    fn setsockopt(&self, py: Python<'_>, args: &Bound<'_, PyTuple>) -> PyResult<()> {
        options::set(py, self, args)
    }

    /// listen([backlog])
    ///
    /// Lets others connect; up to `backlog` connections (128 by default) wait for accept(). See
    /// listen(2).
    #[pyo3(signature = (*args))]
    fn listen(&self, py: Python<'_>, args: &Bound<'_, PyTuple>) -> PyResult<()> {
        arity("listen", args.len(), 0, 1)?;
        let backlog = args
            .get_item(0)
            .ok()
            .map_or(Ok(128), |backlog| int(&backlog))?;
        connection::listen(py, self, backlog)
    }

    /// makefile(...) -> an I/O stream connected to the socket
    ///
    /// The arguments are as for io.open() after the filename, except the only supported mode values
    /// are 'r' (default), 'w', 'b', or a combination of those.
    #[pyo3(signature = (
        mode = Given::NOTHING, buffering = Given::NOTHING, *, encoding = None, errors = None, newline = None
    ))]
    fn makefile<'py>(
        slf: &Bound<'py, Self>,
        mode: Given<'py>,
        buffering: Given<'py>,
        encoding: Option<&Bound<'py, PyAny>>,
        errors: Option<&Bound<'py, PyAny>>,
        newline: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        makefile::makefile(slf, &mode, &buffering, encoding, errors, newline)
    }

    /// recv(buffersize[, flags]) -> data
    ///
    /// Receives up to `buffersize` bytes; b'' is the end of a stream. See recv(2).
    #[pyo3(signature = (buffersize, flags = Given::NOTHING, /))]
    fn recv<'py>(
        &self,
        py: Python<'py>,
        buffersize: &Bound<'py, PyAny>,
        flags: Given<'_>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        transfer::recv(py, self, size(buffersize)?, int_or(flags.get(), 0)?)
    }

    /// recv_into(buffer[, nbytes[, flags]]) -> nbytes_read
    ///
    /// Receives into a writable buffer; `nbytes` 0 means all of it.
    #[pyo3(signature = (buffer, nbytes = Given::NOTHING, flags = Given::NOTHING))]
    fn recv_into(
        &self,
        py: Python<'_>,
        buffer: &Bound<'_, PyAny>,
        nbytes: Given<'_>,
        flags: Given<'_>,
    ) -> PyResult<usize> {
        transfer::recv_into(
            py,
            self,
            buffer,
            size_or_zero(nbytes.get())?,
            int_or(flags.get(), 0)?,
        )
    }

    /// recvfrom(buffersize[, flags]) -> (data, address info)
    ///
    /// As recv(), with the sender's address; None where there is none. See recvfrom(2).
    #[pyo3(signature = (buffersize, flags = Given::NOTHING, /))]
    fn recvfrom<'py>(
        &self,
        py: Python<'py>,
        buffersize: &Bound<'py, PyAny>,
        flags: Given<'_>,
    ) -> PyResult<(Bound<'py, PyBytes>, Py<PyAny>)> {
        transfer::recv_from(py, self, size(buffersize)?, int_or(flags.get(), 0)?)
    }

    /// recvfrom_into(buffer[, nbytes[, flags]]) -> (nbytes, address info)
    ///
    /// As recv_into(), with the sender's address.
    #[pyo3(signature = (buffer, nbytes = Given::NOTHING, flags = Given::NOTHING))]
    fn recvfrom_into(
        &self,
        py: Python<'_>,
        buffer: &Bound<'_, PyAny>,
        nbytes: Given<'_>,
        flags: Given<'_>,
    ) -> PyResult<(usize, Py<PyAny>)> {
        transfer::recv_from_into(
            py,
            self,
            buffer,
            size_or_zero(nbytes.get())?,
            int_or(flags.get(), 0)?,
        )
    }

    /// recvmsg(bufsize[, ancbufsize[, flags]]) -> (data, ancdata, msg_flags, address)
    ///
    /// Receives data and control messages: a list of (level, type, data). Received descriptors
    /// are inheritable; recv_fds() takes them safely. See recvmsg(2), cmsg(3).
    #[pyo3(signature = (*args))]
    fn recvmsg<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyList>, i32, Py<PyAny>)> {
        message::recv_msg(py, self, args)
    }

    /// recvmsg_into(buffers[, ancbufsize[, flags]]) -> (nbytes, ancdata, msg_flags, address)
    ///
    /// As recvmsg(), into an iterable of writable buffers.
    #[pyo3(signature = (*args))]
    fn recvmsg_into<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<(usize, Bound<'py, PyList>, i32, Py<PyAny>)> {
        message::recv_msg_into(py, self, args)
    }

    /// send(data[, flags]) -> count
    ///
    /// Sends as much as there is room for and says how many bytes that was. See send(2).
    #[pyo3(signature = (data, flags = Given::NOTHING, /))]
    fn send(&self, py: Python<'_>, data: &Bound<'_, PyAny>, flags: Given<'_>) -> PyResult<usize> {
        transfer::send(py, self, data, int_or(flags.get(), 0)?)
    }

    /// sendall(data[, flags])
    ///
    /// Sends everything, within one timeout over all of it. After an error nobody knows how much
    /// went out.
    #[pyo3(signature = (data, flags = Given::NOTHING, /))]
    fn sendall(&self, py: Python<'_>, data: &Bound<'_, PyAny>, flags: Given<'_>) -> PyResult<()> {
        transfer::send_all(py, self, data, int_or(flags.get(), 0)?)
    }

    /// sendto(data[, flags], address) -> count
    ///
    /// Sends to an address, on a socket that is not connected. See sendto(2).
    #[pyo3(signature = (*args))]
    fn sendto(slf: &Bound<'_, Self>, args: &Bound<'_, PyTuple>) -> PyResult<usize> {
        transfer::send_to(slf, args)
    }

    /// sendmsg(buffers[, ancdata[, flags[, address]]]) -> count
    ///
    /// Sends an iterable of buffers, with control messages: an iterable of (level, type, data). See
    /// sendmsg(2), cmsg(3).
    #[pyo3(signature = (*args))]
    fn sendmsg(slf: &Bound<'_, Self>, args: &Bound<'_, PyTuple>) -> PyResult<usize> {
        message::send_msg(slf, args)
    }

    /// sendmsg_afalg([msg], *, op[, iv[, assoclen[, flags]]])
    ///
    /// Sets the operation, the IV and the length of the associated data of an AF_ALG socket.
    #[pyo3(signature = (msg = Given::NOTHING, *, op = Given::NOTHING, iv = Given::NOTHING, assoclen = Given::NOTHING, flags = Given::NOTHING))]
    fn sendmsg_afalg(
        slf: &Bound<'_, Self>,
        msg: Given<'_>,
        op: Given<'_>,
        iv: Given<'_>,
        assoclen: Given<'_>,
        flags: Given<'_>,
    ) -> PyResult<usize> {
        message::send_msg_afalg(
            slf,
            msg.get(),
            op.get(),
            iv.get(),
            assoclen.get(),
            int_or(flags.get(), 0)?,
        )
    }

    /// sendfile(file[, offset[, count]]) -> sent
    ///
    /// Sends a binary file from `offset` on, up to its end or `count` bytes, with sendfile(2) where
    /// that can read the file, else with send(). The socket must be a stream and not non-blocking.
    /// Moves the file to behind what was sent.
    #[pyo3(signature = (file, offset = Given::NOTHING, count = Given::NOTHING))]
    fn sendfile<'py>(
        slf: &Bound<'py, Self>,
        file: &Bound<'py, PyAny>,
        offset: Given<'py>,
        count: Given<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        sendfile::send_file(slf, file, offset.get(), count.get())
    }

    #[pyo3(signature = (file, offset = Given::NOTHING, count = Given::NOTHING))]
    fn _sendfile_use_sendfile(
        slf: &Bound<'_, Self>,
        file: &Bound<'_, PyAny>,
        offset: Given<'_>,
        count: Given<'_>,
    ) -> PyResult<u64> {
        sendfile::with_sendfile(slf, file, offset.get(), count.get())
    }

    #[pyo3(signature = (file, offset = Given::NOTHING, count = Given::NOTHING))]
    fn _sendfile_use_send(
        slf: &Bound<'_, Self>,
        file: &Bound<'_, PyAny>,
        offset: Given<'_>,
        count: Given<'_>,
    ) -> PyResult<u64> {
        sendfile::with_send(slf, file, offset.get(), count.get())
    }

    #[pyo3(signature = (file, offset = Given::NOTHING, count = Given::NOTHING))]
    fn _check_sendfile_params(
        slf: &Bound<'_, Self>,
        file: &Bound<'_, PyAny>,
        offset: Given<'_>,
        count: Given<'_>,
    ) -> PyResult<()> {
        sendfile::check(slf, file, offset.get(), count.get())
    }

    /// shutdown(flag)
    ///
    /// Shuts down reading (SHUT_RD), writing (SHUT_WR) or both (SHUT_RDWR). See shutdown(2).
    #[pyo3(signature = (flag, /))]
    fn shutdown(&self, py: Python<'_>, flag: &Bound<'_, PyAny>) -> PyResult<()> {
        connection::shutdown(py, self, lone_int(flag)?)
    }
}

/// Puts the class on the module, as `socket` and as `SocketType`.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let class = module.py().get_type::<Socket>();
    install_finalizer(class.as_type_ptr());
    native::remember(module.py())?;
    module.add("socket", &class)?;
    module.add("SocketType", &class)
}

/// What PyO3 made `tp_dealloc`.
static DEALLOC: OnceLock<ffi::destructor> = OnceLock::new();
/// The class itself, to tell its direct instances from those of subclasses.
static CLASS: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(std::ptr::null_mut());

/// Makes `__del__` run for direct instances too: PyO3 has no slot for it. Python subclasses find
/// the method by name and call it before this deallocator.
fn install_finalizer(class: *mut ffi::PyTypeObject) {
    // SAFETY: the type object is alive for ever, and nobody else has it yet: it is not on the
    // module. PyType_Modified is what must follow a change of a type.
    unsafe {
        if let Some(dealloc) = (*class).tp_dealloc {
            DEALLOC.get_or_init(|| dealloc);
            CLASS.store(class, Ordering::Release);
            (*class).tp_finalize = Some(finalize);
            (*class).tp_dealloc = Some(finalize_and_dealloc);
            ffi::PyType_Modified(class);
        }
    }
}

/// `tp_finalize`: leaves the exception at hand, if any, as it was.
unsafe extern "C" fn finalize(object: *mut ffi::PyObject) {
    // SAFETY: the interpreter calls the slots of a type.
    let attached = unsafe { Attached::assume() };
    attached.run(|py| {
        let raised = PyErr::take(py);
        // SAFETY: the interpreter finalizes live objects only, and this is a slot of our class.
        let object = unsafe { Bound::from_borrowed_ptr(py, object) };
        if let Ok(socket) = object.cast::<Socket>() {
            lifecycle::finalise(socket);
        }
        if let Some(raised) = raised {
            raised.restore(py);
        }
    });
}

unsafe extern "C" fn finalize_and_dealloc(object: *mut ffi::PyObject) {
    // SAFETY: called by the interpreter once the last reference is gone. A subclass has been
    // finalized by its own deallocator, which calls this one. PyObject_CallFinalizerFromDealloc:
    // -1 says that the finalizer gave the object a new life.
    unsafe {
        if ffi::Py_TYPE(object) == CLASS.load(Ordering::Acquire)
            && ffi::PyObject_CallFinalizerFromDealloc(object) < 0
        {
            return;
        }
        if let Some(dealloc) = DEALLOC.get() {
            dealloc(object);
        }
    }
}
