/* Reads spans, and puts the fields that all of them share. */
#include "ingest/otlp/span.h"

#include <stdio.h>
#include <string.h>

static const char *const span_names[SPAN_MEMBERS] = {
    [SPAN_ATTRIBUTES] = "attributes",
    [SPAN_DROPPED_ATTRIBUTES] = "droppedAttributesCount",
    [SPAN_DROPPED_EVENTS] = "droppedEventsCount",
    [SPAN_DROPPED_LINKS] = "droppedLinksCount",
    [SPAN_END] = "endTimeUnixNano",
    [SPAN_EVENTS] = "events",
    [SPAN_FLAGS] = "flags",
    [SPAN_KIND] = "kind",
    [SPAN_LINKS] = "links",
    [SPAN_NAME] = "name",
    [SPAN_PARENT] = "parentSpanId",
    [SPAN_ID] = "spanId",
    [SPAN_START] = "startTimeUnixNano",
    [SPAN_STATUS] = "status",
    [SPAN_TRACE] = "traceId",
    [SPAN_TRACE_STATE] = "traceState",
};

static const char *const event_names[EVENT_MEMBERS] = {"attributes", "droppedAttributesCount", "name", "timeUnixNano"};
static const char *const status_names[STATUS_MEMBERS] = {"code", "message"};

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static enum otlp_what what_is(struct otlp_attributes *l, struct bytes operation) {
    if (bytes_is(operation, "execute_tool")) return OTLP_TOOL_CALL;
    if (bytes_is(operation, "invoke_agent") || bytes_is(operation, "invoke_workflow")) {
        return OTLP_AGENT_RUN;
    }
    if (bytes_is(operation, "create_agent")) return OTLP_STEP;
    if (bytes_is(operation, "chat") || bytes_is(operation, "text_completion") || bytes_is(operation, "generate_content") ||
        bytes_is(operation, "embeddings") || otlp_find_text(l, "gen_ai.request.model").n > 0) {
        return OTLP_MODEL_CALL;
    }
    bool tool = otlp_find_text(l, "gen_ai.tool.name").n > 0;
    return operation.n == 0 && tool ? OTLP_TOOL_CALL : OTLP_STEP;
}

/* A span without both ids is useless. */
static int read_ids(struct otlp_span *s, struct err *err) {
    int rc = otlp_id(&s->m[SPAN_TRACE], "traceId", 16, s->trace, s->map->group, err);
    if (rc == 1) {
        return err_set(err, ERR_INVALID, "'traceId' is missing or zero; expected: 32 hex digits");
    }
    if (rc == 0) rc = otlp_id(&s->m[SPAN_ID], "spanId", 8, s->id, s->map->group, err);
    if (rc == 1) {
        return err_set(err, ERR_INVALID, "'spanId' is missing or zero; expected: 16 hex digits");
    }
    if (rc == 0) rc = otlp_id(&s->m[SPAN_PARENT], "parentSpanId", 8, s->parent, s->map->group, err);
    return rc < 0 ? rc : 0;
}

/* When the end is before the start, a clock stepped: both are kept, without a duration. */
static void read_times(struct otlp_span *s) {
    bool started = otlp_time(&s->m[SPAN_START], &s->start) == 0, ended = otlp_time(&s->m[SPAN_END], &s->end) == 0;
    s->has_duration = started && ended && s->end >= s->start;
    s->duration = s->has_duration ? s->end - s->start : 0;
}

static int read_status(struct otlp_span *s, struct err *err) {
    int64_t code = 0;
    if (!s->m[SPAN_STATUS].there) {
        s->known = true;
        return 0;
    }
    int rc = otlp_members(s->m[SPAN_STATUS].raw, "'status'", status_names, STATUS_MEMBERS, s->status, NULL, err);
    if (rc != 0) return rc;
    s->known = !s->status[STATUS_CODE].there || (otlp_int(&s->status[STATUS_CODE].item, &code) && code >= 0 && code <= 2);
    s->failed = code == 2;
    return 0;
}

int otlp_span_read(struct otlp_span *s, struct bytes record, struct err *err) {
    struct otlp_map *m = s->map;
    int rc = otlp_members(record, "the span", span_names, SPAN_MEMBERS, s->m, &m->unknown, err);
    if (rc == 0) rc = read_ids(s, err);
    if (rc == 0) rc = read_status(s, err);
    if (rc == 0) rc = otlp_attributes_read(&m->attributes, &s->m[SPAN_ATTRIBUTES], err);
    if (rc == 0 && s->m[SPAN_EVENTS].there && s->m[SPAN_EVENTS].item.type != MP_ARRAY) {
        rc = err_set(err, ERR_INVALID, "'events' is not an array; expected: an array of objects");
    }
    if (rc == 0 && s->m[SPAN_LINKS].there && s->m[SPAN_LINKS].item.type != MP_ARRAY) {
        rc = err_set(err, ERR_INVALID, "'links' is not an array; expected: an array of objects");
    }
    if (rc == 0) {
        read_times(s);
        s->name = otlp_member_text(&s->m[SPAN_NAME]);
        s->operation = otlp_find_text(&m->attributes, "gen_ai.operation.name");
        s->model = otlp_find_text(&m->attributes, "gen_ai.response.model");
        s->model = s->model.n > 0 ? s->model : otlp_find_text(&m->attributes, "gen_ai.request.model");
        s->what = what_is(&m->attributes, s->operation);
        s->failed = s->failed || otlp_find_text(&m->attributes, "error.type").n > 0;
    }
    return rc;
}

/* ---- events of the span ------------------------------------------------------------------------------------------- */

struct mp_reader otlp_span_elements(const struct otlp_member *list, uint32_t *ret_n) {
    struct mp_reader r = {NULL, NULL, NULL};
    struct mp_item head = {.count = 0};
    if (list->there) {
        mp_reader_init(&r, list->raw);
        (void)mp_next(&r, &head, NULL);
    }
    *ret_n = head.count;
    return r;
}

bool otlp_span_event(struct otlp_span *s, struct bytes raw, struct otlp_member e[EVENT_MEMBERS]) {
    return otlp_members(raw, "", event_names, EVENT_MEMBERS, e, NULL, NULL) == 0 &&
           otlp_attributes_read(&s->map->inner, &e[EVENT_ATTRIBUTES], NULL) == 0;
}

bool otlp_span_is_score(struct otlp_span *s, const struct otlp_member e[EVENT_MEMBERS]) {
    return bytes_is(otlp_member_text(&e[EVENT_NAME]), "gen_ai.evaluation.result") &&
           otlp_is_open_text(otlp_find_text(&s->map->inner, "gen_ai.evaluation.name"));
}

static void put_event(struct otlp_map *m, const struct otlp_member e[EVENT_MEMBERS], struct buf *out) {
    uint64_t at = 0;
    bool has_attributes = m->inner.n > 0, timed = otlp_time(&e[EVENT_TIME], &at) == 0;
    bool dropped = e[EVENT_DROPPED].there && e[EVENT_DROPPED].item.type == MP_UINT && e[EVENT_DROPPED].item.uint > 0;
    mp_put_map(out, (uint32_t)has_attributes + e[EVENT_TIME].there + dropped + e[EVENT_NAME].there);
    if (timed) {
        mp_pair_uint(out, "at", at);
    } else if (e[EVENT_TIME].there) {
        mp_put_str(out, bytes_of("at"));
        buf_put_bytes(out, e[EVENT_TIME].raw);
    }
    if (has_attributes) {
        mp_put_str(out, bytes_of("attributes"));
        otlp_attributes_put(&m->inner, out);
    }
    if (dropped) {
        mp_pair_uint(out, "dropped", e[EVENT_DROPPED].item.uint);
    }
    if (e[EVENT_NAME].there) {
        mp_put_str(out, bytes_of("name"));
        buf_put_bytes(out, e[EVENT_NAME].raw);
    }
}

static void keep_exception(struct otlp_span *s) {
    struct otlp_attributes *l = &s->map->inner;
    struct buf *text = &s->map->note; /* the attributes go with the next event */
    if (s->exception_type.n > 0 || s->exception_message.n > 0) return;
    struct bytes type = otlp_find_text(l, "exception.type"), message = otlp_find_text(l, "exception.message");
    buf_clear(text);
    buf_put_bytes(text, type);
    buf_put_bytes(text, message);
    if (text->fail == 0 && text->n > 0) {
        s->exception_type = (struct bytes){text->p, type.n};
        s->exception_message = (struct bytes){text->p + type.n, message.n};
    }
}

/* All events but the scores, as the private field `events`. Malformed ones are kept unchanged. */
static void put_events(struct otlp_span *s) {
    struct mp_map *p = &s->map->private_;
    struct otlp_member e[EVENT_MEMBERS];
    struct bytes raw;
    uint32_t n, kept = 0;
    struct mp_reader r = otlp_span_elements(&s->m[SPAN_EVENTS], &n);
    for (uint32_t i = 0; i < n && mp_skip_known(&r, &raw) == 0; i++) {
        bool good = otlp_span_event(s, raw, e);
        kept += !(good && otlp_span_is_score(s, e));
        if (good && bytes_is(otlp_member_text(&e[EVENT_NAME]), "exception")) {
            keep_exception(s);
        }
    }
    if (kept == 0) return;
    r = otlp_span_elements(&s->m[SPAN_EVENTS], &n);
    mp_map_begin(p, "events");
    mp_put_array(&p->values, kept);
    for (uint32_t i = 0; i < n && mp_skip_known(&r, &raw) == 0; i++) {
        if (!otlp_span_event(s, raw, e)) {
            buf_put_bytes(&p->values, raw);
        } else if (!otlp_span_is_score(s, e)) {
            put_event(s->map, e, &p->values);
        }
    }
    mp_map_end(p);
}

/* ---- what all kinds share ----------------------------------------------------------------------------------------- */

static void put_dropped(struct otlp_span *s) {
    static const char *const names[] = {"attributes", "events", "links"};
    uint32_t n = 0;
    for (int i = 0; i < 3; i++) {
        const struct otlp_member *m = &s->m[SPAN_DROPPED_ATTRIBUTES + i];
        n += m->there && !(m->item.type == MP_UINT && m->item.uint == 0);
    }
    if (n == 0) return;
    mp_map_begin(&s->map->private_, "dropped");
    mp_put_map(&s->map->private_.values, n);
    for (int i = 0; i < 3; i++) {
        const struct otlp_member *m = &s->m[SPAN_DROPPED_ATTRIBUTES + i];
        if (m->there && !(m->item.type == MP_UINT && m->item.uint == 0)) {
            mp_put_str(&s->map->private_.values, bytes_of(names[i]));
            buf_put_bytes(&s->map->private_.values, m->raw);
        }
    }
    mp_map_end(&s->map->private_);
}

static void put_kind(struct otlp_span *s) {
    static const char *const words[] = {NULL, "internal", "server", "client", "producer", "consumer"};
    const struct otlp_member *m = &s->m[SPAN_KIND];
    int64_t kind = 0;
    char number[24];
    if (m->there && m->item.type == MP_STR) {
        if (otlp_is_word(m->item.data)) {
            mp_map_text(&s->map->body, "span_kind", m->item.data);
        }
    } else if (m->there && otlp_int(&m->item, &kind) && kind != 0) {
        snprintf(number, sizeof(number), "%lld", (long long)kind);
        bool known = kind > 0 && kind < (int64_t)OTLP_COUNT(words);
        mp_map_text(&s->map->body, "span_kind", bytes_of(known ? words[kind] : number));
    }
}

/* A span's name is kept unless its fields already contain it: open as the name of a step, else private. */
static void put_name(struct otlp_span *s) {
    static const char *const whose[] = {"gen_ai.request.model", "gen_ai.tool.name", "gen_ai.agent.name"};
    if (s->what == OTLP_STEP) {
        bool open = otlp_is_open_text(s->name);
        mp_map_text(open ? &s->map->body : &s->map->private_, open ? "step" : "name", s->name);
        return;
    }
    struct bytes object = otlp_find_text(&s->map->attributes, whose[s->what]);
    size_t n = s->operation.n;
    bool plain = s->name.n > n && bytes_starts(s->name, s->operation) && s->name.p[n] == ' ' &&
                 bytes_eq((struct bytes){s->name.p + n + 1, s->name.n - n - 1}, object);
    if (!plain && !bytes_eq(s->name, s->operation)) {
        mp_map_text(&s->map->private_, "name", s->name);
    }
}

static void put_ended(struct otlp_span *s) {
    if (s->m[SPAN_END].there && !s->has_duration) {
        mp_map_raw(&s->map->private_, "ended_at", s->m[SPAN_END].raw);
    }
}

void otlp_span_put_common(struct otlp_span *s) {
    struct otlp_map *m = s->map;
    mp_map_text(&m->body, "reporter", bytes_of(s->from->digest));
    mp_map_text(&m->body, "span", bytes_of(s->id));
    put_kind(s);
    put_name(s);
    put_ended(s);
    put_dropped(s);
    if (s->m[SPAN_TRACE_STATE].there &&
        !(s->m[SPAN_TRACE_STATE].item.type == MP_STR && s->m[SPAN_TRACE_STATE].item.data.n == 0)) {
        mp_map_raw(&m->private_, "trace_state", s->m[SPAN_TRACE_STATE].raw);
    }
    if (s->m[SPAN_LINKS].there && s->m[SPAN_LINKS].item.count > 0) {
        mp_map_raw(&m->private_, "links", s->m[SPAN_LINKS].raw);
    }
    if (!s->known) {
        mp_map_raw(&m->private_, "status", s->m[SPAN_STATUS].raw);
    }
    if (s->m[SPAN_NAME].there && s->m[SPAN_NAME].item.type != MP_STR) {
        mp_map_raw(&m->private_, "name", s->m[SPAN_NAME].raw);
    }
    put_events(s);
}

void otlp_span_put_error(struct otlp_span *s) {
    static const struct otlp_row rows[] = {{"error.type", "error", OTLP_WORD, NULL, NULL}};
    struct otlp_map *m = s->map;
    size_t before = m->body.n;
    if (!s->failed) return;
    otlp_rows(m, &m->attributes, rows, OTLP_COUNT(rows));
    if (m->body.n == before && otlp_is_word(s->exception_type)) {
        mp_map_text(&m->body, "error", s->exception_type);
    }
    struct bytes words = otlp_member_text(&s->status[STATUS_MESSAGE]);
    mp_map_text(&m->private_, "detail", words.n > 0 ? words : s->exception_message);
}
