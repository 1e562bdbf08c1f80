/* ZIP archives that others wrote, read member by member: the one door to libarchive, which is loaded at its first use (decision
 * 017). Members are stored, deflated or compressed by zstd (method 93), bzip2, lzma or xz. An archive whose directory is missing, because it
 * was cut off, is read from its front as far as it goes. No member is ever written to a file, so that their names, whatever they
 * are, are only names. */
#ifndef BASE_ARCHIVE_ZIP_H
#define BASE_ARCHIVE_ZIP_H

#include "base/bytes.h"

#define ZIP_MEMBERS_MAX   ((uint64_t)1 << 18)
#define ZIP_NAME_MAX      1024
#define ZIP_RATIO         50                    /* of content to the archive's own bytes: texts stay below it */
#define ZIP_SMALL         ((uint64_t)256 << 20) /* content that any archive may have */
#define ZIP_DIRECTORY_MAX ((uint64_t)32 << 20)  /* the library holds it in memory */

struct zip;

struct zip_member {
    const char *name; /* "" when it is longer than ZIP_NAME_MAX or has no text; borrowed until the next call */
    bool encrypted;
    bool file; /* a regular one */
};

/* `max`: of all content together, beyond which nothing more is decompressed; less where the archive is too small for that much
 * (ZIP_RATIO). What is passed over in an archive without a directory has to be decompressed too, and counts. ERR_NOTFOUND; ERR_INVALID: not a regular file, or
 * not a ZIP archive; ERR_LIMIT: its directory is too large; ERR_IO: the library is missing. */
int zip_open(const char *path, uint64_t max, struct zip **ret, struct err *err);
/* The next member: 0, or 1 after the last one. ERR_CORRUPT: the archive is damaged or cut off here; ERR_LIMIT: too many
 * members, or too much content that was passed over. After an error only zip_close may be called. */
int zip_next(struct zip *zip, struct zip_member *ret, struct err *err);
/* Appends the whole content of the current member, whatever size its header declares. ERR_LIMIT: it does not fit into out->max, or
 * all content together exceeds the maximum; ERR_INVALID: it is encrypted, or compressed by a method that the library does not know;
 * ERR_CORRUPT: damaged or cut short. The next member may be read after any of these. */
int zip_read(struct zip *zip, struct buf *out, struct err *err);
void zip_close(struct zip *zip); /* NULL is fine */

#endif
