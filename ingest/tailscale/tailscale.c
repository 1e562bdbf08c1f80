/* The source: the program is run, or what it printed comes on standard input, and both are compared with the last look; or files are
 * read, each by itself, because nothing says when they were written. */
#include "ingest/tailscale/tailscale.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/answer/member.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/spawn.h"
#include "ingest/driver/load.h"

#define LIMIT_NS (20 * CLOCK_NS_PER_S)

/* ---- a status ----------------------------------------------------------------------------------------------------- */

static int take(struct intake *run, const struct ingest_place *place, struct bytes text, bool saved, struct err *err) {
    struct tailscale_status status = {0};
    struct buf mp = {.max = TAILSCALE_MP_MAX};
    struct err why = {0};
    int rc = member_parse(text, TAILSCALE_DOC_MAX, TAILSCALE_VALUES_MAX, &mp, &why);
    if (rc == 0) rc = tailscale_status_read(bytes_of_buf(&mp), run, place, &status, &why);
    if (rc == ERR_INVALID || rc == ERR_LIMIT) {
        load_name_foreign(place->file, text, "ingest tailscale", &why);
        rc = intake_reject(run, place, strncmp(why.msg, "not valid JSON", 14) == 0 ? "not valid JSON" : NULL, why.msg);
    } else if (rc < 0) {
        rc = err_set(err, rc, "%s", why.msg);
    } else if (rc == 0) {
        rc = (saved ? tailscale_saved : tailscale_compare)(run, place, &status, err);
    }
    tailscale_status_done(&status);
    buf_done(&mp);
    return rc;
}

static int read_file(struct intake *run, const char *path, bool saved, struct err *err) {
    const struct ingest_place place = {.file = path};
    struct buf text = {.max = TAILSCALE_DOC_MAX + LOAD_PIECE};
    struct err why = {0};
    intake_begin(run, path);
    int rc = load_file(run, path, TAILSCALE_DOC_MAX, &text, &why);
    if (load_is_bad(rc)) {
        rc = intake_reject_file(run, path, 0, &why);
    } else if (rc != 0) {
        rc = err_set(err, rc, "%s", why.msg);
    } else if (!intake_stopped(run)) {
        rc = take(run, &place, bytes_of_buf(&text), saved, err);
    }
    buf_done(&text);
    return rc == 0 ? intake_end(run, err) : rc;
}

/* ---- the program -------------------------------------------------------------------------------------------------- */

static int find_program(const char *root, char ret[FILE_PATH_MAX], struct err *err) {
    static const char *const places[] = {"/usr/bin/tailscale", "/usr/sbin/tailscale", "/usr/local/bin/tailscale"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int n = snprintf(ret, FILE_PATH_MAX, "%s%s", root != NULL && strcmp(root, "/") != 0 ? root : "", places[i]);
        if (n > 0 && n < FILE_PATH_MAX && access(ret, X_OK) == 0) return 0;
    }
    return err_set(err, ERR_NOTFOUND,
                   "tailscale is neither in /usr/bin, /usr/sbin nor /usr/local/bin; its output can be "
                   "read: tailscale status --json | ledger ingest tailscale -");
}

static int run_program(struct intake *run, struct err *err) {
    static const char name[] = "tailscale status --json";
    const struct ingest_place place = {.file = name};
    char program[FILE_PATH_MAX];
    struct buf text = {.max = TAILSCALE_DOC_MAX};
    int status = 0, rc = find_program(intake_options(run)->root, program, err);
    if (rc != 0) return rc;
    const char *const argv[] = {program, "status", "--json", NULL};
    const struct spawn spawn = {.argv = argv, .limit_ns = LIMIT_NS};
    intake_begin(run, name);
    rc = spawn_run(&spawn, &text, &status, err);
    if (rc == ERR_LIMIT) rc = err_set(err, ERR_NET, "%s: no whole answer within 20 s", name);
    if (rc == 0 && status != 0 && text.n == 0) {
        rc = err_set(err, ERR_NET, "%s: it failed with status %d; is tailscaled running?", name, status);
    }
    if (rc == 0) {
        lines_digest_put(intake_digest(run), bytes_of_buf(&text));
        rc = take(run, &place, bytes_of_buf(&text), false, err);
    }
    buf_done(&text);
    return rc == 0 ? intake_end(run, err) : rc;
}

int tailscale_read(struct intake *run, struct err *err) {
    const struct ingest_options *o = intake_options(run);
    bool input = o->n_paths == 1 && strcmp(o->paths[0], "-") == 0;
    int rc = 0;
    if (o->n_paths > 0 && !input) {
        return err_set(err, ERR_INVALID, "a saved status is given as --from FILE, and one on standard input as '-'");
    }
    if (input && (o->n_from > 0 || o->every_ns > 0)) {
        return err_set(err, ERR_INVALID, "standard input takes no --from and no --every");
    }
    for (size_t i = 0; i < o->n_from && rc == 0 && !intake_stopped(run); i++) {
        rc = read_file(run, o->from[i], true, err);
    }
    if (o->n_from > 0) return rc;
    return input ? read_file(run, "-", false, err) : run_program(run, err);
}
