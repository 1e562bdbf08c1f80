/* Each kind of server has a few questions, a GET with one member of the answer each:
 *
 *   SHOWS   what only this kind says: asked of a stranger at a usual port
 *   WELL    what it answers when it is well: asked of one that is known
 *   else    what it says besides; no answer is no fault
 *
 * Of several that show the same, one is enough. Nothing is followed, and nothing is believed that is not a short word. */
#include "work/look/runtime.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http/http.h"
#include "base/text.h"

#define QUESTION_MS 2000
#define LOADING     503
#define SLOTS_MAX   1000000

enum { SHOWS = 1, WELL = 2 };
enum part { NOTHING, VERSION, BUILD, STATUS, SLOTS, PATH };

static const struct question {
    const char *runtime, *path, *member, *value;
    unsigned when;
    enum part part;
} questions[] = {
    {"ollama", "/api/version", "version", NULL, SHOWS | WELL, VERSION},
    {"llama.cpp", "/v1/models", "data.0.owned_by", "\"llamacpp\"", SHOWS, NOTHING},
    {"llama.cpp", "/health", "status", NULL, WELL, STATUS},
    {"llama.cpp", "/props", "build_info", NULL, 0, BUILD},
    {"llama.cpp", "/props", "total_slots", NULL, 0, SLOTS},
    {"llama.cpp", "/props", "model_path", NULL, 0, PATH},
    {"lm_studio", "/api/v0/models", "object", "\"list\"", SHOWS | WELL, NOTHING},
    {"lm_studio", "/api/v1/models", "models", NULL, SHOWS | WELL, NOTHING},
    {"vllm", "/v1/models", "data.0.owned_by", "\"vllm\"", SHOWS, NOTHING},
    {"vllm", "/health", NULL, NULL, WELL, NOTHING},
    {"vllm", "/version", "version", NULL, 0, VERSION},
    {"", "/v1/models", "data", NULL, WELL, NOTHING},
    {"", "/health", NULL, NULL, WELL, NOTHING},
};

static bool is_known(const char *runtime) {
    bool is = false;
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        is = is || (runtime[0] != '\0' && strcmp(questions[i].runtime, runtime) == 0);
    }
    return is;
}

/* The text of a JSON string, if it is plain and short: in an open field stands nothing that a stranger made up at length. */
static void take_text(char *ret, size_t size, const char *json, bool word) {
    size_t n = strlen(json);
    if (n < 3 || n - 2 >= size || json[0] != '"' || json[n - 1] != '"') return;
    for (size_t i = 1; i + 1 < n; i++) {
        unsigned char c = (unsigned char)json[i];
        bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._+-:", c) != NULL;
        if (word ? !plain : c < ' ' || c == '\\') return;
    }
    memcpy(ret, json + 1, n - 2);
    ret[n - 2] = '\0';
}

static void take(struct runtime_seen *seen, enum part part, const char *found) {
    uint64_t slots;
    if (part == VERSION) take_text(seen->version, sizeof(seen->version), found, true);
    if (part == BUILD) take_text(seen->build, sizeof(seen->build), found, true);
    if (part == STATUS) take_text(seen->status, sizeof(seen->status), found, true);
    if (part == PATH) take_text(seen->model_path, sizeof(seen->model_path), found, false);
    if (part == SLOTS && text_parse_u64(bytes_of(found), &slots) == 0 && slots < SLOTS_MAX) seen->slots = (int64_t)slots;
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

static int ask(const struct question *q, const char *endpoint, bool off_box, uint64_t until, struct work_probe_result *ret,
               struct err *err) {
    char url[HTTP_URL_MAX + 32];
    uint64_t now = clock_monotonic_ns(), left = until > now ? (until - now) / 1000000 : 0;
    snprintf(url, sizeof(url), "%s%s", endpoint, q->path);
    const struct work_probe probe = {.url = url,
                                     .member = q->member,
                                     .value = q->value,
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
    const char *kind = is_known(runtime) ? runtime : "";
    size_t n = sizeof(questions) / sizeof(questions[0]);
    int rc = r != NULL ? 0 : err_set(err, ERR_NOMEM, "no memory for an answer");
    *ret = (struct runtime_seen){.end = RUNTIME_DOWN, .error = "answer", .slots = -1};
    bool tried = true; /* a server that hangs is asked once */
    for (size_t i = 0; i < n && rc == 0 && ret->end == RUNTIME_DOWN && tried; i++) {
        const struct question *q = &questions[i];
        if (strcmp(q->runtime, kind) != 0 || (q->when & (stranger ? SHOWS : WELL)) == 0) continue;
        rc = ask(q, endpoint, off_box, until, r, err);
        if (rc == 0) take_end(ret, r, is_up(r, stranger, ret));
        if (rc == 0 && ret->end == RUNTIME_UP && r->expected) take(ret, q->part, r->found);
        tried = r->end == WORK_CALL_OK || r->end == WORK_CALL_BAD_ANSWER;
    }
    for (size_t i = 0; i < n && rc == 0 && ret->end == RUNTIME_UP; i++) {
        const struct question *q = &questions[i];
        if (strcmp(q->runtime, kind) != 0 || q->part == NOTHING || (q->when & SHOWS) != 0) continue;
        if ((q->when & WELL) != 0 && !stranger) continue; /* asked */
        rc = ask(q, endpoint, off_box, until, r, err);
        if (rc == 0 && r->end == WORK_CALL_OK && r->expected) take(ret, q->part, r->found);
        if (rc == 0 && r->end == WORK_CALL_TIMEOUT) break;
    }
    free(r);
    return rc;
}
