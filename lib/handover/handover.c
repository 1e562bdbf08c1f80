/* The event is recorded before the file has its name, or before the first byte reaches the descriptor: evidence that
 * left unrecorded is worse than a record of evidence that did not leave. */
#include "lib/handover/handover.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static int write_and_record(const struct handover *how, int fd, const char *path, struct err *err) {
    int rc = how->write(how->ctx, fd, err);
    if (rc == 0 && fsync(fd) != 0) rc = err_errno(err, errno, "'%s'", path);
    if (rc == 0) rc = how->record(how->ctx, path, err);
    return rc;
}

struct target {
    int fd;
    const char *what;
};

static int copy_out(void *ctx, struct bytes piece, struct err *err) {
    const struct target *to = ctx;
    return file_put_all(to->fd, piece.p, piece.n) != 0 ? err_errno(err, errno, "%s", to->what) : 0;
}

int handover_to_fd(const struct handover *how, int fd, const char *what, struct err *err) {
    struct target to = {fd, what};
    struct stat st;
    int file = -1;
    int rc = file_unnamed(NULL, &file, err);
    if (rc == 0) rc = write_and_record(how, file, "-", err);
    if (rc == 0) {
        rc = fstat(file, &st) != 0 ? err_errno(err, errno, "a temporary file")
                                   : file_read_back(file, (uint64_t)st.st_size, copy_out, &to, err);
    }
    if (file >= 0) {
        close(file);
    }
    return rc;
}

int handover_to_path(const struct handover *how, const char *path, mode_t mode, bool *ret_named, struct err *err) {
    struct file_out file;
    int rc = file_new_begin(&file, path, mode, err);
    *ret_named = rc != 0;
    if (rc != 0) return rc;
    rc = write_and_record(how, file.fd, path, err);
    if (rc != 0) {
        file_out_abort(&file);
        return rc;
    }
    rc = file_new_commit(&file, err);
    *ret_named = rc != 0;
    return rc;
}
