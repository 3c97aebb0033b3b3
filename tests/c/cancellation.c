/* A thread that is cancelled in a verb ends there and leaks nothing; one that waits in a call that
 * defers cancellation ends behind it. */
#include "check.h"

#include <pthread.h>

static int stream[2], full[2], listener;
static rsocket_addr addr;
static char big[4 << 20];

static void ready_now(void *ready)
{
    __atomic_store_n((int *)ready, 1, __ATOMIC_RELEASE);
}

static void *in_recv(void *ready)
{
    char c;
    ready_now(ready);
    return (void *)(size_t)rsocket_recv(stream[0], &c, 1, 0);
}
static void *in_recv_timeout(void *ready)
{
    char c;
    ready_now(ready);
    return (void *)(size_t)rsocket_recv_timeout(stream[0], &c, 1, 0, -1);
}
static void *in_recv_from(void *ready)
{
    char c;
    ready_now(ready);
    return (void *)(size_t)rsocket_recv_from(stream[0], &c, 1, 0, &addr);
}
static void *in_recv_from_timeout(void *ready)
{
    char c;
    ready_now(ready);
    return (void *)(size_t)rsocket_recv_from_timeout(stream[0], &c, 1, 0, &addr, 60000);
}
static void *in_recv_all(void *ready)
{
    char c[2];
    ready_now(ready);
    return (void *)(size_t)rsocket_recv_all(stream[0], c, 2, -1, NULL);
}
static void *in_recvv(void *ready)
{
    char c;
    struct iovec iov = {&c, 1};
    ready_now(ready);
    return (void *)(size_t)rsocket_recvv(stream[0], &iov, 1, 0);
}
static void *in_recv_msg(void *ready)
{
    char c;
    struct iovec iov = {&c, 1};
    struct msghdr msg;
    memset(&msg, 0, sizeof msg);
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    ready_now(ready);
    return (void *)(size_t)rsocket_recv_msg(stream[0], &msg, 0, 60000);
}
static void *in_send(void *ready)
{
    ready_now(ready);
    return (void *)(size_t)rsocket_send(full[0], big, sizeof big, 0);
}
static void *in_send_timeout(void *ready)
{
    ready_now(ready);
    return (void *)(size_t)rsocket_send_timeout(full[0], big, sizeof big, 0, 60000);
}
static void *in_send_all(void *ready)
{
    ready_now(ready);
    return (void *)(size_t)rsocket_send_all(full[0], big, sizeof big, 60000, NULL);
}
static void *in_accept(void *ready)
{
    ready_now(ready);
    return (void *)(size_t)rsocket_accept(listener, &addr, 0);
}
static void *in_accept_timeout(void *ready)
{
    ready_now(ready);
    return (void *)(size_t)rsocket_accept_timeout(listener, NULL, 0, 60000);
}
static void *in_recv_fds(void *ready)
{
    char c;
    size_t n = 0;
    ready_now(ready);
    return (void *)(size_t)rsocket_recv_fds(stream[0], &c, 1, 0, NULL, &n, 300);
}

static void cancelled(const char *name, void *(*routine)(void *), int deferred)
{
    pthread_t thread;
    void *result = NULL;
    int ready = 0;
    int before = open_descriptors();
    if (pthread_create(&thread, NULL, routine, &ready) != 0)
        exit(1);
    while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
        usleep(1000);
    usleep(30000);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    if (deferred ? (long)result != -ETIMEDOUT : result != PTHREAD_CANCELED) {
        fprintf(stderr, "%s ended with %ld\n", name, (long)result);
        check_failures++;
    }
    CHECK(open_descriptors() == before);
}

#define CANCELLED(routine) cancelled(#routine, routine, 0)

int main(void)
{
    char url[64];
    listener = tcp_listener(url, sizeof url);
    MUST(rsocket_pair(SOCK_STREAM, 0, stream));
    MUST(rsocket_pair(SOCK_STREAM, 0, full));
    EXPECT(rsocket_send_all(full[0], big, sizeof big, 0, NULL), -ETIMEDOUT);
    CANCELLED(in_recv);
    CANCELLED(in_recv_timeout);
    CANCELLED(in_recv_from);
    CANCELLED(in_recv_from_timeout);
    CANCELLED(in_recv_all);
    CANCELLED(in_recvv);
    CANCELLED(in_recv_msg);
    CANCELLED(in_send);
    CANCELLED(in_send_timeout);
    CANCELLED(in_send_all);
    CANCELLED(in_accept);
    CANCELLED(in_accept_timeout);
    cancelled("in_recv_fds", in_recv_fds, 1);
    return report("cancellation");
}
