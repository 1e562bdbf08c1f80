/* One line of JSON into the parts of an event. The top-level names are a table; each row has its type.
 *
 * JSON is converted to canonical MessagePack at once, so that everything JSON leaves open (duplicate names, NaN, broken
 * UTF-8, integers beyond 64 bits, depth) is refused in one place, and body and private fields are taken verbatim. A name
 * whose value is null counts as absent: serializers write null for what a record does not have. */
#include "ingest/jsonl/jsonl.h"

#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ledger/event/event.h"
#include "ledger/kinds/kind.h"

/* A float of three characters takes nine bytes. */
#define ITEM_MAX (LINES_LINE_MAX * 3)
/* 1973: an integer below it was meant in seconds, milli- or microseconds. */
#define TIME_MIN_NS UINT64_C(100000000000000000)

enum top_type { TOP_TEXT, TOP_TIME, TOP_COUNT, TOP_BOOL, TOP_MAP, TOP_NAMES };
enum top_name { ACTOR, BODY, CAUSE, CAUSE_KEY, FORCE, GRADE, KEY, KIND, OPEN, PRIVATE, RUN, SCHEMA, SUBJECT, TIME, N_TOP };

static const struct top {
    const char *name;
    enum top_type type;
    size_t max; /* of a text */
} tops[N_TOP] = {
    [ACTOR] = {"actor", TOP_TEXT, EVENT_STRING_MAX},
    [BODY] = {"body", TOP_MAP, EVENT_BODY_MAX},
    [CAUSE] = {"cause", TOP_COUNT, 0},
    [CAUSE_KEY] = {"cause_key", TOP_TEXT, EVENT_STRING_MAX},
    [FORCE] = {"force_private", TOP_BOOL, 0},
    [GRADE] = {"grade", TOP_TEXT, EVENT_STRING_MAX},
    [KEY] = {"key", TOP_TEXT, EVENT_STRING_MAX},
    [KIND] = {"kind", TOP_TEXT, EVENT_STRING_MAX},
    [OPEN] = {"open", TOP_NAMES, 0},
    [PRIVATE] = {"private", TOP_MAP, EVENT_PRIVATE_MAX},
    [RUN] = {"run", TOP_TEXT, EVENT_STRING_MAX},
    [SCHEMA] = {"schema", TOP_COUNT, 0},
    [SUBJECT] = {"subject", TOP_TEXT, EVENT_SUBJECT_MAX},
    [TIME] = {"time", TOP_TIME, 0},
};

#define ACCEPTED_NAMES                                                                                                     \
    "kind, subject, time, actor, run, cause, cause_key, key, grade, schema, body, private, open, force_private"

struct value {
    bool there;
    struct mp_item item;
    struct bytes raw;
};

void jsonl_parser_init(struct jsonl_parser *p) {
    buf_init(&p->item, ITEM_MAX);
    buf_init(&p->body, ITEM_MAX);
}

void jsonl_parser_done(struct jsonl_parser *p) {
    buf_done(&p->item);
    buf_done(&p->body);
}

static const char *found(const struct mp_item *item) {
    switch (item->type) {
    case MP_NIL:
        return "null";
    case MP_BOOL:
        return "true or false";
    case MP_UINT:
        return "a number";
    case MP_INT:
        return "a negative number";
    case MP_FLOAT:
        return "a number with a fraction";
    case MP_STR:
        return "text";
    case MP_ARRAY:
        return "an array";
    case MP_MAP:
        return "an object";
    default:
        return "bytes";
    }
}

static int wrong(const struct top *top, const struct mp_item *item, const char *wanted, struct err *err) {
    return err_set(err, ERR_INVALID, "'%s' is %s; expected: %s", top->name, found(item), wanted);
}

static int check_names(const struct top *top, const struct value *v, struct err *err) {
    if (v->item.type != MP_ARRAY) return wrong(top, &v->item, "an array of field names", err);
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, v->raw);
    int rc = mp_next(&r, &item, err);
    for (uint32_t i = 0; i < v->item.count && rc == 0; i++) {
        rc = mp_next(&r, &item, err);
        if (rc == 0 && item.type != MP_STR) {
            return err_set(err, ERR_INVALID, "'%s' holds %s; expected: an array of field names", top->name, found(&item));
        }
    }
    return rc;
}

static int check_value(const struct top *top, const struct value *v, struct err *err) {
    const struct mp_item *item = &v->item;
    switch (top->type) {
    case TOP_TEXT:
        if (item->type != MP_STR) return wrong(top, item, "text", err);
        if (item->data.n > top->max) {
            return err_set(err, ERR_INVALID, "'%s' is %zu bytes long; expected: at most %zu", top->name, item->data.n,
                           top->max);
        }
        return 0;
    case TOP_TIME:
        return item->type == MP_UINT || item->type == MP_STR
                   ? 0
                   : wrong(top, item, "ns since the epoch as an integer or a decimal string, or RFC 3339 text", err);
    case TOP_COUNT:
        return item->type == MP_UINT ? 0 : wrong(top, item, "a whole number from 0", err);
    case TOP_BOOL:
        return item->type == MP_BOOL ? 0 : wrong(top, item, "true or false", err);
    case TOP_MAP:
        if (item->type != MP_MAP) return wrong(top, item, "an object", err);
        if (v->raw.n > top->max) {
            return err_set(err, ERR_INVALID, "'%s' is %zu bytes when encoded; expected: at most %zu", top->name, v->raw.n,
                           top->max);
        }
        return 0;
    case TOP_NAMES:
        return check_names(top, v, err);
    }
    return 0;
}

static int find_top(struct bytes name, enum top_name *ret, struct err *err) {
    for (size_t i = 0; i < N_TOP; i++) {
        if (bytes_is(name, tops[i].name)) {
            *ret = (enum top_name)i;
            return 0;
        }
    }
    return err_set(err, ERR_INVALID, "unknown name '%s'; expected: " ACCEPTED_NAMES, SECRET_SHOWN(name));
}

static int read_tops(struct bytes map, struct value values[N_TOP], struct err *err) {
    struct mp_reader r;
    struct mp_item head;
    mp_reader_init(&r, map);
    int rc = mp_next(&r, &head, err);
    if (rc != 0) return rc;
    if (head.type != MP_MAP) {
        return err_set(err, ERR_INVALID, "the line is %s; expected: a JSON object with kind and subject", found(&head));
    }
    for (uint32_t i = 0; i < head.count; i++) {
        struct mp_item name;
        struct value v = {.there = true};
        enum top_name at = N_TOP;
        rc = mp_next(&r, &name, err);
        if (rc == 0) rc = mp_skip(&r, 1, &v.raw, err);
        if (rc == 0) rc = find_top(name.data, &at, err);
        if (rc != 0) return rc;
        struct mp_reader inside;
        mp_reader_init(&inside, v.raw);
        rc = mp_next(&inside, &v.item, err);
        if (rc == 0 && v.item.type != MP_NIL) {
            rc = check_value(&tops[at], &v, err);
            values[at] = v;
        }
        if (rc != 0) return rc;
    }
    return 0;
}

static struct bytes text(const struct value *v) {
    return v->there ? v->item.data : (struct bytes){NULL, 0};
}

/* ns from an integer, a decimal string or RFC 3339 text; 0 on success. */
static int time_of(const struct mp_item *item, uint64_t *ret) {
    if (item->type == MP_UINT) {
        *ret = item->uint;
        return 0;
    }
    uint64_t ns = 0;
    if (item->type != MP_STR || (text_parse_u64(item->data, &ns) != 0 && text_parse_time(item->data, &ns) != 0) ||
        ns > MP_INT_MAX) {
        return ERR_INVALID;
    }
    *ret = ns;
    return 0;
}

static int read_time(const struct value *v, uint64_t *ret, struct err *err) {
    uint64_t ns = 0;
    if (time_of(&v->item, &ns) != 0) {
        return err_set(err, ERR_INVALID,
                       "'time' is '%s'; expected: ns since the epoch as an integer or a decimal string, or RFC 3339 text "
                       "with a zone and at most 9 fraction digits",
                       SECRET_SHOWN(v->item.data));
    }
    if (ns < TIME_MIN_NS) {
        return err_set(err, ERR_INVALID,
                       "'time' is %llu, which as nanoseconds is before 1974; expected: ns since the epoch",
                       (unsigned long long)ns);
    }
    *ret = ns;
    return 0;
}

/* The body with `at` inserted among its sorted names. */
static int body_with_at(struct buf *out, struct bytes body, uint64_t at, struct err *err) {
    struct mp_reader r;
    struct mp_item head = {.type = MP_MAP};
    mp_reader_init(&r, body);
    if (body.n > 0 && mp_next(&r, &head, err) != 0) return ERR_CORRUPT;
    buf_clear(out);
    mp_put_map(out, head.count + 1);
    bool put = false;
    for (uint32_t i = 0; i < head.count; i++) {
        struct mp_item name;
        struct bytes raw_name = {r.p, 0}, raw;
        if (mp_next(&r, &name, err) != 0) return ERR_CORRUPT;
        raw_name.n = (size_t)(r.p - raw_name.p);
        if (mp_skip(&r, 1, &raw, err) != 0) return ERR_CORRUPT;
        int order = bytes_cmp(name.data, bytes_of("at"));
        if (order == 0) {
            return err_set(err, ERR_INVALID, "'time' and the body's 'at' are both given; expected: one of them");
        }
        if (order > 0 && !put) {
            mp_pair_uint(out, "at", at);
            put = true;
        }
        buf_put_bytes(out, raw_name);
        buf_put_bytes(out, raw);
    }
    if (!put) {
        mp_pair_uint(out, "at", at);
    }
    return buf_check(out, "body", err);
}

static int check_schema(struct bytes kind, uint64_t schema, struct err *err) {
    const struct kind *k = kind_find(kind);
    uint64_t newest = k != NULL ? k->schema : 1;
    if (schema != newest) {
        return err_set(err, ERR_INVALID, "'schema' is %llu; expected for '%s': %llu", (unsigned long long)schema,
                       SECRET_SHOWN(kind), (unsigned long long)newest);
    }
    return 0;
}

static int check_grade(struct bytes grade, struct err *err) {
    if (grade.n == 0 || bytes_is(grade, "measured") || bytes_is(grade, "reported") || bytes_is(grade, "declared") ||
        bytes_is(grade, "inferred")) {
        return 0;
    }
    return err_set(err, ERR_INVALID, "'grade' is '%s'; expected: measured, reported, declared, inferred",
                   SECRET_SHOWN(grade));
}

/* The source's own time for the tally, from `time` or the body. */
static int fill_at(struct jsonl_parser *p, const struct value values[N_TOP], struct jsonl_event *e, struct err *err) {
    if (values[TIME].there) {
        int rc = read_time(&values[TIME], &e->at, err);
        if (rc == 0) rc = body_with_at(&p->body, values[BODY].raw, e->at, err);
        e->body = bytes_of_buf(&p->body);
        return rc;
    }
    struct bytes raw;
    struct mp_item item;
    uint64_t ns = 0;
    if (values[BODY].there && mp_map_get(values[BODY].raw, "at", &raw) == 0 && mp_scalar(raw, &item) == 0 &&
        time_of(&item, &ns) == 0) {
        e->at = ns;
    }
    return 0;
}

int jsonl_parse(struct jsonl_parser *p, struct bytes line, struct jsonl_event *ret, struct err *err) {
    struct err why = {0};
    buf_clear(&p->item);
    int parsed = json_to_mp(line, &p->item, &why);
    return jsonl_parse_item(p, parsed, why.msg, bytes_of_buf(&p->item), ret, err);
}

int jsonl_parse_item(struct jsonl_parser *p, int parsed, const char *why, struct bytes item, struct jsonl_event *ret,
                     struct err *err) {
    struct value values[N_TOP];
    memset(values, 0, sizeof(values));
    if (parsed != 0) {
        /* the parser's own line number is always 1 here and would stand next to the input's */
        const char *msg = strncmp(why, "line 1 ", 7) == 0 ? why + 7 : why;
        return err_set(err, parsed, JSONL_NOT_JSON ": %s", msg);
    }
    int rc = read_tops(item, values, err);
    if (rc != 0) return rc;
    static const enum top_name required[] = {KIND, SUBJECT};
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        if (text(&values[required[i]]).n == 0) {
            return err_set(err, ERR_INVALID, "'%s' is %s; every event needs one", tops[required[i]].name,
                           values[required[i]].there ? "empty" : "missing");
        }
    }
    struct jsonl_event e = {
        .kind = text(&values[KIND]),
        .subject = text(&values[SUBJECT]),
        .actor = text(&values[ACTOR]),
        .run = text(&values[RUN]),
        .key = text(&values[KEY]),
        .grade = text(&values[GRADE]),
        .cause_key = text(&values[CAUSE_KEY]),
        .body = values[BODY].raw,
        .private_ = values[PRIVATE].raw,
        .open = values[OPEN].raw,
        .has_cause = values[CAUSE].there,
        .cause = values[CAUSE].item.uint,
        .force_private = values[FORCE].there && values[FORCE].item.boolean,
        .at = INGEST_NO_TIME,
    };
    if (!values[RUN].there && bytes_has_prefix(e.subject, "run/") && e.subject.n - 4 <= EVENT_STRING_MAX) {
        e.run = (struct bytes){e.subject.p + 4, e.subject.n - 4}; /* the subject says it */
    }
    if (e.has_cause && e.cause_key.n > 0) {
        return err_set(err, ERR_INVALID, "'cause' and 'cause_key' are both given; expected: one of them");
    }
    rc = check_grade(e.grade, err);
    if (rc == 0 && values[SCHEMA].there) rc = check_schema(e.kind, values[SCHEMA].item.uint, err);
    if (rc == 0) rc = fill_at(p, values, &e, err);
    if (rc == 0) {
        *ret = e;
    }
    return rc;
}
