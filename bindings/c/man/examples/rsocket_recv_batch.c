/* Up to 64 datagrams in one system call. */
#include <rsocket.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    static char data[RSOCKET_BATCH_MAX][1500];
    static rsocket_msg batch[RSOCKET_BATCH_MAX];
    int fd = rsocket_listen("udp://127.0.0.1:0", 0), n;

    if (fd < 0)
        return 1;
    for (int i = 0; i < RSOCKET_BATCH_MAX; i++) {
        batch[i].buf = data[i];
        batch[i].cap = sizeof data[i];
    }
    n = rsocket_recv_batch(fd, batch, RSOCKET_BATCH_MAX, 0, 10);
    for (int i = 0; i < n; i++)
        printf("%zu bytes from port %d%s\n", batch[i].len, rsocket_addr_port(&batch[i].addr),
               batch[i].flags & MSG_TRUNC ? ", cut" : "");
    return rsocket_close(fd) < 0;
}
