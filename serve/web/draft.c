/* Requests that record: POST /v1/events and the steps of jobs. */
#include "serve/web/draft.h"

#include <stdio.h>
#include <string.h>

#include "base/crypt.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"

#define DOC_MAX      ((size_t)16 << 20)
#define SENT_KEY_MAX 180

static int text_of(struct bytes map, const char *name, bool needed, struct bytes *ret, struct err *err) {
    struct bytes raw;
    struct mp_item item;
    *ret = (struct bytes){0};
    if (mp_map_get(map, name, &raw) != 0) {
        return needed ? err_set(err, ERR_INVALID, "member '%s' is missing; expected a text", name) : 0;
    }
    if (mp_scalar(raw, &item) != 0 || item.type != MP_STR || item.data.n == 0) {
        return err_set(err, ERR_INVALID, "member '%s' is not a text", name);
    }
    *ret = item.data;
    return 0;
}

static int number_of(struct bytes map, const char *name, bool *ret_there, uint64_t *ret, struct err *err) {
    struct bytes raw;
    struct mp_item item;
    *ret_there = mp_map_get(map, name, &raw) == 0;
    if (!*ret_there) return 0;
    if (mp_scalar(raw, &item) != 0 || item.type != MP_UINT) {
        return err_set(err, ERR_INVALID, "member '%s' is not a sequence number", name);
    }
    *ret = item.uint;
    return 0;
}

static int map_of(struct bytes map, const char *name, struct bytes *ret, struct err *err) {
    struct mp_reader reader;
    struct mp_item item;
    *ret = (struct bytes){0};
    if (mp_map_get(map, name, ret) != 0) return 0;
    mp_reader_init(&reader, *ret);
    bool is = mp_next(&reader, &item, NULL) == 0 && item.type == MP_MAP;
    return is ? 0 : err_set(err, ERR_INVALID, "member '%s' is not an object", name);
}

static int check_members(struct bytes map, struct err *err) {
    static const char *const known[] = {"kind", "subject", "run", "key", "grade", "cause", "none_after", "body", "private"};
    struct mp_reader reader;
    struct mp_item head, name;
    mp_reader_init(&reader, map);
    if (mp_next(&reader, &head, NULL) != 0 || head.type != MP_MAP) {
        return err_set(err, ERR_INVALID, "the body is not a JSON object");
    }
    for (uint32_t i = 0; i < head.count; i++) {
        bool is = false;
        char shown[64];
        struct text_near near = {.text = shown};
        if (mp_next(&reader, &name, NULL) != 0 || mp_skip(&reader, 1, NULL, NULL) != 0) break;
        snprintf(shown, sizeof(shown), "%.*s", (int)(name.data.n < 40 ? name.data.n : 40), (const char *)name.data.p);
        for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++) {
            is = is || bytes_is(name.data, known[j]);
            text_near_offer(&near, known[j]);
        }
        if (!is) return err_set(err, ERR_INVALID, "there is no member '%s'%s", shown, text_near_words(&near));
    }
    return 0;
}

/* What a token cannot vouch for: decisions need their author's signature, which this API does not take; the ledger's own events, and those
 * about who may ask, are its own. */
static int check_kind(struct bytes kind, struct err *err) {
    static const char *const reserved[] = {"ledger.", "permission.", "promotion.", "policy.",
                                           "doctor.", "recovery.",   "access.",    "setup."};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (bytes_has_prefix(kind, reserved[i])) {
            return err_set(err, ERR_TAMPERED, "events of kind '%s*' are not taken from tokens; use the command",
                           reserved[i]);
        }
    }
    return 0;
}

/* Keys of different tokens are different: nobody learns by a guess what another one sent. */
static int set_key(const struct web_call *call, struct adding *a, struct bytes key, struct err *err) {
    int n = snprintf(a->key, sizeof(a->key), "%s/%.*s", call->holder, (int)key.n, (const char *)key.p);
    if (n < 0 || (size_t)n >= sizeof(a->key))
        return err_set(err, ERR_LIMIT, "the idempotency key has at most %d bytes", SENT_KEY_MAX);
    a->draft.key = (struct bytes){(const uint8_t *)a->key, (size_t)n};
    return 0;
}

static int take_key(const struct web_call *call, struct adding *a, struct err *err) {
    struct bytes key = web_field(call->request, "idempotency-key");
    if (key.n == 0) return 0;
    if (text_utf8_valid(key.p, key.n) != key.n) return err_set(err, ERR_INVALID, "Idempotency-Key is not UTF-8");
    return set_key(call, a, key, err);
}

/* Sets the draft of one whose kind and subject stand. */
static int set_draft(const struct web_call *call, struct adding *a, struct bytes map, struct err *err) {
    struct log_draft *d = &a->draft;
    struct bytes key, grade;
    bool has_cause = false, has_none = false;
    int rc = text_of(map, "run", false, &d->run, err);
    if (rc == 0) rc = text_of(map, "key", false, &key, err);
    if (rc == 0) rc = text_of(map, "grade", false, &grade, err);
    if (rc == 0) rc = number_of(map, "cause", &has_cause, &d->cause, err);
    if (rc == 0) rc = number_of(map, "none_after", &has_none, &d->none_after, err);
    if (rc == 0) rc = map_of(map, "body", &d->body, err);
    if (rc == 0) rc = map_of(map, "private", &d->private_, err);
    if (rc != 0) return rc;
    if (grade.n > 0 && !bytes_is(grade, "reported") && !bytes_is(grade, "declared") && !bytes_is(grade, "inferred")) {
        return err_set(err, ERR_INVALID, "'grade' is at most reported; expected reported, declared or inferred");
    }
    if (key.n > 0 && d->key.n > 0) {
        return err_set(err, ERR_INVALID, "there is both 'key' and the field Idempotency-Key; give one of them");
    }
    if (key.n > 0) rc = set_key(call, a, key, err);
    if (rc != 0) return rc;
    d->grade = grade.n > 0 ? grade : bytes_of("reported");
    d->cause_type = has_cause ? LOG_CAUSE_SEQ : LOG_CAUSE_NONE;
    return 0;
}

static int begin_draft(const struct web_call *call, struct adding *a, struct err *err) {
    log_draft_init(&a->draft);
    snprintf(a->actor, sizeof(a->actor), "token:%s", call->holder);
    a->draft.actor = bytes_of(a->actor);
    a->draft.source = bytes_of("api");
    buf_init(&a->doc, DOC_MAX);
    int rc = json_to_mp(call->request->body, &a->doc, err);
    return rc == 0 ? take_key(call, a, err) : rc;
}

static int take_subject(struct adding *a, struct bytes subject, struct err *err) {
    if (subject.n >= sizeof(a->subject))
        return err_set(err, ERR_LIMIT, "'subject' has at most %d bytes", DRAFT_SUBJECT_MAX - 1);
    memcpy(a->subject, subject.p, subject.n);
    a->draft.subject = (struct bytes){(const uint8_t *)a->subject, subject.n};
    return 0;
}

int draft_event(const struct web_call *call, struct adding *a, struct err *err) {
    struct bytes subject;
    int rc = begin_draft(call, a, err);
    struct bytes map = bytes_of_buf(&a->doc);
    if (rc == 0) rc = check_members(map, err);
    if (rc == 0) rc = text_of(map, "kind", true, &a->draft.kind, err);
    if (rc == 0) rc = text_of(map, "subject", true, &subject, err);
    if (rc == 0) rc = take_subject(a, subject, err);
    if (rc == 0) rc = check_kind(a->draft.kind, err);
    return rc == 0 ? set_draft(call, a, map, err) : rc;
}

/* A step of a job: the body of the request is the body of the event. A new job gets an id. */
int draft_job(const struct web_call *call, struct adding *a, struct err *err) {
    static const struct {
        const char *word, *kind;
    } steps[] = {
        {"start", "job.started"}, {"progress", "job.progressed"}, {"finish", "job.finished"}, {"cancel", "job.cancelled"}};
    char subject[DRAFT_SUBJECT_MAX];
    const struct httpd_target *t = &call->target;
    bool is_new = t->n_segments == 2;
    int rc = begin_draft(call, a, err);
    a->draft.kind = bytes_of(is_new ? "job.queued" : "");
    for (size_t i = 0; !is_new && i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (bytes_is(t->segments[3], steps[i].word)) a->draft.kind = bytes_of(steps[i].kind);
    }
    if (rc == 0 && a->draft.kind.n == 0) {
        rc = err_set(err, ERR_NOTFOUND, "a job has no such step; expected start, progress, finish or cancel");
    }
    if (is_new) {
        uint8_t id[HASH_LEN];
        char hex[17];
        crypt_random(id, sizeof(id));
        if (a->draft.key.n > 0) hash_parts(id, &a->draft.key, 1); /* the same job again */
        text_hex(hex, id, 8);
        snprintf(subject, sizeof(subject), "job/%s", hex);
    } else if (snprintf(subject, sizeof(subject), "job/%s", (const char *)t->segments[2].p) >= (int)sizeof(subject)) {
        rc = err_set(err, ERR_LIMIT, "the job's id is too long");
    }
    if (rc == 0) rc = take_subject(a, bytes_of(subject), err);
    a->draft.grade = bytes_of("reported");
    a->draft.body = bytes_of_buf(&a->doc);
    return rc;
}
