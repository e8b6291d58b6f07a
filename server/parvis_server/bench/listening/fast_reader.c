/* Reads for thousands of listeners. Whoever got just the packet that was expected is counted here,
 * a ping is answered, and what is said to everybody is passed over: who hears packets has read all
 * that matters to a bench. Everything else is handed on as it came.
 *
 * A packet is known by ten bytes of its RTP header: sequence number, timestamp and SSRC.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum {
    TEXT = 0x81,        /* first bytes of whole frames (RFC 6455 section 5.2) */
    BINARY = 0x82,
    PING = 0x89,
    PONG = 0x8A,
    MASKED = 0x80,      /* with a mask of zeros, as the other frames of a bench */
    MOST_SHORT = 125,   /* bytes of a ping, or of any frame whose length is one byte */
    NUMBERS_AT = 2,     /* in an RTP header (RFC 3550 section 5.1) */
    NUMBERS_BYTES = 10,
    RTP_BYTES = 12,
    MOST_EVENTS = 1024,
    MOST_READ = 65536,
    RECEIVED_BYTES = 1 << 20,
    ENDS = EPOLLRDHUP | EPOLLHUP | EPOLLERR,
    PLACES = 8192,      /* for known packets: minutes of them; an older one in a place is forgotten */
};

struct known {
    uint8_t numbers[NUMBERS_BYTES], next[NUMBERS_BYTES];
    uint8_t is_counted;
    uint32_t bytes; /* of the RTP packet; 0: nothing is known here */
    int64_t left_ns;
};

struct handed {
    int32_t file, at, bytes; /* bytes < 0: not read here */
};

struct reader {
    int poll, files, bins;
    int64_t bin_ns;
    uint8_t (*expected)[NUMBERS_BYTES]; /* by file */
    uint8_t *follows;
    int64_t *counts;
    struct known known[PLACES];
    struct epoll_event events[MOST_EVENTS];
    struct handed handed[MOST_EVENTS];
    uint8_t received[RECEIVED_BYTES];
    int32_t handed_count;
    int32_t ready, next; /* of the events of this round */
};

static struct known *place(struct reader *reader, const uint8_t *numbers)
{
    uint32_t mixed = 2166136261u; /* FNV-1a */
    for (int at = 0; at < NUMBERS_BYTES; at++)
        mixed = (mixed ^ numbers[at]) * 16777619u;
    return &reader->known[mixed % PLACES];
}

struct reader *reader_new(int poll, int files, int bins, int64_t bin_ns)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    reader->poll = poll;
    reader->files = files;
    reader->bins = bins;
    reader->bin_ns = bin_ns;
    reader->expected = calloc(files, NUMBERS_BYTES);
    reader->follows = calloc(files, 1);
    reader->counts = calloc(bins, sizeof *reader->counts);
    if (!reader->expected || !reader->follows || !reader->counts)
        return NULL;
    return reader;
}

void reader_free(struct reader *reader)
{
    free(reader->expected);
    free(reader->follows);
    free(reader->counts);
    free(reader);
}

void reader_know(struct reader *reader, const uint8_t *numbers, const uint8_t *next,
                 uint32_t bytes, int64_t left_ns, int is_counted)
{
    struct known *known = place(reader, numbers);
    memcpy(known->numbers, numbers, NUMBERS_BYTES);
    memcpy(known->next, next, NUMBERS_BYTES);
    known->bytes = bytes;
    known->left_ns = left_ns;
    known->is_counted = (uint8_t)is_counted;
}

/* The counts so far, which begin anew. */
void reader_take_counts(struct reader *reader, int64_t *counts)
{
    memcpy(counts, reader->counts, reader->bins * sizeof *counts);
    memset(reader->counts, 0, reader->bins * sizeof *counts);
}

void reader_count_no_more(struct reader *reader)
{
    for (int at = 0; at < PLACES; at++)
        reader->known[at].is_counted = 0;
}

int reader_follow(struct reader *reader, int file, const uint8_t *numbers)
{
    if (file < 0 || file >= reader->files)
        return 0;
    memcpy(reader->expected[file], numbers, NUMBERS_BYTES);
    reader->follows[file] = 1;
    return 1;
}

void reader_leave(struct reader *reader, int file)
{
    if (file >= 0 && file < reader->files)
        reader->follows[file] = 0;
}

/* NULL: nothing is read here for this file. */
const uint8_t *reader_expected(struct reader *reader, int file)
{
    return file >= 0 && file < reader->files && reader->follows[file] ? reader->expected[file] : NULL;
}

const struct handed *reader_handed(struct reader *reader) { return reader->handed; }
const uint8_t *reader_received(struct reader *reader) { return reader->received; }
int reader_handed_count(struct reader *reader) { return reader->handed_count; }

static void answer(int file, const uint8_t *payload, uint32_t length)
{
    uint8_t pong[6 + MOST_SHORT] = {PONG, (uint8_t)(MASKED | length)};
    memcpy(pong + 6, payload, length);
    send(file, pong, 6 + length, MSG_DONTWAIT | MSG_NOSIGNAL); /* not taken: the server will say so */
}

/* If this packet is the one that this file expects, it is counted. */
static int is_expected(struct reader *reader, int file, const uint8_t *packet, uint32_t length)
{
    const uint8_t *numbers = packet + NUMBERS_AT;
    struct timespec now;
    if (length < RTP_BYTES)
        return 0;
    if (memcmp(numbers, reader->expected[file], NUMBERS_BYTES))
        return 0;
    const struct known *known = place(reader, numbers);
    if (known->bytes != length || memcmp(numbers, known->numbers, NUMBERS_BYTES))
        return 0;
    if (known->is_counted) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t delay_ns = now.tv_sec * 1000000000LL + now.tv_nsec - known->left_ns;
        if (delay_ns < 0 || delay_ns / reader->bin_ns >= reader->bins - 1)
            return 0;
        reader->counts[delay_ns / reader->bin_ns]++;
    }
    memcpy(reader->expected[file], known->next, NUMBERS_BYTES);
    return 1;
}

/* If the first frame is whole and nothing for others to look at: its bytes, or 0. */
static int served_bytes(struct reader *reader, int file, const uint8_t *frame, int bytes)
{
    uint32_t length = bytes > 1 ? frame[1] : 0;
    int begin = 2;
    if (length == 126 && bytes > 4) {
        length = (uint32_t)frame[2] << 8 | frame[3];
        begin = 4;
    }
    if (bytes < 2 || begin + length > (uint32_t)bytes || (begin == 2 && length > MOST_SHORT))
        return 0;
    if (frame[0] == PING && begin == 2)
        answer(file, frame + begin, length);
    else if (frame[0] != TEXT &&
             (frame[0] != BINARY || !is_expected(reader, file, frame + begin, length)))
        return 0;
    return begin + (int)length;
}

/* Wait for the files of a round; how many there are. */
int reader_wait(struct reader *reader, int within_ms)
{
    int ready = epoll_wait(reader->poll, reader->events, MOST_EVENTS, within_ms);
    reader->ready = ready < 0 ? 0 : ready;
    reader->next = 0;
    return reader->ready;
}

/* Read on in the round, up to a packet that has to be made known first, since the others of the
 * round have the same; whether there is more of it. */
int reader_serve(struct reader *reader)
{
    int used = 0, is_new = 0;
    reader->handed_count = 0;
    while (reader->next < reader->ready && !is_new) {
        const struct epoll_event *event = &reader->events[reader->next];
        int file = event->data.fd;
        struct handed *handed = &reader->handed[reader->handed_count];
        if (file < 0 || file >= reader->files || !reader->follows[file]) {
            *handed = (struct handed){file, used, -1};
            reader->handed_count++;
            reader->next++;
            continue;
        }
        if (used + MOST_READ > RECEIVED_BYTES)
            break;
        ssize_t bytes = recv(file, reader->received + used, MOST_READ, MSG_DONTWAIT);
        /* A file is told of once for what came: it is left when that is read, its end included. */
        reader->next += bytes <= 0 || (bytes < MOST_READ && !(event->events & ENDS));
        const uint8_t *frames = reader->received + used;
        int read = 0, frame_bytes = 1;
        while (read < bytes && frame_bytes > 0) {
            frame_bytes = served_bytes(reader, file, frames + read, (int)bytes - read);
            read += frame_bytes;
        }
        if ((bytes > 0 && read == bytes) || (bytes < 0 && errno == EAGAIN))
            continue; /* EAGAIN: the read before took what this event told of */
        *handed = (struct handed){file, used + read, bytes < 0 ? -1 : (int)bytes - read};
        used += bytes > 0 ? (int)bytes : 0;
        reader->handed_count++;
        is_new = read < bytes && frames[read] == BINARY;
    }
    return reader->next < reader->ready;
}
