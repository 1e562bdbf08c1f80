/* A metric is a name, a unit and points of one form:
 *
 *   sum, delta                     the point as it is               form sum
 *   sum, cumulative, monotonic     what the series rose by          form sum
 *   sum that may fall, cumulative  its level                        form gauge
 *   gauge                          its level                        form gauge
 *   (exponential) histogram        delta, or what was added         form histogram
 *
 * Of exponential histograms count, sum, min and max are kept. Summaries are refused. */
#include "ingest/otlp/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "ingest/input/keyed_hash.h"

enum { EXPONENTIAL, GAUGE, HISTOGRAM, NAME, SUM, SUMMARY, UNIT, N_METRIC };
static const char *const metric_names[N_METRIC] = {[EXPONENTIAL] = "exponentialHistogram",
                                                   [GAUGE] = "gauge",
                                                   [HISTOGRAM] = "histogram",
                                                   [NAME] = "name",
                                                   [SUM] = "sum",
                                                   [SUMMARY] = "summary",
                                                   [UNIT] = "unit"};

enum { TEMPORALITY, POINTS, MONOTONIC, N_FORM };
static const char *const form_names[N_FORM] = {"aggregationTemporality", "dataPoints", "isMonotonic"};

enum { AS_DOUBLE, AS_INT, ATTRIBUTES, BUCKETS, COUNT, BOUNDS, FLAGS, MAX, MIN, START, SUM_OF, TIME, N_POINT };
static const char *const point_names[N_POINT] = {[AS_DOUBLE] = "asDouble",
                                                 [AS_INT] = "asInt",
                                                 [ATTRIBUTES] = "attributes",
                                                 [BUCKETS] = "bucketCounts",
                                                 [COUNT] = "count",
                                                 [BOUNDS] = "explicitBounds",
                                                 [FLAGS] = "flags",
                                                 [MAX] = "max",
                                                 [MIN] = "min",
                                                 [START] = "startTimeUnixNano",
                                                 [SUM_OF] = "sum",
                                                 [TIME] = "timeUnixNano"};

enum { DELTA = 1, CUMULATIVE = 2 };
#define NO_VALUE 1 /* flag of a point */

static const char *const taken[] = {"gen_ai.", "mcp.", "claude_code.", "codex.", "gemini_cli."};

static const struct otlp_row rows[] = {
    {"gen_ai.operation.name", "operation", OTLP_WORD, NULL, NULL},
    {"gen_ai.provider.name", "provider", OTLP_TEXT, NULL, NULL},
    {"gen_ai.system", "provider", OTLP_TEXT, NULL, NULL},
    {"gen_ai.request.model", "model", OTLP_TEXT, NULL, NULL},
    {"model", "model", OTLP_TEXT, NULL, NULL},
    {"gen_ai.response.model", "served", OTLP_TEXT, NULL, NULL},
    {"gen_ai.token.type", "token_type", OTLP_WORD, NULL, NULL},
    {"error.type", "error", OTLP_WORD, NULL, NULL},
};
/* Agents call it so, where the metric counts tokens. */
static const struct otlp_row token_rows[] = {{"type", "token_type", OTLP_WORD, NULL, NULL},
                                             {"token_type", "token_type", OTLP_WORD, NULL, NULL}};

struct metric {
    struct otlp_map *map;
    const struct otlp_from *from;
    const struct otlp_metric_sink *sink;
    struct bytes name, unit;
    int form; /* EXPONENTIAL, GAUGE, HISTOGRAM or SUM */
    int64_t temporality;
    bool monotonic;
    /* the point at hand */
    struct otlp_member m[N_POINT];
    struct series_point point;
};

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static int read_count(const struct mp_item *item, const char *name, uint64_t *ret, struct err *err) {
    int64_t v = 0;
    if (!otlp_int(item, &v) || v < 0) {
        return err_set(err, ERR_INVALID, "'%s' is wrong; expected: a whole number from 0 to 2^63-1", name);
    }
    *ret = (uint64_t)v;
    return 0;
}

/* A number of any form; not NaN or infinite. */
static int read_number(const struct otlp_member *m, const char *name, struct series_number *ret, struct err *err) {
    struct buf parsed = {.max = 64};
    struct mp_item item = m->item;
    struct mp_reader r;
    bool good = true;
    if (!m->there) return 0;
    if (item.type == MP_STR) {
        good = otlp_num(&parsed, &item);
        mp_reader_init(&r, bytes_of_buf(&parsed));
        good = good && mp_next(&r, &item, NULL) == 0;
    }
    bool whole = item.type == MP_UINT || item.type == MP_INT;
    good = good && (whole || item.type == MP_FLOAT);
    *ret = (struct series_number){.there = true,
                                  .whole = whole,
                                  .integer = item.type == MP_UINT ? (int64_t)item.uint : item.sint,
                                  .real = item.type == MP_FLOAT ? item.real + 0.0 : 0}; /* no negative zero */
    buf_done(&parsed);
    return good ? 0 : err_set(err, ERR_INVALID, "'%s' is not a number; expected: a finite one", name);
}

static int read_buckets(struct metric *s, struct err *err) {
    const struct otlp_member *m = &s->m[BUCKETS];
    struct mp_reader r;
    struct mp_item item;
    int rc = 0;
    if (!m->there) return 0;
    if (m->item.type != MP_ARRAY) return err_set(err, ERR_INVALID, "'bucketCounts' is not an array");
    if (m->item.count > SERIES_BUCKETS_MAX) return 0;
    mp_reader_init(&r, m->raw);
    (void)mp_next(&r, &item, NULL);
    for (uint32_t i = 0; i < m->item.count && rc == 0; i++) {
        rc = mp_next(&r, &item, err);
        if (rc == 0) rc = read_count(&item, "bucketCounts", &s->point.buckets[i], err);
    }
    s->point.n_buckets = rc == 0 ? m->item.count : 0;
    return rc;
}

static int read_point(struct metric *s, struct bytes raw, struct err *err) {
    struct series_point *p = &s->point;
    p->n_buckets = 0;
    p->has_count = p->has_range = false;
    p->count = p->from = 0;
    p->sum = (struct series_number){.there = false};
    int rc = otlp_members(raw, "the data point", point_names, N_POINT, s->m, &s->map->unknown, err);
    if (rc == 0) rc = otlp_attributes_read(&s->map->attributes, &s->m[ATTRIBUTES], err);
    if (rc != 0) return rc;
    if (otlp_time(&s->m[TIME], &p->to) != 0) {
        return err_set(err, ERR_INVALID, "'timeUnixNano' is missing or wrong; expected: nanoseconds since 1970");
    }
    if (otlp_time(&s->m[START], &p->from) != 0 || p->from > p->to) {
        p->from = 0;
    }
    if (s->form == GAUGE || s->form == SUM) {
        bool whole = s->m[AS_INT].there;
        rc = read_number(&s->m[whole ? AS_INT : AS_DOUBLE], whole ? "asInt" : "asDouble", &p->sum, err);
        return rc != 0 || p->sum.there ? rc
                                       : err_set(err, ERR_INVALID, "the data point has neither 'asInt' nor 'asDouble'");
    }
    p->has_count = true;
    p->has_range = true;
    if (s->m[COUNT].there) rc = read_count(&s->m[COUNT].item, "count", &p->count, err);
    if (rc == 0) rc = read_number(&s->m[SUM_OF], "sum", &p->sum, err);
    if (rc == 0 && s->form == HISTOGRAM) rc = read_buckets(s, err);
    return rc;
}

/* ---- events ------------------------------------------------------------------------------------------------------- */

static void put_number(struct mp_map *fields, const char *name, const struct series_number *n) {
    if (!n->there || (!n->whole && !mp_float_ok(n->real))) return;
    mp_map_begin(fields, name);
    if (n->whole) {
        mp_put_int(&fields->values, n->integer);
    } else {
        mp_put_float(&fields->values, n->real);
    }
    mp_map_end(fields);
}

/* Bounds are put only with one bucket more, which is what they mean. */
static void put_buckets(struct metric *s) {
    const struct otlp_member *bounds = &s->m[BOUNDS];
    struct mp_map *body = &s->map->body;
    uint32_t n = bounds->there && bounds->item.type == MP_ARRAY ? bounds->item.count : 0;
    struct mp_reader r;
    struct mp_item item;
    if (s->point.n_buckets == 0 || s->point.n_buckets != n + 1) return;
    if (n > 0) {
        mp_reader_init(&r, bounds->raw);
        for (uint32_t i = 0; i <= n; i++) { /* the head first */
            bool number =
                mp_next(&r, &item, NULL) == 0 && (item.type == MP_FLOAT || item.type == MP_UINT || item.type == MP_INT);
            if (i > 0 && !number) return;
        }
        mp_map_raw(body, "bounds", bounds->raw);
    }
    mp_map_begin(body, "buckets");
    mp_put_array(&body->values, n + 1);
    for (size_t i = 0; i < s->point.n_buckets; i++) {
        mp_put_uint(&body->values, s->point.buckets[i]);
    }
    mp_map_end(body);
}

static void put_range(struct metric *s) {
    struct series_number v = {.there = false};
    if (read_number(&s->m[MIN], "min", &v, NULL) == 0) {
        put_number(&s->map->body, "min", &v);
    }
    v.there = false;
    if (read_number(&s->m[MAX], "max", &v, NULL) == 0) {
        put_number(&s->map->body, "max", &v);
    }
}

static bool is_level(const struct metric *s) {
    return s->form == GAUGE || (s->form == SUM && s->temporality == CUMULATIVE && !s->monotonic);
}

static int emit_point(struct metric *s, const char *key, struct err *err) {
    struct otlp_map *m = s->map;
    struct series_point *p = &s->point;
    char subject[OTLP_NAME_LEN];
    const bool level = is_level(s), tokens = memmem(s->name.p, s->name.n, "token", 5) != NULL &&
                                             otlp_find(&m->attributes, "gen_ai.token.type") == NULL;
    mp_map_text(&m->body, "metric", s->name);
    mp_map_text(&m->body, "form", bytes_of(level ? "gauge" : s->form == SUM ? "sum" : "histogram"));
    if (otlp_is_open_text(s->unit)) {
        mp_map_text(&m->body, "unit", s->unit);
    }
    if (p->from != 0 && !level) {
        mp_map_uint(&m->body, "from", p->from);
    }
    mp_map_uint(&m->body, "to", p->to);
    if (p->has_count) {
        mp_map_uint(&m->body, "count", p->count);
    }
    put_number(&m->body, "sum", &p->sum);
    if (p->has_range) {
        put_range(s);
    }
    put_buckets(s);
    mp_map_text(&m->body, "service", bytes_of(s->from->service));
    mp_map_text(&m->body, "reporter", bytes_of(s->from->digest));
    otlp_rows(m, &m->attributes, rows, OTLP_COUNT(rows));
    if (tokens) {
        otlp_rows(m, &m->attributes, token_rows, OTLP_COUNT(token_rows));
    }
    otlp_name(m, subject, "service/", bytes_of(s->from->service[0] != '\0' ? s->from->service : "unnamed"));
    struct otlp_event e = {.kind = "run.measured",
                           .subject = subject,
                           .run = "",
                           .key = key,
                           .actor = bytes_of(s->from->actor),
                           .at = p->to,
                           .trace = "",
                           .span = "",
                           .parent = ""};
    buf_clear(&m->text);
    if (otlp_attributes_put(&m->attributes, &m->text) > 0) {
        mp_map_raw(&m->private_, "attributes", bytes_of_buf(&m->text));
    }
    int rc = buf_check(&m->text, "the attributes", err);
    return rc == 0 ? otlp_emit(m, &e, err) : rc;
}

/* What makes it this series: the reporter, the metric, the attributes in plain form and in the order of their keys. */
static int identify(struct metric *s, uint8_t ret[HASH_LEN], struct err *err) {
    static const char forms[N_METRIC] = {[EXPONENTIAL] = 'e', [GAUGE] = 'g', [HISTOGRAM] = 'h', [SUM] = 's'};
    struct buf *plain = &s->map->text;
    char form[3] = {forms[s->form], (char)('0' + s->temporality), s->monotonic ? 'm' : '-'};
    buf_clear(plain);
    otlp_attributes_put(&s->map->attributes, plain);
    int rc = buf_check(plain, "the attributes", err);
    const struct bytes parts[] = {
        bytes_of(s->from->digest), s->name, s->unit, {(const uint8_t *)form, sizeof(form)}, bytes_of_buf(plain)};
    hash_parts(ret, parts, OTLP_COUNT(parts));
    return rc;
}

static bool has_news(const struct series_point *p) {
    return p->count > 0 || (p->sum.there && (p->sum.whole ? p->sum.integer != 0 : p->sum.real != 0));
}

static int take_point(struct metric *s, struct bytes raw, struct err *err) {
    uint8_t id[HASH_LEN], interval[16];
    char hex[KEYED_HASH_HEX], key[OTLP_NAME_LEN];
    int64_t flags = 0;
    int rc = read_point(s, raw, err);
    if (rc != 0) return rc;
    if (s->m[FLAGS].there && otlp_int(&s->m[FLAGS].item, &flags) && (flags & NO_VALUE) != 0) return 0;
    rc = identify(s, id, err);
    if (rc == 0 && !is_level(s) && s->temporality == CUMULATIVE && s->sink->series != NULL) {
        rc = otlp_series_take(s->sink->series, id, &s->point, err);
    } else if (rc == 0 && !is_level(s)) {
        rc = has_news(&s->point) ? 0 : 1;
    }
    if (rc != 0) return rc == 1 ? 0 : rc;
    be64_put(interval, s->point.from);
    be64_put(interval + 8, s->point.to);
    const struct bytes parts[] = {{id, sizeof(id)}, {interval, sizeof(interval)}};
    keyed_hash_parts(hex, s->map->secret, parts, OTLP_COUNT(parts));
    snprintf(key, sizeof(key), "metric:%s", hex);
    return emit_point(s, key, err);
}

/* ---- the metric --------------------------------------------------------------------------------------------------- */

static bool is_taken(struct bytes name) {
    bool yes = false;
    for (size_t i = 0; i < OTLP_COUNT(taken); i++) {
        yes = yes || bytes_has_prefix(name, taken[i]);
    }
    return yes;
}

static int take_points(struct metric *s, const struct otlp_member *points, struct err *err) {
    struct mp_reader r;
    struct mp_item head;
    int rc = 0;
    if (!points->there) return 0;
    if (points->item.type != MP_ARRAY) return err_set(err, ERR_INVALID, "'dataPoints' is not an array");
    mp_reader_init(&r, points->raw);
    (void)mp_next(&r, &head, NULL);
    for (uint32_t i = 0; i < head.count && rc == 0; i++) {
        struct err why = {0};
        struct bytes raw;
        otlp_begin(s->map);
        if ((rc = mp_skip(&r, 1, &raw, err)) != 0) break;
        rc = take_point(s, raw, &why);
        if ((rc == ERR_INVALID || rc == ERR_LIMIT) && !s->map->failed) {
            rc = s->sink->reject(s->sink->ctx, why.msg);
        } else if (rc < 0 && err != NULL) {
            *err = why;
        }
        s->map->failed = s->map->failed || rc != 0; /* what ends the loop ends the run */
    }
    return rc;
}

/* Which of the forms it has; the names of the others are absent. */
static int find_form(const struct otlp_member m[N_METRIC], int *ret, struct err *err) {
    static const int forms[] = {EXPONENTIAL, GAUGE, HISTOGRAM, SUM};
    int found = -1;
    for (size_t i = 0; i < OTLP_COUNT(forms); i++) {
        if (!m[forms[i]].there) continue;
        if (found >= 0) return err_set(err, ERR_INVALID, "the metric has more than one form; expected: one");
        found = forms[i];
    }
    if (found < 0) {
        return err_set(err, ERR_INVALID, "%s; expected: a sum, a gauge or a histogram",
                       m[SUMMARY].there ? "summaries are not recorded" : "the metric has no points");
    }
    *ret = found;
    return 0;
}

int otlp_map_metric(struct otlp_map *map, const struct otlp_from *from, struct bytes record,
                    const struct otlp_metric_sink *sink, char passed[OTLP_NAME_LEN], struct err *err) {
    struct metric s = {.map = map, .from = from, .sink = sink};
    struct otlp_member m[N_METRIC], f[N_FORM];
    otlp_begin(map);
    int rc = otlp_members(record, "the metric", metric_names, N_METRIC, m, &map->unknown, err);
    if (rc != 0) return rc;
    s.name = otlp_member_text(&m[NAME]);
    s.unit = otlp_member_text(&m[UNIT]);
    if (!otlp_is_word(s.name)) return err_set(err, ERR_INVALID, "'name' is missing or wrong; expected: a word");
    if (!is_taken(s.name)) {
        snprintf(passed, OTLP_NAME_LEN, "metric %.*s", (int)s.name.n, (const char *)s.name.p);
        return 1;
    }
    rc = find_form(m, &s.form, err);
    if (rc == 0) rc = otlp_members(m[s.form].raw, metric_names[s.form], form_names, N_FORM, f, NULL, err);
    if (rc != 0) return rc;
    s.monotonic = f[MONOTONIC].there && f[MONOTONIC].item.type == MP_BOOL && f[MONOTONIC].item.boolean;
    if (s.form != GAUGE && !(f[TEMPORALITY].there && otlp_int(&f[TEMPORALITY].item, &s.temporality) &&
                             (s.temporality == DELTA || s.temporality == CUMULATIVE))) {
        return err_set(err, ERR_INVALID,
                       "'aggregationTemporality' is missing or wrong; expected: 1 (delta) or 2 (cumulative)");
    }
    return take_points(&s, &f[POINTS], err);
}
