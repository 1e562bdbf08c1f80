/* One look at a server:
 *
 *   GET /v1/models                         is it there, and which server is it?
 *   GET /api/v1/models, /api/v0/models     where the first does not say: LM Studio, with more about each model
 *   GET /props, /slots, /health            llama.cpp: build, slots, context, status
 *   GET /version                           others: their version
 *   GET /metrics                           counters
 *
 * Only the first must be answered; the others may be switched off, or unknown to the server. A server that loads its model (503),
 * or that wants a token (401, 403), is there: that is its status, "loading" or "locked". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/openai/openai.h"

#define SMALL_MAX ((size_t)64 << 10)
#define QUIET_MS  5000
#define LISTS     3

struct look {
    struct server server;
    struct openai_view view;
    struct seen seen;
    struct openai_facts facts;
    struct openai_last last;
    struct buf text, lists[LISTS], props, other;
    bool locked;
};

/* An answer with status 200 that is JSON; *ret_form SERVED_UNKNOWN: none. Not a fault. */
static int ask_quietly(struct look *l, const char *path, size_t max, struct buf *out, enum served_form *ret_form,
                       struct err *err) {
    const struct server_question q = {.path = path, .bytes_max = max, .total_ms = QUIET_MS, .quiet = true};
    bool there = false;
    *ret_form = SERVED_UNKNOWN;
    buf_clear(out);
    if (intake_stopped(l->server.run)) return 0;
    int rc = server_ask(&l->server, &q, &l->text, &there, err);
    if (rc != 0 || !there) return rc;
    bool good = l->server.newest_status == 200 || l->server.newest_status == 503;
    if (!good || openai_parse(bytes_of_buf(&l->text), out, NULL) != 0) return 0;
    enum served_form form = served_classify(bytes_of_buf(out));
    if (l->server.newest_status == 200 || form == SERVED_LOADING) *ret_form = form;
    return 0;
}

/* ---- which server ------------------------------------------------------------------------------------------------- */

static void judge_list(struct look *l, const char *path, enum served_form form, const struct err *why) {
    char words[SERVER_DETAIL_MAX];
    struct bytes said = form == SERVED_ERROR ? served_error_words(bytes_of_buf(&l->lists[0])) : (struct bytes){NULL, 0};
    unsigned status = l->server.newest_status;
    const char *colon = said.n > 0 ? ": " : "";
    if (status == 401 || status == 403) {
        l->locked = true;
        snprintf(words, sizeof(words), "status %u%s%.*s; give its token with --token-file FILE", status, colon,
                 (int)(said.n < 200 ? said.n : 200), said.n > 0 ? (const char *)said.p : "");
        server_fault(&l->server, path, "http", status, words);
    } else if (status < 200 || status > 299) {
        snprintf(words, sizeof(words), "status %u%s%.*s", status, colon, (int)(said.n < 200 ? said.n : 200),
                 said.n > 0 ? (const char *)said.p : "");
        server_fault(&l->server, path, "http", status, words);
    } else {
        server_fault(&l->server, path, why->code == ERR_LIMIT ? "limit" : "answer", status,
                     why->code != 0 ? why->msg : "the answer has no list of models");
    }
}

/* The list that every server has. */
static int ask_models(struct look *l, enum served_form *ret_form, struct err *err) {
    const struct server_question q = {.path = "/v1/models", .bytes_max = OPENAI_DOC_MAX};
    struct err why = {0};
    bool there = false;
    *ret_form = SERVED_UNKNOWN;
    buf_clear(&l->lists[0]);
    int rc = server_ask(&l->server, &q, &l->text, &there, err);
    if (rc != 0 || !there) return rc;
    rc = openai_parse(bytes_of_buf(&l->text), &l->lists[0], &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    enum served_form form = rc == 0 ? served_classify(bytes_of_buf(&l->lists[0])) : SERVED_UNKNOWN;
    bool list = form == SERVED_MODELS || form == SERVED_LMS_V0, good = l->server.newest_status == 200;
    if ((good && list) || (l->server.newest_status == 503 && form == SERVED_LOADING)) {
        *ret_form = form;
    } else {
        judge_list(l, q.path, form, &why);
    }
    return 0;
}

static bool is_lms(enum served_form form) {
    return form == SERVED_LMS_V0 || form == SERVED_LMS_V1;
}

/* LM Studio's own lists say more. *form and *ret_list: the list that is read. */
static int ask_lm_studio(struct look *l, enum served_form *form, const struct buf **ret_list, struct err *err) {
    static const char *const paths[] = {"/api/v1/models", "/api/v0/models"};
    int rc = 0;
    for (size_t i = 0; i < 2 && rc == 0 && !is_lms(*form); i++) {
        enum served_form own;
        rc = ask_quietly(l, paths[i], OPENAI_DOC_MAX, &l->lists[i + 1], &own, err);
        if (rc == 0 && is_lms(own)) {
            *form = own;
            *ret_list = &l->lists[i + 1];
        }
    }
    return rc;
}

/* Sets facts.server. *ret_list NULL: the server is loading. */
static int find_server(struct look *l, enum served_form *form, const struct buf **ret_list, struct err *err) {
    const struct served_server *any = l->facts.server, *lms = served_server_find("lm_studio");
    struct openai_facts *f = &l->facts;
    *ret_list = &l->lists[0];
    if (*form == SERVED_LOADING) {
        f->server = l->last.server != NULL ? l->last.server : served_server_find("llama.cpp");
        snprintf(f->status, sizeof(f->status), "loading");
        *ret_list = NULL;
        return 0;
    }
    f->server = served_server_of_list(*form, bytes_of_buf(*ret_list));
    int rc = f->server == any || f->server == lms ? ask_lm_studio(l, form, ret_list, err) : 0;
    if (is_lms(*form)) f->server = lms;
    struct mp_reader r;
    uint32_t n = 0;
    member_list(bytes_of_buf(*ret_list), "data", &r, &n);
    if (f->server == any && *form == SERVED_MODELS && n == 0) { /* an empty list says nothing */
        enum served_form props;
        if (rc == 0) rc = ask_quietly(l, "/props", OPENAI_DOC_MAX, &l->props, &props, err);
        if (rc == 0 && props == SERVED_PROPS) f->server = served_server_find("llama.cpp");
        if (f->server == any && l->last.server != NULL) f->server = l->last.server;
    }
    return rc;
}

/* ---- what it says of itself --------------------------------------------------------------------------------------- */

static int ask_llamacpp(struct look *l, struct err *err) {
    struct openai_facts *f = &l->facts;
    enum served_form form;
    int rc = ask_quietly(l, "/health", SMALL_MAX, &l->other, &form, err);
    if (rc == 0 && form == SERVED_HEALTH) served_word(f->status, member_text(bytes_of_buf(&l->other), "status"));
    if (rc == 0 && form == SERVED_LOADING) snprintf(f->status, sizeof(f->status), "loading");
    if (rc == 0) rc = ask_quietly(l, "/props", OPENAI_DOC_MAX, &l->props, &form, err);
    if (rc == 0 && form == SERVED_PROPS) openai_read_props(f, bytes_of_buf(&l->props));
    if (rc == 0 && f->slots == MEMBER_NONE) rc = ask_quietly(l, "/slots", OPENAI_DOC_MAX, &l->other, &form, err);
    if (rc == 0 && f->slots == MEMBER_NONE && form == SERVED_SLOTS) openai_read_slots(f, bytes_of_buf(&l->other));
    return rc;
}

static int ask_version(struct look *l, struct err *err) {
    enum served_form form;
    int rc = ask_quietly(l, "/version", SMALL_MAX, &l->other, &form, err);
    if (rc == 0 && form == SERVED_VERSION) served_word(l->facts.version, member_text(bytes_of_buf(&l->other), "version"));
    return rc;
}

static int ask_metrics(struct look *l, struct err *err) {
    const struct server_question q = {.path = "/metrics", .bytes_max = OPENAI_DOC_MAX, .total_ms = QUIET_MS, .quiet = true};
    bool there = false;
    size_t n = 0;
    if (intake_stopped(l->server.run)) return 0;
    int rc = server_ask(&l->server, &q, &l->text, &there, err);
    bool page = l->text.n > 0 && (l->text.p[0] == '<' || l->text.p[0] == '{'); /* some answer every path with a page */
    if (rc != 0 || !there || l->server.newest_status != 200 || page) return rc;
    return openai_read_metrics(&l->facts, bytes_of_buf(&l->text), l->server.run, &l->view.place, &n, err);
}

static int ask_more(struct look *l, struct err *err) {
    const char *name = l->facts.server->name;
    if (strcmp(name, "lm_studio") == 0) return 0; /* it has no other answers */
    int rc = strcmp(name, "llama.cpp") == 0 ? ask_llamacpp(l, err) : ask_version(l, err);
    return rc == 0 ? ask_metrics(l, err) : rc;
}

static int ask_server(struct look *l, struct err *err) {
    const struct buf *list = NULL;
    enum served_form form;
    int rc = openai_last_load(&l->last, &l->seen, err);
    if (rc == 0) rc = ask_models(l, &form, err);
    if (rc != 0 || l->server.error[0] != '\0' || intake_stopped(l->server.run)) return rc;
    rc = find_server(l, &form, &list, err);
    if (rc == 0 && list != NULL) {
        rc = openai_read_models(&l->facts, form, bytes_of_buf(list), l->server.run, &l->view.place, err);
    }
    if (rc == 0 && list != NULL) rc = ask_more(l, err);
    if (strcmp(l->facts.status, "loading") == 0) l->facts.has_models = false; /* what is listed is not loaded yet */
    return rc;
}

/* ---- the look ----------------------------------------------------------------------------------------------------- */

static int look_open(struct look *l, struct intake *run, const char *url, struct err *err) {
    struct buf *const buffers[] = {&l->lists[0], &l->lists[1], &l->lists[2], &l->props, &l->other};
    memset(l, 0, sizeof(*l));
    l->seen.lock = -1;
    buf_init(&l->text, OPENAI_DOC_MAX);
    for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
        buf_init(buffers[i], OPENAI_MP_MAX);
    }
    openai_facts_init(&l->facts);
    int rc = server_open(&l->server, run, url, err);
    if (rc == 0) {
        openai_view_init(&l->view, run, l->server.base);
        l->view.place.file = l->server.base;
        rc = seen_open(&l->seen, run, l->server.base, err);
    }
    return rc;
}

static void look_close(struct look *l) {
    struct buf *const buffers[] = {&l->text, &l->lists[0], &l->lists[1], &l->lists[2], &l->props, &l->other};
    for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
        buf_done(buffers[i]);
    }
    openai_facts_done(&l->facts);
    seen_close(&l->seen);
    server_close(&l->server);
}

/* One that is known and wants a token is there. */
static int compare(struct look *l, struct err *err) {
    if (l->locked && l->last.server != NULL) {
        struct server up = {0};
        l->facts.server = l->last.server;
        snprintf(l->facts.status, sizeof(l->facts.status), "locked");
        return openai_compare(&l->view, &l->seen, &up, &l->facts, err);
    }
    return openai_compare(&l->view, &l->seen, &l->server, &l->facts, err);
}

int openai_look(struct intake *run, const char *url, struct err *err) {
    struct look *l = malloc(sizeof(*l));
    if (l == NULL) return err_set(err, ERR_NOMEM, "openai: out of memory");
    int rc = look_open(l, run, url, err);
    if (rc == 0) {
        intake_begin(run, l->server.base);
        rc = ask_server(l, err);
        if (rc == 0 && !intake_stopped(run)) rc = compare(l, err);
    }
    if (rc == 0) rc = intake_end(run, err);
    if (rc == 0 && l->server.error[0] != '\0') rc = server_fail(&l->server, err);
    look_close(l);
    free(l);
    return rc;
}
