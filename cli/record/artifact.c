/* artifact: files stored by their content. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/call/command.h"
#include "cli/open/open.h"

#define SHOWN_MAX ((size_t)16 << 20)

static int put(struct cli *cli, const struct opt_args *args) {
    struct ledger *ledger = NULL;
    struct err err = {0};
    char id[LOG_ARTIFACT_ID];
    uint64_t size = 0;
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = log_artifact_put(ledger, args->args[0], id, &size, &err);
    log_close(ledger);
    if (rc != 0) return cli_fail_input(cli, &err);
    if (!cli->json) {
        out_printf(cli, "%s\n", id);
        return EXIT_GOOD;
    }
    struct obj obj = {0};
    obj_text(&obj, "id", id);
    obj_uint(&obj, "size", size);
    exit_code = cli_print(cli, &obj, true);
    return exit_code;
}

/* "artifact:sha256:<hex>", "sha256:<hex>" or "<hex>". */
static int full_id(const char *text, char ret[LOG_ARTIFACT_ID], struct err *err) {
    uint8_t digest[32];
    const char *hex = text;
    hex += strncmp(hex, "artifact:", 9) == 0 ? 9 : 0;
    hex += strncmp(hex, "sha256:", 7) == 0 ? 7 : 0;
    if (text_unhex(digest, sizeof(digest), bytes_of(hex)) != 0) {
        return err_set(err, ERR_INVALID,
                       "'%.100s' is not an artifact id (expected artifact:sha256:<64 lowercase hex digits>)", text);
    }
    snprintf(ret, LOG_ARTIFACT_ID, "artifact:sha256:%s", hex);
    return 0;
}

/* The file gets its name only if its hash is right, so it is never partial or wrong. */
static int get_file(struct cli *cli, struct ledger *ledger, const char *id, const char *path) {
    struct file_out out;
    struct err err = {0};
    if (file_out_begin(&out, path, out_mode(OUT_CONTENT), &err) != 0) {
        return cli_fail_as(cli, &err, EXIT_SYSTEM);
    }
    if (log_artifact_get(ledger, id, out.fd, &err) != 0) {
        file_out_abort(&out);
        return cli_fail_lookup(cli, &err);
    }
    return file_out_commit(&out, &err) == 0 ? EXIT_GOOD : cli_fail_as(cli, &err, EXIT_SYSTEM);
}

static int take_piece(void *ctx, struct bytes piece, struct err *err) {
    struct buf *all = ctx;
    buf_put_bytes(all, piece);
    return buf_check(all, "the stored file", err);
}

/* On a terminal, which must not get raw bytes: checked first, then shown as text. */
static int get_shown(struct cli *cli, struct ledger *ledger, const char *id) {
    struct err err = {0};
    struct stat st;
    struct buf all = {.max = SHOWN_MAX};
    int fd = memfd_create("artifact", MFD_CLOEXEC);
    int rc = fd < 0 ? err_errno(&err, errno, "memory for the stored file") : log_artifact_get(ledger, id, fd, &err);
    if (rc == 0 && fstat(fd, &st) != 0) rc = err_errno(&err, errno, "memory for the stored file");
    if (rc == 0) rc = file_read_back(fd, (uint64_t)st.st_size, take_piece, &all, &err);
    if (rc == 0) {
        out_data(cli, bytes_of_buf(&all));
    } else if (rc == ERR_LIMIT) {
        err_set(&err, rc, "a stored file of more than %zu MiB is not shown on a terminal; use -o FILE or a pipe",
                SHOWN_MAX >> 20);
    }
    buf_done(&all);
    if (fd >= 0) {
        close(fd);
    }
    return rc == 0 ? EXIT_GOOD : cli_fail_lookup(cli, &err);
}

enum { G_OUTPUT };
static const struct opt get_options[] = {
    [G_OUTPUT] = {"output", 'o', "FILE", "write to FILE instead of standard output"},
    {0},
};

static int get(struct cli *cli, const struct opt_args *args) {
    const char *path = opt_text(args, &get_options[G_OUTPUT]);
    char id[LOG_ARTIFACT_ID];
    struct ledger *ledger = NULL;
    struct err err = {0};
    if (full_id(args->args[0], id, &err) != 0) return cli_fail_input(cli, &err);
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    if (!out_is_stdout(path)) {
        exit_code = get_file(cli, ledger, id, path);
    } else if (cli->out_tty) {
        exit_code = get_shown(cli, ledger, id);
    } else if (log_artifact_get(ledger, id, STDOUT_FILENO, &err) != 0) {
        exit_code = cli_fail_lookup(cli, &err);
    }
    log_close(ledger);
    return exit_code;
}

static const struct spec spec_put = {
    .synopsis = "FILE",
    .about = "Stores a file (- for standard input) by its content and, once it is durable, prints its name,\n"
             "artifact:sha256:<hex>. The event ledger.stored is written with it, so 'ledger verify' notices if\n"
             "the file is missing. Storing the same bytes again changes nothing.",
    .examples = "ledger artifact put report.pdf",
    .min_args = 1,
    .max_args = 1,
    .run = put,
};

static const struct spec spec_get = {
    .synopsis = "ID [-o FILE]",
    .about = "Writes a stored file and checks its hash. Exit code 30 if the bytes are not those that were\n"
             "stored (FILE is then not written), 1 if there is no such artifact. On a terminal it is shown as\n"
             "text, with control characters made visible.",
    .examples = "ledger artifact get artifact:sha256:2c26...ae -o report.pdf",
    .opts = get_options,
    .min_args = 1,
    .max_args = 1,
    .run = get,
};

static const struct command subs[] = {
    {"put", "store a file and print its name", &spec_put},
    {"get", "retrieve a stored file", &spec_get},
    {0},
};

const struct spec spec_artifact = {
    .synopsis = "put FILE | get ID [-o FILE]",
    .about = "Files, model outputs and manifests are stored by their content, so that an event can name one\n"
             "and anyone can check that it is the right one.",
    .subs = subs,
};
