/* Fields are given as JSON and become canonical maps here; everything else is passed on. */
#include <ledger/record.h>
#include <stdlib.h>

#include "lib/facade.h"

_Static_assert(LEDGER_BATCH_EVENTS_MAX == LOG_BATCH_EVENTS_MAX && LEDGER_BATCH_CURSORS_MAX == LOG_BATCH_CURSORS_MAX, "");
_Static_assert((int)LEDGER_CAUSE_SEQ == (int)LOG_CAUSE_SEQ && (int)LEDGER_CAUSE_BATCH == (int)LOG_CAUSE_BATCH &&
                   (int)LEDGER_CAUSE_KEY == (int)LOG_CAUSE_KEY,
               "");

int ledger_create(const char *dir, const struct ledger_create_options *options, struct ledger_error *error) {
    struct err err = {0};
    char actor[FACADE_ACTOR_MAX];
    struct ledger_create_options o;
    int rc = FACADE_OPTIONS(&o, options, ledger_create_options, LEDGER_CREATE_OPTIONS_INIT, &err);
    if (rc == 0 && o.origin == NULL) {
        rc = err_set(&err, ERR_INVALID, "a ledger needs an origin, such as example.org/box-1");
    }
    const struct log_create_options create = {.origin = o.origin,
                                              .actor = facade_actor(o.actor, actor),
                                              .passphrase = facade_bytes(o.passphrase),
                                              .map_bytes = o.map_bytes};
    if (rc == 0) rc = facade_given(dir, "directory", &err);
    if (rc == 0) rc = log_create(dir, &create, &err);
    return facade_end(rc, &err, error);
}

int ledger_open(const char *dir, const struct ledger_open_options *options, struct ledger **ret,
                struct ledger_error *error) {
    struct err err = {0};
    struct ledger *ledger = NULL;
    struct ledger_open_options o;
    int rc = FACADE_OPTIONS(&o, options, ledger_open_options, LEDGER_OPEN_OPTIONS_INIT, &err);
    const struct log_open_options open = {.passphrase = facade_bytes(o.passphrase),
                                          .read_only = o.read_only != 0,
                                          .map_bytes = o.map_bytes,
                                          .wait_ns = o.wait_ns,
                                          .waiting = o.waiting,
                                          .waiting_ctx = o.waiting_ctx};
    if (rc == 0) rc = facade_given(dir, "directory", &err);
    if (rc == 0) rc = log_open(dir, &open, &ledger, &err);
    if (rc == 0 && !o.read_only && !o.no_index) rc = query_index_follow(ledger, &err);
    if (rc == 0) {
        *ret = ledger;
    } else {
        log_close(ledger);
    }
    return facade_end(rc, &err, error);
}

void ledger_close(struct ledger *ledger) {
    log_close(ledger);
}

const char *ledger_origin(const struct ledger *ledger) {
    return log_origin(ledger);
}

const char *ledger_dir(const struct ledger *ledger) {
    return log_dir(ledger);
}

/* ---- drafts ---- */

/* struct ledger_author is struct log_author under another name. */
int ledger_author_load(const char *path, struct ledger_bytes passphrase, struct ledger_author **ret,
                       struct ledger_error *error) {
    struct err err = {0};
    struct log_author *author = NULL;
    int rc = facade_given(path, "key file", &err);
    if (rc == 0) rc = log_author_load(path, facade_bytes(passphrase), &author, &err);
    if (rc == 0) {
        *ret = (struct ledger_author *)author;
    }
    return facade_end(rc, &err, error);
}

void ledger_author_free(struct ledger_author *author) {
    log_author_free((struct log_author *)author);
}

/* A draft and what it borrows. */
struct made {
    struct log_draft draft;
    struct buf body, private_, open;
    char actor[FACADE_ACTOR_MAX];
};

static void made_done(struct made *made) {
    buf_done(&made->body);
    buf_done(&made->private_);
    buf_done(&made->open);
}

static int put_map(const char *json, const char *what, struct buf *out, struct bytes *ret, struct err *err) {
    int rc = 0;
    if (json != NULL) {
        rc = log_json_to_body(bytes_of(json), out, err);
        *ret = bytes_of_buf(out);
    }
    return rc == 0 ? 0 : err_prefix(err, "%s", what);
}

static int make(const struct ledger_draft *from, struct made *made, struct err *err) {
    struct ledger_draft o = LEDGER_DRAFT_INIT;
    struct log_draft *d = &made->draft;
    *made = (struct made){
        .body = {.max = LEDGER_JSON_MAX}, .private_ = {.max = LEDGER_JSON_MAX}, .open = {.max = LEDGER_JSON_MAX}};
    log_draft_init(d);
    int rc = from == NULL ? err_set(err, ERR_INVALID, "there is no draft")
                          : facade_options(&o, sizeof(o), from, "ledger_draft", err);
    if (rc != 0) return rc;
    if (o.cause_type < LEDGER_CAUSE_NONE || o.cause_type > LEDGER_CAUSE_KEY) {
        return err_set(err, ERR_INVALID, "%d is not a type of cause", o.cause_type);
    }
    d->kind = bytes_of(o.kind);
    d->subject = bytes_of(o.subject);
    d->actor = bytes_of(facade_actor(o.actor, made->actor));
    d->source = bytes_of(o.source == NULL ? "api" : o.source);
    d->grade = bytes_of(o.grade == NULL ? "declared" : o.grade);
    d->run = bytes_of(o.run);
    d->key = bytes_of(o.key);
    d->cause_type = (enum log_cause)o.cause_type;
    d->cause = o.cause;
    d->cause_key = bytes_of(o.cause_key);
    d->none_after = o.none_after;
    d->force_private = o.keep_unknown != 0;
    d->author = (const struct log_author *)o.author;
    rc = put_map(o.json, "json", &made->body, &d->body, err);
    if (rc == 0) rc = put_map(o.json_private, "json_private", &made->private_, &d->private_, err);
    if (rc == 0 && o.json_open != NULL) {
        rc = json_to_mp(bytes_of(o.json_open), &made->open, err);
        rc = rc == 0 ? 0 : err_prefix(err, "json_open");
        d->open = bytes_of_buf(&made->open);
    }
    return rc;
}

int ledger_append(struct ledger *ledger, const struct ledger_draft *draft, struct ledger_receipt *ret,
                  struct ledger_error *error) {
    struct err err = {0};
    struct made made;
    struct log_receipt receipt;
    int rc = make(draft, &made, &err);
    if (rc == 0) rc = log_append(ledger, &made.draft, &receipt, NULL, &err);
    if (rc == 0) facade_receipt(&receipt, ret);
    made_done(&made);
    return facade_end(rc, &err, error);
}

int ledger_append_json(struct ledger *ledger, const char *kind, const char *subject, const char *actor, const char *key,
                       const char *json, struct ledger_receipt *ret, struct ledger_error *error) {
    struct ledger_draft draft = LEDGER_DRAFT_INIT;
    draft.kind = kind;
    draft.subject = subject;
    draft.actor = actor;
    draft.key = key;
    draft.json = json;
    return ledger_append(ledger, &draft, ret, error);
}

int ledger_draft_check(const struct ledger_draft *draft, unsigned json_flags, char **ret_json, size_t *ret_n,
                       struct ledger_error *error) {
    struct err err = {0};
    struct made made;
    struct obj obj = {0};
    struct buf body = {.max = FACADE_TEXT_MAX}, private_ = {.max = FACADE_TEXT_MAX};
    uint32_t masked = 0;
    int rc = make(draft, &made, &err);
    if (rc == 0) rc = log_draft_check(&made.draft, &body, &private_, &masked, &err);
    if (rc == 0) {
        obj_raw(&obj, "body", bytes_of_buf(&body));
        if (private_.n > 0) {
            obj_raw(&obj, "private", bytes_of_buf(&private_));
        }
        obj_uint(&obj, "masked", masked);
    }
    rc = facade_json(rc, &obj, json_flags, ret_json, ret_n, &err);
    buf_done(&private_);
    buf_done(&body);
    made_done(&made);
    return facade_end(rc, &err, error);
}

/* ---- batches ---- */

struct ledger_batch {
    struct log_batch *batch;
};

int ledger_batch_new(struct ledger *ledger, struct ledger_batch **ret, struct ledger_error *error) {
    struct err err = {0};
    struct ledger_batch *batch = calloc(1, sizeof(*batch));
    int rc = batch == NULL ? err_set(&err, ERR_NOMEM, "no memory for a batch") : log_batch_new(ledger, &batch->batch, &err);
    if (rc == 0) {
        *ret = batch;
    } else {
        free(batch);
    }
    return facade_end(rc, &err, error);
}

int ledger_batch_add(struct ledger_batch *batch, const struct ledger_draft *draft, struct ledger_error *error) {
    struct err err = {0};
    struct made made;
    int rc = make(draft, &made, &err);
    if (rc == 0) rc = log_batch_add(batch->batch, &made.draft, &err);
    made_done(&made);
    return facade_end(rc, &err, error);
}

size_t ledger_batch_count(const struct ledger_batch *batch) {
    return log_batch_count(batch->batch);
}

int ledger_batch_remove(struct ledger_batch *batch, const size_t *indexes, size_t n, struct ledger_error *error) {
    struct err err = {0};
    int rc = facade_array(indexes, n, "indexes", &err);
    if (rc == 0) rc = log_batch_remove_check(batch->batch, indexes, n, &err);
    if (rc == 0) log_batch_remove(batch->batch, indexes, n);
    return facade_end(rc, &err, error);
}

int ledger_batch_set_cursor(struct ledger_batch *batch, const char *name, struct ledger_bytes value,
                            struct ledger_error *error) {
    struct err err = {0};
    return facade_end(log_batch_set_cursor(batch->batch, name, facade_bytes(value), &err), &err, error);
}

int ledger_batch_commit(struct ledger_batch *batch, struct ledger_receipt *receipts, struct ledger_error *error) {
    struct err err = {0};
    size_t n = log_batch_count(batch->batch), at = SIZE_MAX;
    struct log_receipt *got = receipts == NULL ? NULL : calloc(n + 1, sizeof(*got));
    int rc = receipts != NULL && got == NULL ? err_set(&err, ERR_NOMEM, "no memory for receipts")
                                             : log_batch_commit(batch->batch, got, NULL, &at, &err);
    for (size_t i = 0; rc == 0 && receipts != NULL && i < n; i++) {
        facade_receipt(&got[i], &receipts[i]);
    }
    free(got);
    return facade_end_at(rc, &err, at, error);
}

void ledger_batch_clear(struct ledger_batch *batch) {
    log_batch_clear(batch->batch);
}

void ledger_batch_free(struct ledger_batch *batch) {
    if (batch != NULL) {
        log_batch_free(batch->batch);
        free(batch);
    }
}

int ledger_cursor_get(struct ledger *ledger, const char *name, uint8_t **ret, size_t *ret_n, struct ledger_error *error) {
    struct err err = {0};
    struct buf value = {.max = FACADE_TEXT_MAX};
    char *bytes = NULL;
    int rc = facade_text(log_cursor_get(ledger, name, &value, &err), &value, &bytes, ret_n, &err);
    if (rc == 0) {
        *ret = (uint8_t *)bytes;
    }
    return facade_end(rc, &err, error);
}
