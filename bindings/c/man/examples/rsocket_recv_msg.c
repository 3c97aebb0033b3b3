/* A message in two parts, received with the credentials of its sender. */
#include <rsocket.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    struct iovec out[2] = {{(char[]){"two "}, 4}, {(char[]){"parts"}, 5}};
    char text[64], control[128];
    struct iovec in = {text, sizeof text};
    struct msghdr message;
    rsocket_cred who;
    int both[2];
    ssize_t n;

    if (rsocket_pair(SOCK_SEQPACKET, 0, both) < 0 ||
        rsocket_set(both[1], RSOCKET_SO_PASSCRED, 1) < 0 ||
        rsocket_sendv(both[0], out, 2, 0) != 9)
        return 1;
    memset(&message, 0, sizeof message);
    message.msg_iov = &in;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    n = rsocket_recv_msg(both[1], &message, 0, 1000);
    if (n < 0 || rsocket_msg_cred(&message, &who) < 0)
        return 1;
    printf("%.*s, from process %d\n", (int)n, text, (int)who.pid);
    rsocket_close(both[0]);
    return rsocket_close(both[1]) < 0;
}
