/* An arbitrary evidence bundle: verifying it ends, says why, and stays within its bytes. */
#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "export/export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct export_report report; /* large */
    struct err err = {0};
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size) || lseek(fd, 0, SEEK_SET) != 0) {
        abort();
    }
    int rc = export_verify(fd, &(struct export_verify_options){0}, &report, &err);
    assert(rc != 0 || report.log.verdict == LOG_NOT_ANCHORED ||
           (report.log.verdict == LOG_INVALID && report.log.n_findings > 0));
    close(fd);
    return 0;
}
