/* The event's bytes, exactly as event.h draws them: encoding, strict decoding, commitments.
 *
 * A header is hashed as it is stored and never re-encoded, so decoding insists on the one canonical form. */
#include "ledger/event/event.h"

#include <string.h>

#include "base/hash.h"
#include "base/mp.h"
#include "base/text.h"

#define HEADER_ELEMENTS 15

void event_head_encode(struct buf *out, const struct event_header *h) {
    mp_put_str(out, h->kind);
    mp_put_uint(out, h->schema);
    mp_put_str(out, h->subject);
    mp_put_str(out, h->actor);
    mp_put_str(out, h->source);
    mp_put_str(out, h->grade);
    mp_put_str(out, h->run);
}

int event_header_wrap(struct buf *out, const struct event_header *h, struct bytes middle, size_t *ret_middle_at) {
    static const uint8_t head[] = {0xc4, EVENT_HASH}, nil = 0xc0; /* head of a 32-byte bin; docs/format.md, 2 */
    const size_t most = 2 + 2 * 9 + middle.n + 3 * (sizeof(head) + EVENT_HASH);
    const uint8_t *const hashes[] = {h->body, h->private_, h->prev};
    size_t at = out->n;
    if (buf_room(out, most) == NULL) return out->fail;
    mp_put_array(out, HEADER_ELEMENTS);
    mp_put_uint(out, EVENT_FORMAT);
    mp_put_uint(out, h->seq);
    mp_put_uint(out, h->time);
    if (out->fail != 0) return out->fail;
    *ret_middle_at = out->n - at;
    uint8_t *p = out->p + out->n;
    memcpy(p, middle.p, middle.n);
    p += middle.n;
    for (size_t i = 0; i < 3; i++) {
        if (hashes[i] == NULL) {
            *p++ = nil;
            continue;
        }
        memcpy(p, head, sizeof(head));
        memcpy(p + sizeof(head), hashes[i], EVENT_HASH);
        p += sizeof(head) + EVENT_HASH;
    }
    out->n = (size_t)(p - out->p);
    return 0;
}

/* ---- the rules of header strings ---- */

/* The strings of a header; a set of them has a bit for each. */
enum { KIND = 1, SUBJECT = 2, ACTOR = 4, SOURCE = 8, GRADE = 16, RUN = 32, KEY = 64 };

/* What is known about the strings of a header before their rules are checked. */
struct known {
    bool decoded;       /* all are UTF-8 */
    unsigned printable; /* these are printable ASCII */
    unsigned same;      /* these equal those of a header that was found good */
};

struct rule {
    unsigned bit;
    const char *name;
    size_t max;
    bool required;
};

static inline int check_string(struct bytes s, struct rule rule, const struct known *known, struct err *err) {
    if ((known->same & rule.bit) != 0) return 0;
    if (rule.required && s.n == 0) return err_set(err, ERR_INVALID, "'%s' is empty", rule.name);
    if (s.n > rule.max) {
        return err_set(err, ERR_LIMIT, "'%s' has %zu bytes, at most %zu are accepted", rule.name, s.n, rule.max);
    }
    if ((known->printable & rule.bit) != 0) return 0;
    size_t good = known->decoded ? s.n : text_utf8_valid(s.p, s.n);
    if (good != s.n) {
        return err_set(err, ERR_INVALID, "'%s' is not valid UTF-8 at byte %zu", rule.name, good);
    }
    if (text_has_control(s)) {
        return err_set(err, ERR_INVALID, "'%s' has a control character", rule.name);
    }
    return 0;
}

static int check_kind(struct bytes kind, struct err *err) {
    size_t parts = 1, len = 0;
    for (size_t i = 0; i < kind.n; i++) {
        uint8_t c = kind.p[i];
        if (c == '.') {
            if (len == 0) break;
            parts++;
            len = 0;
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') {
            len++;
        } else {
            return err_set(err, ERR_INVALID, "'kind' has the byte 0x%02x, expected parts of a-z 0-9 _ with dots between",
                           c);
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
        if (bytes_is(grade, grades[i])) return 0;
    }
    return err_set(err, ERR_INVALID, "'grade' must be measured, reported, declared or inferred");
}

static int check_strings(const struct event_header *h, const struct known *known, struct err *err) {
    int rc = check_string(h->kind, (struct rule){KIND, "kind", EVENT_STRING_MAX, true}, known, err);
    if (rc == 0 && (known->same & KIND) == 0) rc = check_kind(h->kind, err);
    if (rc == 0) rc = check_string(h->subject, (struct rule){SUBJECT, "subject", EVENT_SUBJECT_MAX, true}, known, err);
    if (rc == 0) rc = check_string(h->actor, (struct rule){ACTOR, "actor", EVENT_STRING_MAX, true}, known, err);
    if (rc == 0) rc = check_string(h->source, (struct rule){SOURCE, "source", EVENT_STRING_MAX, true}, known, err);
    if (rc == 0 && (known->same & GRADE) == 0) rc = check_grade(h->grade, err);
    if (rc == 0) rc = check_string(h->run, (struct rule){RUN, "run", EVENT_STRING_MAX, false}, known, err);
    if (rc == 0) rc = check_string(h->key, (struct rule){KEY, "key", EVENT_STRING_MAX, false}, known, err);
    return rc;
}

static int check_numbers(const struct event_header *h, struct err *err) {
    if (h->seq > MP_INT_MAX || h->time > MP_INT_MAX || (h->has_cause && h->cause > MP_INT_MAX)) {
        return err_set(err, ERR_INVALID, "a number of the header is above 2^63-1");
    }
    return 0;
}

int event_header_check(const struct event_header *h, struct err *err) {
    static const struct known nothing;
    int rc = check_strings(h, &nothing, err);
    if (rc == 0) rc = check_numbers(h, err);
    return rc;
}

/* ---- decoding ---- */

static int want(struct mp_reader *r, enum mp_type type, const char *name, struct mp_item *ret, struct err *err) {
    int rc = mp_next(r, ret, err);
    if (rc < 0) {
        err_prefix(err, "header element '%s'", name);
        return rc;
    }
    if (rc == 1) return err_set(err, ERR_CORRUPT, "header ends before '%s'", name);
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

/* memcmp without a call, for small n above zero. */
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, size_t n) {
    uint64_t x, y;
    if (n < sizeof(x)) {
        for (size_t i = 0; i < n; i++) {
            if (a[i] != b[i]) return false;
        }
        return true;
    }
    for (size_t i = 0; i < n - sizeof(x); i += sizeof(x)) {
        memcpy(&x, a + i, sizeof(x));
        memcpy(&y, b + i, sizeof(y));
        if (x != y) return false;
    }
    memcpy(&x, a + n - sizeof(x), sizeof(x)); /* may overlap the one before it */
    memcpy(&y, b + n - sizeof(y), sizeof(y));
    return x == y;
}

/* Whether the reader is before the same bytes that `before` was decoded from. A value has only one encoding, so comparing
 * with it and its head is a strict decoding. */
static inline bool same_str(struct mp_reader *r, struct bytes before, struct bytes *ret) {
    size_t head = before.n < 32 ? 1 : before.n < 256 ? 2 : 3;
    if (before.p == NULL || before.n + head > (size_t)(r->end - r->p) ||
        !same_bytes(r->p, before.p - head, head + before.n)) {
        return false;
    }
    *ret = (struct bytes){r->p + head, before.n};
    r->p += head + before.n;
    return true;
}

static int want_str(struct mp_reader *r, const char *name, struct bytes before, unsigned bit, struct bytes *ret,
                    struct known *known, struct err *err) {
    struct mp_item item;
    if (same_str(r, before, ret)) {
        known->same |= bit;
        return 0;
    }
    if (mp_peek_text(r, ret) && (text_look(*ret) & (TEXT_WIDE | TEXT_CONTROL)) == 0) {
        r->p = ret->p + ret->n;
        known->printable |= bit;
        return 0;
    }
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

/* The elements kind .. key. `before` may be *h itself. */
static int decode_middle(struct mp_reader *r, const struct event_header *before, struct event_header *h,
                         struct known *known, struct err *err) {
    uint64_t schema;
    int rc = want_str(r, "kind", before->kind, KIND, &h->kind, known, err);
    if (rc == 0) rc = want_uint(r, "schema", &schema, err);
    if (rc == 0) rc = want_str(r, "subject", before->subject, SUBJECT, &h->subject, known, err);
    if (rc == 0) rc = want_str(r, "actor", before->actor, ACTOR, &h->actor, known, err);
    if (rc == 0) rc = want_str(r, "source", before->source, SOURCE, &h->source, known, err);
    if (rc == 0) rc = want_str(r, "grade", before->grade, GRADE, &h->grade, known, err);
    if (rc == 0) rc = want_str(r, "run", before->run, RUN, &h->run, known, err);
    if (rc == 0) rc = want_cause(r, h, err);
    if (rc == 0) rc = want_str(r, "key", before->key, KEY, &h->key, known, err);
    if (rc != 0) return rc;
    if (schema == 0 || schema > UINT32_MAX) {
        return err_set(err, ERR_CORRUPT, "header element 'schema' is outside 1 .. 2^32-1");
    }
    h->schema = (uint32_t)schema;
    return 0;
}

static const struct event_header nothing_before;

int event_header_decode(struct bytes bytes, struct event_header *ret, struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    struct event_header h = {0};
    uint64_t format;
    struct known known = {.decoded = true};
    if (bytes.n > EVENT_HEADER_MAX) {
        return err_set(err, ERR_CORRUPT, "header of %zu bytes is larger than %d", bytes.n, EVENT_HEADER_MAX);
    }
    mp_reader_init(&r, bytes);
    int rc = mp_next(&r, &item, err);
    if (rc < 0) return rc;
    if (rc == 1 || item.type != MP_ARRAY || item.count != HEADER_ELEMENTS) {
        return err_set(err, ERR_CORRUPT, "header is not an array of %d", HEADER_ELEMENTS);
    }
    rc = want_uint(&r, "format", &format, err);
    if (rc == 0 && format != EVENT_FORMAT) {
        rc = err_set(err, ERR_VERSION, "event format %llu is not known, this program reads 1", (unsigned long long)format);
    }
    if (rc == 0) rc = want_uint(&r, "seq", &h.seq, err);
    if (rc == 0) rc = want_uint(&r, "time", &h.time, err);
    if (rc == 0) rc = decode_middle(&r, &nothing_before, &h, &known, err);
    if (rc == 0) rc = want_hash(&r, "body", false, &h.body, err);
    if (rc == 0) rc = want_hash(&r, "private", true, &h.private_, err);
    if (rc == 0) rc = want_hash(&r, "prev", false, &h.prev, err);
    if (rc != 0) return rc;
    if (r.p != r.end) {
        return err_set(err, ERR_CORRUPT, "%zu bytes after the header", (size_t)(r.end - r.p));
    }
    rc = check_strings(&h, &known, err);
    if (rc == 0) rc = check_numbers(&h, err);
    if (rc != 0) {
        if (err != NULL) {
            err->code = ERR_CORRUPT;
        }
        return ERR_CORRUPT;
    }
    *ret = h;
    return 0;
}

bool event_middle_decode(struct bytes middle, struct event_header *header) {
    struct mp_reader r;
    struct known known = {.decoded = true};
    mp_reader_init(&r, middle);
    return decode_middle(&r, header, header, &known, NULL) == 0 && r.p == r.end && check_strings(header, &known, NULL) == 0;
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

static inline bool take_ascii(struct mp_reader *r, struct bytes *ret) {
    if (!mp_peek_text(r, ret) || !text_is_ascii(*ret)) return false;
    r->p = ret->p + ret->n;
    return true;
}

static inline bool is_after(struct bytes a, struct bytes b) {
    return a.n > 0 && b.n > 0 && a.p[0] != b.p[0] ? a.p[0] > b.p[0] : bytes_cmp(a, b) > 0;
}

/* Most bodies are short ASCII names with short ASCII texts and numbers: those are handled here, just as strictly. False:
 * mp_skip looks at the map from the beginning, and says what is wrong if anything is. */
static bool skip_plain_map(struct mp_reader *r) {
    struct mp_item head, item;
    struct bytes key, value, before = {NULL, 0};
    if (mp_next(r, &head, NULL) != 0 || head.type != MP_MAP) return false;
    for (uint32_t i = 0; i < head.count; i++, before = key) {
        if (!take_ascii(r, &key) || (i > 0 && !is_after(key, before))) return false;
        if (r->p != r->end && (*r->p < 0x80 || *r->p == 0xc0)) { /* a small number or nil: nothing can be wrong with it */
            r->p++;
        } else if (!take_ascii(r, &value) &&
                   (mp_next(r, &item, NULL) != 0 || item.type == MP_ARRAY || item.type == MP_MAP)) {
            return false;
        }
    }
    return true;
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
    if (rc < 0) return rc;
    if (rc == 1 || item.type != MP_ARRAY || item.count != 2) {
        return err_set(err, ERR_CORRUPT, "payload is not an array of 2");
    }
    const uint8_t *from = r.p;
    if (skip_plain_map(&r)) {
        body = (struct bytes){from, (size_t)(r.p - from)};
    } else {
        struct mp_reader again;
        r.p = from;
        rc = mp_skip(&r, 1, &body, err);
        if (rc != 0) return rc;
        mp_reader_init(&again, body);
        if (mp_next(&again, &item, err) != 0 || item.type != MP_MAP) {
            return err_set(err, ERR_CORRUPT, "the payload's body is not a map");
        }
    }
    if (body.n > EVENT_BODY_MAX) {
        return err_set(err, ERR_CORRUPT, "the body of %zu bytes is larger than %zu", body.n, EVENT_BODY_MAX);
    }
    rc = decode_author(&r, &author, err);
    if (rc != 0) return rc;
    if (r.p != r.end) {
        return err_set(err, ERR_CORRUPT, "%zu bytes after the payload", (size_t)(r.end - r.p));
    }
    *ret_body = body;
    *ret_author = author;
    return 0;
}
