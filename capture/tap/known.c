/* The cursor has a position and a key: events of that commit, and of others that came in between, are read until the key is
 * found. */
#include "capture/tap/known.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/mp.h"
#include "base/text.h"

#define CURSOR_MAX 4096

static void cursor_name(const char *server, char ret[128]) {
    (void)snprintf(ret, 128, "tap:mcp:%.64s", server);
}

int known_mark(struct log_batch *batch, const char *server, uint64_t from, const char *key, struct err *err) {
    char name[128], value[128];
    cursor_name(server, name);
    (void)snprintf(value, sizeof(value), "%llu %s", (unsigned long long)from, key);
    return log_batch_set_cursor(batch, name, bytes_of(value), err);
}

void known_done(struct known *known) {
    for (size_t i = 0; i < known->n; i++) {
        tap_tools_done(&known->items[i].tools);
    }
    free(known->items);
    memset(known, 0, sizeof(*known));
}

static int put(struct known *known, size_t at, uint64_t seq, struct bytes map, struct err *err) {
    int rc = array_room(&known->items, known->n + 1, &known->room, sizeof(*known->items), err);
    if (rc != 0) return rc;
    memmove(&known->items[at + 1], &known->items[at], (known->n - at) * sizeof(*known->items));
    known->n++;
    known->items[at].seq = seq;
    tap_tools_init(&known->items[at].tools);
    return tap_tools_load(&known->items[at].tools, map, err);
}

int known_add(struct known *known, uint64_t seq, const struct tap_tools *tools, struct err *err) {
    struct buf map = {.max = (size_t)4 << 20};
    int rc = tap_tools_map(tools, &map, err);
    if (rc == 0) rc = put(known, 0, seq, bytes_of_buf(&map), err);
    buf_done(&map);
    return rc;
}

static bool is_one(const struct log_event *event, const char *server) {
    struct bytes subject = event->subject;
    return bytes_is(event->kind, "agent.tools_observed") && bytes_is(event->source, TAP_SOURCE) &&
           bytes_has_prefix(subject, "server/") && bytes_is((struct bytes){subject.p + 7, subject.n - 7}, server);
}

/* The observations, from the one with that key back. */
static int read_back(struct log_reader *reader, const char *server, uint64_t seq, size_t max, struct known *ret,
                     struct err *err) {
    struct log_event event;
    int rc = 0;
    while (rc == 0 && ret->n < max) {
        struct bytes map = {0};
        log_reader_seek(reader, seq);
        rc = log_reader_next(reader, &event, err);
        if (rc != 0 || !is_one(&event, server)) break;
        if (event.body.n > 0) (void)mp_map_get(event.body, "tool_digests", &map);
        rc = put(ret, ret->n, seq, map, err);
        if (!event.has_cause || event.cause >= seq) break;
        seq = event.cause;
    }
    return rc < 0 ? rc : 0;
}

int known_load(struct ledger *ledger, const char *server, size_t max, struct known *ret, struct err *err) {
    struct buf value = {.max = CURSOR_MAX};
    struct log_reader *reader = NULL;
    struct log_event event;
    char name[128];
    uint64_t from = 0;
    memset(ret, 0, sizeof(*ret));
    cursor_name(server, name);
    int rc = log_cursor_get(ledger, name, &value, NULL);
    const uint8_t *blank = bytes_find(bytes_of_buf(&value), ' ');
    if (rc != 0 || blank == NULL || text_parse_u64((struct bytes){value.p, (size_t)(blank - value.p)}, &from) != 0) {
        buf_done(&value);
        return rc == ERR_NOTFOUND || rc == 0 ? 0 : err_set(err, rc, "the cursor '%s' cannot be read", name);
    }
    struct bytes key = {blank + 1, value.n - (size_t)(blank + 1 - value.p)};
    rc = log_reader_open(ledger, from, LOG_NO_SEQ, &reader, err);
    while (rc == 0 && (rc = log_reader_next(reader, &event, err)) == 0) {
        if (!is_one(&event, server) || !bytes_eq(event.key, key)) continue;
        (void)snprintf(ret->key, sizeof(ret->key), "%.*s", (int)key.n, (const char *)key.p);
        rc = read_back(reader, server, event.seq, max, ret, err);
        break;
    }
    log_reader_close(reader);
    buf_done(&value);
    return rc == 1 ? 0 : rc;
}
