/* A timeout ends the whole operation, signals or not, and costs no system call where data or room
 * is there. */
#include "check.h"

#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t interruptions;

static void on_alarm(int number)
{
    (void)number;
    interruptions++;
}

/* How much slower everything is: where the handler takes longer than the next signal takes to come,
 * nothing else ever runs. */
static int slowness(void)
{
    return getenv("UNDER_VALGRIND") != NULL ? 8 : 1;
}

/* Interrupts whatever sleeps every 3 ms; the handler has no SA_RESTART. */
static void storm(int on)
{
    struct sigaction action;
    struct itimerval timer;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, NULL);
    memset(&timer, 0, sizeof timer);
    timer.it_value.tv_usec = timer.it_interval.tv_usec = on ? 3000 * slowness() : 0;
    setitimer(ITIMER_REAL, &timer, NULL);
}

#define TAKES(call, wanted, least, most)                                                   \
    do {                                                                                   \
        double takes_start = seconds(), takes_spent;                                       \
        EXPECT(call, wanted);                                                              \
        takes_spent = seconds() - takes_start;                                             \
        if (takes_spent < (least) || takes_spent > (most) * slowness()) {                  \
            fprintf(stderr, "%s:%d: %s took %.3f s\n", __FILE__, __LINE__, #call,          \
                    takes_spent);                                                          \
            check_failures++;                                                              \
        }                                                                                  \
    } while (0)

static void every_verb(void)
{
    static char big[4 << 20];
    char data[8] = "", url[64];
    size_t n = 0, done = 0;
    int sv[2], l = tcp_listener(url, sizeof url), fd;
    rsocket_addr addr;
    MUST(rsocket_pair(SOCK_STREAM, 0, sv));
    for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
        fcntl(sv[0], F_SETFL, nonblocking ? O_NONBLOCK : 0);
        TAKES(rsocket_recv_timeout(sv[0], data, 1, 0, 60), -ETIMEDOUT, 0.06, 2);
        TAKES(rsocket_recv_from_timeout(sv[0], data, 1, 0, &addr, 60), -ETIMEDOUT, 0.06, 2);
        TAKES(rsocket_recv_all(sv[0], data, 1, 60, &done), -ETIMEDOUT, 0.06, 2);
        TAKES(rsocket_recv_fds(sv[0], data, 1, 0, NULL, &n, 60), -ETIMEDOUT, 0.06, 2);
        TAKES(rsocket_accept_timeout(l, NULL, 0, 60), -ETIMEDOUT, 0.06, 2);
        TAKES(rsocket_send_all(sv[0], big, sizeof big, 60, &done), -ETIMEDOUT, 0.06, 2);
        CHECK(done > 0 && done < sizeof big);
        TAKES(rsocket_send_timeout(sv[0], data, 1, 0, 60), -ETIMEDOUT, 0.06, 2);
        TAKES(rsocket_send_fds(sv[0], data, 1, NULL, 0, 60), -ETIMEDOUT, 0.06, 2);
        TAKES(rsocket_recv_timeout(sv[0], data, 1, 0, 0), -ETIMEDOUT, 0, 0.05);
        TAKES(rsocket_send_timeout(sv[0], data, 1, 0, 0), -ETIMEDOUT, 0, 0.05);
        TAKES(rsocket_accept_timeout(l, NULL, 0, 0), -ETIMEDOUT, 0, 0.05);
        /* O_NONBLOCK is as it was. */
        CHECK(!(fcntl(sv[0], F_GETFL) & O_NONBLOCK) == !nonblocking);
        EXPECT(rsocket_recv_all(sv[1], big, done, 1000, NULL), 0);
    }
    EXPECT(rsocket_close(sv[0]), 0);
    EXPECT(rsocket_close(sv[1]), 0);

    /* Two bytes, one at once: the deadline is for both. */
    MUST(rsocket_pair(SOCK_STREAM, 0, sv));
    EXPECT(rsocket_send(sv[0], "x", 1, 0), 1);
    TAKES(rsocket_recv_all(sv[1], data, 2, 60, &done), -ETIMEDOUT, 0.06, 2);
    CHECK(done == 1 && data[0] == 'x');
    EXPECT(rsocket_close(sv[0]), 0);
    EXPECT(rsocket_close(sv[1]), 0);
    EXPECT(rsocket_close(l), 0);

    /* A connection that nobody accepts: the backlog of a Unix-domain listener is full. */
    MUST(rsocket_addr_parse(&addr, "unix-abstract:librsocket-backlog"));
    l = MUST(rsocket_open(AF_UNIX, SOCK_STREAM, 0, 0));
    MUST(rsocket_bind(l, &addr));
    if (listen(l, 0) != 0)
        exit(1);
    fd = MUST(rsocket_connect("unix-abstract:librsocket-backlog", 0, 1000));
    TAKES(rsocket_connect("unix-abstract:librsocket-backlog", 0, 60), -ETIMEDOUT, 0.05, 2);
    TAKES(rsocket_connect("unix-abstract:librsocket-backlog", RSOCKET_NONBLOCK, 0), -EAGAIN, 0,
          0.05);
    EXPECT(rsocket_close(fd), 0);
    EXPECT(rsocket_close(l), 0);
}

/* A connect that is under way is waited for in pieces, and found out about. */
static void connecting(void)
{
    char url[64];
    int l = tcp_listener(url, sizeof url), fd, spare[64], count = 0, r;
    rsocket_addr addr;
    MUST(rsocket_addr_local(l, &addr));
    fd = MUST(rsocket_connect(url, RSOCKET_NONBLOCK, 0));
    EXPECT(rsocket_dial_wait(fd, 1000), 0);
    EXPECT(rsocket_dial_wait(fd, 0), 0);
    EXPECT(rsocket_close(fd), 0);
    EXPECT(rsocket_close(l), 0);

    fd = MUST(rsocket_open(AF_INET, SOCK_STREAM, 0, RSOCKET_NONBLOCK));
    r = rsocket_dial(fd, &addr, 0);
    CHECK(r == -EINPROGRESS || r == -ECONNREFUSED);
    if (r == -EINPROGRESS)
        EXPECT(rsocket_dial_wait(fd, 1000), -ECONNREFUSED);
    EXPECT(rsocket_close(fd), 0);

    /* A listener whose queue is full answers nobody. */
    MUST(rsocket_addr_parse(&addr, "127.0.0.1:0"));
    l = MUST(rsocket_open(AF_INET, SOCK_STREAM, 0, 0));
    MUST(rsocket_bind(l, &addr));
    if (listen(l, 0) != 0)
        exit(1);
    MUST(rsocket_addr_local(l, &addr));
    for (count = 0; count < 64; count++) {
        spare[count] = MUST(rsocket_open(AF_INET, SOCK_STREAM, 0, RSOCKET_NONBLOCK));
        r = rsocket_dial(spare[count], &addr, 50);
        if (r == -ETIMEDOUT)
            break;
        CHECK(r == 0);
    }
    CHECK(count < 64);
    TAKES(rsocket_dial_wait(spare[count], 60), -ETIMEDOUT, 0.06, 2);
    fd = MUST(rsocket_open(AF_INET, SOCK_STREAM, 0, 0));
    TAKES(rsocket_dial(fd, &addr, 60), -ETIMEDOUT, 0.05, 2);
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
    TAKES(rsocket_dial_wait(fd, 60), -ETIMEDOUT, 0.05, 2);
    EXPECT(rsocket_close(fd), 0);
    for (; count >= 0; count--)
        EXPECT(rsocket_close(spare[count]), 0);
    EXPECT(rsocket_close(l), 0);
}

int main(void)
{
    int before = open_descriptors();
    every_verb();
    connecting();
    storm(1);
    every_verb();
    connecting();
    storm(0);
    CHECK(interruptions > 50 / slowness());
    CHECK(open_descriptors() == before);
    return report("deadline");
}
