/* checkpoint: the newest signed note, as witnesses and auditors want it. */
#include "cli/cli.h"
#include "cli/obj.h"
#include "cli/out.h"
#include "ledger/note.h"

enum { C_OUTPUT };
static const struct opt options[] = {
    [C_OUTPUT] = {"output", 'o', "FILE", "write to FILE instead of standard output"},
    {0},
};

static int print_json(struct cli *cli, struct bytes note_bytes, struct err *err) {
    struct note note;
    struct checkpoint checkpoint;
    int rc = note_decode(note_bytes, &note, err);
    rc = rc != 0 ? rc : checkpoint_decode(note.text, &checkpoint, err);
    if (rc != 0) {
        return cli_fail(cli, err);
    }
    struct obj obj;
    obj_init(&obj);
    obj_str(&obj, "origin", checkpoint.origin);
    obj_uint(&obj, "size", checkpoint.size);
    obj_hex(&obj, "root", checkpoint.root, MERKLE_HASH);
    obj_str(&obj, "note", note_bytes);
    int exit_code = obj_print(cli, &obj, false);
    obj_done(&obj);
    return exit_code;
}

static int run_checkpoint(struct cli *cli, const struct opt_args *args) {
    struct ledger *ledger = NULL;
    struct buf note;
    struct err err = {0};
    const char *output = opt_text(args, &options[C_OUTPUT]);
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) {
        return exit_code;
    }
    buf_init(&note, NOTE_MAX);
    int rc = ledger_checkpoint(ledger, &note, &err);
    if (rc != 0) {
        exit_code = cli_fail(cli, &err);
    } else {
        if (output || !cli->json) {
            exit_code = out_file(cli, output, bytes_of_buf(&note));
        }
        if (exit_code == 0 && cli->json) {
            exit_code = print_json(cli, bytes_of_buf(&note), &err);
        }
    }
    buf_done(&note);
    ledger_close(ledger);
    return exit_code;
}

const struct spec spec_checkpoint = {
    .synopsis = "[-o FILE]",
    .about = "Prints the newest checkpoint: origin, size and root of the tree, signed by log key and epoch key\n"
             "(a signed note of C2SP). Kept somewhere else it pins everything up to now.",
    .examples = "ledger checkpoint -o box-1.checkpoint\nledger verify --checkpoint box-1.checkpoint",
    .opts = options,
    .run = run_checkpoint,
};
