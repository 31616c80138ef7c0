/* load: many clients of an OpenAI-compatible server on one thread, and what they saw as one line of JSON.
 *
 *     load port=3000 key=sk-relay-... clients=10 requests=10 parts=150 every=20000 size=32
 *
 * Each client keeps one request under way on a connection that it reuses. All send the same body, whose user message
 * tells the fake page what to answer: `parts` parts of `size` characters, one every `every` microseconds, or `piece` at
 * a time without a pause. A part begins with @<CLOCK_MONOTONIC in ns>.<its number>; so that its age on arrival, loss
 * and order can be seen here, whatever JSON and chunk framing is around it: no server cuts a part, only TCP does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_BYTES = 8192, READ_BYTES = 1 << 18, EVENTS = 512, GRACE_SECONDS = 10, GIVE_UP_AFTER = 100 };

static struct option { const char *name; long value; } options[] = {
    {"port", 3000}, {"clients", 1}, {"requests", 1}, {"parts", 1}, {"every", 0}, {"size", 32}, {"piece", 64}, {"prompt", 0},
    {"stream", 1}, {"ramp", 0}, {"seconds", 20},
};
enum { PORT, CLIENTS, REQUESTS, PARTS, EVERY, SIZE, PIECE, PROMPT, STREAM, RAMP, SECONDS, OPTIONS };
#define option(number) options[number].value

typedef struct {
    int fd;
    enum { IDLE, SENDING, HEAD, BODY } state;
    size_t sent;
    int64_t began;
    char head[HEAD_BYTES + 1];
    size_t head_length;
    long body_left;               /* bytes of a body of known length, -1 for a chunked one */
    char tail[7];                 /* the last bytes of a chunked body */
    enum { OUTSIDE, TIME, NUMBER } stamp;
    int64_t time, number;
    long seen;
} client;

typedef struct { int64_t *values; size_t count, room; } samples;

static samples first_part, part_age;
static long started, running, ok, errors, lost, disordered;
static int64_t first_seen, last_seen;
static char complaint[400];
static char *request;
static size_t request_length;
static int poller;
static client *clients;

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void die(const char *why) {
    fprintf(stderr, "load: %s\n", why);
    exit(2);
}

static void add(samples *to, int64_t value) {
    if (to->count == to->room) {
        to->room = to->room ? to->room * 2 : 4096;
        to->values = realloc(to->values, to->room * sizeof *to->values);
        if (!to->values) die("out of memory");
    }
    to->values[to->count++] = value;
}

static int compare(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_samples(const char *name, samples *of) {
    if (!of->count) {
        printf("\"%s\":null,", name);
        return;
    }
    qsort(of->values, of->count, sizeof *of->values, compare);
    size_t last = of->count - 1;
    printf("\"%s\":{\"p50\":%.4f,\"p99\":%.4f,\"max\":%.4f},", name, of->values[last / 2] / 1e6,
           of->values[(size_t)(last * 0.99)] / 1e6, of->values[last] / 1e6);
}

static void make_request(const char *key) {
    static const char words[] = "the quick brown fox jumps over the lazy dog ";
    size_t filling = (size_t)option(PROMPT), body_room = filling + 1024;
    char *body = malloc(body_room), *fill = malloc(filling + 1);
    request = malloc(body_room + 2048);
    if (!body || !fill || !request) die("out of memory");
    for (size_t i = 0; i < filling; i++) fill[i] = words[i % (sizeof words - 1)];
    fill[filling] = 0;
    int length = snprintf(body, body_room,
        "{\"model\":\"bench\",\"stream\":%s,\"messages\":[{\"role\":\"system\",\"content\":\"You are terse.\"},"
        "{\"role\":\"user\",\"content\":\"[bench parts=%ld every=%ld size=%ld piece=%ld] %s\"}]}",
        option(STREAM) ? "true,\"stream_options\":{\"include_usage\":true}" : "false",
        option(PARTS), option(EVERY), option(SIZE), option(PIECE), fill);
    request_length = (size_t)sprintf(request,
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost:%ld\r\nUser-Agent: relay-bench\r\nAccept: application/json\r\n"
        "Content-Type: application/json\r\nAuthorization: Bearer %.200s\r\nContent-Length: %d\r\n\r\n%s",
        option(PORT), key, length, body);
    free(body);
    free(fill);
}

static void watch(client *c, int how, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(poller, how, c->fd, &event);
}

static void hang_up(client *c) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
}

static void finished(client *c) {
    running--;
    c->state = IDLE;
    ok++;
    lost += option(PARTS) - c->seen;
}

static void failed(client *c, const char *why) {
    running--;
    c->state = IDLE;
    hang_up(c);
    if (!errors++) snprintf(complaint, sizeof complaint, "%s: %.300s", why, c->head);
}

static void send_on(client *c) {
    while (c->sent < request_length) {
        ssize_t sent = send(c->fd, request + c->sent, request_length - c->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        if (sent < 0) return failed(c, strerror(errno));
        c->sent += (size_t)sent;
    }
    c->state = HEAD;
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

static void begin(client *c) {
    started++;
    running++;
    c->sent = c->head_length = 0;
    c->head[0] = 0;
    c->began = now();
    c->state = SENDING;
    c->stamp = OUTSIDE;
    c->seen = 0;
    memset(c->tail, 0, sizeof c->tail);
    if (c->fd < 0) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)option(PORT))};
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int one = 1;
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) return failed(c, strerror(errno));
        watch(c, EPOLL_CTL_ADD, EPOLLOUT); /* a full backlog must not stop the other clients */
        return;
    }
    send_on(c);
}

static void take_stamp(client *c, int64_t at) {
    if (!c->seen) add(&first_part, at - c->began);
    add(&part_age, at - c->time);
    if (c->number != c->seen) disordered++;
    c->seen++;
    if (!first_seen) first_seen = at;
    last_seen = at;
}

static void scan(client *c, const char *bytes, size_t length, int64_t at) {
    for (size_t i = 0; i < length; i++) {
        char byte = bytes[i];
        int digit = byte >= '0' && byte <= '9';
        if (byte == '@') c->stamp = TIME, c->time = c->number = 0;
        else if (c->stamp == TIME && digit) c->time = c->time * 10 + (byte - '0');
        else if (c->stamp == TIME && byte == '.') c->stamp = NUMBER;
        else if (c->stamp == NUMBER && digit) c->number = c->number * 10 + (byte - '0');
        else {
            if (c->stamp == NUMBER && byte == ';') take_stamp(c, at);
            c->stamp = OUTSIDE;
        }
    }
}

static void take_body(client *c, const char *bytes, size_t length, int64_t at) {
    scan(c, bytes, length, at);
    if (c->body_left >= 0) {
        c->body_left -= (long)length;
        if (c->body_left <= 0) finished(c);
        return;
    }
    if (length >= sizeof c->tail) memcpy(c->tail, bytes + length - sizeof c->tail, sizeof c->tail);
    else {
        memmove(c->tail, c->tail + length, sizeof c->tail - length);
        memcpy(c->tail + sizeof c->tail - length, bytes, length);
    }
    if (!memcmp(c->tail, "\r\n0\r\n\r\n", sizeof c->tail)) finished(c);
}

static void take_head(client *c, const char *bytes, size_t length, int64_t at) {
    size_t before = c->head_length, taken = length;
    if (taken > HEAD_BYTES - before) taken = HEAD_BYTES - before;
    memcpy(c->head + before, bytes, taken);
    c->head_length += taken;
    c->head[c->head_length] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    if (!end) {
        if (c->head_length == HEAD_BYTES) failed(c, "the head is too long");
        return;
    }
    if (strncmp(c->head, "HTTP/1.1 200", 12)) return failed(c, "refused");
    size_t used = (size_t)(end + 4 - c->head) - before;
    char *known = strcasestr(c->head, "\r\ncontent-length:");
    c->body_left = known && known < end ? atol(known + 17) : -1;
    c->state = BODY;
    take_body(c, bytes + used, length - used, at);
}

static void receive(client *c) {
    static char buffer[READ_BYTES];
    ssize_t length = recv(c->fd, buffer, sizeof buffer, 0);
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) return failed(c, length ? strerror(errno) : "the connection was closed early");
    if (c->state == BODY) take_body(c, buffer, (size_t)length, now());
    else take_head(c, buffer, (size_t)length, now());
}

static void run(void) {
    struct epoll_event events[EVENTS];
    int64_t start = now(), stop = start + option(SECONDS) * INT64_C(1000000000);
    for (;;) {
        int64_t at = now();
        int may_begin = at < stop && errors < GIVE_UP_AFTER;
        for (long i = 0; i < option(CLIENTS) && may_begin && started < option(REQUESTS); i++) {
            if (clients[i].state == IDLE && at >= start + option(RAMP) * 1000000 * i / option(CLIENTS)) begin(&clients[i]);
        }
        if (!running && (started >= option(REQUESTS) || !may_begin)) return;
        if (at > stop + GRACE_SECONDS * INT64_C(1000000000)) return;
        int count = epoll_wait(poller, events, EVENTS, started < option(CLIENTS) ? 1 : 20);
        for (int i = 0; i < count; i++) {
            client *c = events[i].data.ptr;
            if (c->state == SENDING && events[i].events & EPOLLOUT) send_on(c);
            else if (c->state == HEAD || c->state == BODY) receive(c);
            else hang_up(c); /* the server ended a connection that was kept */
        }
    }
}

int main(int count, char **words) {
    const char *key = "";
    for (int i = 1; i < count; i++) {
        char *value = strchr(words[i], '=');
        if (!value) die("options look like name=value");
        *value++ = 0;
        int known = !strcmp(words[i], "key");
        if (known) key = value;
        for (int k = 0; k < OPTIONS; k++) {
            if (!strcmp(words[i], options[k].name)) options[k].value = atol(value), known = 1;
        }
        if (!known) die("there is no such option");
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    make_request(key);
    poller = epoll_create1(EPOLL_CLOEXEC);
    clients = calloc((size_t)option(CLIENTS), sizeof *clients);
    if (!clients) die("out of memory");
    for (long i = 0; i < option(CLIENTS); i++) clients[i].fd = -1;
    int64_t start = now();
    run();
    double seconds = (double)(now() - start) / 1e9, span = (double)(last_seen - first_seen) / 1e9;
    for (char *byte = complaint; *byte; byte++) {
        if (*byte == '"' || *byte == '\\' || (unsigned char)*byte < 32) *byte = ' ';
    }
    printf("{");
    print_samples("first_part_ms", &first_part);
    print_samples("part_ms", &part_age);
    printf("\"ok\":%ld,\"errors\":%ld,\"cut\":%ld,\"lost\":%ld,\"disordered\":%ld,\"parts\":%zu,\"seconds\":%.3f,"
           "\"parts_per_s\":%.1f,\"requests_per_s\":%.1f,\"complaint\":\"%s\"}\n",
           ok, errors, running, lost, disordered, part_age.count, seconds,
           span > 0 ? (double)part_age.count / span : 0.0, seconds > 0 ? (double)ok / seconds : 0.0, complaint);
    return 0;
}
