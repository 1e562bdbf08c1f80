/* The error struct: formatting and the errno table. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 0))) static void vformat(char *dst, const char *fmt, va_list ap) {
    int n = vsnprintf(dst, ERR_MSG_MAX, fmt, ap);
    if (n >= ERR_MSG_MAX) {
        memcpy(dst + ERR_MSG_MAX - 4, "...", 4);
    }
}

int err_set(struct err *err, int code, const char *fmt, ...) {
    if (err != NULL) {
        char msg[ERR_MSG_MAX];
        va_list ap;
        va_start(ap, fmt);
        vformat(msg, fmt, ap);
        va_end(ap);
        err->code = code;
        memcpy(err->msg, msg, strlen(msg) + 1);
    }
    return code;
}

int err_prefix(struct err *err, const char *fmt, ...) {
    if (err == NULL) return 0;
    char head[ERR_MSG_MAX];
    va_list ap;
    va_start(ap, fmt);
    vformat(head, fmt, ap);
    va_end(ap);
    char old[ERR_MSG_MAX];
    memcpy(old, err->msg, sizeof(old));
    return err_set(err, err->code, "%s: %s", head, old);
}

static int code_of_errno(int errnum) {
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_FULL;
    case ENOMEM:
        return ERR_NOMEM;
    case ENOENT:
        return ERR_NOTFOUND;
    default:
        return ERR_IO;
    }
}

int err_errno(struct err *err, int errnum, const char *fmt, ...) {
    char head[ERR_MSG_MAX];
    va_list ap;
    va_start(ap, fmt);
    vformat(head, fmt, ap);
    va_end(ap);
    return err_set(err, code_of_errno(errnum), "%s: %s", head, strerror(errnum));
}

bool err_is_system(int code) {
    return code == ERR_NOMEM || code == ERR_IO || code == ERR_BUSY || code == ERR_FULL || code == ERR_NET;
}

bool err_is_damage(int code) {
    return code == ERR_CORRUPT || code == ERR_TAMPERED;
}

const char *err_name(int code) {
    static const char *const names[] = {"ERR_NONE",     "ERR_NOMEM",    "ERR_IO",       "ERR_BUSY",    "ERR_FULL",
                                        "ERR_LIMIT",    "ERR_INVALID",  "ERR_NOTFOUND", "ERR_VERSION", "ERR_CORRUPT",
                                        "ERR_TAMPERED", "ERR_CONFLICT", "ERR_NET",      "ERR_ROLLBACK"};
    int i = -code;
    return i >= 0 && i < (int)(sizeof(names) / sizeof(names[0])) ? names[i] : "ERR_UNKNOWN";
}
