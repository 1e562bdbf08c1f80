/* A verification keeps the file of its gates, so that the next one asks the same without being told, and so that anybody who has
 * the ledger can ask again. Other gates are asked only where they are named. */
#include "cli/promote/gates.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/print/say.h"

#define GATES_MAX ((size_t)1 << 20)

struct faults {
    struct cli *cli;
    const char *path;
    bool any;
};

static void note_fault(void *ctx, unsigned line, unsigned column, const char *what) {
    struct faults *f = ctx;
    struct err err = {0};
    err_set(&err, ERR_INVALID, "%s:%u:%u: %s", f->path, line, column, what);
    f->any = true;
    (void)cli_fail_input(f->cli, &err);
}

static int parse(struct cli *cli, const char *name, struct gates_asked *gates, int rc, struct err *err) {
    struct faults faults = {cli, name, false};
    if (rc == 0) rc = buf_check(&gates->text, "a file of gates", err);
    if (rc == 0) rc = gate_policy_read(bytes_of_buf(&gates->text), note_fault, &faults, &gates->policy, err);
    return rc == 0 ? EXIT_GOOD : faults.any ? EXIT_INPUT : cli_fail_input(cli, err);
}

static int take_included(struct cli *cli, struct gates_asked *gates) {
    struct err err = {0};
    buf_clear(&gates->text);
    buf_put_str(&gates->text, gate_policy_default);
    return parse(cli, "the gates that are included", gates, 0, &err);
}

int gates_read(struct cli *cli, const char *path, struct gates_asked *ret) {
    struct err err = {0};
    *ret = (struct gates_asked){.text = {.max = GATES_MAX}, .named = path != NULL};
    if (path == NULL) return EXIT_GOOD;
    if (strcmp(path, GATES_DEFAULT) == 0) return take_included(cli, ret);
    int rc = (strcmp(path, "-") == 0 ? file_read : file_read_regular)(path, &ret->text, &err);
    return parse(cli, path, ret, rc, &err);
}

static int take_kept(struct ledger *ledger, const char *digest, struct buf *text, struct err *err) {
    char id[LOG_ARTIFACT_ID], path[40];
    int fd = memfd_create("gates", MFD_CLOEXEC);
    if (fd < 0) return err_set(err, ERR_IO, "there is no memory for a file of gates");
    snprintf(id, sizeof(id), "artifact:%s", digest);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int rc = log_artifact_get(ledger, id, fd, err);
    if (rc == 0) rc = file_read(path, text, err);
    close(fd);
    return rc;
}

int gates_recall(struct cli *cli, struct ledger *ledger, const char *digest, uint64_t by, struct gates_asked *ret) {
    struct err err = {0};
    int exit_code = take_included(cli, ret);
    if (exit_code != 0 || digest[0] == '\0' || strcmp(digest, ret->policy.digest) == 0) return exit_code;
    buf_clear(&ret->text);
    int rc = take_kept(ledger, digest, &ret->text, &err);
    if (rc == ERR_NOTFOUND || rc == ERR_INVALID) {
        return cli_refuse(
            cli, EXIT_NO, ERR_NOTFOUND,
            "event %llu asked gates whose file, %.80s, is not kept here: --gates FILE names it, --gates default "
            "asks those that are included instead",
            (unsigned long long)by, digest);
    }
    return rc == 0 ? parse(cli, "the gates that were kept", ret, 0, &err) : cli_fail(cli, &err);
}

int gates_keep(struct ledger *ledger, const struct gates_asked *gates, struct err *err) {
    char id[LOG_ARTIFACT_ID], path[40];
    uint64_t size;
    int fd = memfd_create("gates", MFD_CLOEXEC);
    if (fd < 0) return err_set(err, ERR_IO, "there is no memory for a file of gates");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int rc = file_put_all(fd, gates->text.p, gates->text.n) == 0 ? 0 : err_set(err, ERR_IO, "the gates cannot be kept");
    if (rc == 0) rc = log_artifact_put(ledger, path, id, &size, err);
    close(fd);
    return rc == ERR_CONFLICT ? 0 : rc; /* it was erased, and is not stored again: whoever has it can still ask */
}

void gates_done(struct gates_asked *gates) {
    buf_done(&gates->text);
}
