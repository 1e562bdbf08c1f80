/* The event's bytes, exactly as event.h draws them: encoding, strict decoding, commitments.
 *
 * A header is hashed as it is stored and never re-encoded, so decoding insists on the one canonical form. */
#include "ledger/event.h"

#include <string.h>

#include "base/hash.h"
#include "base/mp.h"
#include "base/text.h"

#define HEADER_ELEMENTS 15

static void put_commitment(struct buf *out, const uint8_t *hash) {
    if (hash == NULL) {
        mp_put_nil(out);
    } else {
        mp_put_bin(out, (struct bytes){hash, EVENT_HASH});
    }
}

void event_head_encode(struct buf *out, const struct event_header *h) {
    mp_put_str(out, h->kind);
    mp_put_uint(out, h->schema);
    mp_put_str(out, h->subject);
    mp_put_str(out, h->actor);
    mp_put_str(out, h->source);
    mp_put_str(out, h->grade);
    mp_put_str(out, h->run);
}

int event_header_encode(struct buf *out, const struct event_header *h) {
    mp_put_array(out, HEADER_ELEMENTS);
    mp_put_uint(out, EVENT_FORMAT);
    mp_put_uint(out, h->seq);
    mp_put_uint(out, h->time);
    event_head_encode(out, h);
    if (h->has_cause) {
        mp_put_uint(out, h->cause);
    } else {
        mp_put_nil(out);
    }
    mp_put_str(out, h->key);
    put_commitment(out, h->body);
    put_commitment(out, h->private_);
    put_commitment(out, h->prev);
    return out->fail;
}

/* ---- decoding ---- */

static int want(struct mp_reader *r, enum mp_type type, const char *name, struct mp_item *ret, struct err *err) {
    int rc = mp_next(r, ret, err);
    if (rc < 0) {
        err_prefix(err, "header element '%s'", name);
        return rc;
    }
    if (rc == 1) {
        return err_set(err, ERR_CORRUPT, "header ends before '%s'", name);
    }
    if (ret->type != type) {
        return err_set(err, ERR_CORRUPT, "header element '%s' has the wrong type", name);
    }
    return 0;
}

static int want_uint(struct mp_reader *r, const char *name, uint64_t *ret, struct err *err) {
    struct mp_item item;
    int rc = want(r, MP_UINT, name, &item, err);
    if (rc == 0) {
        *ret = item.uint;
    }
    return rc;
}

static int want_str(struct mp_reader *r, const char *name, struct bytes *ret, struct err *err) {
    struct mp_item item;
    int rc = want(r, MP_STR, name, &item, err);
    if (rc == 0) {
        *ret = item.data;
    }
    return rc;
}

static int want_hash(struct mp_reader *r, const char *name, bool optional, const uint8_t **ret, struct err *err) {
    struct mp_item item;
    int rc = mp_next(r, &item, err);
    if (rc < 0) {
        err_prefix(err, "header element '%s'", name);
        return rc;
    }
    if (rc == 0 && optional && item.type == MP_NIL) {
        *ret = NULL;
        return 0;
    }
    if (rc == 1 || item.type != MP_BIN || item.data.n != EVENT_HASH) {
        return err_set(err, ERR_CORRUPT, "header element '%s' is not 32 bytes", name);
    }
    *ret = item.data.p;
    return 0;
}

static int want_cause(struct mp_reader *r, struct event_header *h, struct err *err) {
    struct mp_item item;
    int rc = mp_next(r, &item, err);
    if (rc < 0) {
        err_prefix(err, "header element 'cause'");
        return rc;
    }
    if (rc == 1 || (item.type != MP_NIL && item.type != MP_UINT)) {
        return err_set(err, ERR_CORRUPT, "header element 'cause' is neither nil nor an unsigned integer");
    }
    h->has_cause = item.type == MP_UINT;
    h->cause = h->has_cause ? item.uint : 0;
    return 0;
}

static int decode_strings(struct mp_reader *r, struct event_header *h, struct err *err) {
    uint64_t schema;
    int rc = want_str(r, "kind", &h->kind, err);
    rc = rc != 0 ? rc : want_uint(r, "schema", &schema, err);
    rc = rc != 0 ? rc : want_str(r, "subject", &h->subject, err);
    rc = rc != 0 ? rc : want_str(r, "actor", &h->actor, err);
    rc = rc != 0 ? rc : want_str(r, "source", &h->source, err);
    rc = rc != 0 ? rc : want_str(r, "grade", &h->grade, err);
    rc = rc != 0 ? rc : want_str(r, "run", &h->run, err);
    rc = rc != 0 ? rc : want_cause(r, h, err);
    rc = rc != 0 ? rc : want_str(r, "key", &h->key, err);
    if (rc != 0) {
        return rc;
    }
    if (schema == 0 || schema > UINT32_MAX) {
        return err_set(err, ERR_CORRUPT, "header element 'schema' is outside 1 .. 2^32-1");
    }
    h->schema = (uint32_t)schema;
    return 0;
}

int event_header_decode(struct bytes bytes, struct event_header *ret, struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    struct event_header h = {0};
    uint64_t format;
    if (bytes.n > EVENT_HEADER_MAX) {
        return err_set(err, ERR_CORRUPT, "header of %zu bytes is larger than %d", bytes.n, EVENT_HEADER_MAX);
    }
    mp_reader_init(&r, bytes);
    int rc = mp_next(&r, &item, err);
    if (rc < 0) {
        return rc;
    }
    if (rc == 1 || item.type != MP_ARRAY || item.count != HEADER_ELEMENTS) {
        return err_set(err, ERR_CORRUPT, "header is not an array of %d", HEADER_ELEMENTS);
    }
    rc = want_uint(&r, "format", &format, err);
    if (rc == 0 && format != EVENT_FORMAT) {
        rc = err_set(err, ERR_VERSION, "event format %llu is not known, this program reads 1", (unsigned long long)format);
    }
    rc = rc != 0 ? rc : want_uint(&r, "seq", &h.seq, err);
    rc = rc != 0 ? rc : want_uint(&r, "time", &h.time, err);
    rc = rc != 0 ? rc : decode_strings(&r, &h, err);
    rc = rc != 0 ? rc : want_hash(&r, "body", false, &h.body, err);
    rc = rc != 0 ? rc : want_hash(&r, "private", true, &h.private_, err);
    rc = rc != 0 ? rc : want_hash(&r, "prev", false, &h.prev, err);
    if (rc != 0) {
        return rc;
    }
    if (r.p != r.end) {
        return err_set(err, ERR_CORRUPT, "%zu bytes after the header", (size_t)(r.end - r.p));
    }
    struct err why = {0};
    if (event_header_check(&h, &why) != 0) {
        return err_set(err, ERR_CORRUPT, "%s", why.msg);
    }
    *ret = h;
    return 0;
}

/* ---- the rules of header strings ---- */

static int check_string(struct bytes s, const char *name, size_t max, bool required, struct err *err) {
    if (required && s.n == 0) {
        return err_set(err, ERR_INVALID, "'%s' is empty", name);
    }
    if (s.n > max) {
        return err_set(err, ERR_INVALID, "'%s' has %zu bytes, at most %zu are accepted", name, s.n, max);
    }
    size_t good = text_utf8_valid(s.p, s.n);
    if (good != s.n) {
        return err_set(err, ERR_INVALID, "'%s' is not valid UTF-8 at byte %zu", name, good);
    }
    if (text_has_control(s)) {
        return err_set(err, ERR_INVALID, "'%s' has a control character", name);
    }
    return 0;
}

static int check_kind(struct bytes kind, struct err *err) {
    size_t parts = 1, len = 0;
    for (size_t i = 0; i < kind.n; i++) {
        uint8_t c = kind.p[i];
        if (c == '.') {
            if (len == 0) {
                break;
            }
            parts++;
            len = 0;
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') {
            len++;
        } else {
            return err_set(err, ERR_INVALID,
                           "'kind' has the byte 0x%02x, accepted are parts of a-z 0-9 _ with dots between", c);
        }
    }
    if (len == 0 || parts < 2) {
        return err_set(err, ERR_INVALID, "'kind' must be parts of a-z 0-9 _ with dots between, like 'run.started'");
    }
    return 0;
}

static int check_grade(struct bytes grade, struct err *err) {
    static const char *const grades[] = {"measured", "reported", "declared", "inferred"};
    for (size_t i = 0; i < sizeof(grades) / sizeof(grades[0]); i++) {
        if (bytes_is(grade, grades[i])) {
            return 0;
        }
    }
    return err_set(err, ERR_INVALID, "'grade' must be measured, reported, declared or inferred");
}

int event_header_check(const struct event_header *h, struct err *err) {
    int rc = check_string(h->kind, "kind", EVENT_STRING_MAX, true, err);
    rc = rc != 0 ? rc : check_kind(h->kind, err);
    rc = rc != 0 ? rc : check_string(h->subject, "subject", EVENT_SUBJECT_MAX, true, err);
    rc = rc != 0 ? rc : check_string(h->actor, "actor", EVENT_STRING_MAX, true, err);
    rc = rc != 0 ? rc : check_string(h->source, "source", EVENT_STRING_MAX, true, err);
    rc = rc != 0 ? rc : check_grade(h->grade, err);
    rc = rc != 0 ? rc : check_string(h->run, "run", EVENT_STRING_MAX, false, err);
    rc = rc != 0 ? rc : check_string(h->key, "key", EVENT_STRING_MAX, false, err);
    if (rc == 0 && (h->seq > MP_INT_MAX || h->time > MP_INT_MAX || (h->has_cause && h->cause > MP_INT_MAX))) {
        rc = err_set(err, ERR_INVALID, "a number of the header is above 2^63-1");
    }
    return rc;
}

/* ---- payload ---- */

int event_payload_encode(struct buf *out, struct bytes body, const struct event_author *author) {
    mp_put_array(out, 2);
    buf_put_bytes(out, body);
    if (author == NULL || author->name.n == 0) {
        mp_put_nil(out);
    } else {
        mp_put_array(out, 3);
        mp_put_str(out, author->name);
        mp_put_bin(out, (struct bytes){author->id, NOTE_KEY_ID_LEN});
        mp_put_bin(out, (struct bytes){author->sig, CRYPT_SIGNATURE_LEN});
    }
    return out->fail;
}

static int decode_author(struct mp_reader *r, struct event_author *ret, struct err *err) {
    struct mp_item head, name, id, sig;
    int rc = mp_next(r, &head, err);
    if (rc == 0 && head.type == MP_NIL) {
        memset(ret, 0, sizeof(*ret));
        return 0;
    }
    if (rc != 0 || head.type != MP_ARRAY || head.count != 3 || mp_next(r, &name, err) != 0 || mp_next(r, &id, err) != 0 ||
        mp_next(r, &sig, err) != 0 || name.type != MP_STR || name.data.n == 0 || name.data.n > NOTE_NAME_MAX ||
        id.type != MP_BIN || id.data.n != NOTE_KEY_ID_LEN || sig.type != MP_BIN || sig.data.n != CRYPT_SIGNATURE_LEN) {
        return err_set(err, ERR_CORRUPT, "the payload's author is not [name, 4 bytes, 64 bytes]");
    }
    ret->name = name.data;
    ret->id = id.data.p;
    ret->sig = sig.data.p;
    return 0;
}

int event_payload_decode(struct bytes payload, struct bytes *ret_body, struct event_author *ret_author, struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    struct bytes body;
    struct event_author author;
    if (payload.n > EVENT_PAYLOAD_MAX) {
        return err_set(err, ERR_CORRUPT, "payload of %zu bytes is larger than %zu", payload.n, EVENT_PAYLOAD_MAX);
    }
    mp_reader_init(&r, payload);
    int rc = mp_next(&r, &item, err);
    if (rc < 0) {
        return rc;
    }
    if (rc == 1 || item.type != MP_ARRAY || item.count != 2) {
        return err_set(err, ERR_CORRUPT, "payload is not an array of 2");
    }
    rc = mp_skip(&r, 1, &body, err);
    if (rc != 0) {
        return rc;
    }
    struct mp_reader b;
    mp_reader_init(&b, body);
    if (mp_next(&b, &item, err) != 0 || item.type != MP_MAP) {
        return err_set(err, ERR_CORRUPT, "the payload's body is not a map");
    }
    rc = decode_author(&r, &author, err);
    if (rc != 0) {
        return rc;
    }
    if (r.p != r.end) {
        return err_set(err, ERR_CORRUPT, "%zu bytes after the payload", (size_t)(r.end - r.p));
    }
    *ret_body = body;
    *ret_author = author;
    return 0;
}
