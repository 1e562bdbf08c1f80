/* The codes of a command that takes them, a line each. */
#include "cli/act/tripcodes.h"

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mp.h"

#define LINE_MAX_BYTES 1024 /* a receipt is a few hundred */

static int take(struct tripcodes *codes, struct bytes line, const char *path, size_t number, struct err *err) {
    struct buf receipt = {.max = LINE_MAX_BYTES};
    if (line.p[0] == '{' && json_to_mp(line, &receipt, NULL) == 0) line = mp_get_text(bytes_of_buf(&receipt), "tripcode");
    bool good = line.n == TRIPCODE_ID_LEN;
    for (size_t i = 0; good && i < line.n; i++) {
        good = (line.p[i] >= '0' && line.p[i] <= '9') || (line.p[i] >= 'a' && line.p[i] <= 'f');
    }
    int rc = 0;
    if (!good) {
        rc = err_set(
            err, ERR_INVALID,
            "--tripcode %s: line %zu is not a tripcode, expected %d of 0-9 and a-f, or what 'ledger tripcode issue' "
            "prints",
            path, number, TRIPCODE_ID_LEN);
    } else if (codes->n == TRIPCODES_MAX) {
        rc = err_set(err, ERR_INVALID, "--tripcode %s: more than %d tripcodes", path, TRIPCODES_MAX);
    } else {
        memcpy(codes->text[codes->n], line.p, line.n);
        codes->text[codes->n][line.n] = '\0';
        codes->list[codes->n] = codes->text[codes->n];
        codes->n++;
    }
    buf_done(&receipt);
    return rc;
}

int tripcodes_read(const char *path, struct tripcodes *ret, struct err *err) {
    struct buf text = {.max = (size_t)TRIPCODES_MAX * LINE_MAX_BYTES};
    ret->n = 0;
    int rc = file_read(path, &text, err);
    struct bytes rest = bytes_of_buf(&text);
    for (size_t number = 1; rc == 0 && rest.n > 0; number++) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        struct bytes line = {rest.p, end != NULL ? (size_t)(end - rest.p) : rest.n};
        size_t took = line.n + (end != NULL);
        if (line.n > 0) rc = take(ret, line, path, number, err);
        rest = (struct bytes){rest.p + took, rest.n - took};
    }
    if (rc == 0 && ret->n == 0) rc = err_set(err, ERR_INVALID, "--tripcode %s: it has no tripcode", path);
    buf_done(&text);
    return rc;
}
