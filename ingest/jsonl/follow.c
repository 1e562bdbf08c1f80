/* Following a file that another program writes.
 *
 *   open -> [skip what the cursor says was read] -> read to the end -> commit with the cursor -> wait -> look -+
 *             ^                                                                                                |
 *             +--- next generation: the name now stands for another file, or the file was cut <---------------+
 *
 * The cursor says which file it was (position.c) and how far it was read. At the start of a run the lines before it are
 * read again, but only for their keys, which number equal lines. A file that was moved while no run followed it is searched
 * as PATH.1 and read to its end; what cannot be found is recorded as a `ledger.gap` event. Each generation has its own
 * number in the keys, because equal lines of two generations are two events: unlike two files given by hand, they are known
 * not to be copies of each other. */
#include "ingest/jsonl/jsonl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mp.h"
#include "ingest/input/keyed_hash.h"
#include "ingest/jsonl/position.h"

#define FOLLOW_WAIT_MS 200
/* How long the old file is still read: a writer learns of a rotation late, and opens the new file later still. */
#define FOLLOW_OLD_NS (60 * CLOCK_NS_PER_S)

struct follow {
    struct intake *run;
    const char *path;
    char name[FILE_POSITION_NAME_LEN]; /* of the cursor */
    bool has_position;
    bool finished;          /* the position's generation was read to its end by this run */
    bool moved;             /* and its file continues under another name */
    struct jsonl_input old; /* the previous file, kept open for late lines of its writer; zeroed: none */
    uint64_t old_at;        /* boot clock, when it last grew */
    struct file_position position;
};

/* ---- the cursor --------------------------------------------------------------------------------------------------- */

static int load_position(struct follow *f, struct err *err) {
    struct buf value = {.max = 4096};
    int rc = file_position_name(f->path, f->name, err);
    if (rc == 0) rc = intake_cursor_get(f->run, f->name, &value, &f->has_position, err);
    if (rc == 0 && f->has_position && file_position_decode(bytes_of_buf(&value), &f->position) != 0) {
        rc = err_set(err, ERR_CORRUPT, "%s: the stored cursor '%s' does not parse", f->path, f->name);
    }
    buf_done(&value);
    return rc;
}

static int put_position(struct follow *f, struct err *err) {
    struct buf value = {.max = 4096};
    file_position_encode(&value, &f->position);
    int rc = buf_check(&value, "cursor", err);
    if (rc == 0) rc = intake_cursor(f->run, f->name, bytes_of_buf(&value), err);
    buf_done(&value);
    return rc;
}

static bool name_is_other_file(const struct follow *f) {
    struct file_position now;
    return file_position_identify(AT_FDCWD, f->path, &now) && !file_position_same_file(&f->position, &now);
}

/* ---- gaps --------------------------------------------------------------------------------------------------------- */

static int add_gap(struct follow *f, const char *what, const char *how, struct err *err) {
    char key[128], detail[256], hex[KEYED_HASH_HEX];
    const struct bytes name = bytes_of(f->name);
    keyed_hash_parts(hex, intake_secret(f->run), &name, 1);
    snprintf(key, sizeof(key), "gap:%s@%llu", hex, (unsigned long long)f->position.generation);
    snprintf(detail, sizeof(detail), "%s; what the file held past byte %llu may be missing", how,
             (unsigned long long)f->position.offset);
    struct buf body = {.max = 4096};
    mp_put_map(&body, 2);
    mp_pair_text(&body, "detail", detail);
    mp_pair_text(&body, "what", what);
    struct log_draft draft;
    log_draft_init(&draft);
    draft.kind = bytes_of("ledger.gap");
    draft.subject = bytes_of("gap/jsonl");
    draft.key = bytes_of(key);
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    const struct ingest_place place = {.file = f->path, .offset = f->position.offset};
    int rc = buf_check(&body, "gap", err);
    if (rc == 0) rc = intake_add(f->run, &draft, &place, INGEST_NO_TIME, err);
    buf_done(&body);
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static int save_position(struct follow *f, struct jsonl_input *in, struct err *err) {
    int rc = 0;
    uint64_t offset = lines_offset(in->lines);
    if (offset != f->position.offset || !f->has_position) {
        f->position.offset = offset;
        uint64_t n = offset < FILE_POSITION_HEAD_MAX ? offset : FILE_POSITION_HEAD_MAX;
        if (n != f->position.head_n && file_position_head(gz_fd(lines_gz(in->lines)), n, f->position.head)) {
            f->position.head_n = n;
        }
        f->has_position = true;
        rc = put_position(f, err);
    }
    if (rc == 0) rc = intake_flush(f->run, err);
    return rc;
}

/* Skips the lines that an earlier run has read. *ret_ok is false when the offset is not at the beginning of a line. */
static int skip_read(struct follow *f, struct jsonl_input *in, bool *ret_ok, struct err *err) {
    struct lines_line line;
    lines_set_digest(in->lines, NULL);
    int rc = 0;
    while (rc == 0 && lines_offset(in->lines) < f->position.offset) {
        rc = lines_next(in->lines, -1, &line, err);
        if (rc == 0) rc = jsonl_skip(in, &line, err);
    }
    *ret_ok = rc == 0 && lines_offset(in->lines) == f->position.offset;
    lines_set_digest(in->lines, intake_digest(f->run));
    return rc == 1 ? 0 : rc;
}

/* Reads all complete lines; 1 when none are left or the stop flag is set. */
static int read_available(struct follow *f, struct jsonl_input *in, struct err *err) {
    struct lines_line line;
    int rc = 0;
    while (rc == 0) {
        rc = intake_stopped(f->run) ? 1 : lines_next(in->lines, FOLLOW_WAIT_MS, &line, err);
        if (rc == 0) {
            rc = jsonl_take(in, &line, err);
            intake_progress(f->run, lines_offset(in->lines), in->total);
        }
    }
    if (rc < 0) {
        err_prefix(err, "%s", f->path);
    }
    return rc;
}

/* Of a complete file the last line may lack its LF. */
static int read_to_end(struct follow *f, struct jsonl_input *in, struct err *err) {
    struct lines_line line;
    int rc = read_available(f, in, err);
    if (rc == 1 && !intake_stopped(f->run) && lines_rest(in->lines, &line) == 0) {
        rc = jsonl_take(in, &line, err);
    }
    return rc == 1 ? 0 : rc;
}

static void wait_a_moment(void) {
    poll(NULL, 0, FOLLOW_WAIT_MS);
}

enum look {
    LOOK_SAME,
    LOOK_MOVED, /* the name is now that of another file */
    LOOK_CUT,   /* some of what was read is gone */
    LOOK_AGAIN  /* only an incomplete last line is gone */
};

static enum look look(const struct follow *f, const struct jsonl_input *in) {
    struct stat st;
    int fd = gz_fd(lines_gz(in->lines));
    if (name_is_other_file(f)) return LOOK_MOVED;
    if (fstat(fd, &st) != 0) return LOOK_SAME;
    if (!file_position_same_content(&f->position, fd)) return LOOK_CUT;
    return (uint64_t)st.st_size < lines_offset(in->lines) + lines_pending(in->lines) ? LOOK_AGAIN : LOOK_SAME;
}

/* ---- the previous file -------------------------------------------------------------------------------------------- */

static void keep_old(struct follow *f, struct jsonl_input *in) {
    jsonl_input_close(&f->old);
    f->old = *in;
    f->old_at = clock_boot_ns();
    lines_set_digest(f->old.lines, NULL);
    *in = (struct jsonl_input){0};
}

static bool old_has_grown(const struct follow *f) {
    struct stat st;
    return f->old.lines != NULL && fstat(gz_fd(lines_gz(f->old.lines)), &st) == 0 &&
           (uint64_t)st.st_size > lines_offset(f->old.lines) + lines_pending(f->old.lines);
}

/* Late lines of the previous file are an input of their own, with its own receipt. `last`: so is a line without its LF. */
static int read_old(struct follow *f, bool last, struct err *err) {
    struct lines_line line;
    int rc = 0;
    intake_begin(f->run, f->path);
    lines_set_digest(f->old.lines, intake_digest(f->run));
    while (rc == 0) {
        rc = lines_next(f->old.lines, 0, &line, err);
        rc = rc == 0 ? jsonl_take(&f->old, &line, err) : rc;
    }
    if (rc == 1 && last && lines_rest(f->old.lines, &line) == 0) {
        rc = jsonl_take(&f->old, &line, err);
    }
    lines_set_digest(f->old.lines, NULL);
    f->old_at = clock_boot_ns();
    return rc == 0 || rc == 1 ? intake_end(f->run, err) : rc;
}

/* Checks the previous file, between two looks at the new one. */
static int look_at_old(struct follow *f, struct err *err) {
    if (f->old.lines == NULL) return 0;
    bool last = clock_boot_ns() - f->old_at >= FOLLOW_OLD_NS;
    int rc = 0;
    if (old_has_grown(f) || (last && lines_pending(f->old.lines) > 0)) {
        rc = intake_end(f->run, err);
        if (rc == 0) rc = read_old(f, last, err);
        if (rc == 0) {
            intake_begin(f->run, f->path);
        }
    } else if (last) {
        jsonl_input_close(&f->old);
    }
    return rc;
}

/* Reads the rest of the previous file and closes it. No input is open. */
static int leave_old(struct follow *f, struct err *err) {
    int rc = 0;
    if (old_has_grown(f) || (f->old.lines != NULL && lines_pending(f->old.lines) > 0)) {
        rc = read_old(f, true, err);
    }
    jsonl_input_close(&f->old);
    return rc;
}

/* ---- one generation ----------------------------------------------------------------------------------------------- */

/* From an open input to the end of its generation, or the stop flag. */
static int follow_generation(struct follow *f, struct jsonl_input *in, struct err *err) {
    while (!intake_stopped(f->run)) {
        int rc = read_available(f, in, err);
        if (rc != 1) return rc;
        rc = save_position(f, in, err);
        if (rc == 0) rc = look_at_old(f, err);
        if (rc == 0) rc = intake_receipt_if_due(f->run, err);
        if (rc != 0 || intake_stopped(f->run)) return rc;
        wait_a_moment();
        enum look l = look(f, in);
        if (l == LOOK_MOVED) {
            wait_a_moment(); /* its writer may still finish a line */
            rc = read_to_end(f, in, err);
            f->finished = rc == 0 && !intake_stopped(f->run);
            f->moved = f->finished;
            if (rc == 0) rc = save_position(f, in, err);
            return rc;
        }
        if (l == LOOK_CUT) {
            f->finished = true;
            return add_gap(f, "truncated", "the file was cut while it was followed", err);
        }
        if (l == LOOK_AGAIN) return 0;
    }
    return 0;
}

static int open_input(struct follow *f, const char *path, struct jsonl_input *in, struct file_position *ret_file,
                      struct err *err) {
    *in = (struct jsonl_input){.run = f->run, .path = path, .generation = f->position.generation};
    int rc = jsonl_input_open(in, GZ_PLAIN, err);
    if (rc == 0 && !file_position_identify(gz_fd(lines_gz(in->lines)), "", ret_file)) {
        rc = err_errno(err, errno, "%s", path);
    }
    return rc;
}

/* The position's file no longer has its name: the rest may be in PATH.1. */
static int finish_moved(struct follow *f, struct err *err) {
    char old[FILE_PATH_MAX];
    struct jsonl_input in = {0};
    struct stat st;
    struct file_position file;
    bool ok = false;
    int rc = 0;
    if ((size_t)snprintf(old, sizeof(old), "%s.1", f->path) < sizeof(old) && stat(old, &st) == 0 && S_ISREG(st.st_mode)) {
        rc = open_input(f, old, &in, &file, err);
        if (rc == 0 && file_position_same_file(&f->position, &file) &&
            file_position_same_content(&f->position, gz_fd(lines_gz(in.lines)))) {
            intake_begin(f->run, old);
            rc = skip_read(f, &in, &ok, err);
            rc = rc == 0 && ok ? read_to_end(f, &in, err) : rc;
            rc = rc == 0 ? intake_end(f->run, err) : rc;
        }
    }
    jsonl_input_close(&in);
    if (rc == 0 && !ok) {
        intake_begin(f->run, f->path);
        rc = add_gap(f, "rotated", "the file was replaced while nobody followed it", err);
        rc = rc == 0 ? intake_end(f->run, err) : rc;
    }
    return rc;
}

/* Moves the input to where reading continues: past what was read before, or to the beginning of a new generation. */
static int resume(struct follow *f, struct jsonl_input *in, const struct file_position *file, struct err *err) {
    bool known = f->has_position && !f->finished && file_position_same_file(&f->position, file), ok = false;
    int rc = 0;
    if (known && file_position_same_content(&f->position, gz_fd(lines_gz(in->lines)))) {
        rc = skip_read(f, in, &ok, err);
        if (ok || rc != 0) return rc;
    }
    if (known) rc = add_gap(f, "truncated", "the file was cut while nobody followed it", err);
    uint64_t generation = f->has_position ? f->position.generation + 1 : 0;
    memset(&f->position, 0, sizeof(f->position));
    f->position.ino = file->ino;
    f->position.born = file->born;
    f->position.generation = generation;
    hash_parts(f->position.head, NULL, 0);
    f->has_position = false;
    f->finished = false;
    in->generation = generation;
    return rc;
}

/* One generation, from opening the name to its end. */
static int follow_once(struct follow *f, struct err *err) {
    struct jsonl_input in = {0};
    struct file_position file;
    int rc = 0;
    if (f->has_position && !f->finished && name_is_other_file(f)) rc = finish_moved(f, err);
    if (rc == 0) {
        intake_begin(f->run, f->path);
        rc = open_input(f, f->path, &in, &file, err);
    }
    if (rc == 0) rc = resume(f, &in, &file, err);
    if (rc == 0 && lines_offset(in.lines) != f->position.offset) {
        jsonl_input_close(&in); /* skipping failed: from the beginning */
        rc = open_input(f, f->path, &in, &file, err);
    }
    if (rc == 0) rc = follow_generation(f, &in, err);
    if (rc == 0) rc = intake_end(f->run, err);
    if (rc == 0 && f->moved) {
        rc = leave_old(f, err);
        keep_old(f, &in);
        f->moved = false;
    }
    jsonl_input_close(&in);
    return rc;
}

int jsonl_follow(struct intake *run, const char *path, struct err *err) {
    struct follow f = {.run = run, .path = path};
    int rc = load_position(&f, err);
    if (rc == 0 && !file_exists(path) && intake_options(run)->waiting != NULL) {
        intake_options(run)->waiting(intake_options(run)->ctx, path); /* its writer may start later */
    }
    while (rc == 0 && !intake_stopped(run)) {
        if (!file_exists(path)) {
            wait_a_moment(); /* between two generations */
            continue;
        }
        rc = follow_once(&f, err);
    }
    if (rc == 0) rc = leave_old(&f, err);
    jsonl_input_close(&f.old);
    return rc;
}
