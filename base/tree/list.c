/* One spelling for each entry, so that equal trees have equal lists. */
#include "base/tree/list.h"

#include <inttypes.h>

#include "base/text.h"

void tree_entry_stat(struct tree_entry *e, const struct stat *st) {
    e->type = S_ISREG(st->st_mode)    ? 'f'
              : S_ISDIR(st->st_mode)  ? 'd'
              : S_ISLNK(st->st_mode)  ? 'l'
              : S_ISFIFO(st->st_mode) ? 'p'
              : S_ISSOCK(st->st_mode) ? 's'
              : S_ISCHR(st->st_mode)  ? 'c'
                                      : 'b';
    e->mode = st->st_mode & 07777;
    e->uid = st->st_uid;
    e->gid = st->st_gid;
    e->size = (uint64_t)st->st_size;
    e->mtime = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static void put_name(struct buf *out, struct bytes name) {
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] <= 0x20 || name.p[i] >= 0x7f || name.p[i] == '%') {
            buf_printf(out, "%%%02X", name.p[i]);
        } else {
            buf_put_u8(out, name.p[i]);
        }
    }
}

void tree_entry_put(struct buf *out, const struct tree_entry *e, struct bytes path) {
    char hex[2 * HASH_LEN + 1] = "-";
    if (e->has_digest) {
        text_hex(hex, e->digest, HASH_LEN);
    }
    buf_printf(out, "%c %04o %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIu64 " %s ", e->type, e->mode, e->uid, e->gid,
               e->mtime, e->size, hex);
    put_name(out, path);
    if (e->type == 'l') {
        buf_put_u8(out, ' ');
        put_name(out, bytes_of(e->target));
    }
    buf_put_u8(out, '\n');
}
