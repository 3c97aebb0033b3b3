/* Sends a file to a peer that may be slow, for ten seconds at most. */
#include <fcntl.h>
#include <rsocket.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    int both[2], file = open("/etc/passwd", O_RDONLY | O_CLOEXEC), r;
    size_t done;

    if (file < 0 || rsocket_pair(SOCK_STREAM, 0, both) < 0)
        return 1;
    r = rsocket_send_file(both[0], file, 0, 4096, 10000, &done);
    printf("%zu bytes: %s\n", done, r < 0 ? rsocket_strerror(r) : "all, or up to the end");
    rsocket_close(both[0]);
    rsocket_close(both[1]);
    return close(file) != 0 || r < 0;
}
