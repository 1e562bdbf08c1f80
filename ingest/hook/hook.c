/* The source "hook": lines in, events out.
 *
 * An agent waits for its hook, so this is fast: one read, one commit. An agent may leave its end of the pipe open: what has
 * arrived is committed as soon as the pipe is quiet, and after QUIET_MAX quiet periods the input counts as ended.
 *
 * A single record from standard input leaves no receipt. Its event says all that a receipt would, and a second commit for
 * each tool call would double the agent's wait. */
#include "ingest/hook/hook.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/driver/recognize.h"
#include "ingest/input/records.h"

#define QUIET_MS  500
#define QUIET_MAX 4

struct reading {
    struct intake *run;
    const char *path;
    struct lines *lines;
    struct hook_reader *reader;
    struct records split;
    const struct ingest_place *place; /* of the record at hand */
    uint64_t records, total;
    uint64_t ticket; /* of the event added last; 0: it was refused */
};

static int on_event(void *ctx, const struct hook_event *e, struct err *err) {
    struct reading *in = ctx;
    struct log_draft draft;
    log_draft_init(&draft);
    draft.kind = e->kind;
    draft.subject = e->subject;
    /* an actor given on the command line applies to all events */
    draft.actor = intake_options(in->run)->actor == NULL ? e->actor : (struct bytes){NULL, 0};
    draft.run = e->run;
    draft.key = e->key;
    draft.body = e->body;
    if (e->cause != 0) {
        draft.cause_type = LOG_CAUSE_BATCH;
        draft.cause = e->cause;
    }
    uint64_t before = intake_ticket(in->run);
    int rc = intake_add(in->run, &draft, in->place, e->at, err);
    in->ticket = intake_ticket(in->run);
    in->ticket = in->ticket != before ? in->ticket : 0;
    return rc;
}

static uint64_t on_ticket(void *ctx) {
    const struct reading *in = ctx;
    return in->ticket;
}

static int reject(struct reading *in, const struct record *record, const char *msg) {
    static const char cut[] = "the record is cut off";
    bool syntax = strncmp(msg, HOOK_NOT_JSON, strlen(HOOK_NOT_JSON)) == 0;
    char reason[ERR_MSG_MAX];
    if (!record->cut || !syntax) {
        return intake_reject(in->run, in->place, syntax ? HOOK_NOT_JSON : NULL, msg);
    }
    snprintf(reason, sizeof(reason), "%s: %.900s", cut, msg);
    return intake_reject(in->run, in->place, cut, reason);
}

static int take(struct reading *in, const struct record *record, struct err *err) {
    const struct ingest_place place = {in->path, record->line, record->offset};
    const struct hook_sink sink = {in, on_event, on_ticket, intake_secret(in->run)};
    struct err why = {0};
    in->place = &place;
    in->records++;
    if (record->fault != NULL) return reject(in, record, record->fault);
    int rc = hook_read_record(in->reader, record->text, &sink, &why);
    if (rc == ERR_INVALID || rc == ERR_LIMIT) return reject(in, record, why.msg);
    if (rc < 0 && err != NULL) {
        *err = why;
    }
    if (rc == 1) {
        intake_pass(in->run, &place, hook_reader_passed(in->reader));
    }
    return rc == 1 ? 0 : rc;
}

static int take_line(struct reading *in, const struct lines_line *line, struct err *err) {
    struct record record;
    int rc = 0;
    records_line(&in->split, line);
    while (rc == 0 && records_next(&in->split, &record) == 0) {
        rc = take(in, &record, err);
    }
    intake_progress(in->run, gz_taken(lines_gz(in->lines)), in->total);
    return rc;
}

/* A hook called with empty input is misconfigured. */
static int check_empty(struct reading *in) {
    const struct ingest_place place = {.file = in->path};
    bool empty =
        in->records == 0 && strcmp(in->path, "-") == 0 && !intake_options(in->run)->follow && !intake_stopped(in->run);
    const char *reason = intake_digest(in->run)->bytes == 0
                             ? "the input is empty; expected: an agent's record as a JSON object"
                             : "the input has no record; expected: an agent's record as a "
                               "JSON object";
    return empty ? intake_reject(in->run, &place, NULL, reason) : 0;
}

/* An incomplete last line, and a record that is still open. */
static int take_rest(struct reading *in, struct err *err) {
    struct lines_line line;
    struct record record;
    int rc = lines_rest(in->lines, &line) == 0 ? take_line(in, &line, err) : 0;
    while (rc == 0 && records_end(&in->split, &record) == 0) {
        rc = take(in, &record, err);
    }
    return rc;
}

static int read_lines(struct reading *in, struct err *err) {
    bool patient = intake_options(in->run)->follow || isatty(gz_fd(lines_gz(in->lines))) == 1;
    struct lines_line line;
    int rc = 0;
    for (unsigned quiet = 0; rc == 0 && !intake_stopped(in->run) && quiet < QUIET_MAX;) {
        rc = lines_next(in->lines, QUIET_MS, &line, err);
        if (rc == 0) {
            quiet = 0;
            rc = take_line(in, &line, err);
        } else if (rc == 1 && !lines_at_end(in->lines) && !intake_stopped(in->run)) {
            quiet += !patient;
            rc = intake_flush(in->run, err);
            intake_progress(in->run, gz_taken(lines_gz(in->lines)), in->total);
        } else if (rc < 0) {
            err_prefix(err, "%s", in->path);
        }
    }
    rc = rc == 0 || rc == 1 ? take_rest(in, err) : rc;
    return rc == 0 ? check_empty(in) : rc;
}

static int open_input(struct reading *in, struct err *err) {
    struct gz *gz = NULL;
    struct stat st;
    int rc = gz_open(in->path, GZ_DETECT, UINT64_MAX, &gz, err);
    if (rc != 0) return rc;
    in->total = fstat(gz_fd(gz), &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    rc = lines_new(gz, intake_digest(in->run), intake_options(in->run)->stop, &in->lines, err);
    if (rc != 0) return rc;
    in->reader = hook_reader_new();
    return in->reader != NULL ? 0 : err_set(err, ERR_NOMEM, "%s: out of memory", in->path);
}

/* Only files are checked: an agent may keep its pipe open and write nothing. */
static int check_own(struct reading *in, bool *ret_foreign, struct err *err) {
    static const char *const marks[] = {"\"hook_event_name\"",
                                        "\"hookSpecificOutput\"",
                                        "\"permissions\"",
                                        "\"properties\"",
                                        "\"method\"",
                                        "\"payload\"",
                                        NULL};
    static const struct recognize_own own = {.marks = marks, .wanted = "an agent's records of its hooks, as JSON objects"};
    struct stat st;
    struct gz *gz = lines_gz(in->lines);
    bool file = fstat(gz_fd(gz), &st) == 0 && S_ISREG(st.st_mode);
    return file ? recognize_input(in->run, gz, in->path, &own, ret_foreign, err) : 0;
}

static int read_one(struct intake *run, const char *path, bool alone, struct err *err) {
    struct reading in = {.run = run, .path = path};
    bool foreign = false;
    records_init(&in.split);
    intake_begin(run, path);
    int rc = open_input(&in, err);
    if (rc == 0) rc = check_own(&in, &foreign, err);
    if (rc == 0 && !foreign) rc = read_lines(&in, err);
    if (alone && in.records <= 1 && strcmp(path, "-") == 0) {
        intake_no_receipt(run);
    }
    if (rc == 0) rc = intake_end(run, err);
    lines_free(in.lines);
    hook_reader_free(in.reader);
    records_done(&in.split);
    return rc;
}

/* Some agents give their record as an argument. */
static int read_argument(struct intake *run, const char *text, struct err *err) {
    struct reading in = {.run = run, .path = "--record", .reader = hook_reader_new()};
    const struct lines_line line = {.text = bytes_of(text), .raw = bytes_of(text), .number = 1};
    records_init(&in.split);
    intake_begin(run, in.path);
    lines_digest_put(intake_digest(run), line.raw);
    int rc = in.reader != NULL ? 0 : err_set(err, ERR_NOMEM, "%s: out of memory", in.path);
    struct record record;
    if (rc == 0) records_line(&in.split, &line);
    while (rc == 0 && records_next(&in.split, &record) == 0) {
        rc = take(&in, &record, err);
    }
    while (rc == 0 && records_end(&in.split, &record) == 0) {
        rc = take(&in, &record, err);
    }
    if (rc == 0 && in.records == 0) {
        const struct ingest_place place = {.file = in.path};
        rc = intake_reject(run, &place, NULL, "the argument has no record; expected: an agent's record as a JSON object");
    }
    if (in.records <= 1) intake_no_receipt(run);
    if (rc == 0) rc = intake_end(run, err);
    hook_reader_free(in.reader);
    records_done(&in.split);
    return rc;
}

int hook_read(struct intake *run, struct err *err) {
    static const char *const standard_input[] = {"-"};
    const struct ingest_options *o = intake_options(run);
    const char *const *paths = o->n_paths > 0 ? o->paths : standard_input;
    size_t n = o->n_paths > 0 ? o->n_paths : 1;
    int rc = 0;
    if (o->record != NULL) return read_argument(run, o->record, err);
    for (size_t i = 0; i < n && rc == 0 && !intake_stopped(run); i++) {
        rc = read_one(run, paths[i], n == 1, err);
    }
    return rc;
}
