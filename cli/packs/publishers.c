/* The file is written by a person, from what publishers print by `ledger key new`. */
#include "cli/packs/publishers.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"

#define KEYS_FILE_MAX ((size_t)1 << 20)

static int read_key(struct publishers *p, struct bytes line, struct err *err) {
    int rc = array_room(&p->keys, p->n + 1, &p->cap, sizeof(p->keys[0]), err);
    if (rc == 0) rc = note_vkey_decode(line, &p->keys[p->n], err);
    p->n += rc == 0;
    return rc;
}

int publishers_read(const char *path, bool own, struct publishers *ret, struct err *err) {
    struct buf text = {.max = KEYS_FILE_MAX};
    unsigned number = 0;
    int rc = own ? file_read_regular(path, &text, err) : file_read(path, &text, err);
    for (size_t at = 0; rc == 0 && at < text.n;) {
        const uint8_t *lf = memchr(text.p + at, '\n', text.n - at);
        const struct bytes line = {text.p + at, lf != NULL ? (size_t)(lf - text.p) - at : text.n - at};
        number++;
        at += line.n + 1;
        if (line.n == 0 || line.p[0] == '#') continue;
        rc = read_key(ret, line, err);
        if (rc != 0) err_prefix(err, "%s: line %u", path, number);
    }
    buf_done(&text);
    return rc;
}

void publishers_done(struct publishers *publishers) {
    free(publishers->keys);
    *publishers = (struct publishers){0};
}
