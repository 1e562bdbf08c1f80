/* Whether a text is in any file below a directory: as it is, or in the decompressible content of any zstd frame there. */
#ifndef TESTS_LEDGER_TRACES_H
#define TESTS_LEDGER_TRACES_H

#include "tests/ledger/scratch.h"

#include <dirent.h>

#include "base/archive/zst.h"

#define TRACES_FRAME ((size_t)4 << 20) /* maximum content of a frame that is searched */

static inline size_t traces_in_bytes(struct bytes data, const char *text) {
    size_t n = 0, len = strlen(text);
    for (const uint8_t *p = data.p, *end = data.p + data.n;
         (size_t)(end - p) >= len && (p = memmem(p, (size_t)(end - p), text, len)) != NULL; p += len) {
        n++;
    }
    return n;
}

static inline size_t traces_in_frames(struct bytes data, const char *text) {
    static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    struct buf plain;
    size_t n = 0;
    buf_init(&plain, TRACES_FRAME);
    for (const uint8_t *p = data.p, *end = data.p + data.n;
         (size_t)(end - p) >= sizeof(magic) && (p = memmem(p, (size_t)(end - p), magic, sizeof(magic))) != NULL; p++) {
        buf_clear(&plain);
        zst_salvage(&plain, (struct bytes){p, (size_t)(end - p)}, TRACES_FRAME);
        n += traces_in_bytes(bytes_of_buf(&plain), text);
    }
    buf_done(&plain);
    return n;
}

static inline size_t traces_in(const char *path, const char *text) {
    struct buf data;
    buf_init(&data, SIZE_MAX);
    scratch_read(path, &data);
    size_t n = traces_in_bytes(bytes_of_buf(&data), text) + traces_in_frames(bytes_of_buf(&data), text);
    buf_done(&data);
    return n;
}

static inline size_t traces_below(const char *dir, const char *text) {
    char path[FILE_PATH_MAX];
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        must(file_join(path, dir, e->d_name, &why));
        assert_int_equal(lstat(path, &st), 0);
        n += S_ISDIR(st.st_mode) ? traces_below(path, text) : traces_in(path, text);
    }
    closedir(d);
    return n;
}

#endif
