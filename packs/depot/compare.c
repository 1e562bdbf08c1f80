/* The hint is a digest over one line for each file and directory. Somebody who can write to the directory can forge it, as
 * they can forge the ledger's derived data: it spares lists the reading, and decides nothing that runs. */
#include "packs/depot/compare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "packs/depot/pin.h"

#define HINT_MAX    256
#define SMALL_BYTES (UINT64_C(64) << 20)
#define WHOLE_EVERY (7 * UINT64_C(86400) * CLOCK_NS_PER_S)

/* ---- status ----------------------------------------------------------------------------------------------------------- */

/* False: not everything could be looked at. */
static bool status_of(const char *path, uint8_t ret[HASH_LEN]) {
    struct pin *pin = NULL;
    bool good = pin_take(path, &pin, NULL) == 0 && pin_digest(pin, ret, NULL) == 0;
    pin_free(pin);
    return good;
}

static bool hint_path(const char *path, char ret[FILE_PATH_MAX]) {
    int n = snprintf(ret, FILE_PATH_MAX, "%s.stat", path);
    return n > 0 && n < FILE_PATH_MAX;
}

void compare_note(const char *path) {
    uint8_t digest[HASH_LEN];
    char hint[FILE_PATH_MAX], hex[2 * HASH_LEN + 1];
    if (hint_path(path, hint) && status_of(path, digest)) {
        text_hex(hex, digest, HASH_LEN);
        file_write_durable(hint, bytes_of(hex), 0600, NULL);
    }
}

void compare_forget(const char *path) {
    char hint[FILE_PATH_MAX];
    if (hint_path(path, hint)) {
        unlink(hint);
    }
}

static bool is_as_noted(const char *path) {
    uint8_t now[HASH_LEN], noted[HASH_LEN];
    char hint[FILE_PATH_MAX];
    struct buf text = {.max = HINT_MAX};
    bool same = hint_path(path, hint) && file_exists(hint) && file_read_regular(hint, &text, NULL) == 0 &&
                text_unhex(noted, HASH_LEN, bytes_of_buf(&text)) == 0;
    buf_done(&text);
    return same && status_of(path, now) && memcmp(now, noted, HASH_LEN) == 0;
}

/* The hint is written when every byte was right. */
enum compare_depth compare_due(const char *path, uint64_t now) {
    char hint[FILE_PATH_MAX];
    struct pin *pin = NULL;
    struct stat st;
    bool large = pin_take(path, &pin, NULL) == 0 && pin_bytes(pin) >= SMALL_BYTES;
    pin_free(pin);
    if (!large || !hint_path(path, hint) || lstat(hint, &st) != 0) return COMPARE_BYTES;
    uint64_t noted = st.st_mtim.tv_sec > 0 ? (uint64_t)st.st_mtim.tv_sec * CLOCK_NS_PER_S : 0;
    return noted > now || now - noted >= WHOLE_EVERY ? COMPARE_BYTES : COMPARE_STATUS;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------------ */

static void put_fault(void *ctx, const char *path, const char *what) {
    struct buf *faults = ctx;
    if (faults->n == 0) {
        buf_printf(faults, "%.40s %.40s", path, what);
    }
}

static const struct content_file *signature_of(const struct content *tree) {
    return content_find(tree, bytes_of(CONTENT_SIGNATURE));
}

void compare_want_tree(const struct content *tree, struct compare_want *ret) {
    const struct content_file *signature = signature_of(tree);
    *ret = (struct compare_want){.signed_by = signature != NULL ? COMPARE_THIS : COMPARE_NONE};
    memcpy(ret->tree, content_digest(tree), HASH_LEN);
    if (signature != NULL) {
        memcpy(ret->signature, signature->digest, HASH_LEN);
    }
}

bool compare_tree(const struct content *tree, const struct compare_want *want, char ret[COMPARE_WORDS]) {
    const struct content_file *signature = signature_of(tree);
    if (memcmp(content_digest(tree), want->tree, HASH_LEN) != 0) {
        char hex[2 * HASH_LEN + 1];
        text_hex(hex, content_digest(tree), HASH_LEN);
        snprintf(ret, COMPARE_WORDS, "sha256:%s", hex);
        return false;
    }
    const char *how = want->signed_by == COMPARE_ANY ? NULL
                      : (want->signed_by == COMPARE_THIS) != (signature != NULL)
                          ? (signature != NULL ? "with a " : "without its ")
                      : signature != NULL && memcmp(signature->digest, want->signature, HASH_LEN) != 0 ? "with another "
                                                                                                       : NULL;
    if (how != NULL) {
        snprintf(ret, COMPARE_WORDS, "%s" CONTENT_SIGNATURE, how);
    }
    return how == NULL;
}

bool compare_copy(const char *path, const struct compare_want *want, enum compare_depth depth, char ret[COMPARE_WORDS]) {
    struct buf faults = {.max = COMPARE_WORDS};
    struct content *tree = NULL;
    struct err err = {0};
    struct stat st;
    if (lstat(path, &st) != 0) {
        snprintf(ret, COMPARE_WORDS, errno == ENOENT ? "missing" : "not readable: %s", strerror(errno));
        return false;
    }
    if (depth == COMPARE_STATUS && is_as_noted(path)) return true;
    int rc = S_ISLNK(st.st_mode) ? err_set(&err, ERR_INVALID, "a symbolic link")
                                 : content_read(path, NULL, put_fault, &faults, &tree, &err);
    bool same = rc == 0 && compare_tree(tree, want, ret);
    if (rc != 0 && faults.n > 0) {
        snprintf(ret, COMPARE_WORDS, "not a pack: %.*s", (int)faults.n, (const char *)faults.p);
    } else if (rc != 0) {
        snprintf(ret, COMPARE_WORDS, "not readable: %.100s", err.msg);
    }
    content_free(tree);
    buf_done(&faults);
    return same;
}
