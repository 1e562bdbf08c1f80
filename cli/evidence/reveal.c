/* reveal: single private fields of one event, for someone who needs proof of them. */
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/call/stop.h"
#include "cli/evidence/bundle.h"
#include "cli/evidence/handover.h"
#include "cli/open/open.h"
#include "ledger/event/event.h"

enum { R_PRIVATE, R_OUTPUT, R_PRINT, R_DRY_RUN, R_PLAIN, R_RECIPIENT, R_NOTE };
static const struct opt options[] = {
    [R_PRIVATE] = {"private", 0, "FIELDS", "the private fields to reveal: comma-separated names"},
    [R_OUTPUT] = {"output", 'o', "FILE", "write the bundle to FILE, which must not exist; - for standard output"},
    [R_PRINT] = {"print", 'p', NULL, "also show what is revealed"},
    [R_DRY_RUN] = {"dry-run", 'n', NULL, "only show what would be revealed: nothing is written or recorded"},
    [R_PLAIN] = {"plain", 0, NULL, "write a tar archive without compression"},
    [R_RECIPIENT] = {"recipient", 0, "WHO", "for whom it is; a private field of the event that records it"},
    [R_NOTE] = {"note", 0, "TEXT", "why; private too"},
    {0},
};

struct reveal {
    struct ledger *ledger;
    uint64_t seq;
    struct buf own;                       /* the names, each with a NUL */
    const char *name[EXPORT_PRIVATE_MAX]; /* sorted, each once */
    size_t n;
    struct export_options options;
    struct log_reader *reader;
    struct log_event event;
    struct buf private_; /* all of the event's */
    struct buf revealed; /* the map of the named ones */
};

/* ---- names ---- */

static int add_name(struct reveal *r, const char *text, size_t n, struct err *err) {
    if (n == 0 || r->n == EXPORT_PRIVATE_MAX) {
        return err_set(err, ERR_INVALID, "--private takes at most %d comma-separated names", EXPORT_PRIVATE_MAX);
    }
    char *name = (char *)r->own.p + r->own.n;
    buf_put(&r->own, text, n);
    buf_put_u8(&r->own, 0);
    int rc = buf_check(&r->own, "the names", err);
    if (rc != 0) return rc;
    size_t at = r->n;
    for (; at > 0 && strcmp(r->name[at - 1], name) > 0; at--) {
        r->name[at] = r->name[at - 1];
    }
    if (at > 0 && strcmp(r->name[at - 1], name) == 0) {
        return err_set(err, ERR_INVALID, "--private names '%.60s' twice", name);
    }
    r->name[at] = name;
    r->n++;
    return 0;
}

static int read_names(const struct opt_args *args, struct reveal *r, struct err *err) {
    const char *value;
    size_t at = 0;
    buf_room(&r->own, r->own.max); /* pointers to names are kept: it must not move */
    int rc = buf_check(&r->own, "the names", err);
    while (rc == 0 && (value = opt_next(args, &options[R_PRIVATE], &at)) != NULL) {
        bool more = true;
        while (rc == 0 && more) {
            size_t n = strcspn(value, ",");
            rc = add_name(r, value, n, err);
            more = value[n] == ',';
            value += n + 1;
        }
    }
    return rc;
}

/* ---- the event ---- */

/* Lists the private fields that exist, for the message. */
static void put_names(struct bytes map, struct buf *out) {
    struct mp_reader reader;
    struct mp_item item;
    mp_reader_init(&reader, map);
    uint32_t n = map.n > 0 && mp_next(&reader, &item, NULL) == 0 && item.type == MP_MAP ? item.count : 0;
    for (uint32_t i = 0; i < n; i++) {
        if (mp_next(&reader, &item, NULL) != 0 || mp_skip(&reader, 1, NULL, NULL) != 0) return;
        buf_put_str(out, i == 0 ? "" : ", ");
        buf_put_bytes(out, item.data);
    }
}

static int no_such_field(const struct reveal *r, const char *name, struct err *err) {
    struct buf there = {.max = 1 << 16};
    struct bytes raw;
    if (mp_map_get(r->event.body, name, &raw) == 0) {
        return err_set(err, ERR_NOTFOUND, "'%.60s' is an open field of event %llu: it leaves with the body", name,
                       (unsigned long long)r->seq);
    }
    put_names(bytes_of_buf(&r->private_), &there);
    buf_put_u8(&there, 0);
    int rc = there.fail != 0 || there.n <= 1
                 ? err_set(err, ERR_NOTFOUND, "event %llu has no private fields%s", (unsigned long long)r->seq,
                           r->event.has_private ? " any more: they were erased" : "")
                 : err_set(err, ERR_NOTFOUND, "event %llu has no private field '%.60s'; it has %.400s",
                           (unsigned long long)r->seq, name, (const char *)there.p);
    buf_done(&there);
    return rc;
}

static int read_event(struct reveal *r, struct err *err) {
    struct log_head head = {0};
    int rc = log_head(r->ledger, &head, err);
    if (rc == 0 && r->seq >= head.size) {
        rc = err_set(err, ERR_NOTFOUND, "there is no event %llu: the newest is %llu", (unsigned long long)r->seq,
                     (unsigned long long)(head.size - 1));
    }
    if (rc == 0) rc = log_reader_open(r->ledger, r->seq, r->seq + 1, &r->reader, err);
    if (rc == 0) rc = log_reader_next(r->reader, &r->event, err);
    if (rc == 0 && r->event.payload.n == 0) {
        rc = err_set(err, ERR_NOTFOUND, "the body of event %llu was erased", (unsigned long long)r->seq);
    }
    if (rc == 0 && r->event.has_private) rc = log_reader_private(r->reader, &r->private_, err);
    if (rc == 0) {
        mp_put_map(&r->revealed, (uint32_t)r->n);
    }
    for (size_t i = 0; i < r->n && rc == 0; i++) {
        struct bytes raw;
        if (r->private_.n == 0 || mp_map_get(bytes_of_buf(&r->private_), r->name[i], &raw) != 0) {
            rc = no_such_field(r, r->name[i], err);
        } else {
            mp_put_str(&r->revealed, bytes_of(r->name[i]));
            buf_put_bytes(&r->revealed, raw);
        }
    }
    if (rc == 0) rc = buf_check(&r->revealed, "the fields", err);
    return rc;
}

/* ---- all of it ---- */

static int write_it(struct cli *cli, const struct opt_args *args, struct reveal *r, const char *path) {
    struct buf query = {.max = 256};
    struct handover_bundle bundle = {.ledger = r->ledger,
                                     .options = &r->options,
                                     .recipient = opt_text(args, &options[R_RECIPIENT]),
                                     .note = opt_text(args, &options[R_NOTE])};
    buf_printf(&query, "event %llu", (unsigned long long)r->seq);
    bundle.query = bytes_of_buf(&query);
    int exit_code = hand_over_bundle(cli, &bundle, path);
    buf_done(&query);
    if (exit_code != 0 || out_is_stdout(path)) return exit_code;
    struct err err = {0};
    if (opt_has(args, &options[R_PRINT]) &&
        bundle_print_event(cli, NULL, &r->event, bytes_of_buf(&r->revealed), &(struct corrected){0}, &err) != 0) {
        return cli_fail(cli, &err);
    }
    struct handover_done done = {path, bundle.bytes, bundle.receipt.seq, bundle.digest};
    if (!cli->json) {
        handover_say(cli, &done);
        return cli_end(cli, EXIT_GOOD);
    }
    struct obj obj = {0};
    handover_put(&obj, &done);
    obj_uint(&obj, "seq", r->seq);
    obj_uint(&obj, "private_fields", bundle.counts.private_);
    exit_code = cli_print(cli, &obj, opt_has(args, &options[R_PRINT]));
    return exit_code;
}

static int reveal(struct cli *cli, const struct opt_args *args, struct reveal *r, const char *path) {
    struct err err = {0};
    bool dry = opt_has(args, &options[R_DRY_RUN]);
    int rc = read_event(r, &err);
    if (rc != 0) return cli_fail_lookup(cli, &err);
    export_options_init(&r->options);
    r->options.private_ = r->name;
    r->options.n_private = r->n;
    r->options.seqs = &r->seq;
    r->options.n_seqs = 1;
    r->options.plain = opt_has(args, &options[R_PLAIN]);
    r->options.stop = stop_catch();
    if (!dry) return write_it(cli, args, r, path);
    struct export_counts counts;
    rc = export_plan(r->ledger, &r->options, NULL, NULL, &counts, &err);
    if (rc != 0) return handover_fail(cli, rc, &err);
    if (counts.secrets > 0) {
        return cli_refuse(cli, EXIT_INPUT, ERR_INVALID,
                          "event %llu holds what looks like a secret: it would not be revealed",
                          (unsigned long long)r->seq);
    }
    rc = bundle_print_event(cli, NULL, &r->event, bytes_of_buf(&r->revealed), &(struct corrected){0}, &err);
    return rc != 0 ? cli_fail(cli, &err) : cli_end(cli, EXIT_GOOD);
}

static int run_reveal(struct cli *cli, const struct opt_args *args) {
    const char *path = opt_text(args, &options[R_OUTPUT]);
    bool dry = opt_has(args, &options[R_DRY_RUN]);
    struct err err = {0};
    struct reveal *r = calloc(1, sizeof(*r));
    int exit_code;
    if (!r) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory for an event");
    buf_init(&r->own, 1 << 14);
    buf_init(&r->private_, 2 * EVENT_PRIVATE_MAX);
    buf_init(&r->revealed, 2 * EVENT_PRIVATE_MAX);
    if (cli_seq(cli, args->args[0], &r->seq) != 0) {
        exit_code = EXIT_USAGE;
    } else if (!opt_has(args, &options[R_PRIVATE])) {
        exit_code = cli_usage(cli, "which fields? --private FIELD[,FIELD] names them; 'ledger show SEQ' lists them");
    } else if (path == NULL && !dry) {
        exit_code = cli_usage(cli, "where to? -o FILE writes the bundle, --dry-run shows what would be revealed");
    } else if (!dry && out_is_stdout(path) && opt_has(args, &options[R_PRINT])) {
        exit_code = cli_usage(cli, "--print and the bundle cannot both go to standard output");
    } else if (read_names(args, r, &err) != 0) {
        exit_code = cli_fail_input(cli, &err);
    } else {
        exit_code = cli_open(cli, dry ? CLI_READ : CLI_WRITE, &r->ledger);
        if (exit_code == 0) exit_code = reveal(cli, args, r, path);
    }
    log_reader_close(r->reader);
    log_close(r->ledger);
    buf_done(&r->revealed);
    buf_done(&r->private_);
    buf_done(&r->own);
    free(r);
    return exit_code;
}

const struct spec spec_reveal = {
    .synopsis = "SEQ --private FIELD[,FIELD] -o FILE [OPTIONS]",
    .about = "Writes a bundle of one event that discloses these private fields and proves that they are what\n"
             "was recorded ('ledger verify FILE --print'). It also includes the event's header and open\n"
             "fields, and its other private fields as digests. Nothing is written if the content looks like a\n"
             "secret, or if FILE exists. The bundle is recorded as an event. Exit code 1 if there is no such\n"
             "event or field.",
    .examples = "ledger reveal 118 --private prompt --dry-run\n"
                "ledger reveal 118 --private prompt,output -o 118.tar.zst --recipient auditor",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = run_reveal,
};
