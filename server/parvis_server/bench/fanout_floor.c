/* The least that a fan-out can cost: one send() for each listener and frame, from one epoll loop.
 *
 * Frames come on standard input, each behind its length (four bytes, network order). Whoever
 * connects gets a bare answer to an upgrade and from then on every frame. Prints its port.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_LISTENERS = 100000, MOST_FRAME = 65536, SEND_BUFFER = 16384 };

static const char ANSWER[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
static int listeners[MOST_LISTENERS];
static int count;

static void take(int listening)
{
    int one = 1, size = SEND_BUFFER, listener = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
    if (listener < 0)
        return;
    if (count == MOST_LISTENERS) {
        close(listener);
        return;
    }
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (send(listener, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) < 0) {
        close(listener);
        return;
    }
    listeners[count++] = listener;
}

static int read_all(void *into, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t more = read(STDIN_FILENO, (char *)into + got, size - got);
        if (more <= 0)
            return 0;
        got += (size_t)more;
    }
    return 1;
}

static int fan_out(void)
{
    static char frame[MOST_FRAME];
    uint32_t size;
    if (!read_all(&size, sizeof size))
        return 0;
    size = ntohl(size);
    if (size > sizeof frame || !read_all(frame, size))
        return 0;
    for (int place = 0; place < count; place++)
        send(listeners[place], frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return 1;
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listening};
    if (bind(listening, (struct sockaddr *)&address, size) < 0 || listen(listening, 4096) < 0)
        return 1;
    getsockname(listening, (struct sockaddr *)&address, &size);
    epoll_ctl(poll, EPOLL_CTL_ADD, listening, &event);
    event.data.fd = STDIN_FILENO;
    epoll_ctl(poll, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        if (epoll_wait(poll, &event, 1, -1) != 1)
            continue;
        if (event.data.fd == listening)
            take(listening);
        else if (!fan_out())
            return 0;
    }
}
