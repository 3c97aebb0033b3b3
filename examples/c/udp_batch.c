/* Sends a thousand datagrams to itself, many per system call, and counts what arrives. */
#include <rsocket.h>
#include <stdio.h>
#include <string.h>

enum { TOTAL = 1000, BATCH = 50, SIZE = 100 };

int main(void)
{
    static char out[BATCH][SIZE], in[RSOCKET_BATCH_MAX][SIZE];
    rsocket_msg send[BATCH], recv[RSOCKET_BATCH_MAX];
    rsocket_addr to;
    int sender, receiver, sent = 0, came = 0, calls = 0, n;

    receiver = rsocket_listen("udp://127.0.0.1:0", 0);
    sender = rsocket_open(AF_INET, SOCK_DGRAM, 0, 0);
    if (receiver < 0 || sender < 0 || rsocket_addr_local(receiver, &to) < 0)
        return 1;

    memset(send, 0, sizeof send);
    memset(recv, 0, sizeof recv);
    for (int i = 0; i < BATCH; i++) {
        send[i].buf = out[i];
        send[i].len = SIZE;
        send[i].addr = to;
    }
    for (int i = 0; i < RSOCKET_BATCH_MAX; i++) {
        recv[i].buf = in[i];
        recv[i].cap = SIZE;
    }
    while (sent < TOTAL) {
        if ((n = rsocket_send_batch(sender, send, BATCH, 0, 1000)) < 0)
            return fprintf(stderr, "send: %s\n", rsocket_strerror(n)), 1;
        sent += n;
        /* All that is there; UDP may have dropped some, so wait no longer than it takes. */
        while ((n = rsocket_recv_batch(receiver, recv, RSOCKET_BATCH_MAX, 0, 10)) > 0) {
            calls++;
            for (int i = 0; i < n; i++)
                came += recv[i].len == SIZE && !(recv[i].flags & MSG_TRUNC);
            if (came == sent)
                break;
        }
    }
    printf("%d sent, %d came in %d calls\n", sent, came, calls);
    rsocket_close(sender);
    return rsocket_close(receiver) < 0;
}
