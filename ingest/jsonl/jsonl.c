/* The source "jsonl": from lines to drafts.
 *
 * A line without a key gets one, so that reading the same input again adds nothing. The key must distinguish a line that
 * was read before from another line with the same text: it is made of the text's hash (keyed_hash.h) and of how many lines
 * with that text precede it in the input. Reading a file again, a copy of it, or the file after it has grown gives the same
 * keys; two equal lines of one file stay two events. Two files that share a line share that event, unless the lines have a
 * time or a key. Counting needs memory, so it ends after LINE_COUNTER_MAX different texts; later lines with a new text are
 * distinguished by their offset, which is as good as long as the file is not cut at its front. */
#include "ingest/jsonl/jsonl.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/mp.h"
#include "ingest/driver/recognize.h"
#include "ingest/input/keyed_hash.h"

int jsonl_input_open(struct jsonl_input *in, enum gz_form form, struct err *err) {
    struct gz *gz = NULL;
    int rc = gz_open(in->path, form, UINT64_MAX, &gz, err);
    if (rc != 0) return rc;
    struct stat st;
    in->total = fstat(gz_fd(gz), &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    rc = lines_new(gz, intake_digest(in->run), intake_options(in->run)->stop, &in->lines, err);
    if (rc != 0) return rc;
    in->counter = line_counter_new();
    if (in->counter == NULL) return err_set(err, ERR_NOMEM, "%s: out of memory", in->path);
    in->secret = intake_secret(in->run);
    jsonl_parser_init(&in->parser);
    return 0;
}

void jsonl_input_close(struct jsonl_input *in) {
    lines_free(in->lines);
    line_counter_free(in->counter);
    jsonl_parser_done(&in->parser);
    in->lines = NULL;
    in->counter = NULL;
}

int jsonl_key(struct jsonl_input *in, const struct lines_line *line, char ret[JSONL_KEY_MAX], struct err *err) {
    uint8_t digest[HASH_LEN];
    hash_parts(digest, &line->text, 1);
    uint32_t n = 0;
    int rc = line_counter_add(in->counter, be64_get(digest), &n, err);
    if (rc != 0) return rc;
    char hex[KEYED_HASH_HEX], generation[32] = "", which[32] = "";
    keyed_hash_hex(hex, in->secret, digest);
    if (in->generation > 0) {
        snprintf(generation, sizeof(generation), "@%llu", (unsigned long long)in->generation);
    }
    if (n == 0) {
        snprintf(which, sizeof(which), "+%llu", (unsigned long long)line->offset);
    } else if (n > 1) {
        snprintf(which, sizeof(which), "#%u", n);
    }
    snprintf(ret, JSONL_KEY_MAX, "line:%s%s%s", hex, generation, which);
    return 0;
}

static int reject(struct jsonl_input *in, const struct ingest_place *place, bool ended, const char *msg) {
    bool syntax = strncmp(msg, JSONL_NOT_JSON, strlen(JSONL_NOT_JSON)) == 0;
    if (ended || !syntax) return intake_reject(in->run, place, syntax ? JSONL_NOT_JSON : NULL, msg);
    static const char cut[] = "the last line is cut off";
    char reason[ERR_MSG_MAX];
    snprintf(reason, sizeof(reason), "%s: %.900s", cut, msg);
    return intake_reject(in->run, place, cut, reason);
}

/* A cause must be an event that is in the ledger, or in the queue before this one. */
static int check_cause(struct jsonl_input *in, uint64_t cause, bool *ret_ok, struct err *err) {
    int rc = 0;
    if (!in->size_known || cause >= in->size) {
        rc = intake_size(in->run, &in->size, err);
        in->size_known = true;
    }
    *ret_ok = cause < in->size;
    return rc;
}

bool jsonl_is_blank(struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != ' ' && text.p[i] != '\t') return false;
    }
    return true;
}

static int add(struct jsonl_input *in, const struct jsonl_event *e, const char *line_key, const struct ingest_place *place,
               struct err *err) {
    struct log_draft draft;
    log_draft_init(&draft);
    draft.kind = e->kind;
    draft.subject = e->subject;
    draft.actor = e->actor;
    draft.run = e->run;
    draft.grade = e->grade;
    draft.key = e->key.n > 0 ? e->key : bytes_of(line_key);
    draft.body = e->body;
    draft.private_ = e->private_;
    draft.open = e->open;
    draft.force_private = e->force_private;
    if (e->cause_key.n > 0) {
        draft.cause_type = LOG_CAUSE_KEY;
        draft.cause_key = e->cause_key;
    } else if (e->has_cause) {
        bool ok = false;
        int rc = check_cause(in, e->cause, &ok, err);
        if (rc != 0) return rc;
        if (!ok) {
            char reason[128];
            snprintf(reason, sizeof(reason),
                     "'cause' is %llu; expected: the sequence number of an earlier event, here at most %llu",
                     (unsigned long long)e->cause, (unsigned long long)(in->size - 1));
            return intake_reject(in->run, place, "'cause' is not the sequence number of an earlier event", reason);
        }
        draft.cause_type = LOG_CAUSE_SEQ;
        draft.cause = e->cause;
    }
    return intake_add(in->run, &draft, place, e->at, err);
}

int jsonl_skip(struct jsonl_input *in, const struct lines_line *line, struct err *err) {
    char key[JSONL_KEY_MAX];
    return line->too_long || jsonl_is_blank(line->text) ? 0 : jsonl_key(in, line, key, err);
}

int jsonl_take(struct jsonl_input *in, const struct lines_line *line, struct err *err) {
    return jsonl_take_parsed(in, line, NULL, err);
}

int jsonl_take_parsed(struct jsonl_input *in, const struct lines_line *line, const struct jsonl_parsed *parsed,
                      struct err *err) {
    const struct ingest_place place = {in->path, line->number, line->offset};
    if (line->too_long) {
        char reason[96];
        snprintf(reason, sizeof(reason), "the line is longer than %zu bytes", LINES_LINE_MAX);
        return reject(in, &place, true, reason);
    }
    if (jsonl_is_blank(line->text)) return 0;
    char key[JSONL_KEY_MAX];
    struct jsonl_event event;
    struct err why = {0};
    int rc = jsonl_key(in, line, key, err);
    if (rc != 0) return rc;
    rc = parsed == NULL ? jsonl_parse(&in->parser, line->text, &event, &why)
                        : jsonl_parse_item(&in->parser, parsed->code, parsed->why, parsed->item, &event, &why);
    if (rc == ERR_NOMEM) {
        if (err != NULL) {
            *err = why;
        }
        return rc;
    }
    if (rc != 0) return reject(in, &place, line->ended, why.msg);
    return add(in, &event, key, &place, err);
}

static int read_lines(struct jsonl_input *in, struct err *err) {
    bool follow = intake_options(in->run)->follow; /* a pipe: commits when it is quiet */
    struct lines_line line;
    int rc = 0;
    while (rc == 0 && !intake_stopped(in->run)) {
        rc = lines_next(in->lines, follow ? 200 : -1, &line, err);
        if (rc == 0) {
            rc = jsonl_take(in, &line, err);
            intake_progress(in->run, gz_taken(lines_gz(in->lines)), in->total);
        } else if (rc == 1 && !lines_at_end(in->lines) && !intake_stopped(in->run)) {
            rc = intake_flush(in->run, err);
        } else if (rc < 0) {
            err_prefix(err, "%s", in->path);
        }
    }
    if (rc == 1 && lines_at_end(in->lines) && lines_rest(in->lines, &line) == 0) {
        rc = jsonl_take(in, &line, err);
    }
    return rc == 1 ? 0 : rc;
}

/* Every event has a kind. A first line that is longer than the head is recognized by the member's name alone. */
static bool is_line(struct bytes line, bool alone) {
    struct buf mp;
    struct bytes raw;
    struct mp_item kind;
    if (alone && (memmem(line.p, line.n, "\"kind\":\"", 8) != NULL || memmem(line.p, line.n, "\"kind\": \"", 9) != NULL)) {
        return true;
    }
    buf_init(&mp, line.n * 3);
    bool own = json_to_mp(line, &mp, NULL) == 0 && mp_map_get(bytes_of_buf(&mp), "kind", &raw) == 0 &&
               mp_scalar(raw, &kind) == 0 && kind.type == MP_STR && memchr(kind.data.p, '.', kind.data.n) != NULL;
    buf_done(&mp);
    return own;
}

static int read_one(struct intake *run, const char *path, struct err *err) {
    static const struct recognize_own own = {
        .is_line = is_line, .lines = true, .wanted = "an event as a JSON object on each line"};
    struct jsonl_input in = {.run = run, .path = path};
    bool foreign = false;
    intake_begin(run, path);
    int rc = jsonl_input_open(&in, GZ_DETECT, err);
    if (rc == 0 && !intake_options(run)->follow) {
        rc = recognize_input(run, lines_gz(in.lines), path, &own, &foreign, err);
    }
    if (rc == 0 && !foreign) {
        /* A strict run must not read past a bad line, and a following one must not wait for a full block. */
        const struct ingest_options *o = intake_options(run);
        rc = o->strict || o->follow ? read_lines(&in, err) : jsonl_take_all(&in, err);
    }
    if (rc == 0) rc = intake_end(run, err);
    jsonl_input_close(&in);
    return rc;
}

static bool is_growing_file(const char *path) {
    struct stat st;
    return strcmp(path, "-") != 0 && (stat(path, &st) != 0 || S_ISREG(st.st_mode));
}

int jsonl_read(struct intake *run, struct err *err) {
    static const char *const standard_input[] = {"-"};
    const struct ingest_options *o = intake_options(run);
    const char *const *paths = o->n_paths > 0 ? o->paths : standard_input;
    size_t n = o->n_paths > 0 ? o->n_paths : 1;
    if (o->follow && is_growing_file(paths[0])) return jsonl_follow(run, paths[0], err);
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0 && !intake_stopped(run); i++) {
        rc = read_one(run, paths[i], err);
    }
    return rc;
}
