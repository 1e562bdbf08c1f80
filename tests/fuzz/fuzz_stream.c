/* Arbitrary lines of a stream: verifying them ends, says why, and stays within its bytes. */
#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "export/stream/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct stream_report report; /* large */
    struct err err = {0};
    int fd = memfd_create("stream", MFD_CLOEXEC);
    if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size) || lseek(fd, 0, SEEK_SET) != 0) {
        abort();
    }
    int rc = stream_verify(fd, &(struct export_verify_options){0}, &report, &err);
    const struct log_report *log = &report.report.log;
    assert(rc != 0 || log->verdict == LOG_NOT_ANCHORED || (log->verdict == LOG_INVALID && log->n_findings > 0));
    close(fd);
    return 0;
}
