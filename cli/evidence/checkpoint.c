/* checkpoint: the newest signed note, as witnesses and auditors want it, or kept in a file that only moves forward. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "cli/open/rival.h"
#include "ledger/tree/note.h"

enum { C_OUTPUT, C_SAVE };
static const struct opt options[] = {
    [C_OUTPUT] = {"output", 'o', "FILE", "write to FILE instead of standard output"},
    [C_SAVE] = {"save", 0, "FILE", "keep it in FILE, durably; never replaces a newer one, or that of another log"},
    {0},
};

static int print_json(struct cli *cli, struct bytes note_bytes, const char *saved, struct err *err) {
    struct note note;
    struct checkpoint checkpoint;
    int rc = note_decode(note_bytes, &note, err);
    if (rc == 0) rc = checkpoint_decode(note.text, &checkpoint, err);
    if (rc != 0) return cli_fail(cli, err);
    struct obj obj = {0};
    obj_str(&obj, "origin", checkpoint.origin);
    obj_uint(&obj, "size", checkpoint.size);
    obj_hex(&obj, "root", checkpoint.root, MERKLE_HASH);
    obj_str(&obj, "note", note_bytes);
    if (saved) {
        obj_text(&obj, "saved", saved);
    }
    return cli_print(cli, &obj, false);
}

/* ---- keeping one ---- */

/* The checkpoint that the file holds. */
struct kept {
    struct buf bytes;
    struct note note;
    struct checkpoint point;
};

/* Returns 0, or 1 when the file does not exist yet. */
static int read_kept(const char *path, struct kept *kept, struct err *err) {
    struct stat st;
    if (stat(path, &st) != 0) return errno == ENOENT ? 1 : err_errno(err, errno, "'%s'", path);
    if (!S_ISREG(st.st_mode)) return err_set(err, ERR_INVALID, "'%s' is not a regular file", path);
    int rc = file_read_regular(path, &kept->bytes, err);
    if (rc == ERR_LIMIT || (rc == 0 && note_decode(bytes_of_buf(&kept->bytes), &kept->note, NULL) != 0) ||
        (rc == 0 && checkpoint_decode(kept->note.text, &kept->point, NULL) != 0)) {
        rc = err_set(err, ERR_INVALID, "'%s' exists and is not a checkpoint; it was left unchanged", path);
    }
    return rc;
}

/* The kept checkpoint does not fit this ledger: it is not replaced, and both are shown. */
static int refuse(struct cli *cli, struct ledger *ledger, const char *path, const struct kept *kept,
                  const struct rivals *rivals) {
    struct log_trust *trust = log_trust_new();
    struct err err = {0};
    const struct rival *rival = &rivals->rival[0];
    if (note_check_key(&kept->note, &ledger->log, NULL) != NOTE_GOOD) {
        log_trust_free(trust);
        return cli_refuse(cli, EXIT_INPUT, ERR_INVALID,
                          "'%s' is a checkpoint of '%.*s' that this log's key has not signed; it is left as it is", path,
                          kept->point.origin.n < 256 ? (int)kept->point.origin.n : 256, (const char *)kept->point.origin.p);
    }
    if (!trust || log_trust_checkpoint(trust, path, &err) != 0) {
        log_trust_free(trust);
        return cli_fail(cli, &err);
    }
    if (rival->stand == RIVAL_AHEAD) {
        err_set(
            &err, ERR_ROLLBACK,
            "'%s' knows %llu event%s, but there are only %llu here: the ledger was cut back or set back; the file stays",
            path, (unsigned long long)rival->size, text_s(rival->size), (unsigned long long)rivals->size);
    } else {
        err_set(&err, ERR_CONFLICT, "the first %llu event%s %s '%s' knows: another history; the file stays",
                (unsigned long long)rival->size, text_s(rival->size), text_differs(rival->size), path);
    }
    if (cli->json) {
        struct obj obj = {0};
        rivals_put(&obj, rivals, trust);
        cli_print(cli, &obj, false);
        obj_done(&obj);
    } else {
        rivals_print(cli, rivals, trust);
    }
    log_trust_free(trust);
    return cli_fail_as(cli, &err, EXIT_CONTRADICTS);
}

/* Call under the lock. The ledger is read after the file, so no checkpoint saved before can be newer than what is seen
 * here. */
static int save_locked(struct cli *cli, struct ledger *ledger, const char *path, struct kept *kept, struct rivals *rivals) {
    struct core_view view = {0};
    struct buf note = {.max = NOTE_MAX};
    struct rival rival = {0};
    struct err err = {0};
    bool write = false;
    int rc = read_kept(path, kept, &err);
    if (rc < 0) {
        buf_done(&note);
        return cli_fail_input(cli, &err);
    }
    bool fresh = rc == 1;
    struct bytes newest;
    rc = core_view_begin(ledger, &view, &err);
    if (rc == 0) rc = core_checkpoint_get(view.txn, &newest, &err);
    if (rc == 0) {
        buf_put_bytes(&note, newest);
        rc = buf_check(&note, "the checkpoint", &err);
    }
    if (rc == 0 && !fresh) {
        rc = rival_compare(&view, kept->point.size, kept->point.root, &rival, &err);
    }
    if (rc == 0 && rival.stand != RIVAL_FITS) {
        rivals_add(rivals, &rival, bytes_of_buf(&note), view.head.size);
    }
    write = fresh || kept->point.size != view.head.size; /* same tree: the kept one may have cosignatures */
    core_view_end(&view);
    int exit_code;
    if (rc != 0) {
        exit_code = cli_fail(cli, &err);
    } else if (rival.stand != RIVAL_FITS) {
        exit_code = refuse(cli, ledger, path, kept, rivals);
    } else if (write && file_write_durable(path, bytes_of_buf(&note), out_mode(OUT_PUBLIC), &err) != 0) {
        exit_code = cli_fail(cli, &err);
    } else if (cli->json) {
        exit_code = print_json(cli, bytes_of_buf(write ? &note : &kept->bytes), write ? "new" : "unchanged", &err);
    } else {
        cli_note(cli, write ? "'%s': the checkpoint is saved" : "'%s' has the newest checkpoint already", path);
        exit_code = EXIT_GOOD;
    }
    buf_done(&note);
    return exit_code;
}

/* Several processes may save at once: the last one must not replace a newer checkpoint with an older one. The lock is on
 * the directory, because the file is replaced. */
static int save(struct cli *cli, struct ledger *ledger, const char *path) {
    char dir[FILE_PATH_MAX];
    struct err err = {0};
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    if (n >= sizeof(dir)) {
        return cli_refuse(cli, EXIT_INPUT, ERR_LIMIT, "the path is longer than %d bytes", FILE_PATH_MAX - 1);
    }
    memcpy(dir, path, n);
    memcpy(dir + n, ".", 2);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : 0;
    while (rc == 0 && flock(fd, LOCK_EX) != 0) {
        rc = errno == EINTR ? 0 : -1;
    }
    if (rc != 0) {
        err_errno(&err, errno, "the directory of '%s'", path);
        if (fd >= 0) {
            close(fd);
        }
        return cli_fail(cli, &err);
    }
    struct kept *kept = calloc(1, sizeof(*kept));
    struct rivals *rivals = calloc(1, sizeof(*rivals));
    int exit_code;
    if (!kept || !rivals) {
        exit_code = cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory for the checkpoint");
    } else {
        buf_init(&kept->bytes, NOTE_MAX);
        exit_code = save_locked(cli, ledger, path, kept, rivals);
        buf_done(&kept->bytes);
    }
    free(rivals);
    free(kept);
    close(fd);
    return exit_code;
}

/* ---- printing it ---- */

static int print(struct cli *cli, struct ledger *ledger, const char *output) {
    struct buf note = {.max = NOTE_MAX};
    struct err err = {0};
    int exit_code = EXIT_GOOD;
    int rc = log_checkpoint(ledger, &note, &err);
    if (rc != 0) {
        exit_code = cli_fail(cli, &err);
    } else {
        if (output || !cli->json) {
            exit_code = cli_file(cli, output, OUT_PUBLIC, bytes_of_buf(&note));
        }
        if (exit_code == 0 && cli->json) {
            exit_code = print_json(cli, bytes_of_buf(&note), NULL, &err);
        }
    }
    buf_done(&note);
    return exit_code;
}

static int run_checkpoint(struct cli *cli, const struct opt_args *args) {
    struct ledger *ledger = NULL;
    const char *output = opt_text(args, &options[C_OUTPUT]), *kept = opt_text(args, &options[C_SAVE]);
    if (output && kept) {
        return cli_usage(cli, "-o writes over whatever is there, --save does not: one of them");
    }
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    exit_code = kept ? save(cli, ledger, kept) : print(cli, ledger, output);
    log_close(ledger);
    return exit_code;
}

const struct spec spec_checkpoint = {
    .synopsis = "[-o FILE | --save FILE]",
    .about = "Prints the newest checkpoint: origin, size and root of the tree, signed by log key and epoch key\n"
             "(a C2SP signed note). Kept elsewhere, it pins everything up to now. --save keeps it in FILE: an\n"
             "existing checkpoint is replaced only if the ledger still begins with exactly the events it\n"
             "covers. Otherwise FILE stays, both checkpoints are printed as evidence, and the exit code is 20.",
    .examples = "ledger checkpoint -o box-1.checkpoint\nledger checkpoint --save /mnt/elsewhere/box-1.checkpoint\n"
                "ledger verify --checkpoint box-1.checkpoint",
    .opts = options,
    .run = run_checkpoint,
};
