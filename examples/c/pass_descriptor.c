/* Hands an open file to another process: the child opens, the parent reads what it was given. */
#include <errno.h>
#include <fcntl.h>
#include <rsocket.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int child(rsocket_endpoint parent, const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno;
    return rsocket_send_fds(parent, "file", 4, &file, 1, 1000) < 0;
}

int main(int argc, char **argv)
{
    char name[16], text[4096];
    int fds[2], file = -1, status;
    size_t count = 1;
    ssize_t n;

    if (argc != 2) {
        fprintf(stderr, "usage: pass_descriptor FILE\n");
        return 2;
    }
    if ((status = rsocket_pair(SOCK_SEQPACKET, 0, fds)) < 0) {
        fprintf(stderr, "pair: %s\n", rsocket_strerror(status));
        return 1;
    }
    if (fork() == 0)
        _exit(child(fds[1], argv[1]));
    rsocket_close(fds[1]);

    n = rsocket_recv_fds(fds[0], name, sizeof name, 0, &file, &count, 5000);
    if (n < 0 || count != 1) {
        fprintf(stderr, "no descriptor: %s\n",
                n < 0 ? rsocket_strerror((int)n) : "the other side sent none");
        return 1;
    }
    /* It is ours from here on: close-on-exec, and to be closed. */
    while ((n = read(file, text, sizeof text)) > 0)
        fwrite(text, 1, (size_t)n, stdout);
    close(file);
    wait(&status);
    return rsocket_close(fds[0]) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}
