/* What spans and log records have in common: attributes into fields by tables, and who reported them. */
#include "ingest/otlp/map.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ingest/input/keyed_hash.h"

#define VALUES_MAX    ((size_t)4 << 20)
#define OPEN_TEXT_MAX 256
#define NAME_MAX_     96 /* bytes of a foreign name in a header */
#define NS_PER_MS     UINT64_C(1000000)

void otlp_map_init(struct otlp_map *m) {
    memset(m, 0, sizeof(*m));
    mp_map_init(&m->body, VALUES_MAX);
    mp_map_init(&m->private_, VALUES_MAX);
    buf_init(&m->body_out, VALUES_MAX);
    buf_init(&m->private_out, VALUES_MAX);
    buf_init(&m->text, VALUES_MAX);
    buf_init(&m->note, VALUES_MAX);
    buf_init(&m->unknown.pairs, VALUES_MAX);
    otlp_attributes_init(&m->attributes);
    otlp_attributes_init(&m->inner);
}

void otlp_map_done(struct otlp_map *m) {
    mp_map_done(&m->body);
    mp_map_done(&m->private_);
    buf_done(&m->body_out);
    buf_done(&m->private_out);
    buf_done(&m->text);
    buf_done(&m->note);
    buf_done(&m->unknown.pairs);
    otlp_attributes_done(&m->attributes);
    otlp_attributes_done(&m->inner);
}

static void clear_unknown(struct otlp_unknown *unknown) {
    unknown->n = 0;
    buf_clear(&unknown->pairs);
}

void otlp_begin(struct otlp_map *m) {
    m->failed = false;
    m->group[0] = '\0';
    mp_map_clear(&m->body);
    mp_map_clear(&m->private_);
    clear_unknown(&m->unknown);
}

/* ---- texts -------------------------------------------------------------------------------------------------------- */

bool otlp_is_open_text(struct bytes text) {
    return text.n > 0 && text.n <= OPEN_TEXT_MAX && !text_has_control(text);
}

bool otlp_is_word(struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f) return false;
    }
    return text.n > 0 && text.n <= OPEN_TEXT_MAX / 2;
}

static bool is_fit_for_header(struct bytes text) {
    struct secret_hit hit;
    return text.n > 0 && text.n <= NAME_MAX_ && !text_has_control(text) && secret_next(text, 0, &hit) != 0;
}

void otlp_join(char ret[OTLP_NAME_LEN], const char *const *texts) {
    size_t n = 0;
    for (; *texts != NULL; texts++) {
        size_t more = strnlen(*texts, OTLP_NAME_LEN - 1 - n);
        memcpy(ret + n, *texts, more);
        n += more;
    }
    ret[n] = '\0';
}

void otlp_name(const struct otlp_map *m, char ret[OTLP_NAME_LEN], const char *prefix, struct bytes text) {
    if (is_fit_for_header(text)) {
        snprintf(ret, OTLP_NAME_LEN, "%s%.*s", prefix, (int)text.n, (const char *)text.p);
        return;
    }
    char hex[KEYED_HASH_HEX];
    keyed_hash_parts(hex, m->secret, &text, 1);
    snprintf(ret, OTLP_NAME_LEN, "%shash-%s", prefix, hex);
}

static void put_digest(struct mp_map *fields, const char *name, struct bytes content) {
    uint8_t digest[HASH_LEN];
    hash_parts(digest, &content, 1);
    mp_map_hash(fields, name, digest);
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

struct otlp_attribute *otlp_find(struct otlp_attributes *l, const char *key) {
    struct bytes wanted = bytes_of(key);
    uint64_t mark = otlp_mark(wanted);
    for (size_t i = 0; i < l->n; i++) {
        struct otlp_attribute *a = &l->a[i];
        if (a->mark == mark && bytes_eq(a->key, wanted)) return a->used ? NULL : a;
    }
    return NULL;
}

struct bytes otlp_find_text(struct otlp_attributes *l, const char *key) {
    const struct otlp_attribute *a = otlp_find(l, key);
    return a != NULL && a->item.type == MP_STR ? a->item.data : (struct bytes){NULL, 0};
}

static void put_num(struct mp_map *fields, const char *name, const struct mp_item *item) {
    mp_map_begin(fields, name);
    if (otlp_num(&fields->values, item)) {
        mp_map_end(fields);
    }
}

void otlp_put_ms(struct mp_map *fields, const char *name, uint64_t ns) {
    if (ns % NS_PER_MS == 0) {
        mp_map_uint(fields, name, ns / NS_PER_MS);
    } else {
        mp_map_begin(fields, name);
        mp_put_float(&fields->values, (double)ns / (double)NS_PER_MS);
        mp_map_end(fields);
    }
}

void otlp_put_at(struct mp_map *fields, const struct otlp_member *m, uint64_t *ret_at) {
    *ret_at = INGEST_NO_TIME;
    int rc = otlp_time(m, ret_at);
    if (rc == 0) {
        mp_map_uint(fields, "at", *ret_at);
    } else if (rc == 2 && m->item.type == MP_STR) {
        mp_map_text(fields, "at_text", m->item.data);
    } else if (rc == 2) {
        mp_map_begin(fields, "at_text");
        struct buf text = {.max = 4096};
        if (json_from_mp(m->raw, JSON_LINE, &text, NULL) == 0) {
            mp_put_str(&fields->values, bytes_of_buf(&text));
            mp_map_end(fields);
        }
        buf_done(&text);
    }
    if (rc != 0) {
        *ret_at = INGEST_NO_TIME;
    }
}

static bool put_words(struct otlp_map *m, const char *field, struct bytes list) {
    struct mp_reader r;
    struct mp_item head, item;
    char text[OPEN_TEXT_MAX];
    size_t n = 0;
    mp_reader_init(&r, list);
    if (mp_next(&r, &head, NULL) != 0 || (head.type != MP_ARRAY && head.type != MP_STR)) {
        return false;
    }
    mp_reader_init(&r, list);
    uint32_t count = 1;
    if (head.type == MP_ARRAY) {
        count = head.count;
        (void)mp_next(&r, &head, NULL);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (mp_next(&r, &item, NULL) != 0 || item.type != MP_STR || !otlp_is_word(item.data) ||
            n + item.data.n + 1 > sizeof(text)) {
            return false;
        }
        if (n > 0) {
            text[n++] = ',';
        }
        memcpy(text + n, item.data.p, item.data.n);
        n += item.data.n;
    }
    mp_map_text(&m->body, field, (struct bytes){(const uint8_t *)text, n});
    return n > 0;
}

static bool put_bool(struct otlp_map *m, const char *field, const struct mp_item *item) {
    bool yes = item->type == MP_BOOL ? item->boolean : item->type == MP_STR && bytes_is(item->data, "true");
    if (item->type != MP_BOOL && !(item->type == MP_STR && (yes || bytes_is(item->data, "false")))) {
        return false;
    }
    mp_map_bool(&m->body, field, yes);
    return true;
}

/* A negative duration stays among the attributes. */
static bool is_negative_duration(const char *field, const struct mp_item *item) {
    size_t n = strlen(field);
    return n > 3 && strcmp(field + n - 3, "_ms") == 0 &&
           (item->type == MP_INT || (item->type == MP_FLOAT && item->real < 0) ||
            (item->type == MP_STR && bytes_has_prefix(item->data, "-")));
}

static bool put_number(struct otlp_map *m, const struct otlp_row *row, const struct mp_item *item) {
    int64_t v = 0;
    if (row->form == OTLP_INT) {
        if (!otlp_int(item, &v) || v < 0) { /* a negative count or size stays among the attributes */
            return false;
        }
        mp_map_begin(&m->body, row->field);
        mp_put_int(&m->body.values, v);
        mp_map_end(&m->body);
    } else if (row->form == OTLP_SECONDS) {
        double ms = item->type == MP_FLOAT ? item->real * 1000 : item->type == MP_UINT ? (double)item->uint * 1000 : -1;
        if (ms < 0 || !mp_float_ok(ms)) return false;
        mp_map_begin(&m->body, row->field);
        mp_put_float(&m->body.values, ms);
        mp_map_end(&m->body);
    } else if (is_negative_duration(row->field, item)) {
        return false;
    } else {
        size_t before = m->body.n;
        put_num(&m->body, row->field, item);
        return m->body.n > before;
    }
    return true;
}

/* The outcome for an attribute. */
enum put { NOT_PUT, PUT, PUT_AND_KEPT };

static enum put put_content(struct otlp_map *m, const struct otlp_row *row, const struct otlp_attributes *l,
                            const struct otlp_attribute *a) {
    struct bytes raw = otlp_attribute_plain(l, a);
    struct bytes content = a->item.type == MP_STR ? a->item.data : raw;
    if (content.n == 0 || a->item.type == MP_NIL) return NOT_PUT;
    if (row->digest != NULL) {
        put_digest(&m->body, row->digest, content);
    }
    if (row->bytes != NULL) {
        mp_map_uint(&m->body, row->bytes, content.n);
    }
    if (row->form == OTLP_MESSAGES && a->item.type != MP_STR) return PUT_AND_KEPT;
    mp_map_raw(&m->private_, row->field, raw);
    return PUT;
}

static enum put put_row(struct otlp_map *m, const struct otlp_row *row, const struct otlp_attributes *l,
                        const struct otlp_attribute *a) {
    const struct mp_item *item = &a->item;
    bool text = item->type == MP_STR;
    char number[24];
    switch (row->form) {
    case OTLP_TEXT:
    case OTLP_WORD:
        if (item->type == MP_UINT) {
            snprintf(number, sizeof(number), "%llu", (unsigned long long)item->uint);
            mp_map_text(&m->body, row->field, bytes_of(number));
            return PUT;
        }
        if (!text || !(row->form == OTLP_TEXT ? otlp_is_open_text(item->data) : otlp_is_word(item->data))) {
            return NOT_PUT;
        }
        mp_map_text(&m->body, row->field, item->data);
        return PUT;
    case OTLP_WORDS:
        return put_words(m, row->field, otlp_attribute_plain(l, a)) ? PUT : NOT_PUT;
    case OTLP_BOOL:
        return put_bool(m, row->field, item) ? PUT : NOT_PUT;
    case OTLP_PRIVATE:
        if (!text || item->data.n == 0) return NOT_PUT;
        mp_map_text(&m->private_, row->field, item->data);
        return PUT;
    case OTLP_CONTENT:
    case OTLP_MESSAGES:
        return put_content(m, row, l, a);
    default:
        return put_number(m, row, item) ? PUT : NOT_PUT;
    }
}

void otlp_rows(struct otlp_map *m, struct otlp_attributes *l, const struct otlp_row *rows, size_t n) {
    const char *done = "";
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].field, done) == 0) continue;
        struct otlp_attribute *a = otlp_find(l, rows[i].attribute);
        enum put put = a != NULL ? put_row(m, &rows[i], l, a) : NOT_PUT;
        if (put != NOT_PUT) {
            a->used = put == PUT;
            done = rows[i].field;
        }
    }
}

/* ---- events ------------------------------------------------------------------------------------------------------- */

int otlp_put_rest(struct otlp_map *m, struct err *err) {
    struct buf *out = &m->text;
    buf_clear(out);
    if (otlp_attributes_put(&m->attributes, out) > 0) {
        mp_map_raw(&m->private_, "attributes", bytes_of_buf(out));
    }
    size_t at = out->n;
    if (otlp_attributes_put_repeated(&m->attributes, out) > 0) {
        mp_map_raw(&m->private_, "attributes_repeated", (struct bytes){out->p + at, out->n - at});
    }
    if (m->unknown.n > 0) {
        mp_map_begin(&m->private_, "unknown");
        mp_put_map(&m->private_.values, m->unknown.n);
        buf_put_bytes(&m->private_.values, bytes_of_buf(&m->unknown.pairs));
        mp_map_end(&m->private_);
    }
    int rc = buf_check(out, "the attributes", err);
    if (rc == 0) rc = buf_check(&m->unknown.pairs, "the unknown members", err);
    clear_unknown(&m->unknown);
    return rc;
}

int otlp_emit(struct otlp_map *m, struct otlp_event *e, struct err *err) {
    buf_clear(&m->body_out);
    buf_clear(&m->private_out);
    int rc = mp_map_write(&m->body, &m->body_out, err);
    if (rc == 0 && m->private_.n > 0) rc = mp_map_write(&m->private_, &m->private_out, err);
    mp_map_clear(&m->body);
    mp_map_clear(&m->private_);
    if (rc != 0) return rc;
    e->body = bytes_of_buf(&m->body_out);
    e->private_ = bytes_of_buf(&m->private_out);
    rc = m->emit(m->ctx, e, err);
    m->failed = rc != 0;
    return rc;
}

bool otlp_put_score(struct otlp_map *m, struct otlp_attributes *l) {
    static const struct otlp_row rows[] = {
        {"gen_ai.evaluation.name", "metric", OTLP_TEXT, NULL, NULL},
        {"gen_ai.evaluation.score.value", "value", OTLP_NUM, NULL, NULL},
        {"gen_ai.evaluation.score.label", "label", OTLP_WORD, NULL, NULL},
        {"gen_ai.evaluation.explanation", "explanation", OTLP_PRIVATE, NULL, NULL},
    };
    if (!otlp_is_open_text(otlp_find_text(l, rows[0].attribute))) return false;
    otlp_rows(m, l, rows, sizeof(rows) / sizeof(rows[0]));
    return true;
}

/* ---- reporters ---------------------------------------------------------------------------------------------------- */

static const struct otlp_row reporter_rows[] = {
    {"service.name", "service", OTLP_TEXT, NULL, NULL},
    {"service.version", "service_version", OTLP_WORD, NULL, NULL},
    {"telemetry.sdk.language", "sdk_language", OTLP_WORD, NULL, NULL},
    {"telemetry.sdk.name", "sdk", OTLP_WORD, NULL, NULL},
    {"telemetry.sdk.version", "sdk_version", OTLP_WORD, NULL, NULL},
};

enum { R_ATTRIBUTES, R_DROPPED, N_RESOURCE };
static const char *const resource_names[N_RESOURCE] = {"attributes", "droppedAttributesCount"};
enum { S_ATTRIBUTES, S_DROPPED, S_NAME, S_VERSION, N_SCOPE };
static const char *const scope_names[N_SCOPE] = {"attributes", "droppedAttributesCount", "name", "version"};

/* Of a scope, only its name and version are open. */
static int put_scope(struct otlp_map *m, struct bytes scope, struct buf *identity, struct err *err) {
    struct otlp_member s[N_SCOPE];
    if (scope.n == 0) return 0;
    int rc = otlp_members(scope, "'scope'", scope_names, N_SCOPE, s, &m->unknown, err);
    if (rc == 0) rc = otlp_attributes_read(&m->inner, &s[S_ATTRIBUTES], err);
    if (rc != 0) return rc;
    for (int i = S_NAME; i <= S_VERSION; i++) {
        const char *field = i == S_NAME ? "scope" : "scope_version";
        bool text = s[i].item.type == MP_STR;
        if (s[i].there && text && otlp_is_open_text(s[i].item.data)) {
            mp_map_text(&m->body, field, s[i].item.data);
        } else if (s[i].there && !(text && s[i].item.data.n == 0)) {
            mp_map_raw(&m->private_, field, s[i].raw);
        }
        buf_put_bytes(identity, s[i].raw);
    }
    size_t at = identity->n;
    if (otlp_attributes_put(&m->inner, identity) > 0) {
        mp_map_raw(&m->private_, "scope_attributes", (struct bytes){identity->p + at, identity->n - at});
    }
    return 0;
}

static int put_resource(struct otlp_map *m, struct bytes resource, struct buf *identity, struct otlp_from *ret,
                        struct err *err) {
    struct otlp_member r[N_RESOURCE];
    memset(r, 0, sizeof(r));
    int rc = resource.n == 0 ? 0 : otlp_members(resource, "'resource'", resource_names, N_RESOURCE, r, &m->unknown, err);
    if (rc == 0) rc = otlp_attributes_read(&m->attributes, &r[R_ATTRIBUTES], err);
    if (rc != 0) return rc;
    otlp_attributes_put(&m->attributes, identity);
    struct bytes service = otlp_find_text(&m->attributes, "service.name");
    ret->actor[0] = ret->service[0] = '\0';
    if (is_fit_for_header(service)) {
        otlp_name(m, ret->service, "", service);
        otlp_name(m, ret->actor, "service:", service);
    }
    otlp_rows(m, &m->attributes, reporter_rows, sizeof(reporter_rows) / sizeof(reporter_rows[0]));
    return 0;
}

int otlp_map_from(struct otlp_map *m, struct bytes resource, struct bytes scope, struct otlp_from *ret, struct err *err) {
    char subject[OTLP_NAME_LEN], key[OTLP_NAME_LEN];
    uint8_t digest[HASH_LEN];
    char hex[2 * HASH_LEN + 1], hidden[KEYED_HASH_HEX];
    struct otlp_from from = {.actor = ""};
    struct buf identity = {.max = VALUES_MAX};
    otlp_begin(m);
    if (resource.n == 0 && scope.n == 0) {
        *ret = from;
        return 0;
    }
    int rc = put_resource(m, resource, &identity, &from, err);
    if (rc == 0) rc = otlp_put_rest(m, err);
    if (rc == 0) rc = put_scope(m, scope, &identity, err);
    if (rc == 0) rc = buf_check(&identity, "a resource", err);
    if (rc == 0) {
        struct bytes all = bytes_of_buf(&identity);
        hash_parts(digest, &all, 1);
        text_hex(hex, digest, HASH_LEN);
        snprintf(from.digest, sizeof(from.digest), "sha256:%s", hex);
        mp_map_text(&m->body, "digest", bytes_of(from.digest));
        otlp_name(m, subject, "service/", from.service[0] != '\0' ? bytes_of(from.service) : bytes_of("unnamed"));
        keyed_hash_hex(hidden, m->secret, digest);
        snprintf(key, sizeof(key), "reporter:%s", hidden);
        struct otlp_event e = {.kind = "run.reporter_observed",
                               .subject = subject,
                               .run = "",
                               .key = key,
                               .actor = bytes_of(from.actor),
                               .at = INGEST_NO_TIME,
                               .trace = "",
                               .span = "",
                               .parent = ""};
        *ret = from;
        rc = otlp_emit(m, &e, err);
    }
    buf_done(&identity);
    return rc;
}
