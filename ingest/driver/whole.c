/* Whole files, with a bound. */
#include "ingest/driver/whole.h"

#include <stdio.h>
#include <string.h>

#include "base/archive/gz.h"
#include "ingest/driver/recognize.h"

#define HEAD_MAX ((size_t)64 << 10)

int whole_load(struct intake *run, const char *path, size_t max, struct buf *text, struct err *err) {
    struct gz *gz = NULL;
    int rc = gz_open(path, strcmp(path, "-") == 0 ? GZ_DETECT : GZ_REGULAR, max, &gz, err);
    while (rc == 0 && !gz_at_end(gz) && !intake_stopped(run)) {
        uint8_t *room = buf_room(text, WHOLE_PIECE);
        size_t n = 0;
        if (room == NULL) {
            rc = err_set(err, text->fail, "%s: larger than %zu bytes", path, max);
        } else {
            rc = gz_read(gz, room, WHOLE_PIECE, &n, err);
            text->n += rc == 0 ? n : 0;
        }
    }
    gz_close(gz);
    if (rc == 0 && text->n > 0) lines_digest_put(intake_digest(run), bytes_of_buf(text));
    return rc;
}

bool whole_is_bad(int code) {
    return code == ERR_INVALID || code == ERR_LIMIT || code == ERR_CORRUPT || code == ERR_IO || code == ERR_NOTFOUND;
}

void whole_name_foreign(struct intake *run, const char *path, struct bytes text, struct err *why) {
    const char *own = intake_source(run);
    struct buf words = {.max = ERR_MSG_MAX};
    text.n = text.n < HEAD_MAX ? text.n : HEAD_MAX;
    if (text.n > 0 && recognize_words(text, path, &words) && memmem(words.p, words.n, own, strlen(own)) == NULL) {
        char msg[ERR_MSG_MAX];
        snprintf(msg, sizeof(msg), "%.500s; this %.*s", why->msg, (int)words.n, (const char *)words.p);
        err_set(why, why->code, "%s", msg);
    }
    buf_done(&words);
}
