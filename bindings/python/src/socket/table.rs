//! The methods that the standard library has in C, in one table.

use super::method::{Table, methods};
use super::{afalg, connection, lifecycle, message, options, transfer};

pub(super) static METHODS: Table<27> = methods! {
    fast __exit__ "($self, /, *args)" = lifecycle::exit_context,
        "Closes the socket.";
    noargs _accept "($self, /)" = connection::accept_descriptor,
        "As accept(), with the descriptor in place of a socket.";
    one bind "($self, address, /)" = connection::bind,
        "Gives the socket its own address. See bind(2).";
    one connect "($self, address, /)" = connection::connect,
        "Connects to a remote address.\n\n\
         Raises TimeoutError after the timeout; a non-blocking socket raises BlockingIOError \
         (EINPROGRESS) and goes on. See connect(2).";
    one connect_ex "($self, address, /)" = connection::connect_ex,
        "As connect(), but gives the errno where that would raise OSError.\n\n\
         0 is success, EAGAIN a timeout, EINPROGRESS a connection that is under way.";
    noargs fileno "($self, /)" = lifecycle::fileno,
        "The number of the descriptor; -1 after close() or detach().";
    noargs getblocking "($self, /)" = lifecycle::getblocking,
        "False for a socket that never waits: timeout 0.";
    noargs getpeername "($self, /)" = connection::getpeername,
        "The address of the peer. See getpeername(2).";
    noargs getsockname "($self, /)" = connection::getsockname,
        "The socket's own address. See getsockname(2).";
    fast getsockopt "($self, level, optname, buflen=0, /)" = options::getsockopt,
        "The value of an option: an int, or bytes where buflen is 1 to 1024. See getsockopt(2).\n\n\
         With a writable buffer of any length in the place of buflen the value goes there, after \
         the kernel has read from it what the option asks for; gives the number of bytes.";
    noargs gettimeout "($self, /)" = lifecycle::gettimeout,
        "The timeout in seconds (float); None waits for ever.";
    fast listen "($self, backlog=128, /)" = connection::listen,
        "Lets others connect; up to backlog connections wait for accept(). See listen(2).";
    fast recv "($self, bufsize, flags=0, /)" = transfer::recv,
        "Receives up to bufsize bytes; b'' is the end of a stream. See recv(2).";
    keywords recv_into "($self, buffer, nbytes=0, flags=0)" = transfer::recv_into,
        "Receives into a writable buffer and gives the number of bytes; nbytes 0 means all of it.";
    fast recvfrom "($self, bufsize, flags=0, /)" = transfer::recvfrom,
        "As recv(), with the sender's address: (data, address).\n\n\
         The address is None where there is none. See recvfrom(2).";
    keywords recvfrom_into "($self, buffer, nbytes=0, flags=0)" = transfer::recvfrom_into,
        "As recv_into(), with the sender's address: (number of bytes, address).";
    fast recvmsg "($self, bufsize, ancbufsize=0, flags=0, /)" = message::recvmsg,
        "Receives data and control messages: (data, [(level, type, data)], flags, address).\n\n\
         Received descriptors are inheritable; recv_fds() takes them safely. See recvmsg(2), \
         cmsg(3).";
    fast recvmsg_into "($self, buffers, ancbufsize=0, flags=0, /)" = message::recvmsg_into,
        "As recvmsg(), into an iterable of writable buffers; gives the number of bytes first.";
    fast send "($self, data, flags=0, /)" = transfer::send,
        "Sends as much as there is room for and gives the number of bytes. See send(2).";
    fast sendall "($self, data, flags=0, /)" = transfer::sendall,
        "Sends everything, within one timeout over all of it.\n\n\
         After an error nobody knows how much went out.";
    fast sendmsg "($self, buffers, ancdata=(), flags=0, address=None, /)" = message::sendmsg,
        "Sends an iterable of buffers, with control messages: (level, type, data) each.\n\n\
         Gives the number of bytes. See sendmsg(2), cmsg(3).";
    keywords sendmsg_afalg "($self, msg=(), *, op, iv=b'', assoclen=0, flags=0)" =
        afalg::sendmsg_afalg,
        "Sets the operation, the IV and the length of the associated data of an AF_ALG socket.";
    fast sendto "(data[, flags], address)" = transfer::sendto,
        "Sends to an address, on a socket that is not connected. See sendto(2).";
    one setblocking "($self, flag, /)" = lifecycle::setblocking,
        "True is settimeout(None), false is settimeout(0).";
    fast setsockopt "(level, optname, value[, optlen])" = options::setsockopt,
        "Sets an option to an int or a buffer, or to None with a length. See setsockopt(2).";
    one settimeout "($self, value, /)" = lifecycle::settimeout,
        "Sets the timeout in seconds of each call that waits.\n\n\
         None waits for ever, 0 never waits. Raises ValueError below zero.";
    one shutdown "($self, how, /)" = connection::shutdown,
        "Shuts down reading (SHUT_RD), writing (SHUT_WR) or both (SHUT_RDWR). See shutdown(2).";
};
