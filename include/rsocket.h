/*
 * rsocket.h - sockets of every Linux family behind one descriptor.
 *
 * TCP, UDP, Unix-domain stream, datagram and seqpacket, raw sockets, vsock and netlink, by the same
 * few verbs. Link with `pkg-config --cflags --libs rsocket`; librsocket(7) is the manual.
 *
 *     int fd = rsocket_connect("tcp://localhost:80", 0, 5000);
 *     if (fd < 0)
 *         errx(1, "connect: %s", rsocket_strerror(fd));
 *
 * Results. A result is negative where the call failed: minus an error number of errno(3), or a code
 * below RSOCKET_EAI_BASE; `errno` is left equal to minus the result. Compare with `< 0`, never with
 * `== -1`. A call that failed has changed nothing but what its description names.
 *
 * Handles. An endpoint is its descriptor. It may come from anywhere, and every other call that
 * takes a descriptor takes it. New ones are close-on-exec.
 *
 * Signals. A call that a signal interrupts goes on with the time that is left: EINTR is not
 * returned. SIGPIPE is never raised. Where a signal shall end a wait, wait in ppoll(2).
 *
 * Timeouts are milliseconds for the whole operation: -1 for ever, 0 without waiting; below -1 is
 * `-EINVAL`. When one passes, the result is `-ETIMEDOUT`.
 *
 * Pointers. NULL with a length of 0 is fine; NULL otherwise is `-EFAULT`, unless the description
 * says that it may be NULL. A length above SSIZE_MAX is `-EINVAL`. A bit of `unsigned flags` that
 * is not named is `-EINVAL`; `int flags` are MSG_... and go to the kernel.
 *
 * Threads. Every call is MT-safe, the same endpoint included. "Async-signal-safe" calls may be made
 * in signal handlers and after fork(2). "A cancellation point" is one as in pthreads(7), and
 * nothing leaks; where it says that cancellation waits, it is acted upon by the next cancellation
 * point. There is no global state, no lock, no thread and no allocation on the way of data.
 */
#ifndef LIBRSOCKET_H
#define LIBRSOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The version of this header; rsocket_version() is that of the library. */
#define RSOCKET_VERSION_MAJOR 0
#define RSOCKET_VERSION_MINOR 1
#define RSOCKET_VERSION_PATCH 0
#define RSOCKET_VERSION_STRING "0.1.0"
#define RSOCKET_VERSION_NUMBER(major, minor, patch) \
    (((major) << 16) | ((minor) << 8) | (patch))
#define RSOCKET_VERSION \
    RSOCKET_VERSION_NUMBER(RSOCKET_VERSION_MAJOR, RSOCKET_VERSION_MINOR, \
                           RSOCKET_VERSION_PATCH)

/* What the compiler is told of a function: look at the result; argument N is a descriptor; so many
 * bytes are read from, or written to, a pointer. */
#if defined(__GNUC__)
#define RSOCKET_MUST_CHECK __attribute__((__warn_unused_result__))
#else
#define RSOCKET_MUST_CHECK
#endif
#if defined(__has_attribute)
#if __has_attribute(__fd_arg__)
#define RSOCKET_FD(n) __attribute__((__fd_arg__(n)))
#endif
#if __has_attribute(__access__)
#define RSOCKET_READS(p, n) __attribute__((__access__(__read_only__, p, n)))
#define RSOCKET_WRITES(p, n) __attribute__((__access__(__write_only__, p, n)))
#endif
#endif
#ifndef RSOCKET_FD
#define RSOCKET_FD(n)
#endif
#ifndef RSOCKET_READS
#define RSOCKET_READS(p, n)
#define RSOCKET_WRITES(p, n)
#endif

/* Of linux/netlink.h, which is only needed where they are looked into. */
struct nlmsghdr;
struct nlattr;

#ifdef __cplusplus
extern "C" {
#endif

/* ============================================================================
 * What everything below is made of.
 * ============================================================================ */

/**
 * The new endpoint is O_NONBLOCK.
 */
#define RSOCKET_NONBLOCK (1U << 0)

/**
 * The new endpoint stays open across execve(2). Without it every endpoint is close-on-exec.
 */
#define RSOCKET_INHERIT (1U << 1)

/**
 * rsocket_listen() only: several listeners share the port, SO_REUSEPORT of socket(7).
 */
#define RSOCKET_REUSEPORT (1U << 2)

/**
 * rsocket_listen() only: an IPv6 listener takes no IPv4 connections, IPV6_V6ONLY of ipv6(7).
 */
#define RSOCKET_V6ONLY (1U << 3)

/**
 * An endpoint in C is its descriptor: poll(2), epoll(7), fork(2), dup(2), setsockopt(2) and
 * whatever else takes a socket take it, and it may come from anywhere.
 */
typedef int rsocket_endpoint;

/**
 * An address of any family: native bytes and how many of them count. Copy it, keep it, hand
 * `(struct sockaddr *)&addr.ss` and `addr.len` to any system call.
 *
 * A `len` of 0 is no address. Its size is fixed for good.
 */
typedef struct rsocket_addr {
    /**
     * The address; read it through a pointer to the family's own structure.
     */
    struct sockaddr_storage ss;
    /**
     * How many bytes of `ss` count.
     */
    socklen_t len;
} rsocket_addr;

/* ============================================================================
 * Making endpoints: a URL, an address or three numbers in, a descriptor out.
 * ============================================================================ */

/**
 * Makes the endpoint that a URL names and readies it for clients: bound, and listening where the
 * type has connections.
 *
 * `url` is one of `tcp://127.0.0.1:80`, `tcp://[::]:80`, `tcp://localhost:80`, `udp://...`,
 * `mptcp://...`, `unix:/run/x.sock`, `unix-dgram:...`, `unix-seqpacket:...`, `unix-abstract:name`
 * (and `-dgram`, `-seqpacket`), `netlink:route?groups=1,5`, `vsock:any:1234`, `fd:3`. `%XX` is any
 * byte; librsocket(7) has the whole grammar. TCP listeners have SO_REUSEADDR, so that a server can
 * start again at once; `?reuse=0` leaves it off.
 *
 * `flags`: RSOCKET_NONBLOCK, RSOCKET_INHERIT, RSOCKET_REUSEPORT, RSOCKET_V6ONLY.
 *
 * Returns the descriptor, to be closed with rsocket_close(). Errors: `-EINVAL` for a malformed URL
 * (rsocket_url_why() says why) and for an unknown flag, `-ENAMETOOLONG` for a Unix path of more
 * than 107 bytes, `-EOPNOTSUPP` for `?unlink=1`, which a bare descriptor cannot do when it is
 * closed, `-EADDRINUSE`, `-EADDRNOTAVAIL`, `-EACCES`, `-EMFILE` and the others of
 * socket(2), bind(2) and listen(2); codes below RSOCKET_EAI_BASE for a host name that cannot be
 * resolved.
 *
 * MT-safe. Not async-signal-safe. Cancellation waits until it returns.
 */
rsocket_endpoint rsocket_listen(const char *url, unsigned int flags) RSOCKET_MUST_CHECK;

/**
 * Makes an endpoint and connects it to what a URL names; see rsocket_listen() for URLs.
 *
 * `timeout_ms` bounds everything but the resolving of a host name: -1 waits for ever. Of a host's
 * addresses a stream goes to whichever answers first (RFC 8305). A Unix datagram endpoint gets a
 * name of its own (autobind, unix(7)), so that it can be answered. A datagram endpoint only notes
 * its peer.
 *
 * With RSOCKET_NONBLOCK and a timeout of 0 the endpoint is returned while the attempt goes on, to
 * the first address that did not fail at once: wait until it is writable, then ask
 * rsocket_dial_wait(). Otherwise RSOCKET_NONBLOCK counts from the return on.
 *
 * `flags`: RSOCKET_NONBLOCK, RSOCKET_INHERIT.
 *
 * Returns the descriptor. Errors: `-EINVAL` for a malformed URL, an unknown flag, or a timeout
 * below -1; `-ETIMEDOUT`, `-ECONNREFUSED`, `-ENOENT`, `-EHOSTUNREACH`, `-EMFILE` and the others of
 * socket(2) and connect(2); codes below RSOCKET_EAI_BASE for a host name that cannot be resolved.
 *
 * MT-safe. Not async-signal-safe. Cancellation waits until it returns.
 */
rsocket_endpoint rsocket_connect(const char *url,
                                 unsigned int flags,
                                 int timeout_ms)
    RSOCKET_MUST_CHECK;

/**
 * Makes a socket as socket(2) does, for what a URL does not say.
 *
 * `family` is AF_..., `type` SOCK_..., `protocol` 0 or the family's own number. `flags`:
 * RSOCKET_NONBLOCK, RSOCKET_INHERIT.
 *
 * Returns the descriptor. Errors: `-EINVAL` for an unknown flag, `-EAFNOSUPPORT`,
 * `-EPROTONOSUPPORT`, `-EMFILE`, `-EPERM` for a raw socket without CAP_NET_RAW, and the others of
 * socket(2).
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
rsocket_endpoint rsocket_open(int family,
                              int type,
                              int protocol,
                              unsigned int flags)
    RSOCKET_MUST_CHECK;

/**
 * Makes two connected Unix-domain endpoints of one type, as socketpair(2) does.
 *
 * `type` is SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET. `flags`: RSOCKET_NONBLOCK, RSOCKET_INHERIT.
 *
 * Returns 0 and writes two descriptors to `out`; nothing is written on an error. Errors: `-EINVAL`
 * for an unknown flag, `-EFAULT` for NULL, `-EMFILE` and the others of socketpair(2).
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_pair(int type, unsigned int flags, rsocket_endpoint out[2]) RSOCKET_MUST_CHECK;

/**
 * Takes the next connection of a listener, waiting for one where the listener is blocking.
 *
 * `peer` gets the peer's address, no address on an error; it may be NULL. A connection that died
 * in the queue (ECONNABORTED) is passed over, and signals do not end the wait. `flags`:
 * RSOCKET_NONBLOCK, RSOCKET_INHERIT; the new endpoint is blocking without the first, whatever the
 * listener is.
 *
 * Returns the descriptor. Errors: `-EAGAIN` on a non-blocking listener without a connection,
 * `-EMFILE` and `-ENFILE` (the connection stays queued: wait before the next try), `-EINVAL` for
 * an unknown flag or a socket that does not listen, `-EBADF`, `-ENOTSOCK`, `-EOPNOTSUPP` and the
 * others of accept(2).
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
rsocket_endpoint rsocket_accept(rsocket_endpoint fd,
                                rsocket_addr *peer,
                                unsigned int flags)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * rsocket_accept() that waits at most `timeout_ms` milliseconds: -1 for ever, 0 not at all.
 *
 * A listener that other processes accept from should be O_NONBLOCK: between the wait and the
 * accept another may take the connection, and a blocking listener then sleeps on.
 *
 * Returns as rsocket_accept(). Errors: those of rsocket_accept(), `-ETIMEDOUT`, and `-EINVAL` for
 * a timeout below -1.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
rsocket_endpoint rsocket_accept_timeout(rsocket_endpoint fd,
                                        rsocket_addr *peer,
                                        unsigned int flags,
                                        int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * Gives an endpoint a local address, as bind(2) does.
 *
 * Returns 0. Errors: `-EFAULT` for NULL, `-EINVAL` for an address of more than 128 bytes or an
 * endpoint that has one, `-EADDRINUSE`, `-EADDRNOTAVAIL`, `-EACCES`, `-EBADF`, `-ENOTSOCK` and the
 * others of bind(2).
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_bind(rsocket_endpoint fd, const rsocket_addr *addr) RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * Connects an endpoint to an address, as connect(2) does, within `timeout_ms` milliseconds: -1 for
 * ever, on a non-blocking endpoint too.
 *
 * With a timeout of 0 nothing is waited for: a non-blocking endpoint answers `-EINPROGRESS` while
 * the attempt goes on. After `-EINPROGRESS` and `-ETIMEDOUT` the attempt is still under way:
 * rsocket_dial_wait() waits for its end, rsocket_close() gives it up. A signal does not end it.
 *
 * Returns 0. Errors: `-ETIMEDOUT`, `-EINPROGRESS`, `-ECONNREFUSED`, `-ENOENT`, `-ENETUNREACH`,
 * `-EISCONN`, `-EALREADY`, `-EAGAIN` where a non-blocking Unix-domain attempt finds the backlog
 * full, `-EFAULT` for NULL, `-EINVAL` for a timeout below -1 or an address of more than 128 bytes,
 * `-EBADF`, `-ENOTSOCK` and the others of connect(2).
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
int rsocket_dial(rsocket_endpoint fd,
                 const rsocket_addr *addr,
                 int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * Waits for the end of an attempt to connect that is under way, `timeout_ms` milliseconds at most:
 * -1 for ever, 0 to look only.
 *
 * Returns 0 once the endpoint is connected. Errors: `-ETIMEDOUT` while the attempt goes on,
 * `-ECONNREFUSED` or whatever else ended it, `-ENOTCONN` where there is none, `-EINVAL` for a
 * timeout below -1, `-EBADF`, `-ENOTSOCK`.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
int rsocket_dial_wait(rsocket_endpoint fd, int timeout_ms) RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * Duplicates a descriptor, as fcntl(2) with F_DUPFD_CLOEXEC does. `flags`: RSOCKET_INHERIT.
 *
 * Both share the socket, O_NONBLOCK and options included.
 *
 * Returns the new descriptor. Errors: `-EBADF`, `-EMFILE`, `-EINVAL` for an unknown flag.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
rsocket_endpoint rsocket_dup(rsocket_endpoint fd,
                             unsigned int flags)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * Ends one direction or both, as shutdown(2) does, for every duplicate of the endpoint; calls that
 * wait in it return.
 *
 * `how` is SHUT_RD, SHUT_WR or SHUT_RDWR.
 *
 * Returns 0. Errors: `-EINVAL` for another `how`, `-ENOTCONN`, `-EBADF`, `-ENOTSOCK`.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_shutdown(rsocket_endpoint fd, int how) RSOCKET_FD(1);

/**
 * Closes a descriptor, as close(2) does. `fd` names nothing afterwards, whatever is returned:
 * never close it again.
 *
 * A call that another thread has under way on it is not woken: rsocket_shutdown() does that.
 *
 * Returns 0. Errors: `-EBADF`, and what the kernel reports late of an earlier write (`-EIO`,
 * `-ENOSPC`). EINTR is never returned: the descriptor is closed then.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
int rsocket_close(rsocket_endpoint fd);

/**
 * Closes the descriptor that `fd` points to, unless it is negative, and makes it -1. `errno` is
 * left as it was.
 *
 * For the cleanup attribute of gcc and clang, which calls it when the variable goes out of scope:
 * `__attribute__((cleanup(rsocket_closep))) rsocket_endpoint fd = rsocket_connect(...);`
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
void rsocket_closep(rsocket_endpoint *fd);

/* ============================================================================
 * Moving bytes: one system call where data or room is there; signals do not end a wait, and
 * SIGPIPE is never raised.
 * ============================================================================ */

/**
 * Receives up to `len` bytes into `buf`, as recv(2) does; waits where the endpoint is blocking.
 *
 * `flags` are recv(2)'s MSG_.... A datagram that is longer than `len` is cut; with MSG_TRUNC its
 * full length is returned, so that it shows.
 *
 * Returns how many bytes came; 0 at the end of a stream, and for an empty datagram. Errors:
 * `-EAGAIN` on a non-blocking endpoint with nothing there, `-ECONNRESET`, `-ENOTCONN`, `-EFAULT`
 * for NULL with a length, `-EINVAL` for a length above SSIZE_MAX, `-EBADF`, `-ENOTSOCK` and the
 * others of recv(2).
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_recv(rsocket_endpoint fd,
                     void *buf,
                     size_t len,
                     int flags)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3);

/**
 * rsocket_recv() that waits at most `timeout_ms` milliseconds: -1 for ever, 0 not at all, on a
 * blocking and on a non-blocking endpoint alike.
 *
 * Tries first, and sleeps in ppoll(2) only where nothing is there.
 *
 * Returns as rsocket_recv(). Errors: those of rsocket_recv(), `-ETIMEDOUT` (never `-EAGAIN`,
 * unless `flags` has MSG_DONTWAIT), and `-EINVAL` for a timeout below -1.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_recv_timeout(rsocket_endpoint fd,
                             void *buf,
                             size_t len,
                             int flags,
                             int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3);

/**
 * Sends up to `len` bytes of `buf`, as send(2) does; waits where the endpoint is blocking.
 *
 * `flags` are send(2)'s MSG_...; MSG_NOSIGNAL is added.
 *
 * Returns how many bytes went: all of a datagram, perhaps fewer on a stream (rsocket_send_all()
 * sends all). Errors: `-EAGAIN` on a non-blocking endpoint without room, `-EPIPE` and
 * `-ECONNRESET` after the peer has gone, `-EMSGSIZE` for a datagram that is too long,
 * `-EDESTADDRREQ` and `-ENOTCONN` without a peer, `-EFAULT` for NULL with a length, `-EINVAL` for
 * a length above SSIZE_MAX, `-EBADF`, `-ENOTSOCK` and the others of send(2).
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_send(rsocket_endpoint fd,
                     const void *buf,
                     size_t len,
                     int flags)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3);

/**
 * rsocket_send() that waits at most `timeout_ms` milliseconds for room: -1 for ever, 0 not at all.
 *
 * Returns as rsocket_send(). Errors: those of rsocket_send(), `-ETIMEDOUT` (never `-EAGAIN`,
 * unless `flags` has MSG_DONTWAIT), and `-EINVAL` for a timeout below -1.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_send_timeout(rsocket_endpoint fd,
                             const void *buf,
                             size_t len,
                             int flags,
                             int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3);

/**
 * rsocket_recv() that tells the sender's address, as recvfrom(2) does.
 *
 * `from` gets the address, with a `len` of 0 where the sender has none (a connected stream, an
 * unnamed Unix-domain peer) and on an error; it may be NULL.
 *
 * Returns and errors: as rsocket_recv().
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_recv_from(rsocket_endpoint fd,
                          void *buf,
                          size_t len,
                          int flags,
                          rsocket_addr *from)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3);

/**
 * rsocket_recv_from() that waits at most `timeout_ms` milliseconds: -1 for ever, 0 not at all.
 *
 * Returns and errors: as rsocket_recv_timeout().
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_recv_from_timeout(rsocket_endpoint fd,
                                  void *buf,
                                  size_t len,
                                  int flags,
                                  rsocket_addr *from,
                                  int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3);

/**
 * rsocket_send() to an address, as sendto(2) does. With `to` NULL it is rsocket_send().
 *
 * Returns and errors: as rsocket_send(); `-EISCONN`, `-ECONNREFUSED` and `-ENOENT` for a
 * Unix-domain name that nobody has, `-EAFNOSUPPORT` and `-EINVAL` for an address that does not
 * fit.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_send_to(rsocket_endpoint fd,
                        const void *buf,
                        size_t len,
                        int flags,
                        const rsocket_addr *to)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3);

/**
 * rsocket_send_to() that waits at most `timeout_ms` milliseconds for room: -1 for ever, 0 not at
 * all.
 *
 * Returns and errors: as rsocket_send_to(), `-ETIMEDOUT`, and `-EINVAL` for a timeout below -1.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_send_to_timeout(rsocket_endpoint fd,
                                const void *buf,
                                size_t len,
                                int flags,
                                const rsocket_addr *to,
                                int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3);

/**
 * Sends all `len` bytes of `buf`, however many steps it takes, within `timeout_ms` milliseconds
 * for the whole: -1 for ever, 0 without waiting, on a blocking and on a non-blocking endpoint
 * alike.
 *
 * `done`, which may be NULL, gets how many bytes went: `len`, or fewer on an error.
 *
 * Returns 0. Errors: those of rsocket_send() but `-EAGAIN`, `-ETIMEDOUT`, and `-EINVAL` for a
 * timeout below -1.
 *
 * MT-safe, async-signal-safe. Two threads that send on one stream at once may interleave. A
 * cancellation point.
 */
int rsocket_send_all(rsocket_endpoint fd,
                     const void *buf,
                     size_t len,
                     int timeout_ms,
                     size_t *done)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3);

/**
 * Fills all `len` bytes of `buf` from a stream within `timeout_ms` milliseconds for the whole: -1
 * for ever, 0 without waiting.
 *
 * `done`, which may be NULL, gets how many bytes came: `len`, or fewer on an error; they are in
 * `buf`.
 *
 * Returns 0. Errors: `-ENODATA` where the stream ended first, those of rsocket_recv() but
 * `-EAGAIN`, `-ETIMEDOUT`, and `-EINVAL` for a timeout below -1.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
int rsocket_recv_all(rsocket_endpoint fd,
                     void *buf,
                     size_t len,
                     int timeout_ms,
                     size_t *done)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3);

/**
 * Sends `len` bytes of the open file `file` from `offset` on within `timeout_ms` milliseconds for
 * the whole: -1 for ever, 0 without waiting. More than a few pages go by sendfile(2), without a
 * copy through this process. The file's own position stays where it is. SIGPIPE is never raised.
 *
 * `done`, which may be NULL, gets how many bytes went: `len`, or fewer where the file ended first,
 * and on an error. With a timeout a blocking endpoint has SO_SNDTIMEO set while the call runs,
 * which every duplicate of it shares.
 *
 * Returns 0. Errors: `-EPIPE` and `-ECONNRESET` after the peer has gone, `-ESPIPE` for a `file`
 * that is a socket or a pipe, `-EINVAL` for one that cannot be mapped (some of /proc), an offset
 * beyond INT64_MAX, or a timeout below -1; `-ETIMEDOUT`, `-EBADF`, `-ENOTSOCK` and the others of
 * sendfile(2).
 *
 * MT-safe. Not async-signal-safe. Cancellation waits until it returns.
 */
int rsocket_send_file(rsocket_endpoint fd,
                      int file,
                      uint64_t offset,
                      size_t len,
                      int timeout_ms,
                      size_t *done)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_FD(2);

/* ============================================================================
 * Several buffers at once, and whole messages with their control data.
 * ============================================================================ */

/**
 * Receives into `count` buffers in turn, as readv(2) does, with recv(2)'s `flags`.
 *
 * Returns and errors: as rsocket_recv(); `-EMSGSIZE` for more than 1024 buffers, `-EINVAL` for a
 * negative count.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_recvv(rsocket_endpoint fd,
                      const struct iovec *iov,
                      int count,
                      int flags)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * Sends `count` buffers as one, as writev(2) does, with send(2)'s `flags`; never raises SIGPIPE.
 *
 * Returns and errors: as rsocket_send(); `-EMSGSIZE` for more than 1024 buffers, `-EINVAL` for a
 * negative count.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_sendv(rsocket_endpoint fd,
                      const struct iovec *iov,
                      int count,
                      int flags)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * Receives a message with its control messages and the sender's address, as recvmsg(2) does,
 * within `timeout_ms` milliseconds: -1 for ever.
 *
 * MSG_CMSG_CLOEXEC is added: received descriptors are close-on-exec, and the caller's, whatever
 * number of them the rounding of CMSG_SPACE lets in. `msg_flags` says what was cut (MSG_TRUNC,
 * MSG_CTRUNC). rsocket_recv_fds() is the safe way for descriptors.
 *
 * Returns and errors: as rsocket_recv_timeout(); `-EMSGSIZE` for more than 1024 buffers. On an
 * error `message` is as it was.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_recv_msg(rsocket_endpoint fd,
                         struct msghdr *message,
                         int flags,
                         int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * Sends a message with its control messages, as sendmsg(2) does, within `timeout_ms` milliseconds:
 * -1 for ever. Never raises SIGPIPE.
 *
 * Returns and errors: as rsocket_send_to_timeout(); `-EMSGSIZE` for more than 1024 buffers. The
 * kernel judges the control messages; outside the Unix domain it drops descriptors silently, which
 * rsocket_send_fds() refuses to try.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
ssize_t rsocket_send_msg(rsocket_endpoint fd,
                         const struct msghdr *message,
                         int flags,
                         int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/* ============================================================================
 * Many messages in one system call.
 * ============================================================================ */

/**
 * The most messages that one call of rsocket_recv_batch() receives.
 */
#define RSOCKET_BATCH_MAX 64

/**
 * One message of a batch.
 */
typedef struct rsocket_msg {
    /**
     * Where the data is, or goes.
     */
    void *buf;
    /**
     * To receive: how many bytes `buf` has room for.
     */
    size_t cap;
    /**
     * How many bytes to send; or how many came: more than `cap` only with MSG_TRUNC.
     */
    size_t len;
    /**
     * The destination, or no address for the peer; or who sent it.
     */
    rsocket_addr addr;
    /**
     * What came with it: MSG_TRUNC where it was cut, MSG_EOR, MSG_CTRUNC. Not read in sending.
     */
    int flags;
    /**
     * 0.
     */
    int reserved[5];
} rsocket_msg;

/**
 * Receives as many messages as are there, `count` at most, waiting for the first alone:
 * `timeout_ms` milliseconds at most, -1 for ever, 0 not at all.
 *
 * Each message has `buf` and `cap`; `len`, `addr` and `flags` are filled in, where one came. The
 * argument `flags` is recv(2)'s; with MSG_TRUNC a `len` is the full length of its datagram.
 *
 * Returns how many messages came, in the order they came; RSOCKET_BATCH_MAX at most. Errors:
 * those of rsocket_recv_timeout(); an error behind the first message is told by the next call.
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
int rsocket_recv_batch(rsocket_endpoint fd,
                       rsocket_msg *messages,
                       unsigned int count,
                       int flags,
                       int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * Sends `count` messages by as few system calls as it takes, waiting for room `timeout_ms`
 * milliseconds at most: -1 for ever, 0 not at all.
 *
 * Each message has `buf`, `len`, and `addr` with a destination or a `len` of 0 for the peer.
 * `flags` are send(2)'s; MSG_NOSIGNAL is added.
 *
 * Returns how many messages went. Where that is fewer than `count`, the next one met an error,
 * which another call from there on tells. Errors, where nothing went: those of
 * rsocket_send_to_timeout().
 *
 * MT-safe, async-signal-safe. A cancellation point.
 */
int rsocket_send_batch(rsocket_endpoint fd,
                       const rsocket_msg *messages,
                       unsigned int count,
                       int flags,
                       int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/* ============================================================================
 * Open descriptors and credentials over Unix-domain endpoints, see unix(7).
 * ============================================================================ */

/**
 * The most descriptors that one message takes (`SCM_MAX_FD`, unix(7)).
 */
#define RSOCKET_MAX_FDS 253

/**
 * Who a peer is, as the kernel vouches for it.
 */
typedef struct rsocket_cred {
    /**
     * Process id; 0 for a process outside the caller's PID namespace.
     */
    pid_t pid;
    /**
     * Effective user id.
     */
    uid_t uid;
    /**
     * Effective group id.
     */
    gid_t gid;
    /**
     * 0.
     */
    int reserved;
} rsocket_cred;

/**
 * Sends `len` bytes of `buf` and `count` open descriptors with them, which the peer gets as
 * duplicates; the caller's stay open.
 *
 * On a stream at least one byte must go, or the descriptors do not. With `timeout_ms` the call
 * waits for room that many milliseconds at most: -1 for ever, 0 not at all.
 *
 * Returns how many bytes went: all of a datagram, perhaps fewer on a stream, with all descriptors.
 * Errors: `-EAFNOSUPPORT` for an endpoint outside the Unix domain, `-ETOOMANYREFS` for more than
 * RSOCKET_MAX_FDS descriptors and where too many are in flight, `-EBADF` for a descriptor that is
 * not open, `-EINVAL` for descriptors without a byte on a stream and for a timeout below -1,
 * `-ETIMEDOUT`, `-EFAULT` for NULL with a length, and those of rsocket_send(). Nothing is sent
 * then.
 *
 * MT-safe. Not async-signal-safe. Cancellation waits until it returns.
 */
ssize_t rsocket_send_fds(rsocket_endpoint fd,
                         const void *buf,
                         size_t len,
                         const int *fds,
                         size_t count,
                         int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_READS(2, 3) RSOCKET_READS(4, 5);

/**
 * Receives up to `len` bytes into `buf`, and the descriptors that came with them into `fds`. They
 * are the caller's from then on, close-on-exec.
 *
 * `count` points to how many `fds` has room for, and gets how many came. Where more came than
 * there is room for, all of them are closed and the call fails with `-EMSGSIZE`: a peer that sends
 * what was not asked for is best hung up on. `flags` are recv(2)'s: a message longer than `len` is
 * cut, and with MSG_TRUNC its full length is returned. `timeout_ms`: -1 waits for ever, 0 not at
 * all.
 *
 * Returns how many bytes came, 0 at the end of a stream. On an error no descriptor was received
 * and `count` gets 0. Errors: `-EMSGSIZE`, `-EAFNOSUPPORT` for an endpoint outside the Unix
 * domain, `-ETIMEDOUT`, `-EFAULT` for NULL with a length or for `count`, `-EINVAL` for a timeout
 * below -1, and those of rsocket_recv(). At the limit of open descriptors (RLIMIT_NOFILE) the
 * kernel delivers those that fit, and the answer is `-EMSGSIZE` too.
 *
 * MT-safe. Not async-signal-safe. Cancellation waits until it returns.
 */
ssize_t rsocket_recv_fds(rsocket_endpoint fd,
                         void *buf,
                         size_t len,
                         int flags,
                         int *fds,
                         size_t *count,
                         int timeout_ms)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3);

/**
 * Who connected, or who made the pair: as the kernel noted it at that moment (SO_PEERCRED,
 * unix(7)).
 *
 * Returns 0; on an error `out` is not written. Errors: `-EAFNOSUPPORT` for an endpoint outside the
 * Unix domain, which the kernel would answer for with a user id of -1; `-ENOTCONN` without a peer;
 * `-EFAULT` for NULL, `-EBADF`, `-ENOTSOCK`.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_peer_cred(rsocket_endpoint fd,
                      rsocket_cred *out)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * A descriptor of the process that connected, or made the pair, for as long as it lives and behind
 * its end: poll it, send signals by it (pidfd_open(2)), SO_PEERPIDFD, Linux 6.5. Unlike a process
 * id it cannot come to mean another process.
 *
 * Returns the descriptor, close-on-exec. Errors: `-EAFNOSUPPORT` for an endpoint outside the Unix
 * domain, `-ENODATA` without a peer, `-ESRCH` where the process has been reaped, `-ENOPROTOOPT` on
 * an older kernel, `-EMFILE`, `-EBADF`, `-ENOTSOCK`.
 *
 * MT-safe. Not async-signal-safe. Not a cancellation point.
 */
rsocket_endpoint rsocket_peer_pidfd(rsocket_endpoint fd) RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * The supplementary groups of the process that connected, or made the pair, as the kernel noted
 * them at that moment: SO_PEERGROUPS, Linux 4.13.
 *
 * `count` points to how many `groups` has room for, and gets how many there are.
 *
 * Returns 0. Errors: `-ERANGE` where there are more than there is room for, and nothing but
 * `count` is written; `-EAFNOSUPPORT` for an endpoint outside the Unix domain, `-ENODATA` without
 * a peer, `-EFAULT` for NULL, `-EBADF`, `-ENOTSOCK`.
 *
 * MT-safe. Not async-signal-safe. Not a cancellation point.
 */
int rsocket_peer_groups(rsocket_endpoint fd,
                        gid_t *groups,
                        size_t *count)
    RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * The security label of the process that connected, such as an SELinux context: SO_PEERSEC.
 *
 * Writes to `buf` as snprintf(3) does, always NUL-terminated where `cap` is not 0.
 *
 * Returns the length of the whole label. Errors: `-ENOPROTOOPT` where no security module gives
 * one, `-EAFNOSUPPORT` for an endpoint outside the Unix domain, `-EFAULT` for NULL, `-EBADF`,
 * `-ENOTSOCK`.
 *
 * MT-safe. Not async-signal-safe. Not a cancellation point.
 */
ssize_t rsocket_peer_security(rsocket_endpoint fd,
                              char *buf,
                              size_t cap)
    RSOCKET_MUST_CHECK RSOCKET_FD(1) RSOCKET_WRITES(2, 3);

/**
 * Who sent a message that rsocket_recv_msg() received: the credentials among its control messages,
 * which the kernel vouches for. They come where RSOCKET_SO_PASSCRED is set, one set with each
 * message; `msg_control` needs room for CMSG_SPACE(sizeof (struct ucred)).
 *
 * Returns 0; on an error `out` is not written. Errors: `-ENODATA` where the message has none,
 * `-EFAULT` for NULL, `-EINVAL` for a length above SSIZE_MAX.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_msg_cred(const struct msghdr *message, rsocket_cred *out) RSOCKET_MUST_CHECK;

/* ============================================================================
 * Addresses: by value, as the kernel has them, and their text.
 * ============================================================================ */

/**
 * Reads the text of an address: `127.0.0.1:80`, `[fe80::1%eth0]:80`, `unix:/run/x.sock`,
 * `unix-abstract:name`, `unix-unnamed:`, `netlink:?pid=1`, `vsock:2:1234`, `packet:eth0`; see
 * librsocket(7). Numbers only: rsocket_listen() and rsocket_connect() take host names.
 *
 * Returns 0; on an error `addr` is no address. Errors: `-EINVAL` for malformed text,
 * `-ENAMETOOLONG` for a Unix-domain name of more than 107 bytes, `-EFAULT` for NULL.
 *
 * MT-safe. Not async-signal-safe. Not a cancellation point.
 */
int rsocket_addr_parse(rsocket_addr *addr, const char *text) RSOCKET_MUST_CHECK;

/**
 * Takes a native address over, as getaddrinfo(3) or getifaddrs(3) give it.
 *
 * Returns 0; on an error `addr` is no address. Errors: `-EINVAL` for more than 128 bytes or fewer
 * than the family field has, `-EFAULT` for NULL.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_addr_from(rsocket_addr *addr,
                      const struct sockaddr *sa,
                      socklen_t len)
    RSOCKET_MUST_CHECK;

/**
 * Makes a Unix-domain address of `len` bytes: a path, or, where the first byte is NUL, the name
 * behind it in Linux's abstract namespace. Any bytes; nothing is escaped.
 *
 * Returns 0; on an error `addr` is no address. Errors: `-EINVAL` for an empty path or one with a
 * NUL byte inside, `-ENAMETOOLONG` beyond 107 bytes, `-EFAULT` for NULL.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_addr_unix(rsocket_addr *addr,
                      const char *name,
                      size_t len)
    RSOCKET_MUST_CHECK RSOCKET_READS(2, 3);

/**
 * Writes the text of an address to `buf`, always NUL-terminated where `cap` is not 0, as
 * snprintf(3) does: rsocket_addr_parse() reads it back.
 *
 * Returns the length of the whole text without its NUL, so that a result of `cap` or more means
 * that it was cut; 110 bytes hold every internet address, 512 any address. Errors: `-EFAULT` for
 * NULL, `-EINVAL` for an address of more than 128 bytes.
 *
 * MT-safe. Not async-signal-safe. Not a cancellation point.
 */
ssize_t rsocket_addr_format(const rsocket_addr *addr, char *buf, size_t cap) RSOCKET_WRITES(2, 3);

/**
 * The local address of an endpoint, as getsockname(2) tells it.
 *
 * Returns 0; on an error `addr` is no address. Errors: `-EFAULT` for NULL, `-EBADF`, `-ENOTSOCK`
 * and the others of getsockname(2).
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_addr_local(rsocket_endpoint fd, rsocket_addr *addr) RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * The address of an endpoint's peer, as getpeername(2) tells it.
 *
 * Returns 0; on an error `addr` is no address. Errors: `-ENOTCONN`, `-EFAULT` for NULL, `-EBADF`,
 * `-ENOTSOCK` and the others of getpeername(2).
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_addr_peer(rsocket_endpoint fd, rsocket_addr *addr) RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * Whether two addresses mean the same, padding and all aside.
 *
 * Returns 1 or 0. Errors: `-EFAULT` for NULL, `-EINVAL` for an address of more than 128 bytes.
 *
 * MT-safe. Not async-signal-safe. Not a cancellation point.
 */
int rsocket_addr_equal(const rsocket_addr *one, const rsocket_addr *other);

/**
 * The port of an internet address, in host order.
 *
 * Returns 0 to 65535. Errors: `-EAFNOSUPPORT` for another family, `-EFAULT` for NULL, `-EINVAL`
 * for an address of more than 128 bytes.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_addr_port(const rsocket_addr *addr);

/* ============================================================================
 * Options that are one int, by one name each; setsockopt(2) takes all others beside them.
 * ============================================================================ */

/* An option by its level and number, as Linux has them on every common machine. */
#define RSOCKET_OPTION(level, number) (((level) << 16) | (number))

/* SOL_SOCKET */
#define RSOCKET_SO_ACCEPTCONN                RSOCKET_OPTION(1, 30) /* 0 or 1, get only */
#define RSOCKET_SO_BINDTOIFINDEX             RSOCKET_OPTION(1, 62) /* unsigned */
#define RSOCKET_SO_BPF_EXTENSIONS            RSOCKET_OPTION(1, 48) /* int, get only */
#define RSOCKET_SO_BROADCAST                 RSOCKET_OPTION(1, 6) /* 0 or 1 */
#define RSOCKET_SO_BUF_LOCK                  RSOCKET_OPTION(1, 72) /* unsigned */
#define RSOCKET_SO_BUSY_POLL                 RSOCKET_OPTION(1, 46) /* microseconds */
#define RSOCKET_SO_BUSY_POLL_BUDGET          RSOCKET_OPTION(1, 70) /* unsigned, set only */
#define RSOCKET_SO_CNX_ADVICE                RSOCKET_OPTION(1, 53) /* unsigned, set only */
#define RSOCKET_SO_DEBUG                     RSOCKET_OPTION(1, 1) /* 0 or 1 */
#define RSOCKET_SO_DONTROUTE                 RSOCKET_OPTION(1, 5) /* 0 or 1 */
#define RSOCKET_SO_INCOMING_CPU              RSOCKET_OPTION(1, 49) /* int */
#define RSOCKET_SO_INCOMING_NAPI_ID          RSOCKET_OPTION(1, 56) /* unsigned, get only */
#define RSOCKET_SO_INQ                       RSOCKET_OPTION(1, 84) /* 0 or 1, set only */
#define RSOCKET_SO_KEEPALIVE                 RSOCKET_OPTION(1, 9) /* 0 or 1 */
#define RSOCKET_SO_LOCK_FILTER               RSOCKET_OPTION(1, 44) /* 0 or 1 */
#define RSOCKET_SO_MARK                      RSOCKET_OPTION(1, 36) /* unsigned */
#define RSOCKET_SO_NO_CHECK                  RSOCKET_OPTION(1, 11) /* 0 or 1 */
#define RSOCKET_SO_NOFCS                     RSOCKET_OPTION(1, 43) /* 0 or 1 */
#define RSOCKET_SO_OOBINLINE                 RSOCKET_OPTION(1, 10) /* 0 or 1 */
#define RSOCKET_SO_PASSCRED                  RSOCKET_OPTION(1, 16) /* 0 or 1 */
#define RSOCKET_SO_PASSPIDFD                 RSOCKET_OPTION(1, 76) /* 0 or 1 */
#define RSOCKET_SO_PASSRIGHTS                RSOCKET_OPTION(1, 83) /* 0 or 1 */
#define RSOCKET_SO_PASSSEC                   RSOCKET_OPTION(1, 34) /* 0 or 1 */
#define RSOCKET_SO_PEEK_OFF                  RSOCKET_OPTION(1, 42) /* int */
#define RSOCKET_SO_PREFER_BUSY_POLL          RSOCKET_OPTION(1, 69) /* 0 or 1 */
#define RSOCKET_SO_PRIORITY                  RSOCKET_OPTION(1, 12) /* unsigned */
#define RSOCKET_SO_RCVBUF                    RSOCKET_OPTION(1, 8) /* unsigned */
#define RSOCKET_SO_RCVBUFFORCE               RSOCKET_OPTION(1, 33) /* unsigned, set only */
#define RSOCKET_SO_RCVLOWAT                  RSOCKET_OPTION(1, 18) /* unsigned */
#define RSOCKET_SO_RCVMARK                   RSOCKET_OPTION(1, 75) /* 0 or 1 */
#define RSOCKET_SO_RCVPRIORITY               RSOCKET_OPTION(1, 82) /* 0 or 1 */
#define RSOCKET_SO_RESERVE_MEM               RSOCKET_OPTION(1, 73) /* unsigned */
#define RSOCKET_SO_REUSEADDR                 RSOCKET_OPTION(1, 2) /* 0 or 1 */
#define RSOCKET_SO_REUSEPORT                 RSOCKET_OPTION(1, 15) /* 0 or 1 */
#define RSOCKET_SO_RXQ_OVFL                  RSOCKET_OPTION(1, 40) /* 0 or 1 */
#define RSOCKET_SO_SELECT_ERR_QUEUE          RSOCKET_OPTION(1, 45) /* 0 or 1 */
#define RSOCKET_SO_SNDBUF                    RSOCKET_OPTION(1, 7) /* unsigned */
#define RSOCKET_SO_SNDBUFFORCE               RSOCKET_OPTION(1, 32) /* unsigned, set only */
#define RSOCKET_SO_SNDLOWAT                  RSOCKET_OPTION(1, 19) /* unsigned, get only */
#define RSOCKET_SO_DOMAIN                    RSOCKET_OPTION(1, 39) /* int, get only */
#define RSOCKET_SO_ERROR                     RSOCKET_OPTION(1, 4) /* int, get only */
#define RSOCKET_SO_PROTOCOL                  RSOCKET_OPTION(1, 38) /* int, get only */
#define RSOCKET_SO_TYPE                      RSOCKET_OPTION(1, 3) /* int, get only */
#define RSOCKET_SO_TIMESTAMP                 RSOCKET_OPTION(1, 29) /* 0 or 1 */
#define RSOCKET_SO_TIMESTAMP_NEW             RSOCKET_OPTION(1, 63) /* 0 or 1 */
#define RSOCKET_SO_TIMESTAMPNS               RSOCKET_OPTION(1, 35) /* 0 or 1 */
#define RSOCKET_SO_TIMESTAMPNS_NEW           RSOCKET_OPTION(1, 64) /* 0 or 1 */
#define RSOCKET_SO_TIMESTAMPING              RSOCKET_OPTION(1, 37) /* unsigned */
#define RSOCKET_SO_TIMESTAMPING_NEW          RSOCKET_OPTION(1, 65) /* unsigned */
#define RSOCKET_SO_TXREHASH                  RSOCKET_OPTION(1, 74) /* int */
#define RSOCKET_SO_WIFI_STATUS               RSOCKET_OPTION(1, 41) /* 0 or 1 */
#define RSOCKET_SO_ZEROCOPY                  RSOCKET_OPTION(1, 60) /* 0 or 1 */

/* IPPROTO_IP */
#define RSOCKET_IP_BIND_ADDRESS_NO_PORT      RSOCKET_OPTION(0, 24) /* 0 or 1 */
#define RSOCKET_IP_CHECKSUM                  RSOCKET_OPTION(0, 23) /* 0 or 1 */
#define RSOCKET_IP_FREEBIND                  RSOCKET_OPTION(0, 15) /* 0 or 1 */
#define RSOCKET_IP_HDRINCL                   RSOCKET_OPTION(0, 3) /* 0 or 1 */
#define RSOCKET_IP_LOCAL_PORT_RANGE          RSOCKET_OPTION(0, 51) /* unsigned */
#define RSOCKET_IP_MINTTL                    RSOCKET_OPTION(0, 21) /* int */
#define RSOCKET_IP_MTU                       RSOCKET_OPTION(0, 14) /* unsigned, get only */
#define RSOCKET_IP_MTU_DISCOVER              RSOCKET_OPTION(0, 10) /* int */
#define RSOCKET_IP_MULTICAST_ALL             RSOCKET_OPTION(0, 49) /* 0 or 1 */
#define RSOCKET_IP_MULTICAST_LOOP            RSOCKET_OPTION(0, 34) /* 0 or 1 */
#define RSOCKET_IP_MULTICAST_TTL             RSOCKET_OPTION(0, 33) /* int */
#define RSOCKET_IP_NODEFRAG                  RSOCKET_OPTION(0, 22) /* 0 or 1 */
#define RSOCKET_IP_PKTINFO                   RSOCKET_OPTION(0, 8) /* 0 or 1 */
#define RSOCKET_IP_PASSSEC                   RSOCKET_OPTION(0, 18) /* 0 or 1 */
#define RSOCKET_IP_PROTOCOL                  RSOCKET_OPTION(0, 52) /* int, get only */
#define RSOCKET_IP_RECVERR                   RSOCKET_OPTION(0, 11) /* 0 or 1 */
#define RSOCKET_IP_RECVERR_RFC4884           RSOCKET_OPTION(0, 26) /* 0 or 1 */
#define RSOCKET_IP_RECVFRAGSIZE              RSOCKET_OPTION(0, 25) /* 0 or 1 */
#define RSOCKET_IP_RECVOPTS                  RSOCKET_OPTION(0, 6) /* 0 or 1 */
#define RSOCKET_IP_RECVORIGDSTADDR           RSOCKET_OPTION(0, 20) /* 0 or 1 */
#define RSOCKET_IP_RECVTOS                   RSOCKET_OPTION(0, 13) /* 0 or 1 */
#define RSOCKET_IP_RECVTTL                   RSOCKET_OPTION(0, 12) /* 0 or 1 */
#define RSOCKET_IP_RETOPTS                   RSOCKET_OPTION(0, 7) /* 0 or 1 */
#define RSOCKET_IP_ROUTER_ALERT              RSOCKET_OPTION(0, 5) /* 0 or 1 */
#define RSOCKET_IP_TOS                       RSOCKET_OPTION(0, 1) /* int */
#define RSOCKET_IP_TRANSPARENT               RSOCKET_OPTION(0, 19) /* 0 or 1 */
#define RSOCKET_IP_TTL                       RSOCKET_OPTION(0, 2) /* int */
#define RSOCKET_IP_UNICAST_IF                RSOCKET_OPTION(0, 50) /* unsigned */

/* SOL_RAW */
#define RSOCKET_ICMP_FILTER                  RSOCKET_OPTION(255, 1) /* unsigned */

/* IPPROTO_IPV6 */
#define RSOCKET_IPV6_ADDRFORM                RSOCKET_OPTION(41, 1) /* int, set only */
#define RSOCKET_IPV6_ADDR_PREFERENCES        RSOCKET_OPTION(41, 72) /* unsigned */
#define RSOCKET_IPV6_AUTOFLOWLABEL           RSOCKET_OPTION(41, 70) /* 0 or 1 */
#define RSOCKET_IPV6_CHECKSUM                RSOCKET_OPTION(41, 7) /* int */
#define RSOCKET_IPV6_DONTFRAG                RSOCKET_OPTION(41, 62) /* 0 or 1 */
#define RSOCKET_IPV6_FLOWINFO                RSOCKET_OPTION(41, 11) /* 0 or 1 */
#define RSOCKET_IPV6_FLOWINFO_SEND           RSOCKET_OPTION(41, 33) /* 0 or 1 */
#define RSOCKET_IPV6_FREEBIND                RSOCKET_OPTION(41, 78) /* 0 or 1 */
#define RSOCKET_IPV6_HDRINCL                 RSOCKET_OPTION(41, 36) /* 0 or 1 */
#define RSOCKET_IPV6_MINHOPCOUNT             RSOCKET_OPTION(41, 73) /* int */
#define RSOCKET_IPV6_MTU                     RSOCKET_OPTION(41, 24) /* unsigned */
#define RSOCKET_IPV6_MTU_DISCOVER            RSOCKET_OPTION(41, 23) /* int */
#define RSOCKET_IPV6_MULTICAST_ALL           RSOCKET_OPTION(41, 29) /* 0 or 1 */
#define RSOCKET_IPV6_MULTICAST_HOPS          RSOCKET_OPTION(41, 18) /* int */
#define RSOCKET_IPV6_MULTICAST_IF            RSOCKET_OPTION(41, 17) /* unsigned */
#define RSOCKET_IPV6_MULTICAST_LOOP          RSOCKET_OPTION(41, 19) /* 0 or 1 */
#define RSOCKET_IPV6_RECVDSTOPTS             RSOCKET_OPTION(41, 58) /* 0 or 1 */
#define RSOCKET_IPV6_RECVERR                 RSOCKET_OPTION(41, 25) /* 0 or 1 */
#define RSOCKET_IPV6_RECVERR_RFC4884         RSOCKET_OPTION(41, 31) /* 0 or 1 */
#define RSOCKET_IPV6_RECVFRAGSIZE            RSOCKET_OPTION(41, 77) /* 0 or 1 */
#define RSOCKET_IPV6_RECVHOPLIMIT            RSOCKET_OPTION(41, 51) /* 0 or 1 */
#define RSOCKET_IPV6_RECVHOPOPTS             RSOCKET_OPTION(41, 53) /* 0 or 1 */
#define RSOCKET_IPV6_RECVORIGDSTADDR         RSOCKET_OPTION(41, 74) /* 0 or 1 */
#define RSOCKET_IPV6_RECVPATHMTU             RSOCKET_OPTION(41, 60) /* 0 or 1 */
#define RSOCKET_IPV6_RECVPKTINFO             RSOCKET_OPTION(41, 49) /* 0 or 1 */
#define RSOCKET_IPV6_RECVRTHDR               RSOCKET_OPTION(41, 56) /* 0 or 1 */
#define RSOCKET_IPV6_RECVTCLASS              RSOCKET_OPTION(41, 66) /* 0 or 1 */
#define RSOCKET_IPV6_ROUTER_ALERT            RSOCKET_OPTION(41, 22) /* int, set only */
#define RSOCKET_IPV6_ROUTER_ALERT_ISOLATE    RSOCKET_OPTION(41, 30) /* 0 or 1 */
#define RSOCKET_IPV6_TCLASS                  RSOCKET_OPTION(41, 67) /* int */
#define RSOCKET_IPV6_TRANSPARENT             RSOCKET_OPTION(41, 75) /* 0 or 1 */
#define RSOCKET_IPV6_UNICAST_HOPS            RSOCKET_OPTION(41, 16) /* int */
#define RSOCKET_IPV6_UNICAST_IF              RSOCKET_OPTION(41, 76) /* unsigned */
#define RSOCKET_IPV6_V6ONLY                  RSOCKET_OPTION(41, 26) /* 0 or 1 */

/* IPPROTO_TCP */
#define RSOCKET_TCP_CORK                     RSOCKET_OPTION(6, 3) /* 0 or 1 */
#define RSOCKET_TCP_DEFER_ACCEPT             RSOCKET_OPTION(6, 9) /* seconds */
#define RSOCKET_TCP_DELACK_MAX_US            RSOCKET_OPTION(6, 46) /* microseconds */
#define RSOCKET_TCP_FASTOPEN                 RSOCKET_OPTION(6, 23) /* unsigned */
#define RSOCKET_TCP_FASTOPEN_CONNECT         RSOCKET_OPTION(6, 30) /* 0 or 1 */
#define RSOCKET_TCP_FASTOPEN_NO_COOKIE       RSOCKET_OPTION(6, 34) /* 0 or 1 */
#define RSOCKET_TCP_INQ                      RSOCKET_OPTION(6, 36) /* 0 or 1 */
#define RSOCKET_TCP_IS_MPTCP                 RSOCKET_OPTION(6, 43) /* 0 or 1, get only */
#define RSOCKET_TCP_KEEPCNT                  RSOCKET_OPTION(6, 6) /* unsigned */
#define RSOCKET_TCP_KEEPIDLE                 RSOCKET_OPTION(6, 4) /* seconds */
#define RSOCKET_TCP_KEEPINTVL                RSOCKET_OPTION(6, 5) /* seconds */
#define RSOCKET_TCP_LINGER2                  RSOCKET_OPTION(6, 8) /* seconds */
#define RSOCKET_TCP_MAXSEG                   RSOCKET_OPTION(6, 2) /* unsigned */
#define RSOCKET_TCP_NODELAY                  RSOCKET_OPTION(6, 1) /* 0 or 1 */
#define RSOCKET_TCP_NOTSENT_LOWAT            RSOCKET_OPTION(6, 25) /* unsigned */
#define RSOCKET_TCP_QUEUE_SEQ                RSOCKET_OPTION(6, 21) /* unsigned */
#define RSOCKET_TCP_QUICKACK                 RSOCKET_OPTION(6, 12) /* 0 or 1 */
#define RSOCKET_TCP_REPAIR                   RSOCKET_OPTION(6, 19) /* int */
#define RSOCKET_TCP_REPAIR_QUEUE             RSOCKET_OPTION(6, 20) /* int */
#define RSOCKET_TCP_RTO_MAX_MS               RSOCKET_OPTION(6, 44) /* milliseconds */
#define RSOCKET_TCP_RTO_MIN_US               RSOCKET_OPTION(6, 45) /* microseconds */
#define RSOCKET_TCP_SAVE_SYN                 RSOCKET_OPTION(6, 27) /* unsigned */
#define RSOCKET_TCP_SYNCNT                   RSOCKET_OPTION(6, 7) /* unsigned */
#define RSOCKET_TCP_THIN_DUPACK              RSOCKET_OPTION(6, 17) /* 0 or 1 */
#define RSOCKET_TCP_THIN_LINEAR_TIMEOUTS     RSOCKET_OPTION(6, 16) /* 0 or 1 */
#define RSOCKET_TCP_TIMESTAMP                RSOCKET_OPTION(6, 24) /* unsigned */
#define RSOCKET_TCP_TX_DELAY                 RSOCKET_OPTION(6, 37) /* microseconds */
#define RSOCKET_TCP_USER_TIMEOUT             RSOCKET_OPTION(6, 18) /* milliseconds */
#define RSOCKET_TCP_WINDOW_CLAMP             RSOCKET_OPTION(6, 10) /* unsigned */

/* SOL_TLS */
#define RSOCKET_TLS_RX_EXPECT_NO_PAD         RSOCKET_OPTION(282, 4) /* 0 or 1 */
#define RSOCKET_TLS_TX_ZEROCOPY_RO           RSOCKET_OPTION(282, 3) /* 0 or 1 */

/* IPPROTO_UDP */
#define RSOCKET_UDP_CORK                     RSOCKET_OPTION(17, 1) /* 0 or 1 */
#define RSOCKET_UDP_ENCAP                    RSOCKET_OPTION(17, 100) /* int */
#define RSOCKET_UDP_GRO                      RSOCKET_OPTION(17, 104) /* 0 or 1 */
#define RSOCKET_UDP_NO_CHECK6_RX             RSOCKET_OPTION(17, 102) /* 0 or 1 */
#define RSOCKET_UDP_NO_CHECK6_TX             RSOCKET_OPTION(17, 101) /* 0 or 1 */
#define RSOCKET_UDP_SEGMENT                  RSOCKET_OPTION(17, 103) /* unsigned */

/* SOL_NETLINK */
#define RSOCKET_NETLINK_ADD_MEMBERSHIP       RSOCKET_OPTION(270, 1) /* unsigned, set only */
#define RSOCKET_NETLINK_BROADCAST_ERROR      RSOCKET_OPTION(270, 4) /* 0 or 1 */
#define RSOCKET_NETLINK_CAP_ACK              RSOCKET_OPTION(270, 10) /* 0 or 1 */
#define RSOCKET_NETLINK_DROP_MEMBERSHIP      RSOCKET_OPTION(270, 2) /* unsigned, set only */
#define RSOCKET_NETLINK_EXT_ACK              RSOCKET_OPTION(270, 11) /* 0 or 1 */
#define RSOCKET_NETLINK_GET_STRICT_CHK       RSOCKET_OPTION(270, 12) /* 0 or 1 */
#define RSOCKET_NETLINK_LISTEN_ALL_NSID      RSOCKET_OPTION(270, 8) /* 0 or 1 */
#define RSOCKET_NETLINK_NO_ENOBUFS           RSOCKET_OPTION(270, 5) /* 0 or 1 */
#define RSOCKET_NETLINK_PKTINFO              RSOCKET_OPTION(270, 3) /* 0 or 1 */

/* SOL_PACKET */
#define RSOCKET_PACKET_AUXDATA               RSOCKET_OPTION(263, 8) /* 0 or 1 */
#define RSOCKET_PACKET_COPY_THRESH           RSOCKET_OPTION(263, 7) /* int */
#define RSOCKET_PACKET_FANOUT                RSOCKET_OPTION(263, 18) /* unsigned */
#define RSOCKET_PACKET_IGNORE_OUTGOING       RSOCKET_OPTION(263, 23) /* 0 or 1 */
#define RSOCKET_PACKET_LOSS                  RSOCKET_OPTION(263, 14) /* 0 or 1 */
#define RSOCKET_PACKET_ORIGDEV               RSOCKET_OPTION(263, 9) /* 0 or 1 */
#define RSOCKET_PACKET_QDISC_BYPASS          RSOCKET_OPTION(263, 20) /* 0 or 1 */
#define RSOCKET_PACKET_RESERVE               RSOCKET_OPTION(263, 12) /* unsigned */
#define RSOCKET_PACKET_TIMESTAMP             RSOCKET_OPTION(263, 17) /* int */
#define RSOCKET_PACKET_TX_HAS_OFF            RSOCKET_OPTION(263, 19) /* 0 or 1 */
#define RSOCKET_PACKET_VERSION               RSOCKET_OPTION(263, 10) /* int */
#define RSOCKET_PACKET_VNET_HDR              RSOCKET_OPTION(263, 15) /* 0 or 1 */
#define RSOCKET_PACKET_VNET_HDR_SZ           RSOCKET_OPTION(263, 24) /* int */

/* SOL_ALG */
#define RSOCKET_ALG_SET_KEY_BY_KEY_SERIAL    RSOCKET_OPTION(279, 7) /* int, set only */

/* SOL_CAN_RAW */
#define RSOCKET_CAN_RAW_ERR_FILTER           RSOCKET_OPTION(101, 2) /* unsigned */
#define RSOCKET_CAN_RAW_FD_FRAMES            RSOCKET_OPTION(101, 5) /* 0 or 1 */
#define RSOCKET_CAN_RAW_JOIN_FILTERS         RSOCKET_OPTION(101, 6) /* 0 or 1 */
#define RSOCKET_CAN_RAW_LOOPBACK             RSOCKET_OPTION(101, 3) /* 0 or 1 */
#define RSOCKET_CAN_RAW_RECV_OWN_MSGS        RSOCKET_OPTION(101, 4) /* 0 or 1 */
#define RSOCKET_CAN_RAW_XL_FRAMES            RSOCKET_OPTION(101, 7) /* 0 or 1 */

/* SOL_XDP */
#define RSOCKET_XDP_OPTIONS                  RSOCKET_OPTION(283, 8) /* unsigned, get only */
#define RSOCKET_XDP_RX_RING                  RSOCKET_OPTION(283, 2) /* unsigned, set only */
#define RSOCKET_XDP_TX_RING                  RSOCKET_OPTION(283, 3) /* unsigned, set only */
#define RSOCKET_XDP_UMEM_COMPLETION_RING     RSOCKET_OPTION(283, 6) /* unsigned, set only */
#define RSOCKET_XDP_UMEM_FILL_RING           RSOCKET_OPTION(283, 5) /* unsigned, set only */

/**
 * Sets an option that is one int.
 *
 * Returns 0. Errors: `-ENOPROTOOPT` for an option that is not listed above, that the kernel lacks,
 * or that the socket does not have; `-EOPNOTSUPP` at a level that the socket does not have,
 * `-EINVAL` for a value that the kernel refuses, `-EPERM` without the capability, `-EBADF`,
 * `-ENOTSOCK` and the others of setsockopt(2).
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_set(rsocket_endpoint fd, int opt, int value) RSOCKET_FD(1);

/**
 * Asks for an option that is one int.
 *
 * Returns 0; on an error `value` is as it was. Errors: `-EFAULT` for NULL, and as rsocket_set().
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_get(rsocket_endpoint fd, int opt, int *value) RSOCKET_MUST_CHECK RSOCKET_FD(1);

/* ============================================================================
 * Netlink: requests and their replies, checked, in a buffer of the caller's; see netlink(7).
 * ============================================================================ */

/**
 * A netlink socket and where its reader stands; keep it on the stack. `fd` is for the caller, to
 * poll, to give options, to close; the rest is the library's.
 *
 * For one thread at a time.
 */
typedef struct rsocket_nl {
    /**
     * The socket, or -1.
     */
    rsocket_endpoint fd;
    /**
     * The library's.
     */
    void *buf;
    /**
     * The library's.
     */
    size_t cap;
    /**
     * The library's.
     */
    uint64_t state[6];
    /**
     * 0.
     */
    uint64_t reserved[2];
} rsocket_nl;

/**
 * Opens a netlink socket for requests or for events, bound to a port id of the kernel's choice,
 * with strict checking and extended acknowledgements where the kernel has them.
 *
 * `protocol` is NETLINK_ROUTE or another of linux/netlink.h; `groups` the mask of the first 32
 * multicast groups to join, or 0: rsocket_nl_join() takes a group by its number. Replies are read
 * into the `cap` bytes at `buf`, which belong to the library until `nl` is used no more: 32768
 * bytes hold every message that the kernel sends.
 *
 * Returns the descriptor, which is `nl->fd` too: close it with rsocket_close(). On an error
 * `nl->fd` is -1. Errors: `-EPROTONOSUPPORT`, `-EPERM` for a group that takes a capability,
 * `-EINVAL` for fewer than 64 bytes, `-EFAULT` for NULL, `-EMFILE` and the others of socket(2).
 *
 * MT-safe. Not async-signal-safe. Not a cancellation point.
 */
rsocket_endpoint rsocket_nl_open(rsocket_nl *nl,
                                 int protocol,
                                 uint32_t groups,
                                 void *buf,
                                 size_t cap)
    RSOCKET_MUST_CHECK;

/**
 * Joins a multicast group by its number, RTNLGRP_LINK or what rsocket_nl_group() found.
 *
 * Returns 0. Errors: `-EINVAL` for a number that the protocol lacks, `-EPERM` for a group that
 * takes a capability, `-EBADF`, `-ENOTSOCK`, `-ENOPROTOOPT` on a socket that is not netlink.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_nl_join(rsocket_endpoint fd, uint32_t group) RSOCKET_MUST_CHECK RSOCKET_FD(1);

/**
 * Leaves a multicast group.
 *
 * Returns 0. Errors: those of rsocket_nl_join().
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_nl_leave(rsocket_endpoint fd, uint32_t group) RSOCKET_FD(1);

/**
 * Sends a request: a message of `type` whose payload is the `len` bytes at `payload`.
 * rsocket_nl_next() reads the replies. Replies to an earlier request that were not read are
 * passed over, what is left of a dump is read from the kernel for that.
 *
 * `flags` are NLM_F_...; NLM_F_REQUEST and NLM_F_ACK are added, so that the replies end.
 *
 * Returns 0. Errors: `-EBADF`, `-EFAULT` for NULL with a length, `-EMSGSIZE` for too long a
 * payload and the others of sendmsg(2) and recvmsg(2).
 *
 * MT-safe for different `nl`. Not async-signal-safe. Cancellation waits until it returns.
 */
int rsocket_nl_request(rsocket_nl *nl,
                       uint16_t type,
                       uint16_t flags,
                       const void *payload,
                       size_t len)
    RSOCKET_MUST_CHECK RSOCKET_READS(4, 5);

/**
 * Writes an attribute behind the `*len` bytes of a request's payload in the `cap` bytes at
 * `payload`: `type`, and the `size` bytes at `data`. `*len` becomes the length of the whole, a
 * multiple of four; begin with the size of the family's own structure, such as `sizeof (struct
 * ifinfomsg)`, or with 0.
 *
 * An attribute of attributes has `type` `| NLA_F_NESTED` and a payload of its own as `data`.
 *
 * Returns 0; on an error nothing was written. Errors: `-EMSGSIZE` where `cap` is too small, and
 * for more than 65531 bytes; `-EFAULT` for NULL; `-EINVAL` for a length above SSIZE_MAX.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
int rsocket_nl_put(void *payload,
                   size_t cap,
                   size_t *len,
                   uint16_t type,
                   const void *data,
                   size_t size)
    RSOCKET_MUST_CHECK RSOCKET_READS(5, 6);

/**
 * The next reply to the request, waiting `timeout_ms` milliseconds at most: -1 for ever, 0 not at
 * all.
 *
 * `message` gets a pointer into the buffer, valid until the next call with this `nl`; its length
 * has been checked.
 *
 * Returns 1 with a message, 0 at the end of the replies. Errors: what the kernel answered, such as
 * `-ENODEV`, `-EPERM` or `-EINVAL`, and rsocket_nl_why() has its words; `-EINTR` at the end of a
 * dump that changed while it was read: ask again; `-ENOBUFS` where messages were lost: the socket
 * goes on working; `-EMSGSIZE` where the buffer was too small; `-EBADMSG` for a malformed message;
 * `-ETIMEDOUT`; `-EFAULT` for NULL; `-EINVAL` for a timeout below -1; `-EBADF`.
 *
 * MT-safe for different `nl`. Not async-signal-safe. Cancellation waits until it returns.
 */
int rsocket_nl_next(rsocket_nl *nl,
                    const struct nlmsghdr **message,
                    int timeout_ms)
    RSOCKET_MUST_CHECK;

/**
 * Says in a sentence why the kernel refused the last request, by its extended acknowledgement,
 * such as "Invalid argument: Invalid values in header for link dump request". Right behind the
 * rsocket_nl_next() that failed.
 *
 * Writes to `buf` as snprintf(3) does, always NUL-terminated where `cap` is not 0; 256 bytes hold
 * every sentence of today's kernels.
 *
 * Returns the length of the whole sentence, 0 where the last request was not refused. Errors:
 * `-EFAULT` for NULL, `-EBADF` where `nl` was not opened.
 *
 * MT-safe for different `nl`. Not async-signal-safe. Not a cancellation point.
 */
ssize_t rsocket_nl_why(rsocket_nl *nl, char *buf, size_t cap) RSOCKET_WRITES(2, 3);

/**
 * The next event of the multicast groups that were joined, waiting `timeout_ms` milliseconds at
 * most: -1 for ever, 0 not at all. Only what the kernel itself sent. Events never end.
 *
 * `message` gets a pointer into the buffer, valid until the next call with this `nl`; its length
 * has been checked. Requests and events want an `nl` each: what a request finds unread is dropped.
 *
 * Returns 1 with a message. Errors: `-ENOBUFS` where the receive queue ran over and events were
 * lost: what was learned from them is out of date, dump it again (the socket goes on working, and
 * a larger RSOCKET_SO_RCVBUF makes it rarer); `-EMSGSIZE` where the buffer was too small and
 * `-EBADMSG` for a malformed message, whose datagram is lost; `-ETIMEDOUT`; `-EFAULT` for NULL;
 * `-EINVAL` for a timeout below -1; `-EBADF`.
 *
 * MT-safe for different `nl`. Not async-signal-safe. Cancellation waits until it returns.
 */
int rsocket_nl_event(rsocket_nl *nl,
                     const struct nlmsghdr **message,
                     int timeout_ms)
    RSOCKET_MUST_CHECK;

/**
 * Looks up a generic netlink family by its name ("nl80211", "ethtool", "nlctrl"), on an `nl` of
 * NETLINK_GENERIC, within `timeout_ms` milliseconds: -1 for ever.
 *
 * Returns its number, the `type` of requests to it. Errors: `-ENOENT` where the kernel has no such
 * family; `-EPROTOTYPE` on a socket of another protocol, `-EFAULT` for NULL, and those of
 * rsocket_nl_request() and rsocket_nl_next().
 *
 * MT-safe for different `nl`. Not async-signal-safe. Cancellation waits until it returns.
 */
int rsocket_nl_family(rsocket_nl *nl, const char *name, int timeout_ms) RSOCKET_MUST_CHECK;

/**
 * Looks up a multicast group of a generic netlink family by both names, such as "nlctrl" and
 * "notify", for rsocket_nl_join().
 *
 * Returns its number. Errors: `-ENOENT` where there is no such family or group, and those of
 * rsocket_nl_family().
 *
 * MT-safe for different `nl`. Not async-signal-safe. Cancellation waits until it returns.
 */
int rsocket_nl_group(rsocket_nl *nl,
                     const char *family,
                     const char *group,
                     int timeout_ms)
    RSOCKET_MUST_CHECK;

/**
 * The attributes of a message, one by one: the first for `previous` NULL, then the one behind
 * `previous`. `fixed` is the size of the structure between header and attributes, such as `sizeof
 * (struct ifinfomsg)`.
 *
 * `message` must come from rsocket_nl_next(), and `previous` from this function for it.
 *
 * Returns NULL at the end; also where an attribute's length is malformed, with `errno` EBADMSG,
 * which is not touched otherwise.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
const struct nlattr *rsocket_nl_attr(const struct nlmsghdr *message,
                                     size_t fixed,
                                     const struct nlattr *previous)
    RSOCKET_MUST_CHECK;

/**
 * The attributes inside of a nested attribute, one by one: the first for `previous` NULL, then the
 * one behind `previous`.
 *
 * Returns as rsocket_nl_attr(); NULL for NULL.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
const struct nlattr *rsocket_nl_nested(const struct nlattr *attribute,
                                       const struct nlattr *previous)
    RSOCKET_MUST_CHECK;

/**
 * The bytes of an attribute; `len`, which may be NULL, gets how many there are.
 *
 * Returns a pointer to them, aligned to four bytes, or NULL for NULL.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
const void *rsocket_nl_data(const struct nlattr *attribute, size_t *len) RSOCKET_MUST_CHECK;

/* ============================================================================
 * Sockets that a service manager opened and handed over, see sd_listen_fds(3).
 * ============================================================================ */

/**
 * The name of the descriptor number `index`, from 0 on, of those that were handed over: by
 * LISTEN_FDNAMES, or "unknown". rsocket_listen() takes a socket by its name from
 * `activation:name`, once.
 *
 * Writes to `buf` as snprintf(3) does, always NUL-terminated where `cap` is not 0; 256 bytes hold
 * every name.
 *
 * Returns the length of the whole name. Errors: `-ENOENT` behind the last one, and where this
 * process was not activated; `-EINVAL` for malformed variables, `-EFAULT` for NULL.
 *
 * MT-safe as long as nobody changes the environment. Not async-signal-safe. Not a cancellation
 * point.
 */
ssize_t rsocket_activation_name(unsigned int index,
                                char *buf,
                                size_t cap)
    RSOCKET_MUST_CHECK RSOCKET_WRITES(2, 3);

/**
 * Takes a descriptor that was handed over under `name`, socket or not; each can be taken once.
 *
 * Returns the descriptor, close-on-exec. Errors: `-ENOENT` where none of that name is left, and
 * where this process was not activated; `-EINVAL` for malformed variables, `-EFAULT` for NULL,
 * `-EMFILE`.
 *
 * MT-safe as long as nobody changes the environment. Not async-signal-safe. Not a cancellation
 * point.
 */
rsocket_endpoint rsocket_activation_take(const char *name) RSOCKET_MUST_CHECK;

/* ============================================================================
 * What went wrong, and which version this is.
 * ============================================================================ */

/**
 * Results below this are EAI_... codes of getaddrinfo(3): RSOCKET_EAI_BASE + EAI_AGAIN says that a
 * host name could not be resolved for now.
 */
#define RSOCKET_EAI_BASE (-3000)

/**
 * The text of a result, such as "Connection refused", or of an `errno`: the sign does not matter.
 *
 * Returns a string that stays valid and does not change, never NULL; "Unknown error" for a number
 * that means nothing. The text is in the language of LC_MESSAGES, as strerror(3) has it.
 *
 * MT-safe, for it answers from constant tables only. Not async-signal-safe where translations are
 * loaded: rsocket_errname() is. Not a cancellation point.
 */
const char *rsocket_strerror(int code);

/**
 * The symbol of a result, such as "ECONNREFUSED" or "EAI_AGAIN", or of an `errno`: the sign does
 * not matter. For logs that are read by programs.
 *
 * Returns a constant string, never NULL; "0" for 0, "UNKNOWN" for a number that means nothing.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
const char *rsocket_errname(int code);

/**
 * Says in a sentence what is wrong with a URL that rsocket_listen() or rsocket_connect() refused,
 * such as "unix path is 131 bytes; the kernel's limit is 107".
 *
 * Writes to `buf` as snprintf(3) does, always NUL-terminated where `cap` is not 0; 128 bytes hold
 * every sentence.
 *
 * Returns the length of the whole sentence, 0 where the URL is well-formed. Errors: `-EFAULT` for
 * NULL.
 *
 * MT-safe. Not async-signal-safe. Not a cancellation point.
 */
ssize_t rsocket_url_why(const char *url, char *buf, size_t cap) RSOCKET_WRITES(2, 3);

/**
 * The version of the library that runs, as RSOCKET_VERSION is that of the header.
 *
 * Returns major << 16 | minor << 8 | patch.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
unsigned int rsocket_version(void);

/**
 * The version of the library that runs as text, such as "0.1.0".
 *
 * Returns a constant string.
 *
 * MT-safe, async-signal-safe. Not a cancellation point.
 */
const char *rsocket_version_string(void);

#ifdef __cplusplus
}
#endif

#endif
