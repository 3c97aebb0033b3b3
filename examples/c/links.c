/* Prints every network interface, by netlink. */
#include <linux/rtnetlink.h>
#include <rsocket.h>
#include <stdio.h>

int main(void)
{
    static char buf[32768];
    struct ifinfomsg link = {0};
    const struct nlmsghdr *m;
    rsocket_nl nl;
    int r = rsocket_nl_open(&nl, NETLINK_ROUTE, 0, buf, sizeof buf);
    if (r >= 0)
        r = rsocket_nl_request(&nl, RTM_GETLINK, NLM_F_DUMP, &link, sizeof link);
    while (r >= 0 && (r = rsocket_nl_next(&nl, &m, -1)) > 0)
        for (const struct nlattr *a = NULL; (a = rsocket_nl_attr(m, sizeof link, a)) != NULL;)
            if (a->nla_type == IFLA_IFNAME)
                puts(rsocket_nl_data(a, NULL));
    return r < 0 ? fprintf(stderr, "links: %s\n", rsocket_strerror(r)), 1 : rsocket_close(nl.fd);
}
