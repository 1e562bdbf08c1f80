/* pack new: a directory with a manifest that is without a fault. */
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/packs/packs.h"
#include "cli/print/say.h"
#include "packs/manifest/fresh.h"

#define MANIFEST_BYTES_MAX 65536

enum { N_PUBLISHER, N_DIR };
static const struct opt options[] = {
    [N_PUBLISHER] = {"publisher", 0, "NAME", "name of the key that will sign it (default: example.org/NAME)"},
    [N_DIR] = {"dir", 0, "DIR", "directory to create (default: NAME)"},
    {0},
};

static int write_pack(const char *dir, struct bytes manifest, struct err *err) {
    char path[FILE_PATH_MAX];
    int rc = file_join(path, dir, "pack.yaml", err);
    if (rc == 0 && mkdir(dir, 0777) != 0) {
        rc = errno == EEXIST ? err_set(err, ERR_CONFLICT, "'%s' exists already", dir) : err_errno(err, errno, "'%s'", dir);
    }
    if (rc == 0) rc = file_create_durable(path, manifest, out_mode(OUT_PUBLIC), err);
    return rc;
}

static int run(struct cli *cli, const struct opt_args *args) {
    const char *name = args->args[0], *given = opt_text(args, &options[N_PUBLISHER]),
               *dir = opt_text(args, &options[N_DIR]);
    struct buf manifest = {.max = MANIFEST_BYTES_MAX}, publisher = {.max = FILE_PATH_MAX};
    struct err err = {0};
    int exit_code = EXIT_GOOD;
    buf_printf(&publisher, "%s%s", given != NULL ? given : "example.org/", given != NULL ? "" : name);
    dir = dir != NULL ? dir : name;
    int rc = buf_check(&publisher, "the publisher", &err);
    if (rc == 0) rc = fresh_manifest(bytes_of(name), bytes_of_buf(&publisher), &manifest, &err);
    if (rc == 0) rc = write_pack(dir, bytes_of_buf(&manifest), &err);
    if (rc != 0) {
        exit_code = rc == ERR_CONFLICT ? cli_fail_as(cli, &err, EXIT_INPUT) : cli_fail_input(cli, &err);
    } else if (cli->json) {
        struct obj obj = {0};
        obj_str(&obj, "pack", bytes_of(name));
        obj_str(&obj, "dir", bytes_of(dir));
        exit_code = cli_print(cli, &obj, true);
    } else {
        struct buf word = {.max = 2 * FILE_PATH_MAX};
        cli_word(bytes_of(dir), &word);
        out_printf(cli, "%s/pack.yaml\n", dir);
        cli_note(cli, "next: ledger pack validate %.*s", (int)word.n, (const char *)word.p);
        buf_done(&word);
    }
    buf_done(&publisher);
    buf_done(&manifest);
    return exit_code;
}

const struct spec packs_new = {
    .synopsis = "NAME [--publisher NAME] [--dir DIR]",
    .about = "Creates a directory with a small manifest that works: a pack that counts the words of a text.\n"
             "Exit code 3 if the directory exists, or the name is not one that a pack can have.",
    .examples = "ledger pack new my-pack --publisher example.org/alice",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
