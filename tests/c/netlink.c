/* Netlink: requests with attributes, a dump that is given up, refusals in the kernel's words, events
 * of groups by number, lost events, generic families by name. */
#include "check.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/wait.h>

static char room[32768];

/* How many links a dump tells of. */
static int links(rsocket_nl *nl)
{
    struct ifinfomsg link = {0};
    const struct nlmsghdr *message;
    int count = 0, r;
    MUST(rsocket_nl_request(nl, RTM_GETLINK, NLM_F_DUMP, &link, sizeof link));
    while ((r = rsocket_nl_next(nl, &message, 5000)) > 0)
        count += message->nlmsg_type == RTM_NEWLINK;
    CHECK(r == 0);
    return count;
}

/* Asks for every generic family: more than fits into one datagram. */
static void dump_families(rsocket_nl *nl)
{
    struct genlmsghdr all = {CTRL_CMD_GETFAMILY, 2, 0};
    EXPECT(rsocket_nl_request(nl, GENL_ID_CTRL, NLM_F_DUMP, &all, sizeof all), 0);
}

/* Whether this kernel refuses a dump while another goes on, without anybody's help. */
static int kernel_refuses(void)
{
    struct {
        struct nlmsghdr header;
        struct genlmsghdr family;
    } dump = {{sizeof dump, GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_DUMP, 1, 0},
              {CTRL_CMD_GETFAMILY, 2, 0}};
    static char reply[65536] __attribute__((aligned(4)));
    int fd = MUST(rsocket_open(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC, 0)), busy = 0;
    MUST(rsocket_send(fd, &dump, sizeof dump, 0));
    MUST(rsocket_send(fd, &dump, sizeof dump, 0));
    while (rsocket_recv(fd, reply, sizeof reply, MSG_DONTWAIT) > 0) {
        const struct nlmsghdr *header = (const void *)reply;
        const struct nlmsgerr *error = (const void *)(reply + NLMSG_HDRLEN);
        busy |= header->nlmsg_type == NLMSG_ERROR && error->error == -EBUSY;
    }
    MUST(rsocket_close(fd));
    return busy;
}

static void given_up(int nonblocking)
{
    rsocket_nl nl;
    const struct nlmsghdr *message;
    int count = 0, r;
    MUST(rsocket_nl_open(&nl, NETLINK_GENERIC, 0, room, sizeof room));
    if (nonblocking)
        CHECK(fcntl(nl.fd, F_SETFL, O_NONBLOCK) == 0);
    for (int i = 0; i < 3; i++)
        dump_families(&nl);
    EXPECT(rsocket_nl_next(&nl, &message, 5000), 1);
    dump_families(&nl);
    while ((r = rsocket_nl_next(&nl, &message, 5000)) > 0)
        count++;
    CHECK(r == 0);
    CHECK(count > 0);
    EXPECT(rsocket_close(nl.fd), 0);
}

static void refusals(void)
{
    struct ifinfomsg link = {0};
    rsocket_nl nl;
    const struct nlmsghdr *message;
    char why[256], cut[8];
    MUST(rsocket_nl_open(&nl, NETLINK_ROUTE, 0, room, sizeof room));
    EXPECT(rsocket_nl_why(&nl, why, sizeof why), 0);
    CHECK(why[0] == '\0');
    /* A dump of links with a field that strict checking refuses, and says so. */
    link.ifi_flags = 1;
    EXPECT(rsocket_nl_request(&nl, RTM_GETLINK, NLM_F_DUMP, &link, sizeof link), 0);
    EXPECT(rsocket_nl_next(&nl, &message, 5000), -EINVAL);
    CHECK(rsocket_nl_why(&nl, why, sizeof why) > (ssize_t)strlen("Invalid argument: "));
    CHECK(strncmp(why, "Invalid argument: ", 18) == 0);
    EXPECT(rsocket_nl_why(&nl, cut, sizeof cut), (long)strlen(why));
    CHECK(strcmp(cut, "Invalid") == 0);
    EXPECT(rsocket_nl_next(&nl, &message, 5000), 0);
    CHECK(links(&nl) > 0);
    EXPECT(rsocket_nl_why(&nl, why, sizeof why), 0);
    EXPECT(rsocket_close(nl.fd), 0);
}

static void attributes(void)
{
    struct {
        struct ifinfomsg link;
        char attributes[64];
    } request = {{0}, {0}};
    char small[11];
    size_t len = sizeof request.link, small_len = 2;
    rsocket_nl nl;
    const struct nlmsghdr *message;
    const struct nlattr *a;
    const char *name = NULL;
    MUST(rsocket_nl_open(&nl, NETLINK_ROUTE, 0, room, sizeof room));
    EXPECT(rsocket_nl_put(&request, sizeof request, &len, IFLA_IFNAME, "lo", 3), 0);
    CHECK(len == sizeof request.link + 8);
    EXPECT(rsocket_nl_request(&nl, RTM_GETLINK, 0, &request, len), 0);
    EXPECT(rsocket_nl_next(&nl, &message, 5000), 1);
    for (a = NULL; (a = rsocket_nl_attr(message, sizeof request.link, a)) != NULL;)
        if (a->nla_type == IFLA_IFNAME)
            name = rsocket_nl_data(a, &len);
    CHECK(name != NULL && strcmp(name, "lo") == 0 && len == 3);
    EXPECT(rsocket_nl_next(&nl, &message, 5000), 0);

    /* Two bytes, two of padding, a header of four: no room for more than two. */
    memset(small, 'x', sizeof small);
    EXPECT(rsocket_nl_put(small, 11, &small_len, 7, "abc", 3), -EMSGSIZE);
    CHECK(small_len == 2 && memcmp(small, "xxxxxxxxxxx", 11) == 0);
    EXPECT(rsocket_nl_put(small, 8, &small_len, 7, NULL, 0), 0);
    CHECK(small_len == 8 && memcmp(small, "xx\0\0\4\0\7\0xxx", 11) == 0);
    EXPECT(rsocket_close(nl.fd), 0);
}

static void families(void)
{
    rsocket_nl nl;
    int group;
    MUST(rsocket_nl_open(&nl, NETLINK_GENERIC, 0, room, sizeof room));
    EXPECT(rsocket_nl_family(&nl, "nlctrl", 5000), GENL_ID_CTRL);
    EXPECT(rsocket_nl_family(&nl, "no-such-family", 5000), -ENOENT);
    EXPECT(rsocket_nl_family(&nl, "\xff", 5000), -ENOENT);
    EXPECT(rsocket_nl_family(&nl, NULL, 5000), -EFAULT);
    EXPECT(rsocket_nl_family(NULL, "nlctrl", 5000), -EFAULT);
    EXPECT(rsocket_nl_family(&nl, "nlctrl", -2), -EINVAL);
    group = MUST(rsocket_nl_group(&nl, "nlctrl", "notify", 5000));
    EXPECT(rsocket_nl_join(nl.fd, (uint32_t)group), 0);
    EXPECT(rsocket_nl_leave(nl.fd, (uint32_t)group), 0);
    EXPECT(rsocket_nl_group(&nl, "nlctrl", "no-such-group", 5000), -ENOENT);
    EXPECT(rsocket_nl_group(&nl, "no-such-family", "notify", 5000), -ENOENT);
    EXPECT(rsocket_nl_group(&nl, "nlctrl", NULL, 5000), -EFAULT);
    EXPECT(rsocket_nl_join(nl.fd, UINT32_MAX), -EINVAL);
    EXPECT(rsocket_nl_leave(nl.fd, UINT32_MAX), -EINVAL);
    EXPECT(rsocket_nl_join(-1, 1), -EBADF);
    EXPECT(rsocket_close(nl.fd), 0);
    MUST(rsocket_nl_open(&nl, NETLINK_ROUTE, 0, room, sizeof room));
    EXPECT(rsocket_nl_family(&nl, "nlctrl", 5000), -EPROTOTYPE);
    EXPECT(rsocket_close(nl.fd), 0);
}

static void set_loopback(rsocket_nl *nl, unsigned up)
{
    struct ifinfomsg link = {0};
    const struct nlmsghdr *message;
    link.ifi_index = 1;
    link.ifi_flags = up ? IFF_UP : 0;
    link.ifi_change = IFF_UP;
    EXPECT(rsocket_nl_request(nl, RTM_NEWLINK, 0, &link, sizeof link), 0);
    EXPECT(rsocket_nl_next(nl, &message, 5000), 0);
}

/* In a network namespace of its own. */
static int events(void)
{
    static char event_room[32768], few[64];
    rsocket_nl nl, monitor, narrow;
    const struct nlmsghdr *message;
    int r, lost = 0;
    MUST(rsocket_nl_open(&nl, NETLINK_ROUTE, 0, room, sizeof room));
    MUST(rsocket_nl_open(&monitor, NETLINK_ROUTE, 0, event_room, sizeof event_room));
    MUST(rsocket_nl_open(&narrow, NETLINK_ROUTE, 1u << (RTNLGRP_LINK - 1), few, sizeof few));
    EXPECT(rsocket_nl_event(&monitor, &message, 0), -ETIMEDOUT);
    CHECK(message == NULL);
    EXPECT(rsocket_nl_join(monitor.fd, RTNLGRP_LINK), 0);
    set_loopback(&nl, 1);
    EXPECT(rsocket_nl_event(&monitor, &message, 5000), 1);
    CHECK(message->nlmsg_type == RTM_NEWLINK);
    CHECK((const char *)message >= event_room && (const char *)message < event_room + 32768);
    CHECK(((const struct ifinfomsg *)NLMSG_DATA(message))->ifi_flags & IFF_UP);
    EXPECT(rsocket_nl_event(&narrow, &message, 5000), -EMSGSIZE);
    CHECK(message == NULL);
    while ((r = rsocket_nl_event(&monitor, &message, 50)) > 0)
        continue;
    CHECK(r == -ETIMEDOUT);
    /* More than the queue holds: that is told, and it goes on. */
    MUST(rsocket_set(monitor.fd, RSOCKET_SO_RCVBUF, 4096));
    for (unsigned i = 0; i < 200; i++)
        set_loopback(&nl, i % 2);
    while ((r = rsocket_nl_event(&monitor, &message, 50)) > 0 || r == -ENOBUFS)
        lost += r == -ENOBUFS;
    CHECK(r == -ETIMEDOUT);
    CHECK(lost == 1);
    set_loopback(&nl, 0);
    set_loopback(&nl, 1);
    EXPECT(rsocket_nl_event(&monitor, &message, 5000), 1);
    EXPECT(rsocket_nl_leave(monitor.fd, RTNLGRP_LINK), 0);
    while (rsocket_nl_event(&monitor, &message, 0) > 0)
        continue;
    set_loopback(&nl, 0);
    EXPECT(rsocket_nl_event(&monitor, &message, 50), -ETIMEDOUT);
    EXPECT(rsocket_nl_event(&monitor, NULL, 0), -EFAULT);
    EXPECT(rsocket_nl_event(NULL, &message, 0), -EFAULT);
    EXPECT(rsocket_nl_event(&monitor, &message, -2), -EINVAL);
    EXPECT(rsocket_close(narrow.fd), 0);
    EXPECT(rsocket_close(monitor.fd), 0);
    EXPECT(rsocket_close(nl.fd), 0);
    return check_failures != 0;
}

int main(void)
{
    int before, status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 && unshare(CLONE_NEWNET) != 0) {
            fprintf(stderr, "skipped: events: no network namespace: %s\n", strerror(errno));
            _exit(0);
        }
        _exit(events());
    }
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    before = open_descriptors();
    if (!kernel_refuses())
        fprintf(stderr, "skipped: this kernel takes a dump while another goes on\n");
    given_up(0);
    given_up(1);
    refusals();
    attributes();
    families();
    CHECK(open_descriptors() == before);
    return report("netlink");
}
