/* A cursor names the leaf of the event before it: a ledger that was restored, cut back or exchanged has another one. */
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "export/stream/writer.h"

#define FIRST "ledger/cursor/v1\n"
#define MAX   512

/* The next line of *rest, without LF. False: there is none. */
static bool line_of(struct bytes *rest, struct bytes *ret) {
    const uint8_t *end = bytes_find(*rest, '\n');
    if (end == NULL) return false;
    *ret = (struct bytes){rest->p, (size_t)(end - rest->p)};
    rest->p += ret->n + 1;
    rest->n -= ret->n + 1;
    return true;
}

static int parse(struct bytes text, uint8_t genesis[LOG_HASH], struct stream_at *ret, struct err *err) {
    struct bytes line[3];
    bool good = bytes_has_prefix(text, FIRST);
    struct bytes rest = {text.p + (good ? strlen(FIRST) : 0), text.n - (good ? strlen(FIRST) : 0)};
    for (size_t i = 0; i < 3 && good; i++) {
        good = line_of(&rest, &line[i]);
    }
    good = good && rest.n == 0 && text_unhex(genesis, LOG_HASH, line[0]) == 0 && text_parse_u64(line[1], &ret->next) == 0 &&
           text_unhex(ret->leaf, LOG_HASH, line[2]) == 0;
    return good ? 0 : err_set(err, ERR_INVALID, "it is not a cursor (expected four lines, the first being '%.16s')", FIRST);
}

static int check(struct ledger *ledger, const uint8_t genesis[LOG_HASH], const struct stream_at *at, struct err *err) {
    uint8_t leaf[LOG_HASH] = {0};
    struct log_head head;
    if (memcmp(genesis, ledger->genesis, LOG_HASH) != 0) {
        return err_set(err, ERR_CONFLICT, "it is the cursor of another ledger");
    }
    int rc = log_head(ledger, &head, err);
    if (rc == 0 && at->next > head.size) {
        return err_set(err, ERR_ROLLBACK, "it continues at event %llu, and the ledger has %llu event%s",
                       (unsigned long long)at->next, (unsigned long long)head.size, text_s(head.size));
    }
    if (rc == 0 && at->next > 0) rc = stream_leaf_of(ledger, at->next - 1, leaf, err);
    if (rc == 0 && memcmp(leaf, at->leaf, LOG_HASH) != 0) {
        return err_set(err, ERR_CONFLICT, "event %llu of the ledger is not the one that was sent: this is another history",
                       (unsigned long long)at->next - 1);
    }
    return rc;
}

int stream_cursor_read(struct ledger *ledger, const char *path, struct stream_at *ret, struct err *err) {
    struct buf text = {.max = MAX};
    uint8_t genesis[LOG_HASH];
    struct stream_at at;
    if (!file_exists(path)) return err_set(err, ERR_NOTFOUND, "there is no cursor '%s'", path);
    int rc = file_read_regular(path, &text, err);
    if (rc == 0) {
        rc = parse(bytes_of_buf(&text), genesis, &at, err);
        if (rc == 0) rc = check(ledger, genesis, &at, err);
        if (rc != 0) {
            err_prefix(err, "the cursor '%s'", path);
        }
    }
    if (rc == 0) {
        *ret = at;
    }
    buf_done(&text);
    return rc;
}

int stream_cursor_write(struct ledger *ledger, const char *path, const struct stream_at *at, struct err *err) {
    char genesis[2 * LOG_HASH + 1], leaf[2 * LOG_HASH + 1];
    struct buf text = {.max = MAX};
    text_hex(genesis, ledger->genesis, LOG_HASH);
    text_hex(leaf, at->leaf, LOG_HASH);
    buf_printf(&text, FIRST "%s\n%llu\n%s\n", genesis, (unsigned long long)at->next, leaf);
    int rc = buf_check(&text, "the cursor", err);
    if (rc == 0) rc = file_write_durable(path, bytes_of_buf(&text), 0600, err);
    if (rc != 0) {
        err_prefix(err, "the cursor '%s'", path);
    }
    buf_done(&text);
    return rc;
}
