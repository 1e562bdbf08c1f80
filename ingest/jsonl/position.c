/* Which file, and how far. The cursor is a canonical map:
 *
 *   {born: ns, generation: uint, head: bin 32, head_n: uint, ino: uint, offset: uint}
 *
 * An inode number is reused soon after its file is gone, so the time of birth is kept with it, where the file system has
 * one. The device number is left out: it may change with every boot. The digest of the first bytes detects a file that was
 * truncated and written anew. */
#include "ingest/jsonl/position.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mp.h"
#include "base/text.h"

int file_position_name(const char *path, char ret[FILE_POSITION_NAME_LEN], struct err *err) {
    char dir[FILE_PATH_MAX] = ".", real[PATH_MAX], hex[2 * 16 + 1];
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    if (n >= sizeof(dir)) {
        return err_set(err, ERR_LIMIT, "the path is longer than %d bytes", FILE_PATH_MAX);
    }
    if (slash != NULL) {
        memcpy(dir, path, n);
        dir[n] = '\0';
    }
    if (realpath(dir, real) == NULL) return err_errno(err, errno, "%s", path);
    uint8_t digest[HASH_LEN];
    const struct bytes parts[] = {bytes_of(real), bytes_of("/"), bytes_of(path + n)};
    hash_parts(digest, parts, 3);
    text_hex(hex, digest, 16);
    snprintf(ret, FILE_POSITION_NAME_LEN, "ingest/jsonl/%s", hex);
    return 0;
}

static void put_uint(struct buf *out, const char *name, uint64_t v) {
    mp_pair_uint(out, name, v & MP_INT_MAX);
}

void file_position_encode(struct buf *out, const struct file_position *m) {
    mp_put_map(out, 6);
    put_uint(out, "born", m->born);
    put_uint(out, "generation", m->generation);
    mp_pair_bin(out, "head", (struct bytes){m->head, HASH_LEN});
    put_uint(out, "head_n", m->head_n);
    put_uint(out, "ino", m->ino);
    put_uint(out, "offset", m->offset);
}

static int get_uint(struct bytes map, const char *name, uint64_t *ret) {
    struct bytes raw;
    struct mp_item item;
    if (mp_map_get(map, name, &raw) != 0 || mp_scalar(raw, &item) != 0 || item.type != MP_UINT) {
        return ERR_CORRUPT;
    }
    *ret = item.uint;
    return 0;
}

int file_position_decode(struct bytes value, struct file_position *ret) {
    struct file_position m;
    struct bytes raw;
    struct mp_item head;
    memset(&m, 0, sizeof(m));
    if (get_uint(value, "born", &m.born) != 0 || get_uint(value, "ino", &m.ino) != 0 ||
        get_uint(value, "offset", &m.offset) != 0 || get_uint(value, "generation", &m.generation) != 0 ||
        get_uint(value, "head_n", &m.head_n) != 0 || m.head_n > FILE_POSITION_HEAD_MAX ||
        mp_map_get(value, "head", &raw) != 0 || mp_scalar(raw, &head) != 0 || head.type != MP_BIN ||
        head.data.n != HASH_LEN) {
        return ERR_CORRUPT;
    }
    memcpy(m.head, head.data.p, HASH_LEN);
    *ret = m;
    return 0;
}

bool file_position_head(int fd, uint64_t n, uint8_t ret[HASH_LEN]) {
    uint8_t block[FILE_POSITION_HEAD_MAX];
    size_t got = 0;
    while (got < n) {
        ssize_t r = pread(fd, block + got, (size_t)n - got, (off_t)got);
        if (r < 0 && errno == EINTR) continue;
        if (r <= 0) return false;
        got += (size_t)r;
    }
    const struct bytes b = {block, got};
    hash_parts(ret, &b, 1);
    return true;
}

bool file_position_same_content(const struct file_position *m, int fd) {
    struct stat st;
    uint8_t head[HASH_LEN];
    return fstat(fd, &st) == 0 && (uint64_t)st.st_size >= m->offset && file_position_head(fd, m->head_n, head) &&
           memcmp(head, m->head, HASH_LEN) == 0;
}

bool file_position_identify(int fd, const char *path, struct file_position *ret) {
    struct statx st;
    if (statx(fd, path, path[0] == '\0' ? AT_EMPTY_PATH : 0, STATX_INO | STATX_BTIME, &st) != 0) {
        return false;
    }
    bool born = (st.stx_mask & STATX_BTIME) != 0 && st.stx_btime.tv_sec > 0;
    ret->ino = st.stx_ino & MP_INT_MAX;
    ret->born = born ? ((uint64_t)st.stx_btime.tv_sec * CLOCK_NS_PER_S + st.stx_btime.tv_nsec) & MP_INT_MAX : 0;
    return true;
}

bool file_position_same_file(const struct file_position *a, const struct file_position *b) {
    return a->ino == b->ino && (a->born == b->born || a->born == 0 || b->born == 0);
}
