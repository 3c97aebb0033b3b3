/* The bare system calls of some rows, in nanoseconds: what no binding can go below. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 15, STEPS = 4000 };

static char data[65536];
static int left, right;
static socklen_t len;
static struct sockaddr_storage name;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static void there_and_back(size_t size)
{
    must(send(left, data, size, 0) == (ssize_t)size, "send");
    must(recv(right, data, size, 0) == (ssize_t)size, "recv");
}

static void one(void) { there_and_back(1); }
static void small(void) { there_and_back(64); }
static void page(void) { there_and_back(4096); }
static void large(void) { there_and_back(65536); }

static void own_name(void)
{
    len = sizeof name;
    must(getsockname(left, (struct sockaddr *)&name, &len) == 0, "getsockname");
}

static void option(void)
{
    int value;

    len = sizeof value;
    must(getsockopt(left, SOL_SOCKET, SO_RCVBUF, &value, &len) == 0, "getsockopt");
}

static void make(void) { must(close(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == 0, "socket"); }

static void nothing(void) { must(recv(left, data, 64, MSG_DONTWAIT) == -1, "recv"); }

/* The median over the rounds, for every name. */
static void print(const char *const *names, void (*step)(void))
{
    double times[ROUNDS], t;
    int i, j;

    for (i = 0; i < ROUNDS; i++) {
        t = now();
        for (j = 0; j < STEPS; j++)
            step();
        t = (now() - t) / STEPS;
        for (j = i; j > 0 && times[j - 1] > t; j--)
            times[j] = times[j - 1];
        times[j] = t;
    }
    for (; *names; names++)
        printf("%s\t%.1f\n", *names, times[ROUNDS / 2]);
}

#define NAMES(...) (const char *const[]){__VA_ARGS__, NULL}
#define EVERY_WAY(size) \
    NAMES("unix send+recv " size " blocking", "unix send+recv " size " timeout", \
          "unix send+recv " size " non-blocking")

int main(void)
{
    int fds[2];
    struct sockaddr_in here = {.sin_family = AF_INET};

    must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0, "socketpair");
    left = fds[0];
    right = fds[1];
    print(EVERY_WAY("1 B"), one);
    print(EVERY_WAY("64 B"), small);
    print(EVERY_WAY("4 KiB"), page);
    print(EVERY_WAY("64 KiB"), large);
    print(NAMES("getsockopt int"), option);
    print(NAMES("recv of nothing (EAGAIN)"), nothing);
    print(NAMES("socket() and close"), make);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    left = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(left, (struct sockaddr *)&here, sizeof here) == 0, "bind");
    print(NAMES("getsockname v4"), own_name);
    return 0;
}
