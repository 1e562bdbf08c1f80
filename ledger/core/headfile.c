/* The copy of the head: a guard against a database that was rolled back. */
#include "ledger/core/headfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/text.h"
#include "ledger/tree/line.h"

#define HEADFILE_LEN   1024
#define HEADFILE_MAGIC "ledger-head/v1"

static int encode(struct buf *out, const struct headfile *head) {
    uint8_t digest[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    struct bytes text;
    buf_printf(out, "%s\n%s\n%llu\n", HEADFILE_MAGIC, head->origin, (unsigned long long)head->size);
    text_base64(out, head->root, EVENT_HASH);
    buf_put_u8(out, '\n');
    text = bytes_of_buf(out);
    hash_parts(digest, &text, 1);
    text_hex(hex, digest, sizeof(digest));
    buf_printf(out, "%s\n", hex);
    size_t pad = out->n < HEADFILE_LEN - 1 ? HEADFILE_LEN - 1 - out->n : 0;
    uint8_t *blanks = buf_room(out, pad);
    if (blanks != NULL) {
        memset(blanks, ' ', pad);
        out->n += pad;
    }
    buf_put_u8(out, '\n');
    return out->fail;
}

/* Opens the file that is at the path now; a descriptor of one that was removed or replaced is closed. A pipe or device in
 * its place is removed: a copy that cannot be read is no guard. */
static int open_current(const char *path, int *fd) {
    struct stat st;
    if (*fd >= 0 && (fstat(*fd, &st) != 0 || st.st_nlink == 0)) {
        close(*fd);
        *fd = -1;
    }
    if (*fd < 0) {
        if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode) && !S_ISDIR(st.st_mode)) {
            unlink(path);
        }
        *fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    }
    return *fd;
}

/* Of whatever length it was: a longer one would be ignored for ever. */
static bool put_head(int fd, struct bytes text) {
    struct stat st;
    return pwrite(fd, text.p, text.n, 0) == (ssize_t)text.n && fstat(fd, &st) == 0 &&
           (st.st_size == (off_t)text.n || ftruncate(fd, (off_t)text.n) == 0);
}

int headfile_write_at(const char *dir, int *fd, const struct headfile *head, struct err *err) {
    char path[FILE_PATH_MAX];
    struct buf text = {.max = HEADFILE_LEN};
    int rc = file_join(path, dir, "head", err);
    if (rc != 0) return rc;
    encode(&text, head);
    rc = buf_check(&text, "the head's copy", err);
    if (rc == 0 && (open_current(path, fd) < 0 || !put_head(*fd, bytes_of_buf(&text)))) {
        rc = err_errno(err, errno, "'%s'", path);
    }
    buf_done(&text);
    return rc;
}

int headfile_write(const char *dir, const struct headfile *head, struct err *err) {
    int fd = -1;
    int rc = headfile_write_at(dir, &fd, head, err);
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

/* False: torn, or not a copy of a head. */
static bool decode(struct bytes text, struct headfile *ret) {
    struct line_reader lines;
    struct bytes magic, origin, size, b64;
    struct buf again = {.max = HEADFILE_LEN};
    line_init(&lines, text);
    bool good = line_next(&lines, &magic) && bytes_is(magic, HEADFILE_MAGIC) && line_next(&lines, &origin) &&
                line_next(&lines, &size) && line_next(&lines, &b64);
    good = good && origin.n > 0 && origin.n <= NOTE_NAME_MAX && text_parse_u64(size, &ret->size) == 0 &&
           text_unbase64_of(ret->root, sizeof(ret->root), b64) == 0;
    if (good) {
        memcpy(ret->origin, origin.p, origin.n);
        ret->origin[origin.n] = '\0';
        good = encode(&again, ret) == 0 && bytes_eq(bytes_of_buf(&again), text);
    }
    buf_done(&again);
    return good;
}

int headfile_read(const char *dir, struct headfile *ret, struct err *err) {
    char path[FILE_PATH_MAX];
    struct headfile head;
    struct stat st;
    struct buf text = {.max = HEADFILE_LEN + 1};
    int rc = file_join(path, dir, "head", err);
    if (rc != 0) return rc;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return 1;
    rc = file_read_regular(path, &text, err);
    if (rc == 0 || rc == ERR_LIMIT) rc = rc == 0 && decode(bytes_of_buf(&text), &head) ? 0 : 1;
    buf_done(&text);
    if (rc == 0) {
        *ret = head;
    }
    return rc;
}

int headfile_compare(const struct headfile *copy, struct core_view *view, struct err *err) {
    struct merkle_edge edge;
    uint8_t root[EVENT_HASH];
    if (strcmp(copy->origin, view->ledger->origin) != 0) {
        return err_set(err, ERR_ROLLBACK, "the copy of the head is of '%s', the database of '%s'", copy->origin,
                       view->ledger->origin);
    }
    if (copy->size > view->head.size) {
        return err_set(err, ERR_ROLLBACK,
                       "the database has %llu event%s, but %llu were sealed before: it was set back or cut",
                       (unsigned long long)view->head.size, text_s(view->head.size), (unsigned long long)copy->size);
    }
    int rc = merkle_edge_load(&edge, copy->size, core_node, view, err);
    if (rc != 0) return rc;
    merkle_edge_root(&edge, root);
    if (memcmp(root, copy->root, EVENT_HASH) != 0) {
        return err_set(err, ERR_ROLLBACK, "the database's first %llu event%s %s were sealed before: another history",
                       (unsigned long long)copy->size, text_s(copy->size), text_differs(copy->size));
    }
    return 0;
}

int headfile_check(const char *dir, struct core_view *view, struct err *err) {
    struct headfile copy;
    struct err why = {0};
    int rc = headfile_read(dir, &copy, err);
    if (rc != 0) return rc < 0 ? rc : 0;
    rc = headfile_compare(&copy, view, &why);
    if (rc == ERR_ROLLBACK) {
        return err_set(err, rc,
                       "%s; nothing is signed over it: put the newer database back, or 'ledger restore' a backup, which "
                       "continues under a new origin",
                       why.msg);
    }
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}

int headfile_check_now(struct ledger *ledger, struct err *err) {
    struct headfile copy;
    struct core_view view;
    int rc = headfile_read(ledger->dir, &copy, err);
    if (rc != 0) return rc < 0 ? rc : 0;
    rc = core_view_begin(ledger, &view, err);
    if (rc == 0) {
        rc = headfile_compare(&copy, &view, err);
        core_view_end(&view);
    }
    return rc;
}
