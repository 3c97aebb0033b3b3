/* A deadline ends a call even where the error queue keeps the socket ready and has no data. */
#include "check.h"

#include <netinet/in.h>
#include <poll.h>

int main(void)
{
    char buf[8];
    rsocket_addr nobody;
    double begun;
    size_t done = 9;
    int closed = MUST(rsocket_listen("udp://127.0.0.1:0", 0)), on = 1;
    int fd = MUST(rsocket_listen("udp://127.0.0.1:0", 0));
    struct pollfd failed = {fd, 0, 0};

    MUST(rsocket_addr_local(closed, &nobody));
    MUST(rsocket_close(closed));
    if (setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) < 0)
        return perror("IP_RECVERR"), 1;
    MUST(rsocket_dial(fd, &nobody, -1));
    MUST(rsocket_send(fd, "hello?", 6, 0));
    EXPECT(rsocket_recv_timeout(fd, buf, sizeof buf, 0, 2000), -ECONNREFUSED);
    begun = seconds();
    EXPECT(rsocket_recv_timeout(fd, buf, sizeof buf, 0, 200), -ETIMEDOUT);
    CHECK(seconds() - begun >= 0.2 && seconds() - begun < 2);
    /* An error that waits is told by whatever comes next, and not tried away. */
    MUST(rsocket_send(fd, "hello?", 6, 0));
    CHECK(poll(&failed, 1, 2000) == 1 && (failed.revents & POLLERR) != 0);
    EXPECT(rsocket_send_all(fd, "again", 5, 1000, &done), -ECONNREFUSED);
    CHECK(done == 0);
    MUST(rsocket_close(fd));
    return check_failures != 0;
}
