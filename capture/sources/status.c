/* Written as JSON because a person may look at it; read strictly, because anything may be in a file. */
#include "capture/sources/status.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mp.h"
#include "base/obj.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "capture/sources/place.h"

static const char *const phases[] = {
    [SOURCES_UNKNOWN] = "unknown", [SOURCES_STARTING] = "starting", [SOURCES_RUNNING] = "running",
    [SOURCES_WAITING] = "waiting", [SOURCES_BACKOFF] = "backoff",   [SOURCES_FAILED] = "failed",
    [SOURCES_STOPPED] = "stopped", [SOURCES_FAILING] = "failing"};
#define N_PHASES (sizeof(phases) / sizeof(phases[0]))

const char *sources_phase_name(enum sources_phase phase) {
    return phases[phase];
}

static const struct member {
    const char *name;
    size_t at, size; /* size 0: a number */
} members[] = {
#define NUMBER(m)                                                                                                          \
    { #m, offsetof(struct sources_status, m), 0 }
#define WORDS(m)                                                                                                           \
    { #m, offsetof(struct sources_status, m), sizeof(((struct sources_status *)NULL)->m) }
    NUMBER(pid),      NUMBER(started_at), NUMBER(changed_at), NUMBER(last_at),  NUMBER(last_seq), NUMBER(looked_at),
    NUMBER(accepted), NUMBER(duplicate),  NUMBER(rejected),   NUMBER(errors),   NUMBER(restarts), NUMBER(retry_at),
    WORDS(address),   WORDS(unit),        WORDS(error),       NUMBER(error_at),
#undef NUMBER
#undef WORDS
};
#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

static void put_words(struct obj *obj, const char *name, const char *words) {
    struct buf masked = {.max = 4 * SOURCES_WORDS_MAX};
    struct bytes valid = bytes_of(words);
    valid.n = text_utf8_valid(valid.p, valid.n); /* it may be cut within a character */
    secret_mask(&masked, valid);
    obj_str(obj, name, bytes_of_buf(&masked));
    buf_done(&masked);
}

int sources_status_write(const char *dir, const char *name, const struct sources_status *status, struct err *err) {
    char path[FILE_PATH_MAX];
    struct buf text = {.max = SOURCES_STATUS_MAX};
    struct obj obj = {0};
    obj_text(&obj, "phase", phases[status->phase]);
    for (size_t i = 0; i < N_MEMBERS; i++) {
        const char *at = (const char *)status + members[i].at;
        uint64_t number;
        memcpy(&number, at, sizeof(number));
        if (members[i].size == 0) {
            obj_uint(&obj, members[i].name, number);
        } else if (at[0] != '\0') {
            put_words(&obj, members[i].name, at);
        }
    }
    int rc = sources_place_status(path, dir, name, err);
    if (rc == 0) rc = obj_json(&obj, JSON_LINE, &text, err);
    buf_put_u8(&text, '\n');
    if (rc == 0) rc = buf_check(&text, "status of the source", err);
    if (rc == 0) rc = file_write_durable(path, bytes_of_buf(&text), 0600, err);
    obj_done(&obj);
    buf_done(&text);
    return rc;
}

static enum sources_phase phase_of(struct bytes word) {
    for (size_t i = 0; i < N_PHASES; i++) {
        if (bytes_is(word, phases[i])) return (enum sources_phase)i;
    }
    return SOURCES_UNKNOWN;
}

int sources_status_read(const char *dir, const char *name, struct sources_status *ret, struct err *err) {
    char path[FILE_PATH_MAX];
    struct buf text = {.max = SOURCES_STATUS_MAX}, map = {.max = 2 * SOURCES_STATUS_MAX};
    struct sources_status s = {0};
    struct err why = {0};
    int rc = sources_place_status(path, dir, name, err);
    if (rc != 0) return rc;
    rc = file_read_regular(path, &text, &why);
    if (rc == 0) rc = json_to_mp(bytes_of_buf(&text), &map, &why);
    if (rc == 0 && (map.p[0] & 0xf0) != 0x80 && map.p[0] != 0xde) rc = err_set(&why, ERR_INVALID, "expected an object");
    if (rc == 0) {
        const struct bytes all = bytes_of_buf(&map);
        s.phase = phase_of(mp_get_text(all, "phase"));
        for (size_t i = 0; i < N_MEMBERS; i++) {
            char *at = (char *)&s + members[i].at;
            uint64_t number = mp_get_uint(all, members[i].name, 0);
            struct bytes words = mp_get_text(all, members[i].name);
            if (members[i].size == 0) {
                memcpy(at, &number, sizeof(number));
            } else {
                words.n = words.n < members[i].size ? words.n : 0;
                bytes_copy(at, words);
            }
        }
        *ret = s;
    } else {
        rc = rc == ERR_NOTFOUND ? err_set(err, rc, "%s", why.msg)
                                : err_set(err, ERR_CORRUPT, "the status file of '%s' does not parse: %s", name, why.msg);
    }
    buf_done(&text);
    buf_done(&map);
    return rc;
}
