/* Inside the catalog: whether a value suits its field and, if not, why. */
#ifndef LEDGER_KINDS_CHECK_H
#define LEDGER_KINDS_CHECK_H

#include "base/mp.h"
#include "ledger/kinds/kind.h"

#define KIND_TIME_ACCEPTED                                                                                                 \
    "nanoseconds since 1970 as a number or decimal text, or RFC 3339 text with a zone, such as 2026-11-21T00:32:38Z"

/* "an integer", "text", ... */
const char *kind_item_words(const struct mp_item *item);

/* 'sha256:' and 64 lower-case hex digits. */
bool kind_is_digest(struct bytes text);
/* ns from decimal or RFC 3339 text. */
bool kind_time_parse(struct bytes text, uint64_t *ret_ns);
/* Checks the times among the fields of the catalog: an integer, or text of one, that as nanoseconds is before 1973 (so it
 * is in seconds, or a year) is ERR_INVALID. For typed input; sources may have clocks that were never set. */
#define KIND_TIME_TYPED_MIN UINT64_C(100000000000000000)
int kind_check_times(const struct kind *kind, struct bytes map, struct err *err);
/* A bit per enum mp_type: values of these types suit the field whatever they hold. kind_check judges all others. */
unsigned kind_accepts(const struct kind_field *field);
/* Checks a value that is not null, but not the members of maps in a list. `after` is positioned after the item (a
 * container's head). *ret_converted says that the value is a time as text, to be written as *ret_ns. ERR_INVALID. */
int kind_check(const struct kind_field *field, const struct mp_item *item, const struct mp_reader *after,
               bool *ret_converted, uint64_t *ret_ns, struct err *err);
/* Checks the maps of a list against the members of its row. ERR_INVALID names the field, the item from 0 and the member.
 * What does not parse is left to the later walk. */
int kind_check_members(const struct kind_field *list, uint32_t count, const struct mp_reader *after, struct err *err);

#endif
