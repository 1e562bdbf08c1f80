/* Copies an artifact from the ledger through an unnamed file. The scanner sees it in overlapping pieces. */
#include "export/cut/artifact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define OVERLAP ((size_t)1 << 14) /* a secret that is cut here is whole in the next piece */

struct passing {
    struct cut *cut;
    struct sink *sink;
    char where[LOG_ARTIFACT_ID + 32];
    bool found;  /* one secret is enough */
    size_t kept; /* bytes of the previous piece */
    uint8_t piece[OVERLAP + FILE_PIECE];
};

static int take_piece(void *ctx, struct bytes piece, struct err *err) {
    struct passing *p = ctx;
    size_t all = p->kept + piece.n;
    bytes_copy(p->piece + p->kept, piece);
    if (!p->found) {
        p->found = cut_look(p->cut, (struct bytes){p->piece, all}, p->where, LOG_NO_SEQ);
    }
    p->kept = all < OVERLAP ? all : OVERLAP;
    memmove(p->piece, p->piece + all - p->kept, p->kept);
    return p->sink == NULL ? 0 : sink_put(p->sink, piece, err);
}

int artifact_put(struct cut *cut, const uint8_t digest[LOG_HASH], struct sink *sink, struct err *err) {
    char id[LOG_ARTIFACT_ID], hex[2 * LOG_HASH + 1], name[BUNDLE_NAME_MAX];
    struct passing *p = calloc(1, sizeof(*p));
    struct stat st = {0};
    int fd = -1, rc = p == NULL ? err_set(err, ERR_NOMEM, "out of memory") : file_unnamed(cut->options->beside, &fd, err);
    text_hex(hex, digest, LOG_HASH);
    snprintf(id, sizeof(id), "artifact:sha256:%s", hex);
    snprintf(name, sizeof(name), "artifacts/%s", hex);
    if (rc == 0) rc = log_artifact_get(cut->ledger, id, fd, err);
    if (rc == ERR_NOTFOUND) {
        rc = err_set(err, ERR_CONFLICT, "%s was erased while it was exported: export again", id);
    }
    if (rc == 0 && fstat(fd, &st) != 0) {
        rc = err_errno(err, errno, "a temporary file for an artifact");
    }
    if (rc == 0 && sink != NULL) {
        rc = sink_member(sink, name, (uint64_t)st.st_size, err);
        if (rc == 0 && st.st_size <= 0) rc = sink_put(sink, (struct bytes){0}, err);
    }
    if (rc == 0) {
        p->cut = cut;
        p->sink = sink;
        snprintf(p->where, sizeof(p->where), "%s", id);
        rc = file_read_back(fd, (uint64_t)st.st_size, take_piece, p, err);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(p);
    return rc;
}
