/* Hands standard output to the other end, which writes to it. */
#include <rsocket.h>
#include <unistd.h>

int main(void)
{
    int both[2], out = STDOUT_FILENO, got = -1;
    size_t count = 1;
    char name[16];
    ssize_t n;

    if (rsocket_pair(SOCK_SEQPACKET, 0, both) < 0 ||
        rsocket_send_fds(both[0], "stdout", 6, &out, 1, 1000) < 0)
        return 1;
    n = rsocket_recv_fds(both[1], name, sizeof name, 0, &got, &count, 1000);
    if (n < 0 || count != 1)
        return 1;
    /* A duplicate, close-on-exec, and ours to close. */
    n = write(got, "hello\n", 6);
    close(got);
    rsocket_close(both[0]);
    rsocket_close(both[1]);
    return n != 6;
}
