/* Lines are read with read(2), in this process, as a bundle is. */
#include "cli/evidence/streamed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/call/stop.h"
#include "cli/evidence/report.h"
#include "cli/print/say.h"
#include "export/stream/stream.h"

static int print_json(struct cli *cli, const char *path, const struct stream_report *r) {
    const struct export_counts *n = &r->report.counts;
    struct obj obj = {0}, stream = {0};
    report_put(&obj, path, &r->report.log);
    obj_uint(&stream, "lines", r->lines);
    obj_uint(&stream, "sections", r->sections);
    obj_uint(&stream, "checkpoints", r->checkpoints);
    obj_uint(&stream, "from", n->from);
    obj_uint(&stream, "to", n->to);
    obj_uint(&stream, "sealed", r->sealed);
    obj_uint(&stream, "repeated", r->repeated);
    obj_uint(&stream, "headers", n->headers);
    obj_uint(&stream, "disclosed", n->disclosed);
    obj_uint(&stream, "private_fields", n->private_);
    obj_uint(&stream, "erased", n->erased);
    obj_uint(&stream, "withheld", n->withheld);
    obj_obj(&obj, "stream", &stream);
    return cli_print(cli, &obj, false);
}

int streamed_verify(struct cli *cli, const char *path, const struct log_trust *trust) {
    const char *what = strcmp(path, "-") == 0 ? "standard input" : path;
    struct export_verify_options options = {.trust = trust, .stop = stop_catch()};
    struct stream_report *report = calloc(1, sizeof(*report));
    struct out_progress progress;
    struct err err = {0};
    if (report == NULL) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory for the report");
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? err_errno(&err, errno, "'%s'", path) : 0;
    if (rc == 0) {
        out_progress_init(&progress, cli, "verifying");
        options.progress = out_progress_draw;
        options.progress_ctx = &progress;
        rc = stream_verify(fd, &options, report, &err);
        out_progress_end(&progress);
        close(fd);
    }
    int exit_code;
    if (rc != 0) {
        exit_code = cli_fail_input(cli, &err);
    } else if (cli->json) {
        exit_code = print_json(cli, what, report);
        exit_code = exit_code == 0 ? (int)report->report.log.verdict : exit_code;
    } else {
        exit_code = report_print(cli, what, &report->report.log);
    }
    free(report);
    return exit_code;
}
