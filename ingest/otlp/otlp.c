/* One document into drafts. The memory kept between documents is bounded and may be lost: without it an event has no cause,
 * a reporter is offered again and found to be a duplicate, a gap is not noticed. */
#include "ingest/otlp/otlp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "ingest/input/keyed_hash.h"
#include "ingest/otlp/held.h"

#define ITEM_MAX       (4 * OTLP_RECORD_MAX)
#define WAITING_MAX    ((uint64_t)1 << 20) /* bytes of drafts before a commit */
#define SPAN_SETS      16384
#define SPAN_WAYS      4
#define REPORTERS      64
#define SESSIONS       256
#define SESSION_DIGEST 16

/* ---- memory ------------------------------------------------------------------------------------------------------- */

/* A set-associative cache: a new span replaces the oldest of its set. */
struct otlp_spans {
    struct known_span {
        uint8_t trace[16], span[8];
        uint64_t ticket; /* 0: empty */
    } sets[SPAN_SETS][SPAN_WAYS];
};

struct otlp_known {
    char reporters[REPORTERS][72];
    size_t next_reporter;
    struct known_session {
        uint8_t digest[SESSION_DIGEST];
        uint64_t sequence;
        bool there;
    } sessions[SESSIONS];
    size_t next_session;
};

struct otlp_scope_of {
    enum { UNREAD, GOOD, BAD } state;
    struct otlp_from from; /* BAD: its actor holds the reason */
};

/* What became of a record that was parsed, before its held events. */
struct mapped {
    int code;                   /* 0, or why it cannot be recorded: */
    char group[OTLP_GROUP_LEN]; /* counted under; "": the words, which follow in place of events */
};

static struct known_span *set_of(struct otlp_spans *spans, const uint8_t span[8]) {
    return spans->sets[(be64_get(span) * UINT64_C(0x9e3779b97f4a7c15)) >> 50];
}

static struct known_span *find_span(struct otlp_spans *spans, const uint8_t trace[16], const uint8_t span[8]) {
    struct known_span *set = set_of(spans, span);
    for (size_t i = 0; i < SPAN_WAYS; i++) {
        if (set[i].ticket != 0 && memcmp(set[i].span, span, 8) == 0 && memcmp(set[i].trace, trace, 16) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

static bool read_ids(const char *trace, const char *span, uint8_t ret_trace[16], uint8_t ret_span[8]) {
    return trace[0] != '\0' && span[0] != '\0' && text_unhex(ret_trace, 16, bytes_of(trace)) == 0 &&
           text_unhex(ret_span, 8, bytes_of(span)) == 0;
}

static uint64_t ticket_of(struct otlp *o, const char *trace, const char *span) {
    uint8_t t[16], s[8];
    const struct known_span *known = read_ids(trace, span, t, s) ? find_span(o->spans, t, s) : NULL;
    return known != NULL ? known->ticket : 0;
}

static void remember_span(struct otlp *o, const char *trace, const char *span, uint64_t ticket) {
    uint8_t t[16], s[8];
    if (!read_ids(trace, span, t, s)) return;
    struct known_span *set = set_of(o->spans, s), *oldest = &set[0];
    if (find_span(o->spans, t, s) != NULL) {
        return; /* a second span with the same ids is a duplicate */
    }
    for (size_t i = 1; i < SPAN_WAYS; i++) {
        oldest = set[i].ticket < oldest->ticket ? &set[i] : oldest;
    }
    memcpy(oldest->trace, t, sizeof(t));
    memcpy(oldest->span, s, sizeof(s));
    oldest->ticket = ticket;
}

/* True when this reporter was offered recently; remembers it otherwise. */
static bool is_known_reporter(struct otlp_known *known, const char *key) {
    for (size_t i = 0; i < REPORTERS; i++) {
        if (strncmp(known->reporters[i], key, sizeof(known->reporters[i]) - 1) == 0) return true;
    }
    snprintf(known->reporters[known->next_reporter], sizeof(known->reporters[0]), "%.71s", key);
    known->next_reporter = (known->next_reporter + 1) % REPORTERS;
    return false;
}

/* ---- drafts ------------------------------------------------------------------------------------------------------- */

static struct ingest_place place_of(const struct otlp *o) {
    struct ingest_place place = {.file = o->file, .line = o->line, .offset = o->offset};
    if (o->record != NULL) {
        place.line += o->line > 0 ? o->record->line : 0;
        place.offset += o->record->text.at;
    }
    return place;
}

/* Adds a draft; *ret_ticket is 0 when it was rejected. */
static int add(struct otlp *o, const struct log_draft *draft, uint64_t at, uint64_t *ret_ticket, struct err *err) {
    const struct ingest_place place = place_of(o);
    uint64_t before = intake_ticket(o->run);
    int rc = intake_add(o->run, draft, &place, at, err);
    uint64_t after = intake_ticket(o->run);
    *ret_ticket = after > before ? after : 0;
    o->waiting += draft->body.n + draft->private_.n;
    if (rc == 0 && o->waiting > WAITING_MAX) {
        o->waiting = 0;
        rc = intake_flush(o->run, err);
    }
    return rc;
}

/* Records of a session are numbered without gaps, so that a missing one is noticed. */
static int add_gap(struct otlp *o, const struct otlp_event *e, uint64_t before, struct err *err) {
    char key[OTLP_NAME_LEN], hex[KEYED_HASH_HEX];
    struct mp_map body;
    struct buf out = {.max = 4096};
    struct log_draft draft;
    uint64_t unused;
    keyed_hash_parts(hex, intake_secret(o->run), &e->session, 1);
    snprintf(key, sizeof(key), "gap:%s:%llu-%llu", hex, (unsigned long long)before, (unsigned long long)e->sequence);
    mp_map_init(&body, 4096);
    mp_map_uint(&body, "after", e->sequence);
    mp_map_uint(&body, "before", before);
    mp_map_text(&body, "detail", bytes_of("the records of a session are numbered, and some numbers did not come"));
    mp_map_uint(&body, "missing", e->sequence - before - 1);
    mp_map_text(&body, "what", bytes_of("dropped"));
    log_draft_init(&draft);
    draft.kind = bytes_of("ledger.gap");
    draft.subject = bytes_of("gap/otlp");
    draft.run = bytes_of(e->run);
    draft.key = bytes_of(key);
    int rc = mp_map_write(&body, &out, err);
    draft.body = bytes_of_buf(&out);
    if (rc == 0) rc = add(o, &draft, INGEST_NO_TIME, &unused, err);
    mp_map_done(&body);
    buf_done(&out);
    return rc;
}

static int check_sequence(struct otlp *o, const struct otlp_event *e, struct err *err) {
    uint8_t digest[HASH_LEN];
    struct otlp_known *known = o->known;
    hash_parts(digest, &e->session, 1);
    for (size_t i = 0; i < SESSIONS; i++) {
        struct known_session *s = &known->sessions[i];
        if (s->there && memcmp(s->digest, digest, SESSION_DIGEST) == 0) {
            uint64_t before = s->sequence;
            s->sequence = e->sequence > before ? e->sequence : before;
            return e->sequence > before + 1 ? add_gap(o, e, before, err) : 0;
        }
    }
    struct known_session *s = &known->sessions[known->next_session];
    known->next_session = (known->next_session + 1) % SESSIONS;
    memcpy(s->digest, digest, SESSION_DIGEST);
    s->sequence = e->sequence;
    s->there = true;
    return 0;
}

static int on_event(void *ctx, const struct otlp_event *e, struct err *err) {
    struct otlp *o = ctx;
    struct log_draft draft;
    uint64_t cause = 0, ticket;
    if (o->record == NULL && is_known_reporter(o->known, e->key)) return 0;
    int rc = e->session.n > 0 ? check_sequence(o, e, err) : 0;
    if (rc != 0) return rc;
    log_draft_init(&draft);
    draft.kind = bytes_of(e->kind);
    draft.subject = bytes_of(e->subject);
    draft.run = bytes_of(e->run);
    draft.key = bytes_of(e->key);
    draft.body = e->body;
    draft.private_ = e->private_;
    if (intake_options(o->run)->actor == NULL) {
        draft.actor = e->actor;
    }
    if (e->cause == OTLP_BY_FIRST) {
        cause = o->first;
    } else if (e->cause == OTLP_BY_PARENT) {
        cause = ticket_of(o, e->trace, e->parent);
    }
    if (cause != 0) {
        draft.cause_type = LOG_CAUSE_BATCH;
        draft.cause = cause;
    }
    rc = add(o, &draft, e->at, &ticket, err);
    if (o->record != NULL && o->first == 0) {
        o->first = ticket;
    }
    if (e->span[0] != '\0' && ticket != 0) {
        remember_span(o, e->trace, e->span, ticket);
    }
    return rc;
}

/* ---- reporters ---------------------------------------------------------------------------------------------------- */

/* Appends a part of the document as an item; nothing when it is absent. */
static int read_part(struct otlp *o, struct otlp_text text, enum otlp_part part, struct buf *out, struct err *err) {
    const char *what = part == OTLP_PART_RESOURCE ? "its resource" : "its scope";
    const struct bytes bytes = {o->text.p + text.at, text.n};
    struct err why = {0};
    if (text.n > OTLP_PART_MAX) {
        return err_set(err, ERR_INVALID, "%s has %u bytes; expected: at most %zu", what, text.n, OTLP_PART_MAX);
    }
    int rc = text.n == 0      ? 0
             : o->is_protobuf ? otlp_proto_to_mp(o->lanes[0].proto, part, bytes, out, &why)
                              : json_to_mp(bytes, out, &why);
    return rc != 0 ? err_set(err, rc == ERR_NOMEM ? rc : ERR_INVALID, "%s is not valid %s: %s", what,
                             o->is_protobuf ? "protobuf" : "JSON", why.msg)
                   : 0;
}

static struct bytes unless_null(struct bytes item) {
    return item.n == 1 && item.p[0] == 0xc0 ? (struct bytes){NULL, 0} : item;
}

static int map_scope(struct otlp *o, const struct otlp_scope *place, struct otlp_from *ret, struct err *err) {
    struct otlp_lane *lane = &o->lanes[0];
    buf_clear(&lane->item);
    int rc = read_part(o, o->cut.resources[place->resource], OTLP_PART_RESOURCE, &lane->item, err);
    size_t n = lane->item.n;
    if (rc == 0) rc = read_part(o, place->text, OTLP_PART_SCOPE, &lane->item, err);
    if (rc != 0) return rc;
    const uint8_t *p = lane->item.p;
    struct bytes resource = {p, n}, rest = {n == lane->item.n ? NULL : p + n, lane->item.n - n};
    o->record = NULL;
    lane->map.ctx = o;
    lane->map.emit = on_event;
    return otlp_map_from(&lane->map, unless_null(resource), unless_null(rest), ret, err);
}

/* Before the first of its records is parsed: its event may precede those of some records before. */
static void read_scope(struct otlp *o, size_t index) {
    struct otlp_scope_of *scope = &o->scopes[index];
    struct err why = {0};
    int rc = map_scope(o, &o->cut.scopes[index], &scope->from, &why);
    scope->state = rc == 0 ? GOOD : BAD;
    if (rc == 0) return;
    snprintf(scope->from.actor, sizeof(scope->from.actor), "%.150s", why.msg);
    if (o->lanes[0].map.failed || (rc != ERR_INVALID && rc != ERR_LIMIT)) {
        o->failed = rc;
        o->why = why;
    }
}

/* ---- records ------------------------------------------------------------------------------------------------------ */

static const struct otlp_record *record_at(const struct otlp *o, size_t i) {
    return &o->cut.records[o->order[i]];
}

static bool is_too_large(const struct otlp_record *r) {
    return r->text.n > OTLP_RECORD_MAX || r->values > (r->type == OTLP_METRIC ? OTLP_METRIC_VALUES_MAX : OTLP_VALUES_MAX);
}

static struct bytes text_at(void *ctx, size_t i) {
    struct otlp *o = ctx;
    const struct otlp_record *r = record_at(o, i);
    if (o->scopes[r->scope].state == UNREAD && o->failed == 0) {
        read_scope(o, r->scope);
    }
    return is_too_large(r) ? (struct bytes){NULL, 0} : (struct bytes){o->text.p + r->text.at, r->text.n};
}

static int reject(struct otlp *o, const char *group, const char *reason) {
    const struct ingest_place place = place_of(o);
    return intake_reject(o->run, &place, group, reason);
}

static int reject_too_large(struct otlp *o) {
    char reason[128];
    snprintf(reason, sizeof(reason), "the record is too large; expected: at most %zu bytes and %d values", OTLP_RECORD_MAX,
             o->record->type == OTLP_METRIC ? OTLP_METRIC_VALUES_MAX : OTLP_VALUES_MAX);
    return reject(o, NULL, reason);
}

/* Exporters that limit lengths may cut a UTF-16 string within a surrogate pair; JSON can encode the half, UTF-8 cannot.
 * Each becomes U+FFFD, which takes as many bytes. True when there was one. */
static bool mend_surrogates(struct bytes text, uint8_t *out) {
    bool mended = false;
    memcpy(out, text.p, text.n);
    for (size_t i = 0; i + 6 <= text.n; i++) {
        if (out[i] != '\\') continue;
        if (out[i + 1] != 'u') {
            i++;
            continue;
        }
        bool high = (out[i + 2] | 0x20) == 'd' && strchr("89abAB", out[i + 3]) != NULL;
        bool low = (out[i + 2] | 0x20) == 'd' && strchr("cdefCDEF", out[i + 3]) != NULL;
        bool pair = high && i + 12 <= text.n && out[i + 6] == '\\' && out[i + 7] == 'u' && (out[i + 8] | 0x20) == 'd' &&
                    strchr("cdefCDEF", out[i + 9]) != NULL;
        if (pair) {
            i += 11;
        } else if (high || low) {
            memcpy(out + i, "\\ufffd", 6);
            mended = true;
            i += 5;
        } else {
            i += 5;
        }
    }
    return mended;
}

static int parse_json(struct bytes text, struct buf *out, struct err *err) {
    size_t n = out->n;
    int rc = json_to_mp(text, out, err);
    uint8_t *copy = rc != 0 && rc != ERR_NOMEM ? malloc(text.n + 1) : NULL;
    if (copy != NULL && mend_surrogates(text, copy)) {
        out->n = n;
        rc = json_to_mp((struct bytes){copy, text.n}, out, NULL) == 0 ? 0 : rc;
    }
    free(copy);
    return rc;
}

static int parse_item(const struct otlp *o, struct otlp_lane *lane, const struct otlp_record *r, struct bytes text,
                      struct buf *out, struct err *err) {
    return o->is_protobuf ? otlp_proto_to_mp(lane->proto, (enum otlp_part)r->type, text, out, err)
                          : parse_json(text, out, err);
}

static int hold(void *ctx, const struct otlp_event *event, struct err *err) {
    otlp_hold(ctx, event);
    return buf_check(ctx, "the events of a record", err);
}

/* Maps the lane's item into what became of it. */
static int map_item(const struct otlp *o, struct otlp_lane *lane, const struct otlp_record *r, struct buf *out,
                    struct err *err) {
    const struct otlp_from *from = &o->scopes[r->scope].from;
    const struct bytes mp = bytes_of_buf(&lane->item);
    struct mapped mapped = {0};
    size_t at = out->n;
    struct err why = {0};
    buf_put(out, &mapped, sizeof(mapped));
    lane->map.ctx = out;
    lane->map.emit = hold;
    int rc = r->type == OTLP_SPAN ? otlp_map_span(&lane->map, from, mp, &why) : otlp_map_log(&lane->map, from, mp, &why);
    if (rc == 0) return 0;
    out->n = at;
    if (lane->map.failed || (rc != ERR_INVALID && rc != ERR_LIMIT)) return err_set(err, ERR_NOMEM, "%s", why.msg);
    mapped.code = rc;
    snprintf(mapped.group, sizeof(mapped.group), "%s", lane->map.group);
    buf_put(out, &mapped, sizeof(mapped));
    buf_put(out, why.msg, strlen(why.msg) + 1);
    return buf_check(out, "a record", err);
}

/* On either thread: a metric becomes its item, anything else its events. */
static int parse_record(void *ctx, unsigned side, size_t i, struct bytes text, struct buf *out, struct err *err) {
    struct otlp *o = ctx;
    struct otlp_lane *lane = &o->lanes[side];
    const struct otlp_record *r = record_at(o, i);
    if (is_too_large(r) || o->scopes[r->scope].state != GOOD) return 0;
    if (r->type == OTLP_METRIC) return parse_item(o, lane, r, text, out, err);
    buf_clear(&lane->item);
    int rc = parse_item(o, lane, r, text, &lane->item, err);
    return rc != 0 ? rc : map_item(o, lane, r, out, err);
}

static int reject_unparsed(struct otlp *o, int code, const char *why) {
    char reason[ERR_MSG_MAX];
    const char *msg = strncmp(why, "line 1 ", 7) == 0 ? why + 7 : why;
    if (code == ERR_LIMIT) return reject_too_large(o);
    snprintf(reason, sizeof(reason), "not valid %s: %.900s", o->is_protobuf ? "protobuf" : "JSON", msg);
    return reject(o, o->is_protobuf ? "not valid protobuf" : "not valid JSON", reason);
}

static int reject_point(void *ctx, const char *reason) {
    return reject(ctx, NULL, reason);
}

static int map_metric(struct otlp *o, struct bytes mp, struct err *err) {
    const struct otlp_metric_sink sink = {o->series, o, reject_point};
    struct otlp_map *map = &o->lanes[0].map;
    char name[OTLP_NAME_LEN];
    struct err why = {0};
    map->ctx = o;
    map->emit = on_event;
    int rc = otlp_map_metric(map, &o->scopes[o->record->scope].from, mp, &sink, name, &why);
    if (rc == 1) {
        const struct ingest_place place = place_of(o);
        intake_pass(o->run, &place, name);
        return 0;
    }
    if (!map->failed && (rc == ERR_INVALID || rc == ERR_LIMIT)) {
        return reject(o, map->group[0] != '\0' ? map->group : NULL, why.msg);
    }
    if (rc < 0 && err != NULL) {
        *err = why;
    }
    return rc;
}

static int add_events(struct otlp *o, struct bytes held, struct err *err) {
    struct mapped mapped;
    struct otlp_event event;
    int rc = 0;
    memcpy(&mapped, held.p, sizeof(mapped));
    held.p += sizeof(mapped);
    held.n -= sizeof(mapped);
    if (mapped.code != 0) return reject(o, mapped.group[0] != '\0' ? mapped.group : NULL, (const char *)held.p);
    while (rc == 0 && otlp_held_next(&held, &event)) {
        rc = on_event(o, &event, err);
    }
    return rc;
}

static int take_record(void *ctx, size_t i, int parsed, struct bytes out, const char *why, struct err *err) {
    struct otlp *o = ctx;
    const struct otlp_record *r = record_at(o, i);
    const struct otlp_scope_of *scope = &o->scopes[r->scope];
    const char *words;
    uint64_t before = intake_rejected(o->run, &words);
    int rc = 0;
    if (o->failed != 0) return err_set(err, o->failed, "%s", o->why.msg);
    o->record = r;
    o->first = 0;
    if (is_too_large(r)) {
        rc = reject_too_large(o);
    } else if (scope->state == BAD) {
        rc = reject(o, NULL, scope->from.actor);
    } else if (parsed == ERR_NOMEM) {
        rc = err_set(err, ERR_NOMEM, "%s", why);
    } else if (parsed != 0) {
        rc = reject_unparsed(o, parsed, why);
    } else {
        rc = r->type == OTLP_METRIC ? map_metric(o, out, err) : add_events(o, out, err);
    }
    uint64_t rejected = intake_rejected(o->run, &words) - before;
    o->rejected += r->type == OTLP_METRIC ? rejected : rejected > 0;
    return rc;
}

int otlp_document(struct otlp *o, const char *file, struct bytes text, uint64_t line, uint64_t offset, struct err *err) {
    o->file = file;
    o->text = text;
    o->line = line;
    o->offset = offset;
    o->rejected = 0;
    o->failed = 0;
    if (o->cut.n_records == 0) return 0;
    o->scopes = calloc(o->cut.n_scopes, sizeof(*o->scopes));
    if (o->scopes == NULL) return err_set(err, ERR_NOMEM, "OTLP: out of memory");
    int rc = otlp_order(&o->cut, &o->order, err);
    if (rc == 0) {
        const struct ahead_work work = {o, o->cut.n_records, text_at, take_record, parse_record};
        rc = ahead_run(o->ahead, &work, err);
    }
    free(o->order);
    free(o->scopes);
    o->order = NULL;
    o->scopes = NULL;
    o->record = NULL;
    return rc;
}

void otlp_forget(struct otlp *o) {
    memset(o->spans, 0, sizeof(*o->spans));
    memset(o->known, 0, sizeof(*o->known));
    o->waiting = 0;
    otlp_series_forget(o->series);
}

static int init_lane(struct otlp_lane *lane, struct intake *run, struct err *err) {
    otlp_map_init(&lane->map);
    lane->map.secret = intake_secret(run);
    buf_init(&lane->item, ITEM_MAX);
    return otlp_proto_new(&lane->proto, err);
}

static int otlp_init(struct otlp *o, struct intake *run, struct err *err) {
    memset(o, 0, sizeof(*o));
    o->run = run;
    otlp_cut_init(&o->cut);
    int rc = 0;
    for (size_t i = 0; i < AHEAD_SIDES; i++) {
        int failed = init_lane(&o->lanes[i], run, err);
        rc = rc != 0 ? rc : failed;
    }
    o->spans = calloc(1, sizeof(*o->spans));
    o->known = calloc(1, sizeof(*o->known));
    if (o->spans == NULL || o->known == NULL) return err_set(err, ERR_NOMEM, "OTLP: out of memory");
    if (rc == 0) rc = otlp_series_new(run, &o->series, err);
    if (rc == 0) rc = ahead_new(&o->ahead, err);
    return rc;
}

static void otlp_done(struct otlp *o) {
    ahead_free(o->ahead);
    for (size_t i = 0; i < AHEAD_SIDES; i++) {
        otlp_map_done(&o->lanes[i].map);
        otlp_proto_free(o->lanes[i].proto);
        buf_done(&o->lanes[i].item);
    }
    otlp_cut_done(&o->cut);
    otlp_series_free(o->series);
    free(o->spans);
    free(o->known);
}

int otlp_read(struct intake *run, struct err *err) {
    static const char *const standard_input[] = {"-"};
    const struct ingest_options *options = intake_options(run);
    const char *const *paths = options->n_paths > 0 ? options->paths : standard_input;
    size_t n = options->n_paths > 0 ? options->n_paths : 1;
    struct otlp o;
    int rc = otlp_init(&o, run, err);
    if (rc == 0 && options->listen != NULL) {
        rc = otlp_serve(&o, options->listen, err);
    } else {
        for (size_t i = 0; i < n && rc == 0 && !intake_stopped(run); i++) {
            rc = otlp_read_file(&o, paths[i], err);
        }
    }
    otlp_done(&o);
    return rc;
}
