/* Serves this user's own processes and nobody else's. */
#include <rsocket.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    rsocket_cred who;
    int both[2];

    if (rsocket_pair(SOCK_STREAM, 0, both) < 0 || rsocket_peer_cred(both[0], &who) < 0)
        return 1;
    printf("process %d of user %u is %s\n", (int)who.pid, (unsigned)who.uid,
           who.uid == geteuid() ? "welcome" : "not welcome");
    rsocket_close(both[0]);
    return rsocket_close(both[1]) < 0;
}
