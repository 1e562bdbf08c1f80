/* Error codes have the same numbers on both sides, so they need no translation. */
#include "lib/facade.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define CODE(name) _Static_assert((int)LEDGER_ERR_##name == (int)ERR_##name, #name)
CODE(NOMEM);
CODE(IO);
CODE(BUSY);
CODE(FULL);
CODE(LIMIT);
CODE(INVALID);
CODE(NOTFOUND);
CODE(VERSION);
CODE(CORRUPT);
CODE(TAMPERED);
CODE(CONFLICT);
CODE(NET);
CODE(ROLLBACK);
_Static_assert(LEDGER_HASH == LOG_HASH && LEDGER_NO_SEQ == LOG_NO_SEQ, "");
_Static_assert(LEDGER_ERROR_MESSAGE >= ERR_MSG_MAX, "");

const char *ledger_version(void) {
    return LEDGER_VERSION;
}

const char *ledger_error_name(int code) {
    static const char *const names[] = {
        "LEDGER_OK",           "LEDGER_ERR_NOMEM",    "LEDGER_ERR_IO",       "LEDGER_ERR_BUSY",    "LEDGER_ERR_FULL",
        "LEDGER_ERR_LIMIT",    "LEDGER_ERR_INVALID",  "LEDGER_ERR_NOTFOUND", "LEDGER_ERR_VERSION", "LEDGER_ERR_CORRUPT",
        "LEDGER_ERR_TAMPERED", "LEDGER_ERR_CONFLICT", "LEDGER_ERR_NET",      "LEDGER_ERR_ROLLBACK"};
    if (code == LEDGER_END) return "LEDGER_END";
    return code <= 0 && code > -(int)(sizeof(names) / sizeof(names[0])) ? names[-code] : "LEDGER_ERR";
}

void ledger_free(void *memory) {
    free(memory);
}

int facade_end_at(int rc, const struct err *err, size_t at, struct ledger_error *error) {
    if (rc < 0 && error != NULL) {
        error->code = rc;
        error->at = at == SIZE_MAX ? -1 : (int64_t)at;
        snprintf(error->message, sizeof(error->message), "%s", err->msg);
    }
    return rc;
}

int facade_end(int rc, const struct err *err, struct ledger_error *error) {
    return facade_end_at(rc, err, SIZE_MAX, error);
}

int facade_size(size_t size, const char *name, struct err *err) {
    if (size < sizeof(size)) {
        return err_set(err, ERR_INVALID, "the size of struct %s is not set: start from its INIT", name);
    }
    return size % sizeof(size) == 0
               ? 0
               : err_set(err, ERR_INVALID, "the size of struct %s is %zu, which no version of it has: start from its INIT",
                         name, size);
}

int facade_options(void *to, size_t known, const void *from, const char *name, struct err *err) {
    size_t size;
    memcpy(&size, from, sizeof(size));
    int rc = facade_size(size, name, err);
    if (rc != 0) return rc;
    for (size_t i = known; i < size; i++) {
        if (((const uint8_t *)from)[i] != 0) {
            return err_set(err, ERR_VERSION, "struct %s has members that this library (%s) does not know", name,
                           LEDGER_VERSION);
        }
    }
    memcpy(to, from, size < known ? size : known);
    memcpy(to, &known, sizeof(known));
    return 0;
}

int facade_given(const char *text, const char *what, struct err *err) {
    return text != NULL && *text != '\0' ? 0 : err_set(err, ERR_INVALID, "no %s is given", what);
}

int facade_utf8(const char *text, const char *what, struct err *err) {
    struct bytes bytes = bytes_of(text);
    size_t good = text_utf8_valid(bytes.p, bytes.n);
    return good == bytes.n ? 0 : err_set(err, ERR_INVALID, "%s: byte %zu; expected: UTF-8", what, good);
}

int facade_array(const void *array, size_t n, const char *member, struct err *err) {
    return n == 0 || array != NULL ? 0 : err_set(err, ERR_INVALID, "'%s' is NULL; expected: %zu elements", member, n);
}

int facade_texts(const char *const *texts, size_t n, const char *member, struct err *err) {
    char what[80];
    int rc = facade_array(texts, n, member, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        snprintf(what, sizeof(what), "'%.40s[%zu]'", member, i);
        if (texts[i] == NULL || *texts[i] == '\0') {
            return err_set(err, ERR_INVALID, "%s is %s; expected: a text", what, texts[i] == NULL ? "NULL" : "empty");
        }
        rc = facade_utf8(texts[i], what, err);
    }
    return rc;
}

int facade_fd(int fd, struct err *err) {
    return fd >= 0 ? 0 : err_set(err, ERR_INVALID, "the descriptor is %d; expected: 0 or more", fd);
}

struct bytes facade_bytes(struct ledger_bytes bytes) {
    return (struct bytes){bytes.p, bytes.n};
}

struct ledger_bytes facade_borrow(struct bytes bytes) {
    return (struct ledger_bytes){bytes.p, bytes.n};
}

const char *facade_actor(const char *given, char room[FACADE_ACTOR_MAX]) {
    char names[4096];
    struct passwd own, *user = NULL;
    if (given != NULL) return given;
    if (getpwuid_r(geteuid(), &own, names, sizeof(names), &user) == 0 && user != NULL && *user->pw_name != '\0') {
        snprintf(room, FACADE_ACTOR_MAX, "user:%.100s", user->pw_name);
    } else {
        snprintf(room, FACADE_ACTOR_MAX, "user:%u", (unsigned)geteuid());
    }
    return room;
}

int facade_text(int rc, struct buf *text, char **ret, size_t *ret_n, struct err *err) {
    if (rc == 0) {
        text->max = text->max == SIZE_MAX ? SIZE_MAX : text->max + 1;
        buf_put_u8(text, 0);
        rc = buf_check(text, "the answer", err);
    }
    if (rc == 0) {
        *ret = (char *)text->p;
        if (ret_n != NULL) {
            *ret_n = text->n - 1;
        }
        *text = (struct buf){.max = 0};
    }
    buf_done(text);
    return rc;
}

int facade_json(int rc, struct obj *obj, unsigned flags, char **ret, size_t *ret_n, struct err *err) {
    struct buf text = {.max = FACADE_TEXT_MAX};
    if (rc == 0) rc = obj_json(obj, (flags & LEDGER_JSON_PRETTY) != 0 ? JSON_PRETTY : JSON_LINE, &text, err);
    obj_done(obj);
    return facade_text(rc, &text, ret, ret_n, err);
}

void facade_receipt(const struct log_receipt *receipt, struct ledger_receipt *ret) {
    if (ret != NULL) {
        *ret = (struct ledger_receipt){.seq = receipt->seq, .duplicate = receipt->duplicate, .masked = receipt->masked};
        memcpy(ret->leaf, receipt->leaf, LEDGER_HASH);
    }
}

void facade_value(const struct query_value *value, struct ledger_value *ret) {
    static const int types[] = {
        [QUERY_NULL] = LEDGER_NULL, [QUERY_INT] = LEDGER_INT,   [QUERY_REAL] = LEDGER_REAL,
        [QUERY_TEXT] = LEDGER_TEXT, [QUERY_BOOL] = LEDGER_BOOL, [QUERY_OTHER] = LEDGER_MSGPACK,
    };
    *ret = (struct ledger_value){.type = types[value->type]};
    if (value->type == QUERY_INT) {
        ret->integer = value->int_;
    } else if (value->type == QUERY_REAL) {
        ret->real = value->real;
    } else if (value->type == QUERY_BOOL) {
        ret->boolean = value->boolean;
    } else if (value->type != QUERY_NULL) {
        ret->text = facade_borrow(value->text);
    }
}
