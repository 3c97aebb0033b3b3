/* Tries many servers at once, without a thread and without blocking, and says which answer.
 *
 *     connect_many URL...
 */
#include <poll.h>
#include <rsocket.h>
#include <stdio.h>

enum { MANY = 64, TIMEOUT_MS = 3000 };

int main(int argc, char **argv)
{
    struct pollfd attempts[MANY];
    int count = argc - 1, left = 0, answered = 0;

    if (count < 1 || count > MANY)
        return fprintf(stderr, "usage: connect_many URL... (%d at most)\n", MANY), 2;
    for (int i = 0; i < count; i++) {
        /* Returns at once, with the attempt under way. */
        int fd = rsocket_connect(argv[i + 1], RSOCKET_NONBLOCK, 0);
        attempts[i] = (struct pollfd){fd, POLLOUT, 0};
        if (fd < 0)
            printf("%s: %s\n", argv[i + 1], rsocket_strerror(fd));
        else
            left++;
    }
    while (left > 0 && poll(attempts, (nfds_t)count, TIMEOUT_MS) > 0) {
        for (int i = 0; i < count; i++) {
            if (attempts[i].fd < 0 || attempts[i].revents == 0)
                continue;
            int result = rsocket_dial_wait(attempts[i].fd, 0);
            printf("%s: %s\n", argv[i + 1], result < 0 ? rsocket_strerror(result) : "connected");
            answered += result == 0;
            left--;
            rsocket_closep(&attempts[i].fd);
        }
    }
    for (int i = 0; i < count; i++) {
        if (attempts[i].fd >= 0)
            printf("%s: no answer\n", argv[i + 1]);
        rsocket_closep(&attempts[i].fd);
    }
    return answered == 0;
}
