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

@VERSION@

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

