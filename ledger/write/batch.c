/* Drafts: checked against the catalog and the format's limits, masked, encoded, signed by their author. All of it happens
 * before the write lock is taken, so that only what depends on the log is left to do under it: seq, time, salt, prev. */
#include "ledger/write/batch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/crypt.h"
#include "base/mp.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ledger/core/author.h"
#include "ledger/dedup/keyrun.h"
#include "ledger/kinds/capability.h"
#include "ledger/kinds/grant.h"
#include "ledger/kinds/id.h"
#include "ledger/kinds/near.h"
#include "ledger/kinds/tool_rule.h"
#include "ledger/write/guard.h"

#define BATCH_EVENT_ROOM (EVENT_HEADER_MAX + EVENT_PAYLOAD_MAX + EVENT_PRIVATE_MAX)
#define AUTHOR_KEY_MIN   22 /* characters: 128 random bits in base64 */
#define BATCH_MEMO_FROM  4  /* drafts; with fewer its memory does not pay off */

int log_batch_new(struct ledger *ledger, struct log_batch **ret, struct err *err) {
    struct log_batch *batch = calloc(1, sizeof(*batch));
    if (batch == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    batch->ledger = ledger;
    buf_init(&batch->arena, LOG_BATCH_BYTES_MAX + BATCH_EVENT_ROOM);
    buf_init(&batch->scratch, 4 * (EVENT_BODY_MAX + EVENT_PRIVATE_MAX));
    buf_init(&batch->private_, 4 * (EVENT_BODY_MAX + EVENT_PRIVATE_MAX));
    *ret = batch;
    return 0;
}

void log_batch_clear(struct log_batch *batch) {
    buf_clear(&batch->arena);
    batch_cursors_clear(&batch->cursors);
    batch->n = 0;
    batch->judge = NULL;
}

void guard_set(struct log_batch *batch, int (*judge)(void *ctx, uint64_t size, struct err *err), void *ctx) {
    batch->judge = judge;
    batch->judge_ctx = ctx;
}

void log_batch_free(struct log_batch *batch) {
    if (batch != NULL) {
        buf_done(&batch->arena);
        buf_done(&batch->scratch);
        buf_done(&batch->private_);
        batch_cursors_done(&batch->cursors);
        free(batch->memo);
        free(batch->entry);
        free(batch);
    }
}

size_t log_batch_count(const struct log_batch *batch) {
    return batch->n;
}

/* The number of indexes below `i`. */
static size_t count_below(const size_t *indexes, size_t n, uint64_t i) {
    size_t low = 0;
    while (low < n) {
        size_t middle = low + (n - low) / 2;
        if (indexes[middle] < i) {
            low = middle + 1;
        } else {
            n = middle;
        }
    }
    return low;
}

static int check_index(const struct log_batch *batch, const size_t *indexes, size_t i, struct err *err) {
    if (indexes[i] >= batch->n) {
        return err_set(err, ERR_INVALID, "index %zu: the batch has only %zu drafts", indexes[i], batch->n);
    }
    if (i > 0 && indexes[i] <= indexes[i - 1]) {
        return err_set(err, ERR_INVALID, "index %zu after index %zu; expected: ascending order, each once", indexes[i],
                       indexes[i - 1]);
    }
    return 0;
}

int log_batch_remove_check(const struct log_batch *batch, const size_t *indexes, size_t n, struct err *err) {
    int rc = 0;
    size_t gone = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = check_index(batch, indexes, i, err);
    }
    for (size_t i = n > 0 ? indexes[0] : batch->n; i < batch->n && rc == 0; i++) {
        const struct batch_entry *e = &batch->entry[i];
        size_t below = count_below(indexes, n, e->cause);
        if (gone < n && indexes[gone] == i) {
            gone++;
        } else if (e->cause_type == LOG_CAUSE_BATCH && below < n && indexes[below] == e->cause) {
            rc = err_set(err, ERR_INVALID, "draft %llu is the cause of draft %zu, which stays; expected: both are removed",
                         (unsigned long long)e->cause, i);
        }
    }
    return rc;
}

void log_batch_remove(struct log_batch *batch, const size_t *indexes, size_t n) {
    size_t gone = 0;
    for (size_t i = n > 0 ? indexes[0] : batch->n; i < batch->n; i++) {
        struct batch_entry *e = &batch->entry[i];
        if (gone < n && indexes[gone] == i) {
            gone++;
            continue;
        }
        if (e->cause_type == LOG_CAUSE_BATCH) {
            size_t below = count_below(indexes, n, e->cause);
            e->cause_type = below < n && indexes[below] == e->cause ? LOG_CAUSE_NONE : LOG_CAUSE_BATCH;
            e->cause -= below;
        }
        batch->entry[i - gone] = *e;
    }
    assert(gone == n);
    batch->n -= n;
}

int batch_reason_check(const char *reason, struct err *err) {
    struct bytes text = bytes_of(reason);
    if (text.n == 0) return err_set(err, ERR_INVALID, "the reason is empty; expected: a few words");
    if (text.n > BATCH_REASON_MAX) {
        return err_set(err, ERR_LIMIT, "the reason has %zu bytes, at most %d are accepted", text.n, BATCH_REASON_MAX);
    }
    return text_utf8_valid(text.p, text.n) < text.n || text_has_control(text)
               ? err_set(err, ERR_INVALID, "the reason is not UTF-8, or has a control character")
               : 0;
}

struct bytes batch_bytes(const struct log_batch *batch, size_t at, size_t n) {
    return (struct bytes){batch->arena.p == NULL ? NULL : batch->arena.p + at, n};
}

int log_batch_set_cursor(struct log_batch *batch, const char *name, struct bytes value, struct err *err) {
    return batch_cursors_set(&batch->cursors, name, value, err);
}

void log_batch_clear_cursors(struct log_batch *batch) {
    batch_cursors_clear(&batch->cursors);
}

void log_draft_init(struct log_draft *draft) {
    memset(draft, 0, sizeof(*draft));
    draft->none_after = LOG_NO_SEQ;
}

/* ---- checks ---- */

/* Anybody may write facts about how a source itself works (ledger.imported, ledger.gap). Only the ledger may write what it
 * says about itself, and only it may name itself as the source, because the keys of that source are its own. */
static int check_allowed(struct bytes kind, struct bytes source, struct err *err) {
    if (bytes_is(source, "ledger")) {
        return err_set(err, ERR_INVALID, "'source' is 'ledger', which is what the ledger itself writes under");
    }
    if (bytes_has_prefix(kind, "ledger.") && !bytes_is(kind, "ledger.imported") && !bytes_is(kind, "ledger.gap")) {
        return err_set(err, ERR_INVALID, "'%.*s' is written only by the ledger itself", (int)kind.n, (const char *)kind.p);
    }
    return 0;
}

static int check_no_secret(struct bytes text, const char *name, struct err *err) {
    struct secret_hit hit;
    if (secret_next(text, 0, &hit) == 0) {
        return err_set(
            err, ERR_INVALID,
            "'%s' holds a secret (rule %s, %zu bytes at byte %zu): header fields are kept for ever and travel with "
            "every export",
            name, hit.rule, hit.n, hit.at);
    }
    return 0;
}

/* "token:ci-runner-12" is who asked through the API, by the name of the token and not the token: the word before the name makes no secret
 * of it. What the name itself would be taken for still counts. */
static struct bytes without_role(struct bytes actor) {
    static const char role[] = "token:";
    size_t n = sizeof(role) - 1;
    return bytes_has_prefix(actor, role) ? (struct bytes){actor.p + n, actor.n - n} : actor;
}

static int check_strings(const struct event_header *h, const struct kind_index *index, struct err *err) {
    int rc = event_header_check(h, err);
    if (rc == 0) rc = check_no_secret(h->kind, "kind", err);
    if (rc == 0 && !kind_id_in_subject(index, h->subject)) rc = check_no_secret(h->subject, "subject", err);
    if (rc == 0) rc = check_no_secret(without_role(h->actor), "actor", err);
    if (rc == 0) rc = check_no_secret(h->source, "source", err);
    if (rc == 0 && !kind_is_id(h->run)) rc = check_no_secret(h->run, "run", err);
    if (rc == 0) rc = check_no_secret(h->key, "key", err);
    return rc;
}

/* Whether a header's string needs a closer look: it is not ASCII, has control characters or may hold a secret. */
static bool needs_look(struct bytes text) {
    return (text_look(text) & (TEXT_WIDE | TEXT_CONTROL)) != 0 || secret_is_in(text);
}

static bool is_plain(struct bytes text, size_t max) {
    return text.n <= max && !needs_look(text);
}

static bool is_known(const struct batch_text *before, struct bytes text) {
    return before->n == text.n && kind_memo_same(before->p, text.p, text.n);
}

static void remember(struct batch_text *ret, struct bytes text) {
    if (text.n > 0) {
        ret->n = (uint16_t)text.n;
        memcpy(ret->p, text.p, text.n);
    }
}

/* As is_plain, or equal to the string in the event before. */
static bool is_judged(struct batch_memo *memo, struct batch_text *before, struct bytes text, size_t max) {
    if (is_known(before, text)) return true;
    bool plain = text.n <= max && !memo_ask(&memo->header, text, needs_look);
    if (plain) {
        remember(before, text);
    }
    return plain;
}

static bool is_grade(struct bytes grade) {
    return grade.n == 8 && (memcmp(grade.p, "reported", 8) == 0 || memcmp(grade.p, "measured", 8) == 0 ||
                            memcmp(grade.p, "declared", 8) == 0 || memcmp(grade.p, "inferred", 8) == 0);
}

/* True for nearly every header. The catalog's names satisfy the rules for a kind. */
static bool is_plain_header(struct batch_memo *memo, const struct event_header *h, const struct kind_index *index) {
    if (index == NULL || h->subject.n == 0 || h->actor.n == 0 || h->source.n == 0 || !is_grade(h->grade) ||
        !is_plain(h->key, EVENT_STRING_MAX)) {
        return false;
    }
    if (memo == NULL) {
        return is_plain(h->subject, EVENT_SUBJECT_MAX) && is_plain(h->actor, EVENT_STRING_MAX) &&
               is_plain(h->source, EVENT_STRING_MAX) && is_plain(h->run, EVENT_STRING_MAX);
    }
    return is_judged(memo, &memo->subject, h->subject, EVENT_SUBJECT_MAX) &&
           is_judged(memo, &memo->actor, h->actor, EVENT_STRING_MAX) &&
           is_judged(memo, &memo->source, h->source, EVENT_STRING_MAX) &&
           is_judged(memo, &memo->run, h->run, EVENT_STRING_MAX);
}

/* Judges a header that is unusual in any way with check_strings, which words the error. */
static int check_header(struct batch_memo *memo, const struct event_header *h, const struct kind_index *index,
                        struct err *err) {
    if (is_plain_header(memo, h, index)) return 0;
    int rc = check_strings(h, index, err);
    if (rc == 0 && memo != NULL) {
        remember(&memo->subject, h->subject);
        remember(&memo->actor, h->actor);
        remember(&memo->source, h->source);
        remember(&memo->run, h->run);
    }
    return rc;
}

/* ---- encoding ---- */

static int put_payload(struct log_batch *batch, const struct log_draft *draft, const struct event_header *h,
                       struct bytes body, struct batch_entry *e, struct err *err) {
    struct event_author author = {0};
    uint8_t sig[CRYPT_SIGNATURE_LEN];
    e->payload.at = batch->arena.n;
    if (draft->author != NULL) {
        struct buf message = {.max = EVENT_BODY_MAX + 2 * EVENT_HEADER_MAX};
        event_author_message(&message, batch->ledger->genesis, bytes_of(batch->ledger->origin), h, body);
        int rc = buf_check(&message, "an author's message", err);
        if (rc == 0) {
            const struct signer *signer = &draft->author->signer;
            crypt_sign(sig, bytes_of_buf(&message), signer->secret);
            author = (struct event_author){bytes_of(signer->vkey.name), signer->vkey.id, sig};
            e->author_hash = keyrun_author_hash(author.name, author.id, h->key);
        }
        buf_done(&message);
        if (rc != 0) return rc;
    }
    event_payload_encode(&batch->arena, body, &author);
    e->payload.n = batch->arena.n - e->payload.at;
    return 0;
}

static void take_salt(struct batch_memo *memo, uint8_t ret[EVENT_HASH]) {
    if (memo == NULL) {
        crypt_random(ret, EVENT_HASH);
        return;
    }
    if (memo->n_salts == 0) {
        crypt_random(memo->salts[0], sizeof(memo->salts));
        memo->n_salts = BATCH_SALTS;
    }
    memcpy(ret, memo->salts[--memo->n_salts], EVENT_HASH);
}

static int put_private(struct log_batch *batch, struct bytes map, struct batch_entry *e, struct err *err) {
    if (map.n == 0) return 0;
    if (map.n > EVENT_PRIVATE_MAX) {
        return err_set(err, ERR_LIMIT,
                       "the private fields have %zu bytes, at most %zu are accepted; store long content as an "
                       "artifact",
                       map.n, EVENT_PRIVATE_MAX);
    }
    e->has_private = true;
    take_salt(batch->memo, e->event_salt);
    e->private_.at = batch->arena.n;
    e->private_.n = map.n;
    buf_put_bytes(&batch->arena, map);
    return event_private_commit(e->private_commit, e->event_salt, map, err);
}

static int encode_entry(struct log_batch *batch, const struct log_draft *draft, struct event_header *h, struct bytes body,
                        struct bytes private_, struct batch_entry *e, struct err *err) {
    struct buf *arena = &batch->arena;
    if (body.n > EVENT_BODY_MAX) {
        return err_set(err, ERR_LIMIT,
                       "the body has %zu bytes, at most %zu are accepted; store long content as an artifact", body.n,
                       EVENT_BODY_MAX);
    }
    int rc = put_private(batch, private_, e, err);
    if (rc != 0) return rc;
    h->private_ = e->has_private ? e->private_commit : NULL;
    e->head.at = arena->n;
    event_head_encode(arena, h);
    e->head.n = arena->n - e->head.at;
    e->key.at = arena->n;
    mp_put_str(arena, h->key);
    e->key.n = arena->n - e->key.at;
    e->subject.at = arena->n;
    buf_put_bytes(arena, h->subject);
    e->subject.n = h->subject.n;
    e->key_hash = h->key.n == 0 ? 0 : keyrun_hash(h->source, h->key);
    if (draft->cause_type == LOG_CAUSE_KEY) {
        e->cause_hash = keyrun_hash(h->source, draft->cause_key);
        e->cause_key.at = arena->n;
        e->cause_key.n = draft->cause_key.n;
        buf_put_bytes(arena, draft->cause_key);
    }
    rc = put_payload(batch, draft, h, body, e, err);
    if (rc == 0) rc = buf_check(arena, "a batch", err);
    return rc;
}

/* Makes a key for a signed draft that has none, so that its signature cannot be replayed. */
static int author_key(const struct log_draft *draft, char fresh[33], struct bytes *key, struct err *err) {
    uint8_t random[16];
    if (draft->author == NULL) return 0;
    if (key->n == 0) {
        crypt_random(random, sizeof(random));
        text_hex(fresh, random, sizeof(random));
        *key = bytes_of(fresh);
    } else if (key->n < AUTHOR_KEY_MIN) {
        return err_set(
            err, ERR_INVALID,
            "'key' of a signed event must carry at least 128 random bits (%d characters or more); leave it out to "
            "have one made",
            AUTHOR_KEY_MIN);
    }
    return 0;
}

/* Before any field is looked at: masking shortens secrets, but what is larger than the room for sorting is refused. */
static int check_input(const struct log_batch *batch, const struct log_draft *draft, struct err *err) {
    if (draft->body.n <= batch->scratch.max && draft->private_.n <= batch->private_.max) return 0;
    return err_set(
        err, ERR_LIMIT,
        "the fields have %zu bytes; the body and the private fields take at most %zu each; store long content as "
        "an artifact",
        draft->body.n + draft->private_.n, EVENT_BODY_MAX);
}

static int add_sorted(struct log_batch *batch, const struct log_draft *draft, bool control, struct batch_entry *e,
                      struct err *err) {
    char fresh[33];
    struct event_header h = {.kind = draft->kind,
                             .subject = draft->subject,
                             .actor = draft->actor,
                             .source = draft->source,
                             .grade = draft->grade,
                             .run = draft->run,
                             .key = draft->key};
    struct kind_input in = {.kind = draft->kind,
                            .subject = draft->subject,
                            .body = draft->body,
                            .private_ = draft->private_,
                            .open = draft->open,
                            .index = kind_index_find(draft->kind),
                            .force_private = draft->force_private,
                            .as_it_is = control};
    in.memo = batch->memo == NULL ? NULL : &batch->memo->fields;
    int rc = check_input(batch, draft, err);
    if (rc == 0) rc = author_key(draft, fresh, &h.key, err);
    if (rc == 0) rc = check_header(batch->memo, &h, in.index, err);
    if (rc == 0 && !control) rc = kind_forms_check(in.index, h.subject, err);
    if (rc == 0 && !control) rc = kind_run_check(in.index, h.subject, h.run, err);
    if (rc != 0) return rc;
    buf_clear(&batch->scratch);
    buf_clear(&batch->private_);
    rc = kind_sort_input(&in, &batch->scratch, &batch->private_, &e->masked, err);
    if (rc == 0 && !control) rc = grant_check(draft, bytes_of_buf(&batch->scratch), err);
    if (rc == 0) rc = tool_rule_check(draft->kind, bytes_of_buf(&batch->scratch), bytes_of_buf(&batch->private_), err);
    if (rc == 0) rc = capability_check(draft->kind, bytes_of_buf(&batch->scratch), bytes_of_buf(&batch->private_), err);
    if (rc == 0) {
        h.schema = in.index == NULL ? 1 : in.index->kind->schema;
        rc = encode_entry(batch, draft, &h, bytes_of_buf(&batch->scratch), bytes_of_buf(&batch->private_), e, err);
    }
    return rc;
}

static int grow(struct log_batch *batch, struct err *err) {
    if (batch->memo == NULL && ++batch->tried > BATCH_MEMO_FROM &&
        (batch->memo = calloc(1, sizeof(*batch->memo))) == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory for a batch");
    }
    return array_room(&batch->entry, batch->n + 1, &batch->cap, sizeof(*batch->entry), err);
}

static int add_draft(struct log_batch *batch, const struct log_draft *draft, bool control, struct err *err) {
    if (batch->n >= LOG_BATCH_EVENTS_MAX || batch->arena.n >= LOG_BATCH_BYTES_MAX) {
        return err_set(err, ERR_BUSY, "the batch is full: %zu events, %zu bytes", batch->n, batch->arena.n);
    }
    if (draft->cause_type == LOG_CAUSE_BATCH && draft->cause >= batch->n) {
        return err_set(err, ERR_INVALID, "'cause' must be an earlier event of the batch");
    }
    if (draft->cause_type == LOG_CAUSE_KEY && (draft->cause_key.n == 0 || draft->cause_key.n > EVENT_STRING_MAX)) {
        return err_set(err, draft->cause_key.n == 0 ? ERR_INVALID : ERR_LIMIT,
                       "'cause_key' has %zu bytes; expected: the key of an earlier event, 1 to %d bytes",
                       draft->cause_key.n, EVENT_STRING_MAX);
    }
    int rc = grow(batch, err);
    if (rc != 0) return rc;
    size_t mark = batch->arena.n;
    struct batch_entry *e = &batch->entry[batch->n];
    *e = (struct batch_entry){.cause_type = draft->cause_type, .cause = draft->cause, .none_after = draft->none_after};
    rc = add_sorted(batch, draft, control, e, err);
    if (rc == 0 && batch->n > 0 && batch->arena.n > LOG_BATCH_BYTES_MAX) {
        rc = err_set(err, ERR_BUSY, "the batch has no room for this event: %zu events, %zu bytes", batch->n, mark);
    }
    if (rc != 0) {
        batch->arena.n = mark;
        batch->arena.fail = 0;
        return rc;
    }
    batch->n++;
    return 0;
}

int batch_add_control(struct log_batch *batch, const struct log_draft *draft, struct err *err) {
    return add_draft(batch, draft, true, err);
}

int batch_new_own(struct ledger *ledger, const struct batch_own *own, struct log_batch **ret, struct err *err) {
    char subject[NOTE_NAME_MAX + 16];
    struct log_draft draft;
    struct log_batch *batch = NULL;
    snprintf(subject, sizeof(subject), "ledger/%s", ledger->origin);
    log_draft_init(&draft);
    draft.kind = bytes_of(own->kind);
    draft.subject = bytes_of(own->subject == NULL ? subject : own->subject);
    draft.actor = bytes_of(own->actor);
    draft.source = bytes_of(own->source);
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(own->body);
    int rc = buf_check(own->body, own->kind, err);
    if (own->private_ != NULL) {
        draft.private_ = bytes_of_buf(own->private_);
        if (rc == 0) rc = buf_check(own->private_, own->kind, err);
    }
    if (rc == 0) rc = log_batch_new(ledger, &batch, err);
    if (rc == 0) rc = batch_add_control(batch, &draft, err);
    if (rc != 0) {
        log_batch_free(batch);
        return rc;
    }
    *ret = batch;
    return 0;
}

int log_batch_add(struct log_batch *batch, const struct log_draft *draft, struct err *err) {
    int rc = check_allowed(draft->kind, draft->source, err);
    if (rc == 0) rc = add_draft(batch, draft, false, err);
    return rc;
}

int batch_check(const struct log_draft *draft, bool control, struct buf *ret_body, struct buf *ret_private,
                uint32_t *ret_masked, struct err *err) {
    struct log_batch *batch = NULL;
    struct log_draft unsigned_ = *draft;
    int rc = log_batch_new(NULL, &batch, err);
    unsigned_.author = NULL;
    if (rc == 0) rc = control ? batch_add_control(batch, &unsigned_, err) : log_batch_add(batch, &unsigned_, err);
    if (rc == 0) {
        buf_put_bytes(ret_body, bytes_of_buf(&batch->scratch));
        buf_put_bytes(ret_private, bytes_of_buf(&batch->private_));
        rc = buf_check(ret_body, "the body", err);
        if (rc == 0) rc = buf_check(ret_private, "the private fields", err);
    }
    if (rc == 0) {
        *ret_masked = batch->entry[0].masked;
    }
    log_batch_free(batch);
    return rc;
}

int log_draft_check(const struct log_draft *draft, struct buf *ret_body, struct buf *ret_private, uint32_t *ret_masked,
                    struct err *err) {
    return batch_check(draft, false, ret_body, ret_private, ret_masked, err);
}
