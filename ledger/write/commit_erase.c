/* Erasing inside a commit: content is removed, what the tree is built over stays. The event ledger.erased is written in the
 * same transaction.
 *
 *   body       the payload is removed; the group's seed, which would reveal the erased body's salt, is replaced by the
 *              salts of the other events; the commitment stays in the header
 *   private    the event salt is replaced by the salts of the other fields; of the erased ones only the digests stay
 *   artifact   its record keeps size and digest
 *
 * The tail's unfinished group continues under a new seed. */
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "base/mp.h"
#include "ledger/event/private.h"
#include "ledger/signing/epoch.h"
#include "ledger/write/artifact.h"
#include "ledger/write/commit.h"

/* ---- what may be erased ---- */

static int check_kind(const struct event_header *h, struct err *err) {
    if (epoch_is_kept(h->kind)) {
        return err_set(err, ERR_INVALID, "event %llu is %.*s: what the ledger itself rests on cannot be erased",
                       (unsigned long long)h->seq, (int)h->kind.n, (const char *)h->kind.p);
    }
    return 0;
}

/* The group stays loaded: *at is the index of the group it holds, LOG_NO_SEQ: none. */
static int load(struct commit *c, uint64_t seq, struct group *group, uint64_t *at, struct event_header *ret,
                struct err *err) {
    if (seq >= c->head.size) {
        return err_set(err, ERR_NOTFOUND, "there is no event %llu: the newest is %llu", (unsigned long long)seq,
                       (unsigned long long)(c->head.size - 1));
    }
    size_t bad;
    int rc = *at == seq / EVENT_GROUP ? 0 : core_group_load(c->txn, &c->head, seq / EVENT_GROUP, group, &bad, err);
    *at = rc == 0 ? seq / EVENT_GROUP : LOG_NO_SEQ;
    if (rc == 0) rc = event_header_decode(group->event[seq % EVENT_GROUP].header, ret, err);
    if (rc == 0) rc = check_kind(ret, err);
    return rc;
}

/* ---- bodies ---- */

/* Checks and removes the payload of an event. A signed body is refused: whoever kept the signed draft could append it again
 * once the log no longer shows that it was there. */
static int take_payload(struct commit *c, const struct group_event *e, const struct event_header *h, uint64_t *ret_bytes,
                        struct err *err) {
    struct event_author author = {0};
    struct bytes payload = e->payload, body;
    unsigned long long seq = (unsigned long long)h->seq;
    int rc = 0;
    if (e->where == GROUP_ERASED) {
        return err_set(err, ERR_NOTFOUND, "the body of event %llu was erased before", seq);
    }
    if (e->where == GROUP_EXTERNAL) {
        buf_clear(&c->record);
        rc = core_payload_get(c->txn, h->seq, &c->record, err);
        payload = bytes_of_buf(&c->record);
    }
    if (rc == 0) rc = event_payload_decode(payload, &body, &author, err);
    if (rc == 0 && author.name.n > 0) {
        return err_set(err, ERR_INVALID,
                       "event %llu is signed by '%.*s': a signed body cannot be erased, its private fields can", seq,
                       (int)author.name.n, (const char *)author.name.p);
    }
    if (rc == 0) {
        *ret_bytes += body.n;
    }
    if (rc == 0 && e->where == GROUP_EXTERNAL) rc = db_del_u64(c->txn, T_PAYLOAD, h->seq, err);
    return rc;
}

/* Copies the group without these payloads, each event with its own salt. */
static int copy_without(const struct group *from, const bool *gone, struct group *to, struct err *err) {
    static const uint8_t no_seed[EVENT_HASH];
    int rc = 0;
    group_reset(to, from->index, no_seed, from->prev);
    for (size_t i = 0; i < from->n && rc == 0; i++) {
        const struct group_event *e = &from->event[i];
        enum group_payload where = gone[i] ? GROUP_ERASED : e->where;
        uint8_t salt[EVENT_HASH];
        rc = group_add(to, e->header, &e->facts, e->payload, where, e->leaf, err);
        if (rc == 0 && where != GROUP_ERASED) {
            group_salt(from, i, salt);
            group_salt_put(to, salt, true);
        }
    }
    group_views(to);
    return rc;
}

static int store_group(struct commit *c, struct group *group, struct err *err) {
    int rc = 0;
    buf_clear(&c->record);
    if (group->n == EVENT_GROUP) {
        struct buf record = {.max = GROUP_PLAIN_MAX};
        rc = group_encode(group, &record, err);
        if (rc == 0) rc = db_put_u64(c->txn, T_BUNDLE, group->index, bytes_of_buf(&record), DB_PUT, err);
        buf_done(&record);
        return rc;
    }
    for (size_t i = 0; i < group->n && rc == 0; i++) {
        rc = commit_group_tail(c, &group->event[i], group->index * EVENT_GROUP + i, DB_PUT, err);
    }
    crypt_random(c->head.seed, EVENT_HASH);
    return rc;
}

/* seqs[0 .. n): of one group. */
static int erase_in_group(struct commit *c, const uint64_t *seqs, size_t n, struct group *from, struct group *to,
                          uint64_t *ret_bytes, struct err *err) {
    bool gone[EVENT_GROUP] = {false};
    struct event_header h;
    uint64_t loaded = LOG_NO_SEQ;
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        size_t at = (size_t)(seqs[i] % EVENT_GROUP);
        rc = load(c, seqs[i], from, &loaded, &h, err);
        if (rc == 0) rc = take_payload(c, &from->event[at], &h, ret_bytes, err);
        gone[at] = true;
    }
    if (rc == 0) rc = copy_without(from, gone, to, err);
    if (rc == 0) rc = store_group(c, to, err);
    return rc;
}

static int erase_bodies(struct commit *c, const struct log_erase_options *o, uint64_t *ret_bytes, struct err *err) {
    struct group *from = group_new(), *to = group_new();
    int rc = from == NULL || to == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    for (size_t i = 0, n; i < o->n_seqs && rc == 0; i += n) {
        for (n = 1; i + n < o->n_seqs && o->seqs[i + n] / EVENT_GROUP == o->seqs[i] / EVENT_GROUP; n++) {
        }
        rc = erase_in_group(c, o->seqs + i, n, from, to, ret_bytes, err);
    }
    group_free(from);
    group_free(to);
    return rc;
}

/* ---- private fields ---- */

static int erase_fields(struct commit *c, const struct log_erase_options *o, const struct event_header *h,
                        uint64_t *ret_bytes, struct err *err) {
    struct private_view view;
    struct bytes record;
    struct buf scratch = {.max = PRIVATE_SCRATCH_MAX}, made = {.max = PRIVATE_PLAIN_MAX};
    uint64_t bytes = 0;
    if (h->private_ == NULL) {
        return err_set(err, ERR_NOTFOUND, "event %llu has no private fields", (unsigned long long)h->seq);
    }
    int rc = db_get_u64(c->txn, T_PRIVATE, h->seq, &record, err);
    if (rc == ERR_NOTFOUND) rc = err_set(err, ERR_CORRUPT, "the private fields are missing");
    if (rc == 0) rc = private_open(record, h->private_, &scratch, &view, err);
    if (rc == 0) rc = private_erase(&made, &view, o->fields, o->n_fields, &bytes, err);
    if (rc != 0) {
        err_prefix(err, "event %llu", (unsigned long long)h->seq);
    }
    if (rc == 0) rc = db_put_u64(c->txn, T_PRIVATE, h->seq, bytes_of_buf(&made), DB_PUT, err);
    *ret_bytes += bytes;
    buf_done(&scratch);
    buf_done(&made);
    return rc;
}

static int erase_private(struct commit *c, const struct log_erase_options *o, uint64_t *ret_bytes, struct err *err) {
    struct group *group = group_new();
    struct event_header h;
    uint64_t loaded = LOG_NO_SEQ;
    int rc = group == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    for (size_t i = 0; i < o->n_seqs && rc == 0; i++) {
        rc = load(c, o->seqs[i], group, &loaded, &h, err);
        if (rc == 0) rc = erase_fields(c, o, &h, ret_bytes, err);
    }
    group_free(group);
    return rc;
}

/* ---- the event ---- */

/* Its members in the order of their names. */
static void put_body(struct buf *out, const struct log_erase_options *o, uint64_t bytes) {
    static const char *const what[] = {"body", "private", "artifact"};
    bool artifact = o->what == LOG_ERASE_ARTIFACT, fields = o->what == LOG_ERASE_PRIVATE && o->n_fields > 0;
    mp_put_map(out, 4U + (fields ? 1U : 0U));
    mp_pair_uint(out, "bytes", bytes);
    if (artifact) {
        mp_pair_text(out, "digest", o->artifact + strlen("artifact:"));
    }
    if (fields) {
        mp_put_str(out, bytes_of("fields"));
        mp_put_array(out, (uint32_t)o->n_fields);
        for (size_t i = 0; i < o->n_fields; i++) {
            mp_put_str(out, bytes_of(o->fields[i]));
        }
    }
    mp_pair_text(out, "reason", o->reason);
    if (!artifact && o->n_seqs == 1) {
        mp_pair_uint(out, "seq", o->seqs[0]);
    } else if (!artifact) {
        mp_put_str(out, bytes_of("seqs"));
        mp_put_array(out, (uint32_t)o->n_seqs);
        for (size_t i = 0; i < o->n_seqs; i++) {
            mp_put_uint(out, o->seqs[i]);
        }
    }
    mp_pair_text(out, "what", what[o->what]);
}

static int make_event(struct commit *c, const struct log_erase_options *o, uint64_t bytes, struct log_batch **ret,
                      struct err *err) {
    struct buf body = {.max = EVENT_BODY_MAX}, note = {.max = EVENT_PRIVATE_MAX};
    char subject[64];
    put_body(&body, o, bytes);
    if (o->note != NULL) {
        mp_put_map(&note, 1);
        mp_pair_text(&note, "note", o->note);
    }
    snprintf(subject, sizeof(subject), "event/%llu", o->n_seqs == 0 ? 0ULL : (unsigned long long)o->seqs[0]);
    const struct batch_own own = {.kind = "ledger.erased",
                                  .subject = o->what == LOG_ERASE_ARTIFACT ? o->artifact : subject,
                                  .actor = o->actor,
                                  .source = "ledger",
                                  .body = &body,
                                  .private_ = &note};
    int rc = batch_new_own(c->ledger, &own, ret, err);
    buf_done(&body);
    buf_done(&note);
    return rc;
}

/* Older programs must refuse the database, and its old pages still hold what was erased. */
static int mark_format(struct commit *c, struct err *err) {
    buf_clear(&c->record);
    core_format_encode(&c->record, CORE_FEATURE_ERASED);
    int rc = buf_check(&c->record, "format", err);
    if (rc == 0) rc = db_put(c->txn, T_META, bytes_of("format"), bytes_of_buf(&c->record), DB_PUT, err);
    if (rc == 0) rc = db_put(c->txn, T_META, bytes_of(CORE_ERASING), bytes_of("1"), DB_PUT, err);
    return rc;
}

int commit_erase(struct commit *c, const struct log_erase_options *o, struct log_batch **ret_batch, struct err *err) {
    uint64_t bytes = 0;
    c->ledger->write.built.whole = false; /* it has the old salts */
    c->ledger->write.lookup_valid = false;
    int rc = o->what == LOG_ERASE_BODY      ? erase_bodies(c, o, &bytes, err)
             : o->what == LOG_ERASE_PRIVATE ? erase_private(c, o, &bytes, err)
                                            : artifact_erase(c->txn, o->artifact, &bytes, err);
    if (rc == 0) rc = mark_format(c, err);
    if (rc == 0) rc = make_event(c, o, bytes, ret_batch, err);
    return rc;
}
