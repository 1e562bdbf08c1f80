/* Each kind of server has a few questions, a GET with one member of the answer each:
 *
 *   SHOWS   what only this kind says: asked of a stranger at a usual port
 *   WELL    what it answers when it is well: asked of one that is known
 *   else    what it says besides; no answer is no fault
 *
 * Of several that show the same, one is enough. Nothing is followed. What an answer says is read as the source that records such
 * servers reads it (base/answer/served.h). */
#include "work/look/runtime.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/answer/served.h"
#include "base/clock.h"
#include "base/http/http.h"
#include "base/text.h"

#define QUESTION_MS 2000
#define LOADING     503
#define SLOTS_MAX   1000000
#define ANSWER_MAX  ((size_t)4 << 20) /* canonical, of 1 MiB at most */

enum { SHOWS = 1, WELL = 2 };

static const struct question {
    const char *runtime, *path, *member;
    unsigned when;
} questions[] = {
    {"ollama", "/api/version", "version", SHOWS | WELL},
    {"llama.cpp", "/v1/models", "data", SHOWS},
    {"llama.cpp", "/health", "status", WELL},
    {"llama.cpp", "/props", "build_info", 0},
    {"lm_studio", "/api/v0/models", "data", SHOWS | WELL},
    {"lm_studio", "/api/v1/models", "models", SHOWS | WELL},
    {"vllm", "/v1/models", "data", SHOWS},
    {"vllm", "/health", NULL, WELL},
    {"vllm", "/version", "version", 0},
    {"", "/v1/models", "data", WELL},
    {"", "/health", NULL, WELL},
};

static bool is_known(const char *runtime) {
    bool is = false;
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        is = is || (runtime[0] != '\0' && strcmp(questions[i].runtime, runtime) == 0);
    }
    return is;
}

/* A list that every server has shows by its entries which server it is. */
static bool shows(const struct question *q, struct bytes answer) {
    if (strcmp(q->path, "/v1/models") != 0) return true;
    return strcmp(served_server_of_list(served_classify(answer), answer)->name, q->runtime) == 0;
}

static void put_word(char *ret, const char *word) {
    if (word[0] != '\0') memcpy(ret, word, SERVED_WORD);
}

static void take(struct runtime_seen *seen, struct bytes answer) {
    struct served_about about;
    served_read(answer, &about);
    put_word(seen->version, about.version);
    put_word(seen->build, about.build);
    put_word(seen->status, about.status);
    if (about.slots < SLOTS_MAX) seen->slots = (int64_t)about.slots;
    if (about.model_path.n > 0 && about.model_path.n < sizeof(seen->model_path) && !text_has_control(about.model_path)) {
        bytes_copy(seen->model_path, about.model_path);
        seen->model_path[about.model_path.n] = '\0';
    }
}

/* Is there no way to this address? A datagram socket that is connected sends nothing. */
static bool has_no_way(const char *address, uint16_t port) {
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } to = {.six = {0}};
    bool six = strchr(address, ':') != NULL;
    to.any.sa_family = six ? AF_INET6 : AF_INET;
    if (six) to.six.sin6_port = htons(port);
    if (!six) to.four.sin_port = htons(port);
    if (inet_pton(six ? AF_INET6 : AF_INET, address, six ? (void *)&to.six.sin6_addr : (void *)&to.four.sin_addr) != 1) {
        return false;
    }
    int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return true;
    int rc = connect(fd, &to.any, six ? sizeof(to.six) : sizeof(to.four));
    bool none = rc != 0 && (errno == ENETUNREACH || errno == EHOSTUNREACH || errno == ENETDOWN || errno == EADDRNOTAVAIL);
    close(fd);
    return none;
}

static bool is_offline(const struct work_probe_result *r) {
    if (r->end != WORK_CALL_UNREACHABLE && r->end != WORK_CALL_TIMEOUT) return false;
    bool no_way = true; /* to any of its addresses; where there is no network, not even to those of this machine */
    for (size_t i = 0; i < r->place.addresses_n && no_way; i++) {
        no_way = has_no_way(r->place.addresses[i], r->place.port);
    }
    return no_way;
}

static const char *error_of(const struct work_probe_result *r) {
    switch (r->end) {
    case WORK_CALL_UNREACHABLE:
        return "refused";
    case WORK_CALL_TIMEOUT:
        return "timeout";
    case WORK_CALL_TOO_LONG:
        return "limit";
    case WORK_CALL_STATUS:
        return "redirect";
    case WORK_CALL_CUT:
        return "protocol";
    case WORK_CALL_BAD_ANSWER:
        return r->status == 0 ? "protocol" : "answer";
    default:
        return r->status >= 300 && r->status <= 399                     ? "redirect"
               : r->status != 0 && (r->status < 200 || r->status > 299) ? "http"
                                                                        : "answer";
    }
}

/* A server that serves only some callers, or not yet, is up and says so. */
static bool is_up(const struct work_probe_result *r, bool stranger, struct runtime_seen *seen) {
    if (r->end == WORK_CALL_OK && r->expected) return true;
    if (stranger || r->end != WORK_CALL_OK) return false;
    if (r->status == 401 || r->status == 403) snprintf(seen->status, sizeof(seen->status), "locked");
    if (r->status == LOADING) snprintf(seen->status, sizeof(seen->status), "loading");
    return seen->status[0] != '\0';
}

/* `answer` is empty unless it is JSON that is asked for. */
static int ask(const struct question *q, const char *endpoint, bool off_box, uint64_t until, struct buf *answer,
               struct work_probe_result *ret, struct err *err) {
    char url[HTTP_URL_MAX + 32];
    uint64_t now = clock_monotonic_ns(), left = until > now ? (until - now) / 1000000 : 0;
    snprintf(url, sizeof(url), "%s%s", endpoint, q->path);
    buf_clear(answer);
    const struct work_probe probe = {.url = url,
                                     .member = q->member,
                                     .to = answer,
                                     .timeout_ms = left < 1             ? 1
                                                   : left < QUESTION_MS ? (uint32_t)left
                                                                        : QUESTION_MS,
                                     .off_box = off_box};
    return work_probe_run(&probe, ret, err);
}

static void take_end(struct runtime_seen *seen, const struct work_probe_result *r, bool up) {
    seen->here = r->place.loopback;
    seen->latency_ms = (double)(r->elapsed_ns / 1000) / 1000;
    seen->end = up                            ? RUNTIME_UP
                : r->end == WORK_CALL_OFF_BOX ? RUNTIME_CLOSED
                : is_offline(r)               ? RUNTIME_OFFLINE
                                              : RUNTIME_DOWN;
    if (!up) {
        seen->error = error_of(r);
        seen->http_status = r->status;
        snprintf(seen->detail, sizeof(seen->detail), "%s", r->why);
    }
}

int runtime_look(const char *runtime, const char *endpoint, bool stranger, bool off_box, uint64_t until,
                 struct runtime_seen *ret, struct err *err) {
    struct work_probe_result *r = calloc(1, sizeof(*r));
    struct buf answer = {.max = ANSWER_MAX};
    const char *kind = is_known(runtime) ? runtime : "";
    size_t n = sizeof(questions) / sizeof(questions[0]);
    int rc = r != NULL ? 0 : err_set(err, ERR_NOMEM, "no memory for an answer");
    *ret = (struct runtime_seen){.end = RUNTIME_DOWN, .error = "answer", .slots = -1};
    bool tried = true; /* a server that hangs is asked once */
    for (size_t i = 0; i < n && rc == 0 && ret->end == RUNTIME_DOWN && tried; i++) {
        const struct question *q = &questions[i];
        if (strcmp(q->runtime, kind) != 0 || (q->when & (stranger ? SHOWS : WELL)) == 0) continue;
        rc = ask(q, endpoint, off_box, until, &answer, r, err);
        if (rc == 0 && stranger && r->expected) r->expected = shows(q, bytes_of_buf(&answer));
        if (rc == 0) take_end(ret, r, is_up(r, stranger, ret));
        if (rc == 0 && ret->end == RUNTIME_UP && answer.n > 0) take(ret, bytes_of_buf(&answer));
        tried = r->end == WORK_CALL_OK || r->end == WORK_CALL_BAD_ANSWER;
    }
    for (size_t i = 0; i < n && rc == 0 && ret->end == RUNTIME_UP; i++) {
        const struct question *q = &questions[i];
        if (strcmp(q->runtime, kind) != 0 || q->member == NULL || (q->when & SHOWS) != 0) continue;
        if ((q->when & WELL) != 0 && !stranger) continue; /* asked */
        rc = ask(q, endpoint, off_box, until, &answer, r, err);
        if (rc == 0 && r->end == WORK_CALL_OK && answer.n > 0) take(ret, bytes_of_buf(&answer));
        if (rc == 0 && r->end == WORK_CALL_TIMEOUT) break;
    }
    buf_done(&answer);
    free(r);
    return rc;
}
