/* The C locale, for one thread and a while: whatever locale the host of the library has set, numbers are read and written
 * with a point. Code that hands numbers as text to strtod, printf or a vendor's library is between begin and end;
 * what the host is called back for sees its own locale, between pause and resume. */
#ifndef BASE_LOCALE_H
#define BASE_LOCALE_H

#include <locale.h>

#include "base/err.h"

struct locale_c {
    locale_t c, host;
};

/* ERR_NOMEM: the locale is the host's as before. */
int locale_c_begin(struct locale_c *ret, struct err *err);
void locale_c_pause(const struct locale_c *l);
void locale_c_resume(const struct locale_c *l);
void locale_c_end(struct locale_c *l);

/* "%.6g" with a point. Returns `room`. */
#define LOCALE_REAL_MAX 32
const char *locale_real(char room[LOCALE_REAL_MAX], double v);

#endif
