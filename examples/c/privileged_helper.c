/* A helper with rights that its clients lack: it opens files of one directory for them, and hands the
 * open descriptor over. Who asks is what the kernel says, not what the client says.
 *
 *     privileged_helper URL DIRECTORY UID      serves clients of that user, such as unix:/run/helper
 */
#include <errno.h>
#include <fcntl.h>
#include <rsocket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A plain name in the directory, nothing that leads out of it. */
static int open_for(int directory, const char *name)
{
    int fd;
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return -EACCES;
    fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

/* A request is one message with a name; the answer an error number in text, and the descriptor. */
static void serve(rsocket_endpoint client, int directory, uid_t allowed)
{
    char name[256], answer[16];
    rsocket_cred who;
    ssize_t n;
    int fd = -EPERM;

    if (rsocket_peer_cred(client, &who) < 0)
        return;
    n = rsocket_recv_timeout(client, name, sizeof name - 1, MSG_TRUNC, 5000);
    if (n <= 0 || (size_t)n > sizeof name - 1)
        return;
    name[n] = '\0';
    if (who.uid == allowed)
        fd = open_for(directory, name);
    fprintf(stderr, "pid %d, uid %u: %s: %s\n", who.pid, who.uid, name,
            fd < 0 ? rsocket_errname(fd) : "given");
    n = snprintf(answer, sizeof answer, "%d", fd < 0 ? -fd : 0);
    if (rsocket_send_fds(client, answer, (size_t)n, &fd, fd >= 0, 5000) < 0)
        fprintf(stderr, "the client has gone\n");
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    int listener, client, directory;
    if (argc != 4)
        return fprintf(stderr, "usage: privileged_helper URL DIRECTORY UID\n"), 2;
    directory = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    listener = rsocket_listen(argv[1], 0);
    if (directory < 0 || listener < 0)
        return fprintf(stderr, "%s\n", directory < 0 ? strerror(errno) : rsocket_strerror(listener)), 1;
    while ((client = rsocket_accept(listener, NULL, 0)) >= 0) {
        serve(client, directory, (uid_t)strtoul(argv[3], NULL, 10));
        rsocket_close(client);
    }
    return fprintf(stderr, "accept: %s\n", rsocket_strerror(client)), 1;
}
