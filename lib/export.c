/* Options become those of the export floor, and the file leaves through lib/handover. */
#include <ledger/export.h>

#include <stdio.h>
#include <stdlib.h>

#include "lib/facade.h"
#include "lib/handover/handover.h"
#include "lib/handover/narrow.h"

_Static_assert((int)LEDGER_BODIES_ALL == (int)EXPORT_BODIES_ALL && (int)LEDGER_BODIES_NONE == (int)EXPORT_BODIES_NONE, "");

#define MODE      0600
#define WORDS_MAX ((size_t)1 << 14)

/* One export, and what its options borrow. */
struct cutting {
    struct ledger *ledger;
    struct ledger_export_options asked;
    struct export_options options;
    struct export_term term[EXPORT_TERMS_MAX];
    const char *private_[EXPORT_PRIVATE_MAX], *states[EXPORT_STATES_MAX];
    struct buf words;
    char actor[FACADE_ACTOR_MAX];
    struct export_counts counts;
    uint8_t digest[LOG_HASH];
    uint64_t bytes;
    struct log_receipt receipt;
};

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in order. */
static int take_names(const char *const *names, size_t n, const char *what, const char *member, const char **ret,
                      size_t max, struct err *err) {
    if (n > max) return err_set(err, ERR_LIMIT, "at most %zu %s can be named", max, what);
    int rc = facade_texts(names, n, member, err);
    if (rc != 0) return rc;
    for (size_t i = 0; i < n; i++) {
        ret[i] = names[i];
    }
    qsort(ret, n, sizeof(ret[0]), by_name);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(ret[i - 1], ret[i]) == 0) {
            return err_set(err, ERR_INVALID, "'%.60s' is named twice", ret[i]);
        }
    }
    return 0;
}

static int take_terms(struct cutting *c, struct err *err) {
    const struct ledger_export_options *o = &c->asked;
    if (o->n_terms > EXPORT_TERMS_MAX) {
        return err_set(err, ERR_LIMIT, "at most %d conditions", EXPORT_TERMS_MAX);
    }
    int rc = facade_array(o->terms, o->n_terms, "terms", err);
    if (rc != 0) return rc;
    for (size_t i = 0; i < o->n_terms; i++) {
        char what[40];
        if (o->terms[i].field == NULL || o->terms[i].value == NULL) {
            return err_set(err, ERR_INVALID, "condition %zu has no field or no value", i);
        }
        c->term[i] = (struct export_term){.field = o->terms[i].field,
                                          .op = o->terms[i].is_prefix ? EXPORT_PREFIX : EXPORT_EQUALS,
                                          .value = bytes_of(o->terms[i].value)};
        snprintf(what, sizeof(what), "'terms[%zu].value'", i);
        rc = export_term_check(&c->term[i], err);
        if (rc == 0) rc = facade_utf8(o->terms[i].value, what, err);
        if (rc != 0) return rc;
    }
    c->options.terms = c->term;
    c->options.n_terms = o->n_terms;
    return 0;
}

static int take(struct cutting *c, const struct ledger_export_options *options, bool build, struct err *err) {
    struct export_options *to = &c->options;
    struct ledger_export_options *o = &c->asked;
    export_options_init(to);
    c->words.max = WORDS_MAX;
    int rc = FACADE_OPTIONS(o, options, ledger_export_options, LEDGER_EXPORT_OPTIONS_INIT, err);
    if (rc == 0 && (o->bodies < LEDGER_BODIES_MATCHING || o->bodies > LEDGER_BODIES_NONE)) {
        rc = err_set(err, ERR_INVALID, "%d does not say which bodies leave", o->bodies);
    }
    if (rc == 0) rc = take_terms(c, err);
    if (rc == 0)
        rc = take_names(o->private_fields, o->n_private_fields, "private fields", "private_fields", c->private_,
                        EXPORT_PRIVATE_MAX, err);
    if (rc == 0) rc = take_names(o->states, o->n_states, "states", "states", c->states, EXPORT_STATES_MAX, err);
    if (rc == 0) rc = facade_array(o->seqs, o->n_seqs, "seqs", err);
    if (rc != 0) return rc;
    to->from = o->from;
    to->to = o->to;
    to->has_since = o->since != 0;
    to->since = o->since;
    to->has_until = o->until != 0;
    to->until = o->until;
    to->bodies = (enum export_bodies)o->bodies;
    to->private_ = c->private_;
    to->n_private = o->n_private_fields;
    to->artifacts = o->artifacts != 0;
    to->states = c->states;
    to->n_states = o->n_states;
    to->seqs = o->seqs;
    to->n_seqs = o->n_seqs;
    to->plain = o->plain != 0;
    to->stop = o->stop;
    to->progress = o->progress;
    to->progress_ctx = o->progress_ctx;
    bool given = to->has_since || to->has_until || o->from != 0 || o->to != LEDGER_NO_SEQ;
    if (!given) rc = narrow_range(to, c->ledger, build, err);
    narrow_words(to, &c->words);
    return rc == 0 ? buf_check(&c->words, "the conditions", err) : rc;
}

static int give(const struct cutting *c, struct ledger_export_result *ret, struct err *err) {
    const struct export_counts *n = &c->counts;
    struct ledger_export_result r = {.size = sizeof(r),
                                     .from = n->from,
                                     .to = n->to,
                                     .headers = n->headers,
                                     .matching = n->matching,
                                     .disclosed = n->disclosed,
                                     .withheld = n->withheld,
                                     .erased = n->erased,
                                     .private_fields = n->private_,
                                     .artifacts = n->artifacts,
                                     .secrets = n->secrets,
                                     .bytes = c->bytes,
                                     .recorded = c->receipt.seq};
    if (ret == NULL) return 0;
    int rc = facade_size(ret->size, "ledger_export_result", err);
    if (rc != 0) return rc;
    memcpy(r.digest, c->digest, LEDGER_HASH);
    r.size = ret->size < sizeof(r) ? ret->size : sizeof(r);
    memcpy(ret, &r, r.size);
    return 0;
}

static int begin(struct ledger *ledger, const struct ledger_export_options *options, const struct ledger_export_result *ret,
                 bool build, struct cutting **ret_cutting, struct err *err) {
    struct cutting *c = calloc(1, sizeof(*c));
    *ret_cutting = c;
    if (c == NULL) return err_set(err, ERR_NOMEM, "no memory for an export");
    c->ledger = ledger;
    int rc = ret == NULL ? 0 : facade_size(ret->size, "ledger_export_result", err);
    return rc == 0 ? take(c, options, build, err) : rc;
}

static int end(int rc, struct cutting *c, struct ledger_export_result *ret, struct err *err, struct ledger_error *error) {
    if (rc == 0) rc = give(c, ret, err);
    if (c != NULL) {
        buf_done(&c->words);
    }
    free(c);
    return facade_end(rc, err, error);
}

int ledger_export_plan(struct ledger *ledger, const struct ledger_export_options *options, struct ledger_export_result *ret,
                       struct ledger_error *error) {
    struct err err = {0};
    struct cutting *c;
    int rc = begin(ledger, options, ret, false, &c, &err);
    if (rc == 0) rc = export_plan(ledger, &c->options, NULL, NULL, &c->counts, &err);
    return end(rc, c, ret, &err, error);
}

static int write_bundle(void *ctx, int fd, struct err *err) {
    struct cutting *c = ctx;
    return export_write(c->ledger, &c->options, fd, &c->counts, c->digest, &c->bytes, err);
}

static int record_bundle(void *ctx, const char *path, struct err *err) {
    struct cutting *c = ctx;
    const struct export_record record = {.counts = &c->counts,
                                         .digest = c->digest,
                                         .bytes = c->bytes,
                                         .query = bytes_of_buf(&c->words),
                                         .to.actor = facade_actor(c->asked.actor, c->actor),
                                         .to.path = path,
                                         .to.recipient = c->asked.recipient,
                                         .to.note = c->asked.note};
    return export_record(c->ledger, &c->options, &record, &c->receipt, err);
}

int ledger_export(struct ledger *ledger, const struct ledger_export_options *options, const char *path,
                  struct ledger_export_result *ret, struct ledger_error *error) {
    struct err err = {0};
    struct cutting *c;
    bool named;
    int rc = begin(ledger, options, ret, true, &c, &err);
    if (rc == 0) rc = facade_given(path, "file", &err);
    if (rc == 0) {
        const struct handover how = {write_bundle, record_bundle, c};
        c->options.beside = path;
        rc = handover_to_path(&how, path, MODE, &named, &err);
    }
    return end(rc, c, ret, &err, error);
}

int ledger_export_fd(struct ledger *ledger, const struct ledger_export_options *options, int fd,
                     struct ledger_export_result *ret, struct ledger_error *error) {
    struct err err = {0};
    struct cutting *c;
    int rc = begin(ledger, options, ret, true, &c, &err);
    if (rc == 0) rc = facade_fd(fd, &err);
    if (rc == 0) {
        const struct handover how = {write_bundle, record_bundle, c};
        rc = handover_to_fd(&how, fd, "where the bundle goes", &err);
    }
    return end(rc, c, ret, &err, error);
}
