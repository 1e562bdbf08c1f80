/* The source inspect: each log is one input with one receipt.
 *
 *   eval, plan -> eval.task_declared, eval.started
 *   samples ----> eval.sampled, eval.sample_failed
 *             -> counts, means -> eval.imported, eval.scored, eval.invalidated
 *
 * The samples precede the results, because only they show what the results rest on. A log that has not ended has no results: it
 * gives a start and its samples, and the log of the same evaluation, read after its end, adds the rest. All events have the subject
 * eval/<id>, and the id follows from Inspect's own; so a log that was converted, copied or compressed is the same evaluation, and
 * its keys, made of the id and of each event's content, are duplicates.
 *
 * Of an archive the members are read twice, because the header comes last: once to find it, once for the samples. */
#include "ingest/inspect/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/archive/gz.h"
#include "base/archive/zip.h"
#include "base/file.h"
#include "base/hash.h"
#include "ingest/driver/evaluation.h"
#include "ingest/driver/load.h"
#include "ingest/driver/unchanged.h"
#include "ingest/input/keyed_hash.h"
#include "ingest/input/line_counter.h"
#include "ingest/input/pyjson.h"

#define BODY_MAX  ((size_t)8 << 20)
#define MP_MAX    (INSPECT_DOC_MAX * 2)
#define DEPTH_MAX 8

struct reading {
    struct intake *run;
    struct ingest_place place;
    struct inspect_log log;
    struct inspect_sums sums;
    char id[KEYED_HASH_HEX];
    uint64_t cause; /* ticket of eval.started, then of eval.imported; 0: a duplicate */
    uint8_t file_digest[HASH_LEN];
    struct buf text, scratch, head, mp, body;
};

/* ---- drafts ---- */

/* Appends the event in `body`; its key is made of the id, `prefix` and `what`. */
static int add(struct reading *in, const char *kind, const char *prefix, struct bytes what, uint64_t at, struct err *err) {
    const struct evaluation_event event = {.kind = kind,
                                           .id = in->id,
                                           .prefix = prefix,
                                           .what = what,
                                           .body = bytes_of_buf(&in->body),
                                           .cause = in->cause,
                                           .at = at,
                                           .place = &in->place};
    return evaluation_add(in->run, &event, err);
}

/* The same for an event that later ones name as their cause. */
static int add_cause(struct reading *in, const char *kind, const char *prefix, struct bytes what, uint64_t at,
                     struct err *err) {
    uint64_t before = intake_ticket(in->run);
    in->cause = 0;
    int rc = add(in, kind, prefix, what, at, err);
    in->cause = intake_ticket(in->run) != before ? intake_ticket(in->run) : 0;
    return rc;
}

static int declare_task(struct reading *in, struct err *err) {
    char hex[KEYED_HASH_HEX], key[KEYED_HASH_HEX + 8], subject[INSPECT_NAME_MAX + 8];
    uint8_t digest[HASH_LEN];
    struct log_draft draft;
    buf_clear(&in->body);
    int rc = inspect_put_task(&in->log, digest, &in->body, err);
    const struct bytes parts[] = {bytes_of("inspect"), in->log.task, {digest, HASH_LEN}};
    keyed_hash_each(hex, intake_secret(in->run), parts, 3);
    snprintf(key, sizeof(key), "task:%s", hex);
    snprintf(subject, sizeof(subject), "task/%.*s", (int)in->log.task.n, (const char *)in->log.task.p);
    log_draft_init(&draft);
    draft.kind = bytes_of("eval.task_declared");
    draft.subject = bytes_of(subject);
    draft.key = bytes_of(key);
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&in->body);
    return rc == 0 ? intake_add(in->run, &draft, &in->place, INGEST_NO_TIME, err) : rc;
}

static int begin_log(struct reading *in, struct err *err) {
    struct bytes parts[INSPECT_ID_PARTS];
    size_t n = inspect_log_id(&in->log, parts);
    keyed_hash_each(in->id, intake_secret(in->run), parts, n);
    int rc = declare_task(in, err);
    buf_clear(&in->body);
    if (rc == 0) rc = inspect_put_started(&in->log, &in->body, err);
    return rc == 0 ? add_cause(in, "eval.started", "started", (struct bytes){NULL, 0}, in->log.created, err) : rc;
}

static int take_sample(struct reading *in, struct bytes raw, struct err *why, struct err *err) {
    struct inspect_sample sample;
    char hidden[KEYED_HASH_HEX], name[KEYED_HASH_HEX + 8];
    int rc = inspect_sample_read(raw, &sample, why);
    if (rc != 0) return rc;
    keyed_hash_parts(hidden, intake_secret(in->run), &sample.id, 1);
    snprintf(name, sizeof(name), "hash-%s", hidden);
    buf_clear(&in->body);
    rc = inspect_put_sample(&in->log, &sample, name, &in->body, why);
    if (rc != 0) return rc;
    inspect_sums_take(&in->sums, &sample);
    bool passed = sample.outcome == INSPECT_PASSED;
    rc = add(in, passed ? "eval.sampled" : "eval.sample_failed", "sample", raw, in->log.created, err);
    return rc < 0 ? err_set(why, ERR_BUSY, "%s", "") : rc; /* the ledger's error, which is in `err` */
}

/* A sample that cannot be read is rejected alone, and then they are not all there. */
static int reject_sample(struct reading *in, const char *name, const struct err *why) {
    char reason[ERR_MSG_MAX];
    in->sums.lost++;
    snprintf(reason, sizeof(reason), "%.200s%s%.700s", name, name[0] != '\0' ? ": " : "", why->msg);
    return intake_reject(in->run, &in->place, why->code == ERR_LIMIT ? "a sample is too large" : NULL, reason);
}

static int sample_or_reject(struct reading *in, struct bytes raw, const char *name, struct err *err) {
    struct err why = {0};
    int rc = take_sample(in, raw, &why, err);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    if (rc == ERR_BUSY) return err->code;
    return rc < 0 ? reject_sample(in, name, &why) : rc;
}

static int add_invalid(struct reading *in, struct err *err) {
    bool truth = false;
    int rc = 0;
    struct inspect_metric m;
    for (size_t i = 0; rc == 0 && inspect_metric_at(&in->log, i, &m); i++) {
        if (!inspect_sums_edited(&in->sums, m.name)) continue;
        buf_clear(&in->body);
        rc = inspect_put_edited(&in->log, &m, &in->body, err);
        if (rc == 0) rc = add(in, "eval.invalidated", "invalidated", bytes_of_buf(&in->body), INGEST_NO_TIME, err);
    }
    item_truth(item_get(in->log.whole, "invalidated"), &truth);
    if (rc != 0 || !(truth || in->sums.invalidated)) return rc;
    buf_clear(&in->body);
    rc = inspect_put_invalidated(&in->log, &in->body, err);
    return rc == 0 ? add(in, "eval.invalidated", "invalidated", bytes_of_buf(&in->body), INGEST_NO_TIME, err) : rc;
}

/* The results, once it is known what they rest on. */
static int end_log(struct reading *in, struct err *err) {
    struct inspect_log *log = &in->log;
    struct inspect_metric m;
    bool kept = true;
    if (log->running) return 0;
    item_truth(item_get(log->config, "log_samples"), &kept);
    if (in->sums.lost > 0 || (kept && in->sums.samples < log->completed)) log->partial |= INSPECT_FEWER;
    const uint8_t partial = (uint8_t)log->partial;
    char seen[32];
    snprintf(seen, sizeof(seen), "%llu %d", (unsigned long long)in->sums.samples, in->sums.cached);
    uint8_t digest[HASH_LEN];
    const struct bytes parts[] = {{log->digest, HASH_LEN}, {&partial, 1}, bytes_of(seen)};
    hash_parts(digest, parts, 3);
    buf_clear(&in->body);
    int rc = inspect_put_imported(log, &in->sums, in->file_digest, in->place.file, &in->body, err);
    if (rc == 0) rc = add_cause(in, "eval.imported", "imported", (struct bytes){digest, HASH_LEN}, log->at, err);
    for (size_t i = 0; rc == 0 && inspect_metric_at(log, i, &m); i++) {
        buf_clear(&in->body);
        rc = inspect_put_scored(log, &in->sums, &m, &in->body, err);
        if (rc == 0) rc = add(in, "eval.scored", "score", bytes_of_buf(&in->body), log->at, err);
    }
    return rc == 0 ? add_invalid(in, err) : rc;
}

/* ---- a log as JSON ---- */

static int parse(struct reading *in, struct bytes text, struct buf *out, struct err *err) {
    if (bytes_has_prefix(text, "\xef\xbb\xbf")) {
        text.p += 3;
        text.n -= 3;
    }
    buf_clear(out);
    int rc = pyjson_to_mp(text, INSPECT_DOC_ROOM, &in->scratch, out, err);
    return rc;
}

static int read_json(struct reading *in, struct err *why, struct err *err) {
    struct mp_reader r;
    struct bytes raw;
    uint32_t n = 0;
    int rc = load_file(in->run, in->place.file, INSPECT_DOC_MAX, &in->text, why);
    if (rc != 0) return rc;
    const struct bytes whole = bytes_of_buf(&in->text);
    hash_parts(in->file_digest, &whole, 1);
    rc = parse(in, whole, &in->head, why);
    if (rc == 0) rc = inspect_log_read(bytes_of_buf(&in->head), &in->log, why);
    if (rc == ERR_INVALID) load_name_foreign(in->place.file, whole, "ingest inspect", why);
    if (rc != 0) return rc;
    buf_done(&in->text);
    buf_done(&in->scratch);
    rc = begin_log(in, err);
    item_list(item_get(in->log.whole, "samples"), &r, &n);
    for (; rc == 0 && n > 0 && !intake_stopped(in->run); n--) {
        rc = mp_skip(&r, 2, &raw, err);
        if (rc == 0) rc = sample_or_reject(in, raw, "", err);
    }
    if (rc == 0 && !intake_stopped(in->run)) rc = end_log(in, err);
    return rc < 0 ? err_set(why, ERR_BUSY, "%s", "") : rc;
}

/* ---- an archive ---- */

/* The bytes of the file itself are what the receipt and eval.imported name. */
static int digest_file(struct reading *in, struct err *why) {
    struct gz *gz = NULL;
    struct hash *hash = hash_new();
    int rc =
        hash != NULL ? gz_open(in->place.file, GZ_PLAIN, UINT64_MAX, &gz, why) : err_set(why, ERR_NOMEM, "out of memory");
    while (rc == 0 && !gz_at_end(gz) && !intake_stopped(in->run)) {
        size_t n = 0;
        buf_clear(&in->text);
        uint8_t *room = buf_room(&in->text, LOAD_PIECE);
        rc = room != NULL ? gz_read(gz, room, LOAD_PIECE, &n, why) : err_set(why, ERR_NOMEM, "out of memory");
        if (rc == 0 && n > 0) {
            hash_put(hash, room, n);
            lines_digest_put(intake_digest(in->run), (struct bytes){room, n});
        }
    }
    if (rc == 0) hash_end(hash, in->file_digest);
    gz_close(gz);
    hash_free(hash);
    return rc;
}

static bool is_sample_name(const char *name) {
    size_t n = strlen(name);
    return strncmp(name, "samples/", 8) == 0 && n > 13 && strcmp(name + n - 5, ".json") == 0;
}

/* A header that cannot be read is not one that was never written. */
static int reject_header(struct reading *in, const struct err *fault) {
    char reason[ERR_MSG_MAX];
    snprintf(reason, sizeof(reason), "header.json: %.900s", fault->msg);
    return intake_reject(in->run, &in->place, "the header cannot be read", reason);
}

/* The header into `text`, or what the journal has of it. Not finding the rest of a damaged archive is no error here: `why` says
 * it. 1: neither is there. */
static int find_header(struct reading *in, struct err *why) {
    struct zip *zip = NULL;
    struct zip_member m;
    struct err fault = {0};
    bool bad = false;
    struct buf start = {.max = in->text.max};
    buf_clear(&in->text);
    int rc = zip_open(in->place.file, INSPECT_ALL_MAX, &zip, why);
    int code = rc;
    while (code == 0 && (code = zip_next(zip, &m, &fault)) == 0) {
        bool header = strcmp(m.name, "header.json") == 0, first = strcmp(m.name, "_journal/start.json") == 0;
        if (!header && !(first && start.n == 0)) continue;
        struct buf *to = header ? &in->text : &start;
        buf_clear(to);
        code = zip_read(zip, to, &fault);
        bad = bad || (code != 0 && header);
        if (code != 0) buf_clear(to);
    }
    zip_close(zip);
    if (rc == 0 && in->text.n == 0) buf_put_bytes(&in->text, bytes_of_buf(&start));
    buf_done(&start);
    if (rc != 0) return rc;
    if (in->text.n > 0 && in->text.fail == 0) return bad ? reject_header(in, &fault) : 0;
    return err_set(why, fault.code != 0 ? fault.code : ERR_INVALID, "%.300s%s",
                   fault.code != 0 ? fault.msg : "the archive has neither header.json nor _journal/start.json",
                   fault.code != 0 ? "" : "; expected: an .eval file of Inspect");
}

static int seen_before(struct line_counter *names, const char *name, bool *ret, struct err *err) {
    uint8_t digest[HASH_LEN];
    uint32_t n = 0;
    const struct bytes text = bytes_of(name);
    hash_parts(digest, &text, 1);
    int rc = line_counter_add(names, be64_get(digest), &n, err);
    *ret = n > 1;
    return rc;
}

static int read_member(struct reading *in, struct zip *zip, const struct zip_member *m, struct line_counter *names,
                       struct err *err) {
    struct err why = {0};
    bool again = false;
    int rc = seen_before(names, m->name, &again, err);
    if (rc != 0) return rc;
    buf_clear(&in->text);
    rc = again ? err_set(&why, ERR_INVALID, "the archive has two members of this name") : zip_read(zip, &in->text, &why);
    if (rc == 0) rc = parse(in, bytes_of_buf(&in->text), &in->mp, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) return reject_sample(in, m->name, &why);
    return sample_or_reject(in, bytes_of_buf(&in->mp), m->name, err);
}

static int read_members(struct reading *in, struct err *err) {
    struct line_counter *names = line_counter_new();
    struct zip *zip = NULL;
    struct zip_member m;
    struct err why = {0};
    int rc = names != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory"), next = 0;
    if (rc == 0) next = zip_open(in->place.file, INSPECT_ALL_MAX, &zip, &why);
    while (rc == 0 && next == 0 && !intake_stopped(in->run) && (next = zip_next(zip, &m, &why)) == 0) {
        if (m.name[0] == '\0') {
            rc = reject_sample(in, "",
                               &(struct err){.code = ERR_INVALID, .msg = "a member of the archive has no readable name"});
        } else if (m.file && is_sample_name(m.name)) {
            rc = read_member(in, zip, &m, names, err);
        }
    }
    if (rc == 0 && next < 0) {
        in->sums.lost++;
        rc = intake_reject_file(in->run, in->place.file, 0, &why);
    }
    zip_close(zip);
    line_counter_free(names);
    return rc;
}

static int read_archive(struct reading *in, struct err *why, struct err *err) {
    int rc = digest_file(in, why);
    if (rc == 0) rc = find_header(in, why);
    if (rc == 0) rc = parse(in, bytes_of_buf(&in->text), &in->head, why);
    if (rc == 0) rc = inspect_log_read(bytes_of_buf(&in->head), &in->log, why);
    if (rc != 0) return rc;
    rc = begin_log(in, err);
    if (rc == 0) rc = read_members(in, err);
    if (rc == 0 && !intake_stopped(in->run)) rc = end_log(in, err);
    return rc < 0 ? err_set(why, ERR_BUSY, "%s", "") : rc;
}

/* ---- files ---- */

static bool is_archive(const char *path) {
    struct gz *gz = NULL;
    struct bytes head = {NULL, 0};
    bool zip = strcmp(path, "-") != 0 && gz_open(path, GZ_REGULAR, UINT64_MAX, &gz, NULL) == 0 &&
               gz_peek(gz, NULL, &head, NULL) == 0 && bytes_has_prefix(head, "PK");
    gz_close(gz);
    return zip;
}

static int read_file(struct intake *run, const char *path, struct err *err) {
    struct reading in = {.run = run, .place = {.file = path}};
    struct buf *const bufs[] = {&in.text, &in.scratch, &in.head, &in.mp, &in.body};
    struct err why = {0};
    buf_init(&in.text, INSPECT_DOC_MAX + LOAD_PIECE);
    for (size_t i = 1; i < 4; i++) {
        buf_init(bufs[i], MP_MAX);
    }
    buf_init(&in.body, BODY_MAX);
    intake_begin(run, path);
    int rc = is_archive(path) ? read_archive(&in, &why, err) : read_json(&in, &why, err);
    if (rc == ERR_BUSY && why.msg[0] == '\0') {
        rc = err->code; /* the ledger's error, not the file's */
    } else if (load_is_bad(rc)) {
        rc = intake_reject_file(run, path, 0, &why);
    } else if (rc < 0) {
        rc = err_set(err, rc, "%s", why.msg);
    }
    rc = rc == 0 ? intake_end(run, err) : rc;
    for (size_t i = 0; i < 5; i++) {
        buf_done(bufs[i]);
    }
    return rc;
}

/* The names that Inspect gives its logs: a date first. */
static int is_log_name(const struct dirent *e) {
    size_t n = strlen(e->d_name);
    bool json = n > 20 && strcmp(e->d_name + n - 5, ".json") == 0 && e->d_name[4] == '-' && e->d_name[10] == 'T';
    bool dots = e->d_name[0] == '.';
    return !dots && (e->d_type == DT_DIR || json || (n > 5 && strcmp(e->d_name + n - 5, ".eval") == 0));
}

/* A poller reads what has changed since its last look. */
static int read_once(struct intake *run, const char *path, struct err *err) {
    bool seen = false;
    int rc = unchanged_seen(intake_options(run)->known, path, &seen, err);
    return rc == 0 && !seen ? read_file(run, path, err) : rc;
}

static int read_path(struct intake *run, const char *path, unsigned depth, struct err *err) {
    struct dirent **names = NULL;
    struct stat st;
    if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) return read_once(run, path, err);
    if (depth == DEPTH_MAX) {
        return err_set(err, ERR_LIMIT, "%s: deeper than %d directories; expected: a directory further down", path,
                       DEPTH_MAX);
    }
    int n = scandir(path, &names, is_log_name, alphasort), rc = n >= 0 ? 0 : err_errno(err, errno, "%s", path);
    if (n == 0 && depth == 0 && intake_options(run)->every_ns == 0) { /* a poller waits for the first */
        rc = err_set(err, ERR_NOTFOUND, "%s: no .eval file or log as JSON in this directory", path);
    }
    for (int i = 0; i < n; i++) {
        char full[FILE_PATH_MAX];
        bool link = false;
        if (rc == 0) rc = file_join(full, path, names[i]->d_name, err);
        if (rc == 0) link = lstat(full, &st) == 0 && S_ISLNK(st.st_mode) && stat(full, &st) == 0 && S_ISDIR(st.st_mode);
        if (rc == 0 && !link && !intake_stopped(run)) rc = read_path(run, full, depth + 1, err);
        free(names[i]);
    }
    free(names);
    return rc;
}

int inspect_read(struct intake *run, struct err *err) {
    const struct ingest_options *o = intake_options(run);
    int rc =
        o->n_paths > 0 ? 0 : err_set(err, ERR_INVALID, "no files given; expected: logs of Inspect, or directories of them");
    for (size_t i = 0; i < o->n_paths && rc == 0 && !intake_stopped(run); i++) {
        rc = read_path(run, o->paths[i], 0, err);
    }
    return rc;
}
