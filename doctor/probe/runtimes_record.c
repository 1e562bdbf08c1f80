/* Events of servers of models other than Ollama: runtime.observed, runtime.changed, runtime.unreachable. */
#include "doctor/probe/runtimes_record.h"

#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "base/mp_map.h"
#include "doctor/probe/event.h"
#include "projections/permissions/tiers.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

#define BODY_MAX ((size_t)16 << 10)
#define OLD_NS   (INT64_C(12) * 3600 * 1000000000) /* an unchanged answer is recorded again after that */

bool runtimes_is_ollama(const struct runtimes_server *server) {
    return strcmp(server->runtime, "ollama") == 0 || strncmp(server->runtime, "ollama@", 7) == 0;
}

/* ---- what is known ---- */

static bool put(char *ret, size_t size, struct bytes text) {
    if (text.n >= size) return false;
    bytes_copy(ret, text);
    ret[text.n] = '\0';
    return true;
}

static int take_row(struct runtimes_list *list, struct state_view *view, const struct row *row, struct err *err) {
    struct bytes endpoint = named_text(row, "endpoint");
    struct runtimes_server *s = &list->servers[list->n];
    bool is_url = bytes_has_prefix(endpoint, "http://") || bytes_has_prefix(endpoint, "https://");
    const struct bytes key[] = {bytes_of("runtime"), endpoint};
    struct row check;
    if (list->n == RUNTIMES_MAX || !is_url || named_is(row, "state", "configured")) return 0;
    *s = (struct runtimes_server){.known = true, .up = named_is(row, "state", "up"), .told_at = named_int(row, "told_at")};
    s->slots = named_has(row, "slots") ? named_int(row, "slots") : -1;
    s->http_status = named_has(row, "http_status") ? named_int(row, "http_status") : 0;
    list->n +=
        put(s->runtime, sizeof(s->runtime), named_text(row, "runtime")) && put(s->endpoint, sizeof(s->endpoint), endpoint);
    put(s->version, sizeof(s->version), named_text(row, "version"));
    put(s->build, sizeof(s->build), named_text(row, "build"));
    put(s->status, sizeof(s->status), named_text(row, "status"));
    put(s->error, sizeof(s->error), named_text(row, "error"));
    int rc = look_stored(view, "checks", key, 2, &check, &s->way_told, err);
    row_done(&check);
    return rc;
}

int runtimes_known(const struct probe_box *box, struct runtimes_list *ret, struct err *err) {
    struct ledger *ledger = NULL;
    struct state_view *view = NULL;
    struct state_rows *rows = NULL;
    const struct row *row;
    uint64_t policy = LOG_NO_SEQ;
    ret->n = 0;
    int rc = source_view(box, &ledger, &view, err);
    if (rc == 0) rc = tiers_close_egress(view, &policy, err);
    if (rc == 0) rc = look_rows(view, "runtimes", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        rc = take_row(ret, view, row, err);
    }
    state_rows_close(rows);
    state_close(view);
    log_close(ledger);
    ret->closed = policy != LOG_NO_SEQ;
    return rc < 0 ? rc : 0;
}

/* ---- what is news ---- */

static bool is_old(const struct probe_box *box, const struct runtimes_server *s) {
    return s->told_at < 0 || s->told_at + OLD_NS <= (int64_t)box->now || s->told_at > (int64_t)box->now;
}

static bool differs(const char *seen, const char *known) {
    return seen[0] != '\0' && strcmp(seen, known) != 0;
}

bool runtimes_is_news(const struct probe_box *box, const struct runtimes_server *s) {
    const struct runtime_seen *seen = &s->seen;
    if (!s->known || is_old(box, s)) return true;
    if (seen->end != RUNTIME_UP) {
        return s->up || strcmp(seen->error, s->error) != 0 || (int64_t)seen->http_status != s->http_status;
    }
    return !s->up || differs(seen->version, s->version) || differs(seen->build, s->build) ||
           strcmp(seen->status, s->status) != 0 || (seen->slots >= 0 && seen->slots != s->slots);
}

struct writer {
    struct log_batch *batch;
    struct mp_map open, private_;
    struct buf body, hidden;
};

static void put_word(struct mp_map *map, const char *name, const char *text) {
    mp_map_text(map, name, bytes_of(text));
}

static int add(struct writer *w, const struct runtimes_server *s, const char *kind, const char *grade, struct err *err) {
    char subject[RUNTIMES_NAME + 16];
    put_word(&w->open, "runtime", s->runtime);
    put_word(&w->open, "endpoint", s->endpoint);
    buf_clear(&w->body);
    buf_clear(&w->hidden);
    int rc = mp_map_write(&w->open, &w->body, err);
    if (rc == 0 && w->private_.n > 0) rc = mp_map_write(&w->private_, &w->hidden, err);
    (void)snprintf(subject, sizeof(subject), "runtime/%s", s->runtime);
    const struct probe_event event = {.kind = kind,
                                      .subject = subject,
                                      .actor = "service:doctor",
                                      .grade = grade,
                                      .body = bytes_of_buf(&w->body),
                                      .private_ = bytes_of_buf(&w->hidden)};
    if (rc == 0) rc = probe_event_add(w->batch, &event, err);
    mp_map_clear(&w->open);
    mp_map_clear(&w->private_);
    return rc;
}

static int add_up(struct writer *w, const struct runtimes_server *s, struct err *err) {
    const struct runtime_seen *seen = &s->seen;
    put_word(&w->open, "version", seen->version);
    put_word(&w->open, "build", seen->build);
    put_word(&w->open, "status", seen->status);
    if (seen->slots >= 0) mp_map_uint(&w->open, "slots", (uint64_t)seen->slots);
    mp_map_begin(&w->open, "latency_ms");
    mp_put_float(&w->open.values, seen->latency_ms);
    mp_map_end(&w->open);
    put_word(&w->private_, "model_path", seen->model_path);
    int rc = add(w, s, "runtime.observed", "reported", err);
    if (rc != 0 || !s->known || s->version[0] == '\0' || !differs(seen->version, s->version)) return rc;
    put_word(&w->open, "what", "version");
    put_word(&w->open, "version", seen->version);
    put_word(&w->open, "version_before", s->version);
    return add(w, s, "runtime.changed", "reported", err);
}

static int add_down(struct writer *w, const struct runtimes_server *s, struct err *err) {
    put_word(&w->open, "error", s->seen.error);
    if (s->seen.http_status > 0) mp_map_uint(&w->open, "http_status", s->seen.http_status);
    put_word(&w->private_, "detail", s->seen.detail);
    return add(w, s, "runtime.unreachable", "measured", err);
}

static bool is_to_record(const struct probe_box *box, const struct runtimes_server *s) {
    bool told = s->looked && (s->seen.end == RUNTIME_UP || s->seen.end == RUNTIME_DOWN);
    return told && !runtimes_is_ollama(s) && runtimes_is_news(box, s);
}

int runtimes_record(const struct probe_box *box, const struct runtimes_list *list, struct err *err) {
    struct writer w = {.body = {.max = BODY_MAX}, .hidden = {.max = BODY_MAX}};
    struct ledger *ledger = NULL;
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        n += is_to_record(box, &list->servers[i]);
    }
    if (n == 0) return 0;
    mp_map_init(&w.open, BODY_MAX);
    mp_map_init(&w.private_, BODY_MAX);
    int rc = box->open(box->ctx, true, &ledger, err);
    if (rc == 0) rc = log_batch_new(ledger, &w.batch, err);
    for (size_t i = 0; i < list->n && rc == 0; i++) {
        const struct runtimes_server *s = &list->servers[i];
        if (is_to_record(box, s)) rc = (s->seen.end == RUNTIME_UP ? add_up : add_down)(&w, s, err);
    }
    if (rc == 0) rc = log_batch_commit(w.batch, NULL, NULL, NULL, err);
    log_batch_free(w.batch);
    log_close(ledger);
    mp_map_done(&w.open);
    mp_map_done(&w.private_);
    buf_done(&w.body);
    buf_done(&w.hidden);
    return rc;
}
