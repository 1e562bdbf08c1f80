/* Who asks, by a token or by a session of the pages, and what they may. What is read and refused is counted, and recorded now and then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "serve/access/session.h"
#include "serve/web/site.h"
#include "serve/web/site_page.h"

#define PAGE "page"

/* What tells one version of the file from another. */
struct seen {
    bool there;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct web_access {
    char path[FILE_PATH_MAX];
    struct seen seen;
    struct access_tokens tokens;
    struct sessions sessions;
    struct meter meter;
    bool recording; /* a thread writes an event */
};

/* ---- tokens ---- */

static struct seen look(const char *path) {
    struct stat st;
    struct seen seen = {0};
    if (lstat(path, &st) == 0) {
        seen.there = true;
        seen.inode = st.st_ino;
        seen.size = st.st_size;
        seen.changed = st.st_ctim;
    }
    return seen;
}

static bool same(const struct seen *a, const struct seen *b) {
    return a->there == b->there && a->inode == b->inode && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Tokens that cannot be read any more are none: nobody is let in by what the file said once. */
static int reload(struct web *w, struct err *err) {
    struct web_access *a = w->access;
    struct access_tokens tokens = {0};
    a->seen = look(a->path);
    int rc = access_tokens_read(w->options->dir, &tokens, err);
    access_tokens_done(&a->tokens);
    a->tokens = tokens;
    return rc;
}

int web_access_open(struct web *w, struct err *err) {
    struct web_access *a = calloc(1, sizeof(*a));
    if (a == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    w->access = a;
    sessions_init(&a->sessions);
    int rc = file_join(a->path, w->options->dir, ACCESS_FILE, err);
    return rc == 0 ? reload(w, err) : rc;
}

void web_access_close(struct web *w) {
    if (w->access == NULL) return;
    access_tokens_done(&w->access->tokens);
    meter_done(&w->access->meter);
    free(w->access);
    w->access = NULL;
}

/* ---- records ---- */

struct recording {
    struct web_work work; /* first */
    struct meter_due due;
    struct meter_holder holder;
    struct meter_refused refused;
    uint64_t now;
    struct err err;
    int code;
};

static void record(struct web *w, struct web_work *work) {
    struct recording *r = (struct recording *)work;
    r->code = w->options->record(w->options->facts, &r->due, r->now, &r->err);
}

static void recorded(struct web *w, struct web_work *work, struct httpd_reply *reply) {
    struct recording *r = (struct recording *)work;
    (void)reply;
    w->access->recording = false;
    if (r->code != 0) w->options->trouble(w->options->ctx, r->err.msg);
}

static void free_recording(struct web_work *work) {
    free(work);
}

/* One at a time: they are few, and a ledger that cannot be written now is not asked a hundred times. */
static void record_due(struct web *w) {
    struct web_access *a = w->access;
    struct recording *r = a->recording ? NULL : calloc(1, sizeof(*r));
    if (r == NULL) return;
    r->work = (struct web_work){.make = record, .done = recorded, .free = free_recording};
    r->now = clock_boot_ns();
    if (meter_next(&a->meter, r->now, false, &r->due, &r->holder, &r->refused) && web_work_alone(w, &r->work, NULL) == 0) {
        a->recording = true;
    } else {
        free(r);
    }
}

void web_access_flush(struct web *w) {
    struct meter_due due;
    struct meter_holder holder;
    struct meter_refused refused;
    struct err err = {0};
    uint64_t now = clock_boot_ns();
    while (meter_next(&w->access->meter, now, true, &due, &holder, &refused)) {
        if (w->options->record(w->options->facts, &due, now, &err) != 0) {
            w->options->trouble(w->options->ctx, err.msg);
        }
    }
}

void web_access_tick(struct web *w) {
    struct seen now = look(w->access->path);
    struct err err = {0};
    if (!same(&now, &w->access->seen) && reload(w, &err) != 0) {
        w->options->trouble(w->options->ctx, err.msg);
    }
    record_due(w);
}

void web_note_read(struct web *w, const char *holder, uint64_t bytes) {
    meter_read(&w->access->meter, holder, bytes, clock_boot_ns());
}

void web_note_refused(struct web *w, enum access_reason reason, const char *peer) {
    w->counts.refused++;
    meter_refuse(&w->access->meter, reason, peer, clock_boot_ns());
}

/* ---- a call ---- */

static bool refuse(struct web *w, const struct web_call *call, struct httpd_reply *reply, unsigned status,
                   enum access_reason reason, const char *detail) {
    web_note_refused(w, reason, call->request->peer);
    web_problem(w, reply, status, call->id, detail);
    return false;
}

static struct bytes bearer_of(struct bytes authorization) {
    static const char scheme[] = "bearer ";
    const size_t n = sizeof(scheme) - 1;
    bool is = authorization.n > n && strncasecmp((const char *)authorization.p, scheme, n) == 0;
    return is ? httpd_trimmed((struct bytes){authorization.p + n, authorization.n - n}) : (struct bytes){0};
}

/* Why a token is refused is told to nobody but the log: an unknown one and a revoked one look the same from outside. */
static bool by_token(struct web *w, struct web_call *call, struct bytes authorization, unsigned *ret_scopes,
                     struct httpd_reply *reply) {
    static const enum access_reason reasons[] = {[ACCESS_UNKNOWN] = ACCESS_REFUSED_UNKNOWN,
                                                 [ACCESS_EXPIRED] = ACCESS_REFUSED_EXPIRED,
                                                 [ACCESS_REVOKED] = ACCESS_REFUSED_REVOKED};
    const struct access_token *token = NULL;
    enum access_verdict verdict = access_tokens_find(&w->access->tokens, bearer_of(authorization), clock_wall_ns(), &token);
    if (verdict != ACCESS_GOOD) {
        return refuse(w, call, reply, 401, reasons[verdict], "the token is not one that is accepted");
    }
    memcpy(call->holder, token->name, sizeof(call->holder));
    *ret_scopes = token->scopes;
    return true;
}

bool web_may_kind(const struct web *w, const struct web_call *call, struct bytes kind) {
    const struct access_token *token = access_tokens_named(&w->access->tokens, bytes_of(call->holder));
    bool job = call->route->scope == ACCESS_WRITE_JOBS; /* its path says which kinds */
    return token != NULL && call->session.n == 0 && (job || access_token_may(token, kind));
}

bool web_new_code(struct web *w, char ret[SESSION_CODE]) {
    return session_code(&w->access->sessions, clock_boot_ns(), ret);
}

bool web_enter(struct web *w, struct bytes code, char ret_id[SESSION_ID]) {
    return session_begin(&w->access->sessions, code, clock_boot_ns(), ret_id);
}

/* What a command answers. */
static bool is_dear(const struct web_call *call) {
    return call->route->answer == web_answer_page || (call->route->tool != NULL && !web_is_row(call));
}

bool web_may(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    struct bytes authorization = web_field(call->request, "authorization"), cookies = web_field(call->request, "cookie");
    unsigned scopes = 0, wait_s = 0;
    if (call->route->scope == ACCESS_NONE) return true;
    if (call->route->answer == web_answer_page && !page_is_path(call->target.path)) {
        web_problem(w, reply, 404, call->id, "there is nothing at this path");
        return false;
    }
    if (authorization.n > 0) {
        if (!by_token(w, call, authorization, &scopes, reply)) return false;
    } else if (session_find(&w->access->sessions, cookies, clock_boot_ns(), &call->session)) {
        snprintf(call->holder, sizeof(call->holder), PAGE);
        scopes = WEB_PAGES | ACCESS_READ_JOBS;
    } else if (call->route->answer == web_answer_page) {
        page_to_login(w, call, reply);
        return false;
    } else {
        return refuse(w, call, reply, 401, ACCESS_REFUSED_NO_TOKEN,
                      "a token is needed: 'Authorization: Bearer TOKEN', made by 'ledger token new'");
    }
    if ((scopes & call->route->scope) != call->route->scope) {
        call->holder[0] = '\0';
        return refuse(w, call, reply, 403, ACCESS_REFUSED_SCOPE, "the token's scopes do not allow this");
    }
    if (!meter_take(&w->access->meter, call->holder, is_dear(call), clock_boot_ns(), &wait_s)) {
        call->holder[0] = '\0';
        reply->retry_after_s = wait_s;
        return refuse(w, call, reply, 429, ACCESS_REFUSED_RATE, "too many requests; Retry-After says when to ask again");
    }
    return true;
}
