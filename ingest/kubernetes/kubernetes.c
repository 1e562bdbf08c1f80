/* The source: lines of a log, or one document. The first line tells: when it is an object by itself, each line is one.
 *
 * A key covers the audit id, the stage, and the server's times, because a client may choose the id: with an id that was there
 * before it would hide what it did as a duplicate. */
#include "ingest/kubernetes/kubernetes.h"

#include <stdio.h>
#include <string.h>

#include "base/answer/member.h"
#include "base/archive/gz.h"
#include "ingest/driver/recognize.h"
#include "ingest/input/keyed_hash.h"

#define QUIET_MS 200

struct reading {
    struct intake *run;
    struct ingest_place place;
    struct buf mp;
};

/* ---- one event ---------------------------------------------------------------------------------------------------- */

static void put_open(struct mp_map *f, const struct kubernetes_event *e) {
    mp_map_uint(f, "at", e->at);
    mp_map_text(f, "verb", bytes_of(e->verb));
    mp_map_text(f, "resource", bytes_of(e->resource));
    mp_map_text(f, "namespace", bytes_of(e->namespace_));
    mp_map_text(f, "stage", bytes_of(e->stage));
    mp_map_text(f, "audit", e->audit);
    mp_map_text(f, "decision", bytes_of(e->decision));
    if (e->http_status > 0) mp_map_uint(f, "http_status", e->http_status);
}

static void make_key(struct reading *r, struct bytes raw, const struct kubernetes_event *e, char ret[KEYED_HASH_HEX]) {
    uint8_t each[5 * HASH_LEN];
    const struct bytes parts[] = {e->audit, bytes_of(e->stage), member_text(raw, "requestReceivedTimestamp"),
                                  member_text(raw, "stageTimestamp"), member_text(raw, "requestURI")};
    for (size_t i = 0; i < 5; i++) {
        hash_parts(each + i * HASH_LEN, &parts[i], 1);
    }
    const struct bytes whole = {each, sizeof(each)};
    keyed_hash_parts(ret, intake_secret(r->run), &whole, 1);
}

static int add_event(struct reading *r, struct bytes raw, const struct kubernetes_event *e, struct err *err) {
    struct mp_map open, private_;
    struct buf body = {.max = KUBERNETES_BODY_MAX}, hidden = {.max = KUBERNETES_BODY_MAX};
    char hex[KEYED_HASH_HEX], who[KEYED_HASH_HEX], key[KEYED_HASH_HEX + 16], subject[KEYED_HASH_HEX + 16];
    struct log_draft draft;
    make_key(r, raw, e, hex);
    snprintf(key, sizeof(key), "audit:%s", hex);
    keyed_hash_parts(who, intake_secret(r->run), &e->user, 1);
    snprintf(subject, sizeof(subject), "peer/user-%.16s", e->user.n > 0 ? who : "unknown");
    mp_map_init(&open, KUBERNETES_BODY_MAX);
    mp_map_init(&private_, KUBERNETES_BODY_MAX);
    put_open(&open, e);
    kubernetes_put_private(&private_, raw, e);
    int rc = mp_map_write(&open, &body, err);
    if (rc == 0 && private_.n > 0) rc = mp_map_write(&private_, &hidden, err);
    if (rc == 0) {
        log_draft_init(&draft);
        draft.kind = bytes_of("peer.acted");
        draft.subject = bytes_of(subject);
        draft.key = bytes_of(key);
        draft.grade = bytes_of("reported");
        draft.body = bytes_of_buf(&body);
        draft.private_ = bytes_of_buf(&hidden);
        rc = intake_add(r->run, &draft, &r->place, e->at, err);
    }
    mp_map_done(&open);
    mp_map_done(&private_);
    buf_done(&body);
    buf_done(&hidden);
    return rc;
}

static int take_event(struct reading *r, struct bytes raw, struct err *err) {
    struct kubernetes_event e;
    struct err why = {0};
    char what[4 * KUBERNETES_WORD];
    if (kubernetes_event_read(raw, &e, &why) != 0) return intake_reject(r->run, &r->place, NULL, why.msg);
    bool begins = strcmp(e.stage, "RequestReceived") == 0; /* its end follows, with what was decided */
    if (!begins && !e.reads) return add_event(r, raw, &e, err);
    snprintf(what, sizeof(what), "%s %s", begins ? e.stage : e.verb, e.resource);
    intake_pass(r->run, &r->place, what);
    return 0;
}

/* ---- documents ---------------------------------------------------------------------------------------------------- */

static int take_list(struct reading *r, struct bytes map, struct err *err) {
    struct mp_reader in;
    struct bytes item;
    uint32_t n = 0;
    int rc = 0;
    if (member_list(map, "items", &in, &n).n == 0) {
        return intake_reject(r->run, &r->place, NULL, "the EventList has no 'items'; expected: a list of audit events");
    }
    for (uint32_t i = 0; i < n && rc == 0 && !intake_stopped(r->run); i++) {
        rc = mp_skip(&in, 1, &item, err);
        if (rc == 0) rc = take_event(r, item, err);
    }
    return rc;
}

static int take_text(struct reading *r, struct bytes text, struct err *err) {
    struct err why = {0};
    buf_clear(&r->mp);
    int rc = member_parse(text, KUBERNETES_DOC_MAX, KUBERNETES_VALUES_MAX, &r->mp, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) {
        bool syntax = strncmp(why.msg, "not valid JSON", 14) == 0;
        return intake_reject(r->run, &r->place, syntax ? "not valid JSON" : NULL, why.msg);
    }
    struct bytes raw = bytes_of_buf(&r->mp);
    bool list = member_is(raw, MP_MAP) && bytes_is(member_text(raw, "kind"), "EventList");
    return list ? take_list(r, raw, err) : take_event(r, raw, err);
}

/* ---- files -------------------------------------------------------------------------------------------------------- */

/* A document over several lines is put together until it parses or is too long. */
struct whole {
    struct buf text;
    uint64_t line, offset;
    bool open;
};

static bool is_blank(struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != ' ' && text.p[i] != '\t') return false;
    }
    return true;
}

/* Whether the first line begins a document that goes on: an object that is not closed. */
static bool goes_on(struct bytes line) {
    struct buf mp = {.max = KUBERNETES_MP_MAX};
    bool whole = member_parse(line, KUBERNETES_DOC_MAX, KUBERNETES_VALUES_MAX, &mp, NULL) == 0;
    buf_done(&mp);
    while (line.n > 0 && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t')) {
        line.n--;
    }
    return !whole && line.n > 0 && (line.p[line.n - 1] == '{' || line.p[line.n - 1] == ',' || line.p[line.n - 1] == '[');
}

static int take_line(struct reading *r, struct whole *w, const struct lines_line *line, struct err *err) {
    char words[96];
    if (line->number == 1 && goes_on(line->text)) {
        w->open = true;
        w->line = line->number;
    }
    if (w->open) {
        buf_put_bytes(&w->text, line->text);
        buf_put_u8(&w->text, '\n');
        return w->text.fail == ERR_NOMEM ? err_set(err, ERR_NOMEM, "kubernetes: out of memory") : 0;
    }
    r->place.line = line->number;
    r->place.offset = line->offset;
    if (line->too_long) {
        snprintf(words, sizeof(words), "the line is longer than %zu bytes", LINES_LINE_MAX);
        return intake_reject(r->run, &r->place, NULL, words);
    }
    return is_blank(line->text) ? 0 : take_text(r, line->text, err);
}

static int take_whole(struct reading *r, struct whole *w, struct err *err) {
    char words[96];
    r->place.line = w->line;
    r->place.offset = 0;
    if (w->text.fail == 0) return take_text(r, bytes_of_buf(&w->text), err);
    snprintf(words, sizeof(words), "the document is longer than %zu bytes", KUBERNETES_DOC_MAX);
    return intake_reject(r->run, &r->place, NULL, words);
}

static int read_lines(struct reading *r, struct lines *lines, struct err *err) {
    struct whole w = {.text = {.max = KUBERNETES_DOC_MAX}};
    struct lines_line line;
    bool follow = intake_options(r->run)->follow;
    int rc = 0;
    while (rc == 0 && !intake_stopped(r->run)) {
        rc = lines_next(lines, follow ? QUIET_MS : -1, &line, err);
        if (rc == 0) {
            rc = take_line(r, &w, &line, err);
        } else if (rc == 1 && !lines_at_end(lines) && !intake_stopped(r->run)) {
            rc = intake_flush(r->run, err);
            if (rc == 0) rc = intake_receipt_if_due(r->run, err);
        } else if (rc < 0) {
            err_prefix(err, "%s", r->place.file);
        }
    }
    if (rc == 1 && lines_at_end(lines)) {
        rc = lines_rest(lines, &line) == 0 ? take_line(r, &w, &line, err) : 0;
        if (rc == 0 && w.open) rc = take_whole(r, &w, err);
    }
    buf_done(&w.text);
    return rc == 1 ? 0 : rc;
}

static int read_one(struct intake *run, const char *path, struct err *err) {
    static const char *const marks[] = {"\"auditID\"", NULL};
    static const struct recognize_own own = {.marks = marks, .wanted = "audit events of Kubernetes (audit.k8s.io)"};
    struct reading r = {.run = run, .place = {.file = path}, .mp = {.max = KUBERNETES_MP_MAX}};
    struct lines *lines = NULL;
    struct gz *gz = NULL;
    bool foreign = false;
    intake_begin(run, path);
    int rc = gz_open(path, GZ_DETECT, UINT64_MAX, &gz, err);
    if (rc == 0) rc = lines_new(gz, intake_digest(run), intake_options(run)->stop, &lines, err);
    if (rc == 0 && !intake_options(run)->follow) rc = recognize_input(run, lines_gz(lines), path, &own, &foreign, err);
    if (rc == 0 && !foreign) rc = read_lines(&r, lines, err);
    lines_free(lines);
    buf_done(&r.mp);
    return rc == 0 ? intake_end(run, err) : rc;
}

int kubernetes_read(struct intake *run, struct err *err) {
    static const char *const standard_input[] = {"-"};
    const struct ingest_options *o = intake_options(run);
    const char *const *paths = o->n_paths > 0 ? o->paths : standard_input;
    size_t n = o->n_paths > 0 ? o->n_paths : 1;
    int rc = 0;
    if (o->follow && strcmp(paths[0], "-") != 0) {
        return err_set(err, ERR_INVALID, "--follow reads a pipe: tail -F audit.log | ledger ingest kubernetes --follow -");
    }
    for (size_t i = 0; i < n && rc == 0 && !intake_stopped(run); i++) {
        rc = read_one(run, paths[i], err);
    }
    return rc;
}
