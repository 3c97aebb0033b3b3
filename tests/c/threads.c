/* Every call is MT-safe, on one endpoint too; bytes can be moved in a signal handler and in the child
 * of a program with threads. */
#include "check.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

enum { THREADS = 4, EACH = 500 };

static int packets[2], listener;
static char url[64];
static int failed;

static void wrong(const char *what, long result)
{
    fprintf(stderr, "%s: %ld\n", what, result);
    __atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
}

/* Each packet is a number; the receivers add them up. */
static void *send_numbers(void *start)
{
    for (long i = 0; i < EACH; i++) {
        long number = (long)(size_t)start * EACH + i;
        ssize_t n = rsocket_send_timeout(packets[0], &number, sizeof number, 0, 20000);
        if (n != (ssize_t)sizeof number)
            wrong("send", (long)n);
    }
    return NULL;
}

static void *receive_numbers(void *unused)
{
    long sum = 0, number;
    (void)unused;
    for (int i = 0; i < EACH; i++) {
        ssize_t n = rsocket_recv_timeout(packets[1], &number, sizeof number, 0, 20000);
        if (n != (ssize_t)sizeof number)
            wrong("recv", (long)n);
        else
            sum += number;
    }
    return (void *)(size_t)sum;
}

/* Connects to a listener that all of the threads accept from. */
static void *serve_and_ask(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) {
        rsocket_addr peer;
        char byte = 0;
        int c = rsocket_connect(url, 0, 20000);
        int s = rsocket_accept_timeout(listener, &peer, 0, 20000);
        int options = rsocket_set(c, RSOCKET_TCP_NODELAY, 1);
        if (c < 0 || s < 0 || options < 0 || peer.len != sizeof(struct sockaddr_in))
            wrong("connect, accept or set", c < 0 ? c : s < 0 ? s : options);
        /* Not its own pair, perhaps: another thread's. */
        if (rsocket_send_all(s, "x", 1, 20000, NULL) < 0 ||
            rsocket_recv_all(c, &byte, 1, 20000, NULL) < 0 || byte != 'x')
            wrong("a byte over TCP", byte);
        rsocket_close(c);
        rsocket_close(s);
    }
    return NULL;
}

static void *texts(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++) {
        rsocket_addr addr;
        char text[128];
        if (rsocket_addr_parse(&addr, "[::1]:80") < 0 ||
            rsocket_addr_format(&addr, text, sizeof text) != 8 || strcmp(text, "[::1]:80") != 0 ||
            strcmp(rsocket_errname(-EPIPE), "EPIPE") != 0 || rsocket_strerror(-i)[0] == '\0' ||
            rsocket_url_why("tcp://", text, sizeof text) <= 0)
            wrong("text", i);
    }
    return NULL;
}

static void together(void)
{
    pthread_t threads[4 * THREADS];
    long sum = 0, all = (long)THREADS * EACH;
    for (size_t i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, send_numbers, (void *)i);
        pthread_create(&threads[THREADS + i], NULL, receive_numbers, NULL);
        pthread_create(&threads[2 * THREADS + i], NULL, serve_and_ask, NULL);
        pthread_create(&threads[3 * THREADS + i], NULL, texts, NULL);
    }
    for (size_t i = 0; i < 4 * THREADS; i++) {
        void *part = NULL;
        pthread_join(threads[i], &part);
        sum += (long)(size_t)part;
    }
    CHECK(sum == all * (all - 1) / 2);
    CHECK(failed == 0);
}

static void on_signal(int number)
{
    int before = errno;
    char byte = (char)number;
    if (rsocket_send(packets[0], &byte, 1, MSG_DONTWAIT) != 1)
        _exit(1);
    errno = before;
}

/* A wait in one call goes on while its handler makes another. */
static void in_a_handler(void)
{
    struct sigaction action;
    char byte = 0;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    EXPECT(rsocket_recv(packets[1], &byte, 1, 0), 1);
    CHECK(byte == SIGALRM);
}

static void *waits(void *unused)
{
    char byte;
    (void)unused;
    return (void *)(size_t)rsocket_recv(packets[1], &byte, 1, 0);
}

static void in_a_child(void)
{
    pthread_t thread;
    int status = 0;
    pid_t child;
    pthread_create(&thread, NULL, waits, NULL);
    child = fork();
    if (child == 0)
        _exit(rsocket_send(packets[0], "c", 1, 0) != 1);
    waitpid(child, &status, 0);
    pthread_join(thread, NULL);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    int before = open_descriptors();
    listener = tcp_listener(url, sizeof url);
    MUST(rsocket_pair(SOCK_SEQPACKET, 0, packets));
    together();
    in_a_handler();
    in_a_child();
    EXPECT(rsocket_close(packets[0]), 0);
    EXPECT(rsocket_close(packets[1]), 0);
    EXPECT(rsocket_close(listener), 0);
    CHECK(open_descriptors() == before);
    return report("threads");
}
