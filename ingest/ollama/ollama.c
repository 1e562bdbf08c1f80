/* One look at a server:
 *
 *   GET /api/version    is it reachable, with another version?          runtime.observed, changed, unreachable
 *   GET /api/status     may it forward requests? (not in old ones)
 *   GET /api/tags       which models, under which names?                model.observed, pulled, removed, alias_set
 *   POST /api/show      of each new one: which weights?                 model.identified
 *   GET /api/ps         which are loaded?                               model.loaded, unloaded
 *
 * Everything is bounded: bytes and time of each answer, models in a list, time for all questions about single models. A
 * server that cannot be reached, or whose answers are invalid, is an event when that is new, and the run's error each
 * time. */
#include "ingest/ollama/ollama.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ingest/driver/lock.h"
#include "ingest/driver/server.h"

#define ASK_NS     (300 * CLOCK_NS_PER_S) /* for all single models together */
#define VERSION_MS 5000
#define SMALL_MAX  65536 /* bytes of an answer about the server itself */

struct look {
    struct intake *run;
    struct server server;
    struct ollama_view view;
    struct ollama_state state;
    struct ollama_lists lists;
    struct buf text, tags, ps, version, status, shown, scratch;
    uint64_t ask_until;
    char asking_failed[SERVER_DETAIL_MAX]; /* a question about one model; the server's lists are fine */
};

/* ---- questions ---------------------------------------------------------------------------------------------------- */

/* An answer that is not a JSON object may be one whose last line is an error: then that is what is wrong. */
static bool ends_in_error(struct bytes text, struct buf *scratch, struct bytes *ret_words) {
    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r' || text.p[text.n - 1] == ' ')) {
        text.n--;
    }
    const uint8_t *end = text.n > 0 ? memrchr(text.p, '\n', text.n) : NULL;
    struct bytes last = end != NULL ? (struct bytes){end + 1, text.n - (size_t)(end + 1 - text.p)} : text;
    buf_clear(scratch);
    if (last.n == 0 || ollama_parse(last, scratch, NULL) != 0) return false;
    *ret_words = member_text(bytes_of_buf(scratch), "error");
    return ollama_classify(bytes_of_buf(scratch)) == OLLAMA_ERROR;
}

static void judge_answer(struct look *look, const char *path, const struct err *why) {
    struct bytes words;
    char text[SERVER_DETAIL_MAX];
    unsigned status = look->server.newest_status;
    if (status < 200 || status > 299) {
        bool said = ends_in_error(bytes_of_buf(&look->text), &look->scratch, &words);
        snprintf(text, sizeof(text), "status %u%s%.*s", status, said ? ": " : "", said ? (int)words.n : 0,
                 said ? (const char *)words.p : "");
        server_fault(&look->server, path, "http", status, text);
    } else if (ends_in_error(bytes_of_buf(&look->text), &look->scratch, &words)) {
        snprintf(text, sizeof(text), "the answer ends in an error: %.*s", (int)words.n, (const char *)words.p);
        server_fault(&look->server, path, "answer", status, text);
    } else {
        server_fault(&look->server, path, why->code == ERR_LIMIT ? "limit" : "answer", status, why->msg);
    }
}

/* Asks, and parses the answer into `out`. *ret_ok: it is an object, and not an error. Faults of the server are remembered,
 * not returned, unless `quiet`. */
static int ask(struct look *look, const char *path, struct bytes body, bool quiet, struct buf *out, bool *ret_ok,
               struct err *err) {
    struct err why = {0};
    bool there = false, list = strcmp(path, "/api/version") != 0 && strcmp(path, "/api/status") != 0;
    const struct server_question question = {.path = path,
                                             .body = body,
                                             .bytes_max = list ? OLLAMA_DOC_MAX : SMALL_MAX,
                                             .total_ms = list ? 0 : VERSION_MS,
                                             .quiet = quiet};
    buf_clear(out);
    *ret_ok = false;
    int rc = server_ask(&look->server, &question, &look->text, &there, err);
    if (rc != 0 || !there) return rc;
    bool good = look->server.newest_status >= 200 && look->server.newest_status <= 299;
    rc = good ? ollama_parse(bytes_of_buf(&look->text), out, &why) : ERR_INVALID;
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    *ret_ok = rc == 0 && ollama_classify(bytes_of_buf(out)) != OLLAMA_ERROR;
    if (!*ret_ok && !quiet) {
        judge_answer(look, path, &why);
    }
    return 0;
}

/* ---- the server itself -------------------------------------------------------------------------------------------- */

static int is_cloud(struct bytes map) {
    struct bytes raw;
    struct mp_item item;
    struct bytes cloud = member_raw(map, "cloud");
    if (cloud.n == 0 || mp_map_get(cloud, "disabled", &raw) != 0 || mp_scalar(raw, &item) != 0 || item.type != MP_BOOL) {
        return -1;
    }
    return item.boolean ? 0 : 1;
}

/* {"version": ..., "status": ...}: both answers, unchanged. */
static void put_answers(struct look *look, struct buf *out) {
    bool both = look->status.n > 0;
    mp_put_map(out, both ? 2 : 1);
    if (both) {
        mp_put_str(out, bytes_of("status"));
        buf_put_bytes(out, bytes_of_buf(&look->status));
    }
    mp_put_str(out, bytes_of("version"));
    buf_put_bytes(out, bytes_of_buf(&look->version));
}

/* A server that answers: an event when that, its version or its cloud setting is new. */
static int add_runtime(struct look *look, const char *version, int cloud, struct err *err) {
    struct ollama_runtime *r = &look->state.runtime, old = *r;
    bool other = old.version[0] != '\0' && strcmp(old.version, version) != 0;
    bool changed = !old.known || !old.reachable || other || old.cloud != cloud;
    struct buf raw = {.max = OLLAMA_MP_MAX};
    snprintf(r->version, sizeof(r->version), "%s", version);
    r->cloud = cloud;
    r->known = r->reachable = true;
    r->error[0] = '\0';
    r->status = 0;
    r->gen += changed;
    put_answers(look, &raw);
    int rc = buf_check(&raw, "an answer", err);
    if (rc == 0) rc = ollama_event_runtime(&look->view, r, bytes_of_buf(&raw), err);
    if (rc == 0 && other) rc = ollama_event_version(&look->view, old.version, r, err);
    buf_done(&raw);
    return rc == 0 && changed ? ollama_state_put_runtime(&look->state, look->run, err) : rc;
}

/* A server that does not answer, or with a fault. */
static int add_fault(struct look *look, struct err *err) {
    struct ollama_runtime *r = &look->state.runtime;
    bool changed =
        !r->known || r->reachable || strcmp(r->error, look->server.error) != 0 || r->status != look->server.http_status;
    r->known = true;
    r->reachable = false;
    r->gen += changed;
    snprintf(r->error, sizeof(r->error), "%s", look->server.error);
    r->status = look->server.http_status;
    int rc = ollama_event_unreachable(&look->view, r, look->server.detail, err);
    return rc == 0 && changed ? ollama_state_put_runtime(&look->state, look->run, err) : rc;
}

/* "" when it is unknown. */
static int ask_version(struct look *look, char *ret, size_t size, struct err *err) {
    struct secret_hit hit;
    bool ok = false;
    int rc = ask(look, "/api/version", (struct bytes){NULL, 0}, false, &look->version, &ok, err);
    ret[0] = '\0';
    if (rc != 0 || !ok) return rc;
    struct bytes text = member_word(bytes_of_buf(&look->version), "version");
    if (text.n == 0 || text.n >= size || secret_next(text, 0, &hit) == 0) {
        server_fault(&look->server, "/api/version", "answer", look->server.newest_status, "the answer names no version");
        return 0;
    }
    snprintf(ret, size, "%.*s", (int)text.n, (const char *)text.p);
    return 0;
}

static int ask_cloud(struct look *look, int *ret, struct err *err) {
    bool ok = false;
    *ret = -1;
    int rc = ask(look, "/api/status", (struct bytes){NULL, 0}, true, &look->status, &ok, err);
    if (rc == 0 && ok) {
        *ret = is_cloud(bytes_of_buf(&look->status));
    } else {
        buf_clear(&look->status);
    }
    return rc;
}

/* ---- its models --------------------------------------------------------------------------------------------------- */

static int ask_list(struct look *look, const char *path, enum ollama_form form, struct buf *out, struct err *err) {
    bool ok = false;
    int rc = ask(look, path, (struct bytes){NULL, 0}, false, out, &ok, err);
    if (rc != 0 || !ok) return rc;
    enum ollama_form is = ollama_classify(bytes_of_buf(out));
    /* The address says which list it is; its entries may lack the members that distinguish them. */
    if (is != OLLAMA_TAGS && is != OLLAMA_PS && is != OLLAMA_EMPTY_LIST) {
        server_fault(&look->server, path, "answer", look->server.newest_status, "the answer has no list of models");
        return 0;
    }
    return ollama_lists_read(&look->lists, form, bytes_of_buf(out), look->run, &look->view.place, err);
}

static int put_question(struct bytes name, struct buf *out, struct err *err) {
    buf_clear(out);
    buf_put_str(out, "{\"model\":");
    int rc = json_put_str(out, name);
    buf_put_str(out, "}");
    return rc != 0 ? err_set(err, rc, "out of memory") : buf_check(out, "a question", err);
}

/* A model of which /api/show fails. */
static int reject_model(struct look *look, struct bytes name) {
    char group[64], why[OLLAMA_NAME_MAX + 96];
    snprintf(group, sizeof(group), "/api/show: status %u", look->server.newest_status);
    snprintf(why, sizeof(why), "/api/show of model '%.*s': status %u%s; expected: 200 with an object", (int)name.n,
             (const char *)name.p, look->server.newest_status, look->server.newest_status == 200 ? " without a model" : "");
    return intake_reject(look->run, &look->view.place, group, why);
}

/* Asks for one model. After a failure the next look asks again. */
static int ask_model(void *ctx, struct ollama_model *model, bool *ret_shown, struct err *err) {
    struct look *look = ctx;
    struct ollama_identity identity;
    struct buf body = {.max = 8 * OLLAMA_NAME_MAX};
    bool ok = false;
    if (look->asking_failed[0] != '\0' || intake_stopped(look->run) || clock_boot_ns() >= look->ask_until) {
        return 0;
    }
    int rc = put_question(model->name, &body, err);
    if (rc == 0) rc = ask(look, "/api/show", bytes_of_buf(&body), true, &look->shown, &ok, err);
    buf_done(&body);
    if (rc != 0) return rc;
    if (look->server.newest_status == 0 && !intake_stopped(look->run)) {
        snprintf(look->asking_failed, sizeof(look->asking_failed), "/api/show did not answer");
        return 0;
    }
    *ret_shown = ok || (look->server.newest_status >= 400 && look->server.newest_status <= 499); /* also when it refuses */
    if (!*ret_shown && look->server.newest_status != 0) return reject_model(look, model->name);
    buf_clear(&look->scratch);
    if (!ok || ollama_show_read(bytes_of_buf(&look->shown), model->name, &identity, &look->scratch, NULL) != 0 ||
        !identity.weights.there) {
        return 0;
    }
    model->weights = identity.weights;
    identity.manifest = model->manifest;
    return ollama_event_identified(&look->view, &identity, err);
}

/* Asks for everything that may show a fault. */
static int ask_server(struct look *look, char *ret_version, size_t size, int *ret_cloud, struct err *err) {
    *ret_cloud = -1;
    int rc = ask_version(look, ret_version, size, err);
    if (rc == 0 && look->server.error[0] == '\0' && !intake_stopped(look->run)) {
        rc = ask_cloud(look, ret_cloud, err);
    }
    if (rc == 0 && look->server.error[0] == '\0' && !intake_stopped(look->run)) {
        rc = ask_list(look, "/api/tags", OLLAMA_TAGS, &look->tags, err);
    }
    if (rc == 0 && look->server.error[0] == '\0' && !intake_stopped(look->run)) {
        rc = ask_list(look, "/api/ps", OLLAMA_PS, &look->ps, err);
    }
    return rc;
}

static int compare_lists(struct look *look, struct err *err) {
    const struct ollama_asker asker = {look, ask_model};
    uint64_t patience = intake_options(look->run)->patience_ms * UINT64_C(1000000);
    look->ask_until = clock_boot_ns() + (patience > 0 ? 2 * patience : ASK_NS);
    int rc = ollama_diff(&look->view, &look->state, &look->lists, &asker, err);
    return rc == 0 ? ollama_state_put_looked(&look->state, &look->lists, look->run, err) : rc;
}

/* ---- the look ----------------------------------------------------------------------------------------------------- */

static int look_open(struct look *look, const char *url, struct err *err) {
    struct buf *const buffers[] = {&look->tags, &look->ps, &look->version, &look->status, &look->shown, &look->scratch};
    buf_init(&look->text, OLLAMA_DOC_MAX);
    for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
        buf_init(buffers[i], OLLAMA_MP_MAX);
    }
    int rc = server_open(&look->server, look->run, url, err);
    if (rc != 0) return rc;
    ollama_state_init(&look->state, look->server.base);
    ollama_view_init(&look->view, look->run, look->server.base, look->server.base);
    look->view.grade = "reported";
    look->view.place.file = look->server.base;
    if (!intake_options(look->run)->dry_run) rc = lock_wait(look->run, &look->state.lock, err);
    if (rc == 0) rc = ollama_state_load(&look->state, look->run, err);
    return rc;
}

static void look_close(struct look *look) {
    struct buf *const buffers[] = {&look->text,   &look->tags,  &look->ps,     &look->version,
                                   &look->status, &look->shown, &look->scratch};
    for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
        buf_done(buffers[i]);
    }
    ollama_lists_done(&look->lists);
    ollama_state_done(&look->state);
    server_close(&look->server);
}

static int add_all(struct look *look, const char *version, int cloud, struct err *err) {
    int rc = 0;
    if (look->server.error[0] != '\0') {
        rc = add_fault(look, err);
    } else if (!intake_stopped(look->run)) {
        rc = add_runtime(look, version, cloud, err);
    }
    if (rc == 0) rc = compare_lists(look, err);
    return rc;
}

static int look_at_server(struct intake *run, const char *url, struct err *err) {
    struct look look = {.run = run, .state = {.lock = -1}};
    char version[sizeof(look.state.runtime.version)];
    int cloud, rc = look_open(&look, url, err);
    if (rc == 0) {
        intake_begin(run, look.server.base);
        rc = ask_server(&look, version, sizeof(version), &cloud, err);
    }
    if (rc == 0) rc = add_all(&look, version, cloud, err);
    if (rc == 0) rc = intake_end(run, err);
    if (rc == 0 && look.server.error[0] != '\0') {
        rc = server_fail(&look.server, err);
    } else if (rc == 0 && look.asking_failed[0] != '\0') {
        rc = err_set(err, ERR_NET, "%s: %s", look.server.base, look.asking_failed);
    }
    look_close(&look);
    return rc;
}

int ollama_read(struct intake *run, struct err *err) {
    const struct ingest_options *o = intake_options(run);
    const char *url = o->url;
    struct err later = {0};
    if (o->n_from > 0 && url != NULL) {
        return err_set(err, ERR_INVALID, "saved answers (--from) take no address");
    }
    if (o->verify && o->models == NULL) {
        return err_set(err, ERR_INVALID, "--verify hashes the files of a store; give its directory with --models");
    }
    if (url == NULL && o->models == NULL && o->n_from == 0) {
        url = OLLAMA_URL;
    }
    int rc = o->n_from > 0 ? ollama_capture_read(run, o->from, o->n_from, err) : 0;
    if (rc == 0 && url != NULL) rc = look_at_server(run, url, err);
    /* The store is read even when the server is unreachable. */
    if (o->models != NULL && (rc == 0 || rc == ERR_NET) && !intake_stopped(run)) {
        int store = ollama_store_read(run, o->models, url == NULL, &later);
        if (store != 0 && rc == 0) {
            rc = store;
            if (err != NULL) {
                *err = later;
            }
        }
    }
    return rc;
}
