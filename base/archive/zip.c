/* The libarchive door.
 *
 *   zip_open: the end record is checked --> libarchive --> zip_next, zip_read: content in pieces, counted
 *
 *   | member | member | ... | directory | end record |
 *                             ^ size and place are declared in the end record
 *
 * The library reads the whole directory into memory before it gives the first member, so its size is bounded here first. What
 * a header declares about a member's size is never used to allocate: content is counted as it is decompressed.
 *
 * Without a directory the library reads from the front, and finds the end of a member by decompressing it. So the two ways are tried
 * one after the other, and in the second one everything is read here, where it is counted. */
#include "base/archive/zip.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#define PIECE     ((size_t)64 << 10)
#define TAIL_MAX  ((size_t)64 << 10) /* where the end record is looked for */
#define END_LEN   22
#define WIDE_LEN  56 /* of the end record of ZIP64 */
#define PLACE_LEN 20 /* of what says where that is */

#define FUNCTIONS(X)                                                                                                       \
    X(archive_read_new)                                                                                                    \
    X(archive_read_support_format_zip_seekable)                                                                            \
    X(archive_read_support_format_zip_streamable)                                                                          \
    X(archive_read_open_fd)                                                                                                \
    X(archive_read_next_header)                                                                                            \
    X(archive_read_data)                                                                                                   \
    X(archive_read_free)                                                                                                   \
    X(archive_error_string)                                                                                                \
    X(archive_entry_pathname) X(archive_entry_pathname_utf8) X(archive_entry_filetype) X(archive_entry_is_encrypted)

struct functions {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
};

struct zip {
    struct functions f;
    struct archive *archive;
    int fd;
    uint64_t max, taken, members, bytes; /* bytes: of the file */
    bool streams;                        /* it has no directory */
    bool unread;                         /* the current member was passed over */
    bool encrypted, broken;
    char name[ZIP_NAME_MAX + 1];
};

static int load(struct functions *f, struct err *err) {
    void *library = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL) {
        return err_set(err, ERR_IO,
                       "reading ZIP archives needs libarchive, which is not installed (Debian package "
                       "libarchive13)");
    }
#define LOAD(name)                                                                                                         \
    {                                                                                                                      \
        void *symbol = dlsym(library, #name);                                                                              \
        if (symbol == NULL) {                                                                                              \
            dlclose(library);                                                                                              \
            return err_set(err, ERR_IO, "libarchive has no %s", #name);                                                    \
        }                                                                                                                  \
        memcpy(&f->name, &symbol, sizeof(symbol));                                                                         \
    }
    FUNCTIONS(LOAD)
#undef LOAD
    return 0;
}

/* ---- the end record ---- */

static uint64_t le(const uint8_t *p, int n) {
    uint64_t v = 0;
    for (int i = n; i > 0; i--) {
        v = v << 8 | p[i - 1];
    }
    return v;
}

static bool read_at(int fd, uint64_t at, uint8_t *p, size_t n) {
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(fd, p + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += (size_t)got;
    }
    return true;
}

/* The directory's bytes by an end record at `at`: what lies between its declared beginning and the record, or its declared
 * size, whichever is more; in ZIP64 another record, before it, has the numbers. */
static uint64_t directory_bytes(int fd, uint64_t at, const uint8_t *end) {
    uint64_t size = le(end + 12, 4), from = le(end + 16, 4);
    uint8_t place[PLACE_LEN], wide[WIDE_LEN];
    if (at >= PLACE_LEN && read_at(fd, at - PLACE_LEN, place, PLACE_LEN) && memcmp(place, "PK\6\7", 4) == 0 &&
        read_at(fd, le(place + 8, 8) & INT64_MAX, wide, WIDE_LEN) && memcmp(wide, "PK\6\6", 4) == 0) {
        size = le(wide + 40, 8);
        from = le(wide + 48, 8);
    }
    uint64_t between = from <= at ? at - from : 0;
    return size > between ? size : between;
}

/* Every end record that the tail may hold is checked, because which of them the library takes is its own decision. */
static int check_directory(int fd, uint64_t size, struct err *err) {
    uint8_t *tail = malloc(TAIL_MAX);
    size_t n = size < TAIL_MAX ? (size_t)size : TAIL_MAX;
    int rc = tail != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0 && !read_at(fd, size - n, tail, n)) rc = err_set(err, ERR_IO, "the archive cannot be read");
    for (size_t i = n; rc == 0 && i-- > 0;) {
        if (n - i < END_LEN || memcmp(tail + i, "PK\5\6", 4) != 0) continue;
        uint64_t bytes = directory_bytes(fd, size - n + i, tail + i);
        if (bytes > ZIP_DIRECTORY_MAX && bytes <= size) {
            rc = err_set(err, ERR_LIMIT, "the archive's directory has %llu bytes; expected: at most %llu",
                         (unsigned long long)bytes, (unsigned long long)ZIP_DIRECTORY_MAX);
        }
    }
    free(tail);
    return rc;
}

/* ---- the archive ---- */

static const char *words(const struct zip *zip) {
    const char *text = zip->f.archive_error_string(zip->archive);
    return text != NULL ? text : "damaged";
}

static int open_file(struct zip *zip, const char *path, struct err *err) {
    struct stat st;
    uint8_t head[4];
    zip->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (zip->fd < 0 || fstat(zip->fd, &st) != 0) return err_errno(err, errno, "%s", path);
    if (!S_ISREG(st.st_mode)) return err_set(err, ERR_INVALID, "not a regular file; expected: a ZIP archive");
    if (!read_at(zip->fd, 0, head, 4) || head[0] != 'P' || head[1] != 'K') {
        return err_set(err, ERR_INVALID, "not a ZIP archive");
    }
    zip->bytes = (uint64_t)st.st_size;
    return check_directory(zip->fd, zip->bytes, err);
}

/* The library's answer when no part of it knows the file: here, that there is no directory. */
static bool is_unknown(const struct zip *zip) {
    return strncmp(words(zip), "Unrecognized archive format", 27) == 0;
}

static int try_open(struct zip *zip) {
    zip->f.archive_read_free(zip->archive); /* NULL is fine */
    zip->archive = zip->f.archive_read_new();
    if (zip->archive == NULL) return ARCHIVE_FATAL;
    int code = zip->streams ? zip->f.archive_read_support_format_zip_streamable(zip->archive)
                            : zip->f.archive_read_support_format_zip_seekable(zip->archive);
    return code == ARCHIVE_OK && lseek(zip->fd, 0, SEEK_SET) == 0
               ? zip->f.archive_read_open_fd(zip->archive, zip->fd, PIECE)
               : ARCHIVE_FATAL;
}

static int open_archive(struct zip *zip, struct err *err) {
    int code = try_open(zip);
    if (code != ARCHIVE_OK && zip->archive != NULL && is_unknown(zip)) {
        zip->streams = true;
        code = try_open(zip);
    }
    if (zip->archive == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    return code == ARCHIVE_OK ? 0 : err_set(err, ERR_CORRUPT, "the archive cannot be opened: %.200s", words(zip));
}

int zip_open(const char *path, uint64_t max, struct zip **ret, struct err *err) {
    struct zip *zip = calloc(1, sizeof(*zip));
    if (zip == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    zip->fd = -1;
    int rc = load(&zip->f, err);
    if (rc == 0) rc = open_file(zip, path, err);
    if (rc == 0) rc = open_archive(zip, err);
    if (rc != 0) {
        zip_close(zip);
        return rc;
    }
    uint64_t most = zip->bytes > (UINT64_MAX - ZIP_SMALL) / ZIP_RATIO ? UINT64_MAX : ZIP_SMALL + ZIP_RATIO * zip->bytes;
    zip->max = max < most ? max : most;
    *ret = zip;
    return 0;
}

static int count(struct zip *zip, uint64_t n, struct err *err) {
    zip->taken += n;
    if (zip->taken <= zip->max) return 0;
    return err_set(err, ERR_LIMIT, "the archive has more than %llu bytes of content, itself %llu",
                   (unsigned long long)zip->max, (unsigned long long)zip->bytes);
}

/* What was passed over, where the library would read it uncounted. */
static int drain(struct zip *zip, struct err *err) {
    uint8_t *piece = zip->streams && zip->unread && !zip->encrypted ? malloc(PIECE) : NULL;
    la_ssize_t n = piece != NULL ? 1 : 0;
    int rc = 0;
    while (rc == 0 && n > 0) {
        n = zip->f.archive_read_data(zip->archive, piece, PIECE);
        rc = n > 0 ? count(zip, (uint64_t)n, err) : 0;
    }
    free(piece);
    return n == ARCHIVE_FATAL ? err_set(err, ERR_CORRUPT, "the archive is damaged or cut off: %.200s", words(zip)) : rc;
}

int zip_next(struct zip *zip, struct zip_member *ret, struct err *err) {
    struct archive_entry *entry = NULL;
    if (zip->broken) return err_set(err, ERR_CORRUPT, "the archive is damaged or cut off");
    int rc = zip->taken <= zip->max ? drain(zip, err) : count(zip, 0, err);
    if (rc != 0) return rc;
    int code = zip->f.archive_read_next_header(zip->archive, &entry);
    if (code == ARCHIVE_EOF) return 1;
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
        return err_set(err, ERR_CORRUPT, "the archive is damaged or cut off: %.200s", words(zip));
    }
    if (zip->members++ == ZIP_MEMBERS_MAX) {
        return err_set(err, ERR_LIMIT, "the archive has more than %llu members", (unsigned long long)ZIP_MEMBERS_MAX);
    }
    const char *name = zip->f.archive_entry_pathname_utf8(entry);
    name = name != NULL ? name : zip->f.archive_entry_pathname(entry);
    size_t n = name != NULL ? strlen(name) : 0;
    n = n <= ZIP_NAME_MAX ? n : 0;
    if (n > 0) memcpy(zip->name, name, n);
    zip->name[n] = '\0';
    zip->unread = true;
    zip->encrypted = zip->f.archive_entry_is_encrypted(entry) != 0;
    *ret = (struct zip_member){zip->name, zip->encrypted, zip->f.archive_entry_filetype(entry) == AE_IFREG};
    return 0;
}

int zip_read(struct zip *zip, struct buf *out, struct err *err) {
    if (zip->encrypted) return err_set(err, ERR_INVALID, "the member is encrypted; expected: one that is not");
    zip->unread = false;
    for (;;) {
        uint8_t *room = buf_room(out, PIECE);
        if (room == NULL) {
            return out->fail == ERR_NOMEM
                       ? err_set(err, ERR_NOMEM, "out of memory")
                       : err_set(err, ERR_LIMIT, "the member has more than %zu bytes of content", out->max - PIECE);
        }
        la_ssize_t n = zip->f.archive_read_data(zip->archive, room, PIECE);
        if (n == 0) return 0;
        if (n == ARCHIVE_RETRY) continue;
        if (n < 0) {
            zip->broken = n == ARCHIVE_FATAL;
            return err_set(err, ERR_CORRUPT, "the member's content is damaged or cut off: %.200s", words(zip));
        }
        int rc = count(zip, (uint64_t)n, err);
        if (rc != 0) return rc;
        out->n += (size_t)n;
    }
}

void zip_close(struct zip *zip) {
    if (zip == NULL) return;
    if (zip->archive != NULL) zip->f.archive_read_free(zip->archive);
    if (zip->fd >= 0) close(zip->fd);
    free(zip);
}
