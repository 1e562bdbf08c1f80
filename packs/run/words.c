/* Words live in an arena, so that their addresses hold while more are added. */
#include "packs/run/words.h"

#include <stdlib.h>

#include "base/array.h"
#include "packs/manifest/manifest.h"

void words_init(struct words *words) {
    *words = (struct words){.arena = {.max = WORDS_MAX}};
}

void words_done(struct words *words) {
    arena_done(&words->arena);
    free(words->argv);
    *words = (struct words){0};
}

int words_add(struct words *words, struct bytes text, struct err *err) {
    int rc = array_room(&words->argv, words->n + 2, &words->cap, sizeof(words->argv[0]), err);
    struct bytes copy = rc == 0 ? arena_copy(&words->arena, text) : text;
    if (rc == 0 && copy.p == NULL) rc = err_set(err, ERR_LIMIT, "the arguments have more than %zu bytes", WORDS_MAX);
    if (rc == 0 && memchr(copy.p, 0, copy.n) != NULL) rc = err_set(err, ERR_INVALID, "an argument has a NUL byte");
    if (rc == 0) {
        words->argv[words->n++] = (const char *)copy.p;
        words->argv[words->n] = NULL;
    }
    return rc;
}

int words_write(struct bytes text, words_put_fn *put, void *ctx, struct buf *out, struct err *err) {
    struct bytes rest = text, plain, name;
    int rc;
    while ((rc = manifest_piece(&rest, &plain, &name)) == 0) {
        buf_put_bytes(out, plain);
        if (name.p != NULL && (rc = put(ctx, name, out, err)) != 0) return rc;
    }
    if (rc < 0) return err_set(err, ERR_INVALID, "'${' has no name and '}'");
    return buf_check(out, "a text with names in it", err);
}

int words_expand(struct words *words, struct bytes text, words_put_fn *put, void *ctx, struct err *err) {
    struct buf out = {.max = WORDS_MAX};
    int rc = words_write(text, put, ctx, &out, err);
    if (rc == 0) rc = words_add(words, bytes_of_buf(&out), err);
    buf_done(&out);
    return rc;
}
