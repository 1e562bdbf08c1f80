/* recovery: snapshots that can be read again, or asked for. list and show are those of every entity. A copy without its event
 * is removed, a snapshot of a file system without its event is named; an event without its snapshot shows at the next verify. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/text.h"
#include "base/tree/copy.h"
#include "cli/act/submit.h"
#include "cli/call/command.h"
#include "cli/guards/recovery.h"
#include "cli/print/say.h"
#include "cli/states/entities.h"

#define ID_BYTES (SNAPSHOT_NAME_LEN / 2)

enum { N_INTO, N_BY, N_KEEP, N_SUBMIT };
static const struct opt snapshot_options[] = {
    [N_INTO] = {"into", 0, "DIR", "where snapshots are stored (default: $XDG_STATE_HOME/ledger-snapshots)"},
    [N_BY] = {"by", 0, "METHOD", "by the configured command of btrfs, zfs or lvm, instead of a copy"},
    [N_KEEP] = {"keep", 0, "AGE", "how long it is kept: 12h, 30d (default: until you remove it)"},
    SUBMIT_OPTIONS,
    {0},
};

struct taking {
    char **path; /* owned, canonical, none in another */
    size_t n;
    char id[2 * ID_BYTES + 1], dir[FILE_PATH_MAX];
    uint8_t digest[HASH_LEN];
    struct tree_totals totals;
    uint64_t begun;
    const struct snapshot_command *by; /* NULL: a copy */
};

static bool is_in(const char *path, const char *dir) {
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Where the links in it lead; a path inside another one is left out. */
static int add_path(struct taking *t, const char *text, struct err *err) {
    char *path = realpath(text, NULL);
    if (path == NULL)
        return err_set(err, ERR_INVALID, "'%.300s' cannot be copied: there is no such file or directory", text);
    size_t kept = 0;
    bool inside = false;
    for (size_t i = 0; i < t->n; i++) {
        inside = inside || is_in(path, t->path[i]);
    }
    for (size_t i = 0; i < t->n; i++) {
        if (!inside && is_in(t->path[i], path)) {
            free(t->path[i]);
        } else {
            t->path[kept++] = t->path[i];
        }
    }
    t->n = kept;
    if (inside) {
        free(path);
    } else {
        t->path[t->n++] = path;
    }
    return 0;
}

static void make_id(struct taking *t) {
    uint8_t random[ID_BYTES];
    crypt_random(random, sizeof(random));
    text_hex(t->id, random, sizeof(random));
}

static int make_dir(struct taking *t, const char *into, struct err *err) {
    char room[FILE_PATH_MAX];
    int rc = into == NULL ? cli_xdg(room, "XDG_STATE_HOME", ".local/state", err) : 0;
    if (rc == 0 && into == NULL) {
        size_t n = strlen(room);
        char *slash = strrchr(room, '/');
        n = slash != NULL && strcmp(slash, "/ledger") == 0 ? (size_t)(slash - room) : n;
        snprintf(room + n, sizeof(room) - n, "/ledger-snapshots");
        into = room;
    }
    if (rc == 0) rc = file_make_dirs(into, err);
    char *real = rc == 0 ? realpath(into, NULL) : NULL;
    if (rc == 0 && real == NULL) rc = err_set(err, ERR_IO, "cannot open '%.300s'", into);
    if (rc == 0) rc = file_join(t->dir, real, t->id, err);
    free(real);
    return rc;
}

static int put_count(struct body *body, const char *name, uint64_t n, struct err *err) {
    char word[96];
    snprintf(word, sizeof(word), "%s:=%llu", name, (unsigned long long)n);
    return body_word(body, word, err);
}

static int put_copy(struct body *body, const struct taking *t, struct err *err) {
    char digest[16 + 2 * HASH_LEN] = "sha256:";
    bool shared = t->totals.files > 0 && t->totals.cloned == t->totals.files;
    text_hex(digest + 7, t->digest, HASH_LEN);
    int rc = submit_put(body, "method", shared ? "reflink" : "copy", err);
    if (rc == 0) rc = submit_put(body, "verified_by", "content", err);
    if (rc == 0) rc = submit_put(body, "digest", digest, err);
    if (rc == 0) rc = submit_put(body, "location", t->dir, err);
    if (rc == 0) rc = put_count(body, "bytes", t->totals.bytes, err);
    return rc == 0 ? put_count(body, "entries", t->totals.entries, err) : rc;
}

/* The command as it was run. */
static int put_command(struct body *body, const struct snapshot_command *by, struct err *err) {
    struct buf words = {.max = SNAPSHOT_WORDS_MAX};
    size_t n = 0;
    int rc = snapshot_command_words(by, by->take, &words, &n, err);
    const char **word = rc == 0 ? calloc(n, sizeof(*word)) : NULL;
    if (rc == 0 && word == NULL) rc = err_set(err, ERR_NOMEM, "no memory for a command");
    const char *at = (const char *)words.p;
    for (size_t i = 0; rc == 0 && i < n; i++, at += strlen(at) + 1) {
        word[i] = at;
    }
    if (rc == 0) rc = submit_put(body, "method", by->method, err);
    if (rc == 0) rc = submit_put(body, "verified_by", "listing", err);
    if (rc == 0) rc = submit_put_list(body, "command", word, n, err);
    free(word);
    buf_done(&words);
    return rc;
}

static int put_facts(struct body *body, const struct taking *t, const char *keep, struct err *err) {
    uint64_t age = 0;
    int rc = submit_put(body, "snapshot", t->id, err);
    if (rc == 0) rc = submit_put_list(body, "paths", (const char *const *)t->path, t->n, err);
    if (rc == 0) rc = t->by != NULL ? put_command(body, t->by, err) : put_copy(body, t, err);
    if (rc == 0) rc = put_count(body, "at", t->begun, err); /* what changed since then may not be in it */
    if (rc == 0 && keep != NULL) {
        text_parse_duration(bytes_of(keep), &age);
        rc = put_count(body, "expires", t->begun + age, err);
    }
    return rc;
}

static int record(struct cli *cli, const struct opt_args *args, const struct taking *t) {
    struct err err = {0};
    char subject[2 * ID_BYTES + 16];
    struct body *body = body_new(kind_find(bytes_of("recovery.snapshot_taken")));
    int rc = body != NULL ? put_facts(body, t, opt_text(args, &snapshot_options[N_KEEP]), &err)
                          : err_set(&err, ERR_NOMEM, "no memory for the body");
    snprintf(subject, sizeof(subject), "snapshot/%s", t->id);
    const struct submit what = {
        .kind = "recovery.snapshot_taken", .subject = subject, .grade = "measured", .name = "snapshot", .value = t->id};
    if (rc == 0) return submit_step(cli, args, &snapshot_options[N_SUBMIT], &what, body);
    body_free(body);
    return cli_fail_input(cli, &err);
}

static int take_copy(struct cli *cli, const struct opt_args *args, struct taking *t) {
    struct err err = {0}, ignored = {0};
    int rc = make_dir(t, opt_text(args, &snapshot_options[N_INTO]), &err);
    if (rc != 0) return cli_fail(cli, &err);
    t->begun = clock_wall_ns();
    rc = tree_copy(t->dir, (const char *const *)t->path, t->n, t->digest, &t->totals, &err);
    int exit_code = rc == 0              ? record(cli, args, t)
                    : rc == ERR_INVALID  ? cli_fail_input(cli, &err)
                    : rc == ERR_CONFLICT ? cli_fail_as(cli, &err, EXIT_SYSTEM) /* it changed while it was read */
                                         : cli_fail(cli, &err);
    if (exit_code != 0 || opt_has(args, &snapshot_options[N_SUBMIT + SUBMIT_DRY_RUN])) {
        file_remove_tree(t->dir, &ignored);
    }
    return exit_code;
}

/* A dry run starts nothing. */
static int take_by(struct cli *cli, const struct opt_args *args, struct taking *t) {
    struct snapshot_command by;
    struct config config;
    struct err err = {0};
    bool dry = opt_has(args, &snapshot_options[N_SUBMIT + SUBMIT_DRY_RUN]), taken = false;
    int rc = snapshot_command_config(cli->dir, &config, &err);
    if (rc == 0) {
        rc = snapshot_command_find(&config, opt_text(args, &snapshot_options[N_BY]), t->path[0], t->id, &by, &err);
    }
    if (rc == 0) rc = snapshot_command_holds(&by, &err);
    if (rc != 0) return rc == ERR_INVALID ? cli_fail_input(cli, &err) : cli_fail(cli, &err);
    t->by = &by;
    t->begun = clock_wall_ns();
    if (!dry) rc = snapshot_command_take(&by, &err);
    taken = rc == 0 && !dry;
    if (taken) rc = snapshot_command_check(&by, &err);
    int exit_code = rc == 0 ? record(cli, args, t) : cli_fail_as(cli, &err, EXIT_SYSTEM);
    if (taken && exit_code != 0) {
        cli_note(cli, "ledger: recovery snapshot: nothing was recorded; the command may have left a snapshot '%s'", t->id);
    }
    return exit_code;
}

static int take(struct cli *cli, const struct opt_args *args, struct taking *t) {
    struct err err = {0};
    int rc = 0;
    for (size_t i = 0; i < args->n_args && rc == 0; i++) {
        rc = add_path(t, args->args[i], &err);
    }
    if (rc != 0) return cli_fail_input(cli, &err);
    make_id(t);
    return opt_has(args, &snapshot_options[N_BY]) ? take_by(cli, args, t) : take_copy(cli, args, t);
}

static int snapshot(struct cli *cli, const struct opt_args *args) {
    const char *keep = opt_text(args, &snapshot_options[N_KEEP]);
    struct taking t = {0};
    uint64_t age;
    if (keep != NULL && text_parse_duration(bytes_of(keep), &age) != 0) {
        return cli_usage(cli, "--keep is '%.60s'; expected a length of time: 12h, 30d", keep);
    }
    if (opt_has(args, &snapshot_options[N_BY]) && (args->n_args > 1 || opt_has(args, &snapshot_options[N_INTO]))) {
        return cli_usage(cli, "--by takes one PATH, and no --into: the configured command says where");
    }
    t.path = calloc(args->n_args, sizeof(*t.path));
    if (t.path == NULL) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory for the paths");
    int exit_code = take(cli, args, &t);
    for (size_t i = 0; i < t.n; i++) {
        free(t.path[i]);
    }
    free(t.path);
    return exit_code;
}

static const struct spec spec_snapshot = {
    .synopsis = "PATH ... [--into DIR | --by METHOD] [--keep AGE] [OPTIONS]",
    .about = "Copies files and directories, and records the copy as an event of grade measured: paths, digest,\n"
             "size, and (private) where it is. Files share their blocks with the originals where the file\n"
             "system can (reflink), so the copy then takes no room until they change. Links are copied, not\n"
             "followed. A step of T2 needs a snapshot that holds what it may write (docs/guards.md). DIR/ID has\n"
             "the copy: files/ the tree, list what each entry was. Exit code 4 if a file changed while it was\n"
             "read: nothing is recorded then.\n\n"
             "--by runs the command that the ledger's file 'config' has for btrfs, zfs or lvm (snapshot_METHOD),\n"
             "and then the one that asks whether the snapshot exists (snapshot_METHOD_check). Its content is not\n"
             "read, which the event says (verified_by=listing). Exit code 4 if either fails, or the second does\n"
             "not name it.",
    .examples =
        "ledger recovery snapshot /srv/data /etc/app.conf\nledger recovery snapshot /srv/data --into /srv/.snap --keep 7d\n"
        "ledger recovery snapshot /srv/data --by zfs",
    .opts = snapshot_options,
    .min_args = 1,
    .max_args = CLI_MANY,
    .run = snapshot,
};
static const struct command recovery[] = {
    {"snapshot", "copy files and directories, or have a file system do it, and record that", &spec_snapshot},
    {"verify", "read snapshots again, every byte, and record what was found", &recovery_verify},
    {"list", "list snapshots", &entities_list},
    {"show", "show one, why it is so, and by which events", &entities_show},
    {0},
};

const struct spec spec_recovery = {
    .synopsis = "snapshot | verify | list | show",
    .about = "Snapshots: copies from which a host can be recovered, and what steps of T2 need before they are\n"
             "taken.",
    .examples = "ledger recovery snapshot /srv/data\nledger recovery verify\nledger recovery list",
    .subs = recovery,
};
