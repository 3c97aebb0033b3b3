/* Asks for one interface by its name, and prints the length of its queue. */
#include <linux/rtnetlink.h>
#include <rsocket.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    static char buf[32768];
    struct {
        struct ifinfomsg link;
        char attributes[64];
    } request;
    size_t len = sizeof request.link;
    const struct nlmsghdr *message;
    const struct nlattr *a = NULL;
    rsocket_nl nl;
    uint32_t queue;
    int r;

    memset(&request, 0, sizeof request);
    if (rsocket_nl_put(&request, sizeof request, &len, IFLA_IFNAME, "lo", sizeof "lo") < 0 ||
        rsocket_nl_open(&nl, NETLINK_ROUTE, 0, buf, sizeof buf) < 0)
        return 1;
    r = rsocket_nl_request(&nl, RTM_GETLINK, 0, &request, len);
    if (r >= 0 && (r = rsocket_nl_next(&nl, &message, 1000)) > 0)
        while ((a = rsocket_nl_attr(message, sizeof request.link, a)) != NULL)
            if (a->nla_type == IFLA_TXQLEN) {
                memcpy(&queue, rsocket_nl_data(a, NULL), sizeof queue);
                printf("%u packets\n", queue);
            }
    rsocket_closep(&nl.fd);
    return r < 0;
}
