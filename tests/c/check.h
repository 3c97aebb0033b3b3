/* What every test here uses: checks that say where, a count of open descriptors, addresses. */
#ifndef CHECK_H
#define CHECK_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rsocket.h>

static int check_failures;

#define CHECK(condition)                                                                   \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);      \
            check_failures++;                                                              \
        }                                                                                  \
    } while (0)

/* The result, and errno with it where it is an error. */
#define EXPECT(call, wanted)                                                               \
    do {                                                                                   \
        errno = 0;                                                                         \
        long check_got = (long)(call), check_wanted = (long)(wanted);                      \
        int check_errno = errno;                                                           \
        if (check_got != check_wanted) {                                                   \
            fprintf(stderr, "%s:%d: %s\n    is %ld (%s), not %ld (%s)\n", __FILE__,        \
                    __LINE__, #call, check_got,                                            \
                    check_got < 0 ? rsocket_errname((int)check_got) : "fine",              \
                    check_wanted,                                                          \
                    check_wanted < 0 ? rsocket_errname((int)check_wanted) : "fine");       \
            check_failures++;                                                              \
        } else if (check_wanted < 0 && check_errno != -check_wanted) {                     \
            fprintf(stderr, "%s:%d: %s\n    left errno %d\n", __FILE__, __LINE__, #call,   \
                    check_errno);                                                          \
            check_failures++;                                                              \
        }                                                                                  \
    } while (0)

/* A call that the rest of the test needs. */
#define MUST(call)                                                                         \
    __extension__({                                                                        \
        long must_got = (long)(call);                                                      \
        if (must_got < 0) {                                                                \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,                  \
                    rsocket_strerror((int)must_got));                                      \
            exit(1);                                                                       \
        }                                                                                  \
        (int)must_got;                                                                     \
    })

__attribute__((unused)) static int open_descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        exit(1);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

__attribute__((unused)) static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A TCP listener on a port of the kernel's choice, and the URL to reach it. */
__attribute__((unused)) static int tcp_listener(char *url, size_t cap)
{
    rsocket_addr addr;
    int fd = MUST(rsocket_listen("tcp://127.0.0.1:0", 0));
    MUST(rsocket_addr_local(fd, &addr));
    snprintf(url, cap, "tcp://127.0.0.1:%d", rsocket_addr_port(&addr));
    return fd;
}

__attribute__((unused)) static int report(const char *what)
{
    if (check_failures != 0) {
        fprintf(stderr, "%s: %d failed\n", what, check_failures);
        return 1;
    }
    return 0;
}

#endif
