/* eval new: a suite to begin with. */
#include <string.h>

#include "base/file.h"
#include "cli/evals/evals.h"
#include "cli/print/say.h"
#include "evals/suite/suite.h"

#define SUITE_BYTES_MAX 65536

static int run(struct cli *cli, const struct opt_args *args) {
    const char *path = args->args[0];
    struct buf text = {.max = SUITE_BYTES_MAX};
    struct err err = {0};
    int exit_code = EXIT_GOOD;
    const size_t n = strlen(path);
    const bool shown = strcmp(path, "-") == 0, json = n > 5 && strcmp(path + n - 5, ".json") == 0;
    int rc = suite_fresh(json || (shown && cli->json), &text, &err);
    if (rc == 0 && shown) {
        out_bytes(cli, bytes_of_buf(&text));
        buf_done(&text);
        return EXIT_GOOD;
    }
    if (rc == 0) rc = file_create_durable(path, bytes_of_buf(&text), out_mode(OUT_PUBLIC), &err);
    if (rc != 0) {
        exit_code = rc == ERR_CONFLICT ? cli_fail_as(cli, &err, EXIT_INPUT) : cli_fail_input(cli, &err);
    } else if (cli->json) {
        struct obj obj = {0};
        obj_str(&obj, "file", bytes_of(path));
        exit_code = cli_print(cli, &obj, true);
    } else {
        struct buf word = {.max = 2 * FILE_PATH_MAX};
        cli_word(bytes_of(path), &word);
        out_safe(cli, bytes_of(path));
        out_str(cli, "\n");
        cli_note(cli, "next: ledger eval validate %.*s", (int)word.n, (const char *)word.p);
        buf_done(&word);
    }
    buf_done(&text);
    return exit_code;
}

const struct spec evals_new = {
    .synopsis = "FILE",
    .about = "Writes a small suite that has no fault: a beginning. It is YAML with comments; in a FILE whose name ends\n"
             "with .json it is JSON. A FILE of '-' is standard output, where --json asks for JSON. Exit code 3 if the\n"
             "file exists.",
    .examples = "ledger eval new sums.yaml && ledger eval validate sums.yaml",
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
