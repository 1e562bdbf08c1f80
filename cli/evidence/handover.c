/* Failures become exit codes here; lib/handover/handover.h defines the order of writing, recording and naming. */
#include "cli/evidence/handover.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/evidence/report.h"
#include "cli/print/say.h"

int handover_fail(struct cli *cli, int rc, const struct err *err) {
    return rc == ERR_INVALID || rc == ERR_LIMIT ? cli_fail_input(cli, err)
           : rc == ERR_NOTFOUND                 ? cli_fail_lookup(cli, err)
           : rc == ERR_CONFLICT                 ? cli_fail_as(cli, err, EXIT_SYSTEM) /* other processes keep erasing */
                                                : cli_fail(cli, err);
}

/* The file is complete and recorded before its first byte leaves. */
static int to_stdout(struct cli *cli, const struct handover *how, const char *what) {
    struct err err = {0};
    if (cli->out_tty) {
        return cli_usage(cli, "%s does not go to a terminal; -o FILE writes it to a file", what);
    }
    int rc = handover_to_fd(how, STDOUT_FILENO, "standard output", &err);
    return rc != 0 ? handover_fail(cli, rc, &err) : 0;
}

int hand_over(struct cli *cli, const struct handover *how, const char *what, const char *path) {
    struct err err = {0};
    bool named = false;
    if (out_is_stdout(path)) return to_stdout(cli, how, what);
    int rc = handover_to_path(how, path, out_mode(OUT_CONTENT), &named, &err);
    if (named && rc == ERR_CONFLICT) {
        return cli_refuse(cli, EXIT_INPUT, ERR_INVALID, "'%s' exists already; %s never replaces a file", path, what);
    }
    return rc == 0 ? 0 : named ? cli_fail(cli, &err) : handover_fail(cli, rc, &err);
}

/* ---- bundles ---- */

static int write_bundle(void *ctx, int fd, struct err *err) {
    struct handover_bundle *b = ctx;
    return export_write(b->ledger, b->options, fd, &b->counts, b->digest, &b->bytes, err);
}

static int record_bundle(void *ctx, const char *path, struct err *err) {
    struct handover_bundle *b = ctx;
    char actor[128];
    struct export_record record = {.counts = &b->counts,
                                   .digest = b->digest,
                                   .bytes = b->bytes,
                                   .query = b->query,
                                   .to.actor = cli_actor(NULL, actor),
                                   .to.path = path,
                                   .to.recipient = b->recipient,
                                   .to.note = b->note};
    return export_record(b->ledger, b->options, &record, &b->receipt, err);
}

int hand_over_bundle(struct cli *cli, struct handover_bundle *bundle, const char *path) {
    struct handover how = {write_bundle, record_bundle, bundle};
    const struct export_options *asked = bundle->options;
    struct export_options options = *asked;
    options.beside = out_is_stdout(path) ? NULL : path;
    bundle->options = &options;
    int rc = hand_over(cli, &how, "a bundle", path);
    bundle->options = asked;
    return rc;
}

/* ---- what is said ---- */

void handover_say(struct cli *cli, const struct handover_done *done) {
    char size[32], hex[2 * LOG_HASH + 1];
    struct buf text = {.max = 2 * FILE_PATH_MAX};
    text_hex(hex, done->digest, LOG_HASH);
    out_size(size, done->bytes);
    buf_printf(&text, "%s: %s, sha256 %s, recorded as event %llu", done->path, size, hex,
               (unsigned long long)done->recorded);
    report_wrapped(cli, bytes_of_buf(&text), 2);
    buf_done(&text);
}

void handover_put(struct obj *obj, const struct handover_done *done) {
    obj_text(obj, "path", done->path);
    obj_uint(obj, "bytes", done->bytes);
    obj_hex(obj, "sha256", done->digest, LOG_HASH);
    obj_uint(obj, "recorded", done->recorded);
}
