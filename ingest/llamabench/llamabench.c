/* The source llama-bench: each file is one input with one receipt, each row of it one eval.benchmarked.
 *
 * llama-bench writes a row as soon as it has measured it, so a run that was stopped leaves an array that is not closed: the rows
 * before the end are recorded, and the receipt says that the input is cut off. A row is identified by all that it says, single
 * measurements in nanoseconds included: the same rows in an array, in lines, or in another layout are the same events. */
#include "ingest/llamabench/llamabench.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "ingest/driver/recognize.h"
#include "ingest/input/item.h"
#include "ingest/input/keyed_hash.h"
#include "ingest/input/pyjson.h"
#include "ingest/input/records.h"

#define BODY_MAX ((size_t)4 << 20)

struct reading {
    struct intake *run;
    const char *path;
    struct lines *lines;
    struct records records;
    struct buf scratch, mp, body;
    uint64_t taken; /* records, good and bad */
};

static int reject(struct reading *in, const struct ingest_place *place, bool cut, const char *why) {
    static const char group[] = "the last row is cut off";
    char reason[ERR_MSG_MAX];
    snprintf(reason, sizeof(reason), "%s%s%.900s", cut ? group : "", cut ? ": " : "", why);
    return intake_reject(in->run, place, cut ? group : NULL, reason);
}

static int add(struct reading *in, const struct llamabench_row *row, const struct ingest_place *place, struct err *err) {
    struct log_draft draft;
    char hex[KEYED_HASH_HEX], key[KEYED_HASH_HEX + 8], subject[LLAMABENCH_NAME_MAX + KEYED_HASH_HEX];
    if (row->model[0] != '\0' || row->digest[0] != '\0') {
        snprintf(subject, sizeof(subject), "model/%s", row->model[0] != '\0' ? row->model : row->digest);
    } else {
        const struct bytes file = mp_get_text(row->raw, "model_filename");
        keyed_hash_parts(hex, intake_secret(in->run), &file, 1);
        snprintf(subject, sizeof(subject), "model/hash-%s", hex);
    }
    keyed_hash_parts(hex, intake_secret(in->run), &row->raw, 1);
    snprintf(key, sizeof(key), "bench:%s", hex);
    log_draft_init(&draft);
    draft.kind = bytes_of("eval.benchmarked");
    draft.subject = bytes_of(subject);
    draft.key = bytes_of(key);
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&in->body);
    return intake_add(in->run, &draft, place, row->at, err);
}

static int take(struct reading *in, const struct record *record, struct err *err) {
    const struct ingest_place place = {in->path, record->line, record->offset};
    struct llamabench_row row;
    struct err why = {0};
    in->taken++;
    if (record->fault != NULL) return reject(in, &place, false, record->fault);
    buf_clear(&in->mp);
    buf_clear(&in->body);
    int rc = pyjson_to_mp(record->text, LLAMABENCH_ROOM, &in->scratch, &in->mp, &why);
    if (rc == 0) rc = llamabench_row_read(bytes_of_buf(&in->mp), &row, &why);
    if (rc == 0) rc = llamabench_row_put(&row, &in->body, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s: %s", in->path, why.msg);
    return rc == 0 ? add(in, &row, &place, err) : reject(in, &place, record->cut, why.msg);
}

static int take_line(struct reading *in, const struct lines_line *line, struct err *err) {
    struct record record;
    int rc = 0;
    records_line(&in->records, line);
    while (rc == 0 && records_next(&in->records, &record) == 0) {
        rc = take(in, &record, err);
    }
    intake_progress(in->run, gz_taken(lines_gz(in->lines)), 0);
    return rc;
}

static int read_lines(struct reading *in, struct err *err) {
    const struct ingest_place place = {.file = in->path};
    struct lines_line line;
    struct record record;
    struct err why = {0};
    int rc = 0;
    while (rc == 0 && !intake_stopped(in->run)) {
        rc = lines_next(in->lines, -1, &line, &why);
        if (rc < 0) return intake_reject_file(in->run, in->path, lines_offset(in->lines), &why);
        if (rc == 0) rc = take_line(in, &line, err);
    }
    rc = rc == 1 && lines_at_end(in->lines) && lines_rest(in->lines, &line) == 0 ? take_line(in, &line, err)
         : rc == 1                                                               ? 0
                                                                                 : rc;
    while (rc == 0 && !intake_stopped(in->run) && records_end(&in->records, &record) == 0) {
        rc = take(in, &record, err);
    }
    if (rc == 0 && in->taken == 0 && !intake_stopped(in->run)) {
        rc = intake_reject(in->run, &place, NULL,
                           "the file has no row; expected: the output of llama-bench -o json or -o jsonl");
    }
    return rc;
}

static int open_input(struct reading *in, bool *ret_open, struct err *err) {
    enum gz_form form = strcmp(in->path, "-") == 0 ? GZ_DETECT : GZ_REGULAR;
    struct gz *gz = NULL;
    struct err why = {0};
    int rc = gz_open(in->path, form, UINT64_MAX, &gz, &why);
    *ret_open = rc == 0;
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) return intake_reject_file(in->run, in->path, 0, &why);
    return lines_new(gz, intake_digest(in->run), intake_options(in->run)->stop, &in->lines, err);
}

static int read_file(struct intake *run, const char *path, struct err *err) {
    static const char *const marks[] = {"\"model_filename\"", NULL};
    static const struct recognize_own own = {.marks = marks, .wanted = "rows of llama-bench, as with -o json or -o jsonl"};
    struct reading in = {.run = run, .path = path};
    bool open = false, foreign = false;
    struct buf *const bufs[] = {&in.scratch, &in.mp, &in.body};
    for (size_t i = 0; i < 3; i++) {
        buf_init(bufs[i], BODY_MAX * 4);
    }
    records_init(&in.records);
    intake_begin(run, path);
    int rc = open_input(&in, &open, err);
    if (rc == 0 && open) rc = recognize_input(run, lines_gz(in.lines), path, &own, &foreign, err);
    if (rc == 0 && open && !foreign) rc = read_lines(&in, err);
    rc = rc == 0 ? intake_end(run, err) : rc;
    lines_free(in.lines);
    records_done(&in.records);
    for (size_t i = 0; i < 3; i++) {
        buf_done(bufs[i]);
    }
    return rc;
}

int llamabench_read(struct intake *run, struct err *err) {
    static const char *const standard_input[] = {"-"};
    const struct ingest_options *o = intake_options(run);
    int rc = 0;
    for (size_t i = 0; i < (o->n_paths > 0 ? o->n_paths : 1) && rc == 0 && !intake_stopped(run); i++) {
        rc = read_file(run, o->n_paths > 0 ? o->paths[i] : standard_input[0], err);
    }
    return rc;
}
