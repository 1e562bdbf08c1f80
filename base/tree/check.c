/* The list is believed once it has its digest; then each of its files is read to its end. Modes, owners and times are in
 * the list and are not compared: restoring takes them from there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/tree/copy.h"

#define PIECE  ((size_t)256 << 10)
#define FIELDS 8 /* and the target of a link */

struct line {
    struct bytes field[FIELDS + 1];
    size_t n;
};

static bool next_line(struct bytes *rest, struct line *ret) {
    const uint8_t *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    if (end == NULL) return false;
    struct bytes text = {rest->p, (size_t)(end - rest->p)};
    ret->n = 0;
    while (ret->n <= FIELDS) {
        const uint8_t *blank = text.n > 0 ? memchr(text.p, ' ', text.n) : NULL;
        size_t n = blank != NULL ? (size_t)(blank - text.p) : text.n;
        ret->field[ret->n++] = (struct bytes){text.p, n};
        if (blank == NULL) break;
        text = (struct bytes){blank + 1, text.n - n - 1};
    }
    *rest = (struct bytes){end + 1, rest->n - (size_t)(end + 1 - rest->p)};
    return true;
}

static int digit(uint8_t c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes %XX. False: no name, or too long. */
static bool name_of(struct bytes text, char ret[FILE_PATH_MAX]) {
    size_t n = 0;
    for (size_t i = 0; i < text.n && n + 1 < FILE_PATH_MAX; i++) {
        bool escaped = text.p[i] == '%';
        if (escaped && (i + 2 >= text.n || digit(text.p[i + 1]) < 0 || digit(text.p[i + 2]) < 0)) return false;
        ret[n++] = (char)(escaped ? digit(text.p[i + 1]) * 16 + digit(text.p[i + 2]) : text.p[i]);
        i += escaped ? 2 : 0;
    }
    ret[n] = '\0';
    return n > 0 && n + 1 < FILE_PATH_MAX && strlen(ret) == n;
}

struct check {
    const char *dir;
    struct hash *hash;
    uint8_t *piece;
    struct tree_totals totals;
};

static int differs(const char *path, struct err *err) {
    return err_set(err, ERR_TAMPERED, "'%.300s' is not what was copied", path);
}

static int check_file(struct check *c, const char *copy, const char *path, struct bytes digest, struct err *err) {
    uint8_t want[HASH_LEN], got[HASH_LEN];
    int fd = open(copy, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "the copy of '%.300s': %s", path, strerror(errno));
    }
    ssize_t n;
    while ((n = read(fd, c->piece, PIECE)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0) {
            hash_put(c->hash, c->piece, (size_t)n);
            c->totals.bytes += (uint64_t)n;
        }
    }
    int why = errno;
    close(fd);
    hash_end(c->hash, got);
    if (n < 0) return err_set(err, ERR_IO, "the copy of '%.300s': %s", path, strerror(why));
    c->totals.files++;
    return text_unhex(want, HASH_LEN, digest) == 0 && memcmp(want, got, HASH_LEN) == 0 ? 0 : differs(path, err);
}

static int check_entry(struct check *c, const struct line *line, struct err *err) {
    char path[FILE_PATH_MAX], target[FILE_PATH_MAX], copy[2 * FILE_PATH_MAX], is[FILE_PATH_MAX];
    struct stat st;
    if (line->n < FIELDS || line->field[0].n != 1 || !name_of(line->field[7], path)) {
        return err_set(err, ERR_CORRUPT, "line %llu of the list is no entry", (unsigned long long)c->totals.entries + 1);
    }
    char type = (char)line->field[0].p[0];
    snprintf(copy, sizeof(copy), "%s/files%s", c->dir, path);
    c->totals.entries++;
    if (type == 'f') return check_file(c, copy, path, line->field[6], err);
    if (type != 'd' && type != 'l') return 0;
    if (lstat(copy, &st) != 0) return err_set(err, ERR_NOTFOUND, "the copy of '%.300s': %s", path, strerror(errno));
    if (type == 'd') return S_ISDIR(st.st_mode) ? 0 : differs(path, err);
    ssize_t n = readlink(copy, is, sizeof(is) - 1);
    is[n > 0 ? n : 0] = '\0';
    return line->n > FIELDS && name_of(line->field[FIELDS], target) && strcmp(is, target) == 0 ? 0 : differs(path, err);
}

int tree_check(const char *dir, const uint8_t digest[HASH_LEN], struct tree_totals *ret, struct err *err) {
    struct check c = {.dir = dir, .hash = hash_new(), .piece = malloc(PIECE)};
    struct buf list = {.max = TREE_LIST_MAX};
    char path[FILE_PATH_MAX];
    uint8_t got[HASH_LEN];
    struct line line;
    int rc = c.hash != NULL && c.piece != NULL ? 0 : err_set(err, ERR_NOMEM, "no memory for reading files");
    if (rc == 0) rc = file_join(path, dir, "list", err);
    if (rc == 0) rc = file_read(path, &list, err);
    if (rc == 0) {
        const struct bytes whole = bytes_of_buf(&list);
        hash_parts(got, &whole, 1);
        if (memcmp(got, digest, HASH_LEN) != 0)
            rc = err_set(err, ERR_TAMPERED, "the list of '%.300s' is not what was recorded", dir);
    }
    struct bytes rest = bytes_of_buf(&list);
    while (rc == 0 && next_line(&rest, &line)) {
        rc = check_entry(&c, &line, err);
    }
    if (rc == 0) {
        *ret = c.totals;
    }
    free(c.piece);
    hash_free(c.hash);
    buf_done(&list);
    return rc;
}
