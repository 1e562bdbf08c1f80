/* glibc has the C locale as a constant, so begin costs no allocation; other libraries may make one. */
#include "base/locale.h"

#include <stdio.h>
#include <string.h>

int locale_c_begin(struct locale_c *ret, struct err *err) {
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c == (locale_t)0) return err_set(err, ERR_NOMEM, "out of memory for the C locale");
    *ret = (struct locale_c){c, uselocale(c)};
    return 0;
}

void locale_c_pause(const struct locale_c *l) {
    uselocale(l->host);
}

void locale_c_resume(const struct locale_c *l) {
    uselocale(l->c);
}

void locale_c_end(struct locale_c *l) {
    uselocale(l->host);
    freelocale(l->c);
}

const char *locale_real(char room[LOCALE_REAL_MAX], double v) {
    struct locale_c l = {0};
    int rc = locale_c_begin(&l, NULL);
    snprintf(room, LOCALE_REAL_MAX, "%.6g", v);
    if (rc == 0) {
        locale_c_end(&l);
    }
    return room;
}
