/* prove: the proof of one event, to be checked elsewhere. */
#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "ledger/event/event.h"

enum { P_OUTPUT, P_LEAF, P_PAYLOAD };
static const struct opt options[] = {
    [P_OUTPUT] = {"output", 'o', "FILE", "write the proof to FILE (default: standard output)"},
    [P_LEAF] = {"leaf", 0, "FILE", "also write the leaf, the event's header, to FILE"},
    [P_PAYLOAD] = {"payload", 0, "FILE", "also write salt and payload to FILE: this discloses the body"},
    {0},
};

#define PROOF_MAX ((size_t)1 << 20)

struct proof {
    struct buf proof, leaf, payload;
};

static void put_base64(struct obj *obj, const char *key, const struct buf *data) {
    struct buf text = {.max = 4 * EVENT_PAYLOAD_MAX};
    text_base64(&text, data->p, data->n);
    obj_str(obj, key, bytes_of_buf(&text));
    buf_done(&text);
}

static int print_json(struct cli *cli, uint64_t seq, const struct proof *p, bool payload) {
    struct obj obj = {0};
    obj_uint(&obj, "seq", seq);
    obj_str(&obj, "proof", bytes_of_buf(&p->proof));
    put_base64(&obj, "leaf", &p->leaf);
    if (payload) {
        put_base64(&obj, "payload", &p->payload);
    }
    return cli_print(cli, &obj, false);
}

static int write_all(struct cli *cli, const struct opt_args *args, uint64_t seq, const struct proof *p) {
    const char *output = opt_text(args, &options[P_OUTPUT]), *leaf = opt_text(args, &options[P_LEAF]);
    const char *payload = opt_text(args, &options[P_PAYLOAD]);
    int exit_code = leaf ? cli_file(cli, leaf, OUT_PUBLIC, bytes_of_buf(&p->leaf)) : 0;
    if (exit_code == 0 && payload) {
        exit_code = cli_file(cli, payload, OUT_CONTENT, bytes_of_buf(&p->payload));
    }
    if (exit_code == 0 && (output || !cli->json)) {
        exit_code = cli_file(cli, output, OUT_PUBLIC, bytes_of_buf(&p->proof));
    }
    if (exit_code == 0 && cli->json) {
        exit_code = print_json(cli, seq, p, payload != NULL);
    }
    return exit_code;
}

static int prove(struct cli *cli, const struct opt_args *args) {
    uint64_t seq = 0;
    struct ledger *ledger = NULL;
    struct proof p;
    struct err err = {0};
    if (cli_seq(cli, args->args[0], &seq) != 0) return EXIT_USAGE;
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    buf_init(&p.proof, PROOF_MAX);
    buf_init(&p.leaf, EVENT_HEADER_MAX);
    buf_init(&p.payload, EVENT_HASH + EVENT_PAYLOAD_MAX);
    int rc = log_prove(ledger, seq, &p.proof, &p.leaf, opt_has(args, &options[P_PAYLOAD]) ? &p.payload : NULL, &err);
    exit_code = rc == 0 ? write_all(cli, args, seq, &p) : cli_fail_lookup(cli, &err);
    buf_done(&p.payload);
    buf_done(&p.leaf);
    buf_done(&p.proof);
    log_close(ledger);
    return exit_code;
}

const struct spec spec_prove = {
    .synopsis = "SEQ [-o FILE] [--leaf FILE] [--payload FILE]",
    .about = "Writes the proof that event SEQ is in the log, against the newest checkpoint (C2SP tlog-proof).\n"
             "Together, proof and leaf can be checked without the ledger, by 'ledger verify' and by other\n"
             "tools. Exit code 1 if there is no such event.",
    .examples = "ledger prove 118 -o 118.tlog-proof --leaf 118.leaf --payload 118.payload",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = prove,
};
