/* The manifest has one form: envelope and statement are read element by element in the order in which they are written,
 * and the statement's JSON, decoded and encoded again, must give the same text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "export/cut/manifest.h"

#define UINT_MAX_ (UINT64_C(1) << 53)

/* ---- elements ---- */

/* Reads elements in order; the first error is kept in `err`, and all further reads return nothing. */
struct take {
    struct mp_reader r;
    int rc;
    struct err *err;
    const char *at; /* the key last read */
};

static void refuse(struct take *t, const char *what) {
    if (t->rc == 0) {
        t->rc = err_set(t->err, ERR_CORRUPT, "the manifest: '%s' %s", t->at, what);
    }
}

static struct mp_item take_item(struct take *t) {
    struct mp_item item = {.type = MP_NIL};
    if (t->rc == 0 && mp_next(&t->r, &item, NULL) != 0) {
        refuse(t, "is followed by nothing");
    }
    return item;
}

static uint32_t take_container(struct take *t, enum mp_type type, uint32_t max) {
    struct mp_item item = take_item(t);
    if (t->rc == 0 && (item.type != type || item.count > max)) {
        refuse(t, type == MP_MAP ? "is not an object" : "is not a list, or is too long");
    }
    return t->rc == 0 ? item.count : 0;
}

static void take_map(struct take *t, uint32_t count) {
    if (take_container(t, MP_MAP, UINT32_MAX) != count) {
        refuse(t, "has other members than it should");
    }
}

static struct bytes take_text(struct take *t, size_t max) {
    struct mp_item item = take_item(t);
    if (t->rc == 0 && (item.type != MP_STR || item.data.n > max)) {
        refuse(t, "is not text, or is too long");
    }
    return t->rc == 0 ? item.data : (struct bytes){0};
}

static void take_key(struct take *t, const char *name) {
    struct bytes key = take_text(t, SIZE_MAX);
    t->at = name;
    if (t->rc == 0 && !bytes_is(key, name)) {
        refuse(t, "is missing or out of place");
    }
}

static void take_fixed(struct take *t, const char *name, const char *text) {
    take_key(t, name);
    if (!bytes_is(take_text(t, SIZE_MAX), text)) {
        refuse(t, "is not what it should be");
    }
}

static uint64_t take_value(struct take *t) {
    struct mp_item item = take_item(t);
    if (t->rc == 0 && (item.type != MP_UINT || item.uint > UINT_MAX_)) {
        refuse(t, "is not a number from 0 to 2^53");
    }
    return t->rc == 0 ? item.uint : 0;
}

static uint64_t take_uint(struct take *t, const char *name) {
    take_key(t, name);
    return take_value(t);
}

static bool take_bool(struct take *t, const char *name) {
    take_key(t, name);
    struct mp_item item = take_item(t);
    if (t->rc == 0 && item.type != MP_BOOL) {
        refuse(t, "is neither true nor false");
    }
    return item.boolean;
}

/* Whether the list is ascending, without duplicates. */
static size_t take_names(struct take *t, const char *name, struct bytes *ret, uint32_t max) {
    take_key(t, name);
    uint32_t n = take_container(t, MP_ARRAY, max);
    for (uint32_t i = 0; i < n; i++) {
        ret[i] = take_text(t, SIZE_MAX);
        if (t->rc == 0 && i > 0 && bytes_cmp(ret[i - 1], ret[i]) >= 0) {
            refuse(t, "is not in order");
        }
    }
    return t->rc == 0 ? n : 0;
}

/* ---- the predicate ---- */

static void take_counts(struct take *t, struct manifest *m) {
    struct export_counts *c = &m->counts;
    take_key(t, "counts");
    take_map(t, 7);
    c->artifacts = take_uint(t, "artifacts");
    c->disclosed = take_uint(t, "disclosed");
    c->erased = take_uint(t, "erased");
    c->headers = take_uint(t, "headers");
    c->matching = take_uint(t, "matching");
    c->private_ = take_uint(t, "private");
    c->withheld = take_uint(t, "withheld");
}

static void take_disclosure(struct take *t, struct manifest *m) {
    take_key(t, "disclosure");
    take_map(t, 4);
    m->artifacts = take_bool(t, "artifacts");
    take_key(t, "bodies");
    if (!export_bodies_find(take_text(t, SIZE_MAX), &m->bodies)) {
        refuse(t, "is not all, matching or none");
    }
    m->n_private = take_names(t, "private", m->private_, EXPORT_PRIVATE_MAX);
    m->n_states = take_names(t, "states", m->states, EXPORT_STATES_MAX);
}

static void take_exporter(struct take *t, struct manifest *m) {
    take_key(t, "exporter");
    take_map(t, 2);
    take_key(t, "program");
    struct bytes program = take_text(t, 24);
    take_key(t, "version");
    struct bytes version = take_text(t, 32);
    snprintf(m->exporter, sizeof(m->exporter), "%.*s %.*s", (int)program.n, (const char *)program.p, (int)version.n,
             (const char *)version.p);
}

static int term_cmp(const struct export_term *a, const struct export_term *b) {
    int c = strcmp(a->field, b->field);
    if (c == 0) c = bytes_cmp(a->value, b->value);
    return c != 0 ? c : (int)a->op - (int)b->op;
}

static void take_term(struct take *t, struct export_term *ret) {
    char field[16] = "";
    take_map(t, 3);
    take_key(t, "field");
    struct bytes text = take_text(t, sizeof(field) - 1);
    snprintf(field, sizeof(field), "%.*s", (int)text.n, (const char *)text.p);
    size_t which = bundle_field(field);
    if (which == SIZE_MAX || strlen(field) != text.n) {
        refuse(t, "does not name a field of a header");
        which = 0;
    }
    ret->field = bundle_field_name(which);
    take_key(t, "op");
    text = take_text(t, SIZE_MAX);
    ret->op = bytes_is(text, "prefix") ? EXPORT_PREFIX : EXPORT_EQUALS;
    if (ret->op == EXPORT_EQUALS && !bytes_is(text, "equals")) {
        refuse(t, "is not equals or prefix");
    }
    take_key(t, "value");
    ret->value = take_text(t, SIZE_MAX);
}

static void take_filter(struct take *t, struct manifest *m) {
    take_key(t, "filter");
    m->n_terms = take_container(t, MP_ARRAY, EXPORT_TERMS_MAX);
    for (size_t i = 0; i < m->n_terms && t->rc == 0; i++) {
        take_term(t, &m->term[i]);
        if (t->rc == 0 && i > 0 && term_cmp(&m->term[i - 1], &m->term[i]) >= 0) {
            t->at = "filter";
            refuse(t, "is not in order");
        }
    }
}

static void take_gaps(struct take *t, struct manifest *m) {
    take_key(t, "gaps");
    m->n_gaps = take_container(t, MP_ARRAY, BUNDLE_GAPS_MAX);
    m->gap = m->n_gaps == 0 ? NULL : calloc(m->n_gaps, sizeof(*m->gap));
    if (m->n_gaps > 0 && m->gap == NULL) {
        t->rc = err_set(t->err, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < m->n_gaps && t->rc == 0; i++) {
        m->gap[i] = take_value(t);
    }
}

static bool take_ns(struct take *t, const char *name, uint64_t *ret) {
    take_key(t, name);
    struct mp_item item = take_item(t);
    if (t->rc == 0 && item.type != MP_NIL && (item.type != MP_STR || text_parse_u64(item.data, ret) != 0)) {
        refuse(t, "is not a time in nanoseconds as text");
    }
    return t->rc == 0 && item.type == MP_STR;
}

static void take_time(struct take *t, struct manifest *m) {
    take_key(t, "time");
    struct mp_item item = take_item(t);
    if (t->rc != 0 || item.type == MP_NIL) return;
    if (item.type != MP_MAP || item.count != 2) {
        refuse(t, "is neither null nor an object of two members");
    }
    m->has_since = take_ns(t, "from", &m->since);
    m->has_until = take_ns(t, "to", &m->until);
    if (!m->has_since && !m->has_until) {
        refuse(t, "has no bound");
    } else if (m->has_since && m->has_until && m->since >= m->until) {
        refuse(t, "ends before it begins");
    }
}

static void take_head(struct take *t, struct manifest *m) {
    take_key(t, "head");
    take_map(t, 2);
    take_key(t, "root");
    if (merkle_hash_decode(take_text(t, 44), m->root) != 0) {
        refuse(t, "is not the base64 of 32 bytes");
    }
    m->size = take_uint(t, "size");
    take_key(t, "origin");
    struct bytes origin = take_text(t, NOTE_NAME_MAX);
    if (t->rc == 0 && (origin.n == 0 || memchr(origin.p, 0, origin.n) != NULL)) {
        refuse(t, "is not an origin");
    }
    snprintf(m->origin, sizeof(m->origin), "%.*s", (int)origin.n, (const char *)origin.p);
}

static void take_range(struct take *t, struct manifest *m) {
    take_key(t, "range");
    take_map(t, 2);
    m->from = take_uint(t, "from");
    m->to = take_uint(t, "to");
    m->sparse = take_bool(t, "sparse");
    if (m->size == 0 || m->to > m->size || m->from > m->to || (m->from == m->to && !(m->sparse && m->to == 0))) {
        t->at = "range";
        refuse(t, "is not a range of the head's events");
    }
}

/* ---- subjects ---- */

/* The place of a subject in the order of members; 0: not a subject. */
static int rank(const struct bundle_subject *s) {
    char hex[2 * LOG_HASH + 1];
    const char *name = s->name;
    size_t n = strlen(name);
    if (strncmp(name, "artifacts/", 10) == 0) {
        text_hex(hex, s->digest, LOG_HASH);
        return strcmp(name + 10, hex) == 0 ? 3 : 0;
    }
    if (strncmp(name, "states/", 7) == 0) {
        return n > 12 && strcmp(name + n - 5, ".json") == 0 ? 4 : 0;
    }
    return strcmp(name, BUNDLE_KEYS) == 0       ? 1
           : strcmp(name, BUNDLE_ERASURES) == 0 ? 2
           : strcmp(name, BUNDLE_VERIFY) == 0   ? 5
           : strcmp(name, BUNDLE_SUMS) == 0     ? 6
                                                : 0;
}

/* A subject's name without ".json": states are named after their projections. */
static struct bytes stem(const struct bundle_subject *s) {
    struct bytes name = bytes_of(s->name);
    name.n -= rank(s) == 4 ? strlen(".json") : 0;
    return name;
}

static bool in_order(const struct bundle_subject *before, const struct bundle_subject *s) {
    int a = rank(before), b = rank(s);
    return a < b || (a == b && bytes_cmp(stem(before), stem(s)) < 0);
}

/* The rule that what is read next can break. */
static void under(const struct take *t, struct manifest *m, const char *rule) {
    m->rule = t->rc == 0 ? rule : m->rule;
}

static void take_subject(struct take *t, struct manifest *m, struct bundle_subject *ret) {
    under(t, m, "B5");
    take_map(t, 2);
    take_key(t, "digest");
    take_map(t, 1);
    take_key(t, "sha256");
    under(t, m, "B6");
    if (text_unhex(ret->digest, LOG_HASH, take_text(t, (size_t)2 * LOG_HASH)) != 0) {
        refuse(t, "is not 64 lowercase hex digits");
    }
    under(t, m, "B5");
    take_key(t, "name");
    under(t, m, "B6");
    struct bytes name = take_text(t, sizeof(ret->name) - 1);
    snprintf(ret->name, sizeof(ret->name), "%.*s", (int)name.n, (const char *)name.p);
    if (t->rc == 0 && (strlen(ret->name) != name.n || rank(ret) == 0)) {
        refuse(t, "does not name a member that can be a subject");
    }
}

static void take_subjects(struct take *t, struct manifest *m) {
    uint64_t artifacts = 0;
    size_t states = 0;
    take_key(t, "subject");
    size_t n = take_container(t, MP_ARRAY, BUNDLE_SUBJECTS_MAX);
    under(t, m, "B6");
    m->subject = n == 0 ? NULL : calloc(n, sizeof(*m->subject));
    if (n > 0 && m->subject == NULL) {
        t->rc = err_set(t->err, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < n && t->rc == 0; i++) {
        struct bundle_subject *s = &m->subject[m->n_subjects++];
        take_subject(t, m, s);
        t->at = "subject";
        if (t->rc == 0 && i > 0 && !in_order(s - 1, s)) {
            refuse(t, "is not in order");
        }
        artifacts += t->rc == 0 && rank(s) == 3;
        if (t->rc == 0 && rank(s) == 4) {
            struct bytes name = {(const uint8_t *)s->name + 7, strlen(s->name) - 12};
            if (states == m->n_states || !bytes_eq(name, m->states[states++])) {
                refuse(t, "names states that 'disclosure' does not");
            }
        }
    }
    size_t tail = m->format == 2; /* SHA256SUMS, the last */
    if (t->rc == 0 && (n < 2 + tail || rank(&m->subject[0]) != 1 || rank(&m->subject[n - 1 - tail]) != 5 ||
                       (tail > 0 && rank(&m->subject[n - 1]) != 6) || states != m->n_states ||
                       artifacts != m->counts.artifacts || (artifacts > 0 && !m->artifacts))) {
        refuse(t, "does not name what the other parts say is there");
    }
}

static int take_statement(struct manifest *m, struct err *err) {
    struct take t = {.err = err, .at = "the statement"};
    mp_reader_init(&t.r, bytes_of_buf(&m->own));
    take_map(&t, 4);
    take_fixed(&t, "_type", BUNDLE_STATEMENT);
    take_key(&t, "predicate");
    take_map(&t, 11);
    take_counts(&t, m);
    take_disclosure(&t, m);
    take_exporter(&t, m);
    take_filter(&t, m);
    m->format = take_uint(&t, "format");
    if (m->format != 1 && m->format != 2 && t.rc == 0) {
        return err_set(err, ERR_CORRUPT, "the manifest is not of format 1 or 2, which this program reads");
    }
    take_gaps(&t, m);
    take_head(&t, m);
    take_range(&t, m);
    take_time(&t, m);
    take_fixed(&t, "predicateType", BUNDLE_PREDICATE);
    take_subjects(&t, m);
    return t.rc; /* nothing can follow: the JSON had one value */
}

/* ---- the envelope ---- */

/* Cuts off the text before `end`. */
static bool cut(struct bytes *text, const char *end, struct bytes *ret) {
    const uint8_t *at = text->n > 0 ? memmem(text->p, text->n, end, strlen(end)) : NULL;
    if (at == NULL) return false;
    *ret = (struct bytes){text->p, (size_t)(at - text->p)};
    text->p = at + strlen(end);
    text->n -= ret->n + strlen(end);
    return true;
}

static int take_envelope(struct manifest *m, struct bytes text, struct err *err) {
    struct bytes front, payload, id, sig;
    struct buf raw = {.max = CRYPT_SIGNATURE_LEN};
    bool fits = cut(&text, "{\"payload\":\"", &front) && front.n == 0 &&
                cut(&text, "\",\"payloadType\":\"" BUNDLE_PAYLOAD_TYPE "\",\"signatures\":[{\"keyid\":\"", &payload) &&
                cut(&text, "\",\"sig\":\"", &id) && cut(&text, "\"}]}\n", &sig) && text.n == 0 &&
                text_unhex(m->key_id, sizeof(m->key_id), id) == 0 && text_unbase64(&raw, sig) == 0 &&
                raw.n == CRYPT_SIGNATURE_LEN && text_unbase64(&m->payload, payload) == 0;
    if (fits) {
        memcpy(m->sig, raw.p, CRYPT_SIGNATURE_LEN);
    }
    buf_done(&raw);
    if (m->payload.fail == ERR_NOMEM || raw.fail == ERR_NOMEM) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    return fits ? 0 : err_set(err, ERR_CORRUPT, "the manifest is not a DSSE envelope in its one form");
}

int manifest_decode(struct manifest *ret, struct bytes text, struct err *err) {
    struct manifest *m = ret;
    struct buf again = {.max = BUNDLE_STATEMENT_MAX};
    struct err why = {0};
    *m = (struct manifest){.rule = "B4"};
    buf_init(&m->own, BUNDLE_STATEMENT_MAX);
    buf_init(&m->payload, BUNDLE_STATEMENT_MAX);
    int rc = take_envelope(m, text, err);
    if (rc == 0 && (rc = json_to_mp(bytes_of_buf(&m->payload), &m->own, &why)) != 0) {
        rc = err_set(err, rc == ERR_NOMEM ? rc : ERR_CORRUPT, "the manifest: %.200s", why.msg);
    }
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&m->own), JSON_LINE, &again, err);
    if (rc == 0 && !bytes_eq(bytes_of_buf(&again), bytes_of_buf(&m->payload))) {
        rc = err_set(err, ERR_CORRUPT, "the manifest's JSON is not in its one form: sorted keys, no white space");
    }
    if (rc == 0) {
        m->rule = "B5";
        rc = take_statement(m, err);
    }
    buf_done(&again);
    return rc;
}

bool manifest_signed(const struct manifest *manifest, const struct note_vkey *log) {
    struct buf message = {.max = 2 * BUNDLE_STATEMENT_MAX};
    manifest_pae(&message, bytes_of_buf(&manifest->payload));
    bool good = message.fail == 0 && memcmp(manifest->key_id, log->id, NOTE_KEY_ID_LEN) == 0 &&
                crypt_verify(manifest->sig, bytes_of_buf(&message), log->public_key);
    buf_done(&message);
    return good;
}

void manifest_done(struct manifest *manifest) {
    buf_done(&manifest->own);
    buf_done(&manifest->payload);
    free(manifest->subject);
    free(manifest->gap);
    *manifest = (struct manifest){0};
}
