/* A request goes as a whole or fails within two seconds; so does its answer. */
#include <rsocket.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    const char request[] = "GET / HTTP/1.0\r\n\r\n";
    char answer[sizeof request] = "";
    int both[2], r;
    size_t done;

    if (rsocket_pair(SOCK_STREAM, 0, both) < 0)
        return 1;
    r = rsocket_send_all(both[0], request, strlen(request), 2000, &done);
    if (r < 0)
        fprintf(stderr, "%zu bytes went: %s\n", done, rsocket_strerror(r));
    r = rsocket_recv_all(both[1], answer, strlen(request), 2000, NULL);
    rsocket_close(both[0]);
    rsocket_close(both[1]);
    return r < 0 || strcmp(request, answer) != 0;
}
