/* The fields that queries may use: the header's elements, and every body field that the catalog indexes anywhere. Built
 * once from the catalog, in static memory. */
#ifndef QUERY_CONDITION_FIELD_H
#define QUERY_CONDITION_FIELD_H

#include "ledger/event/event.h"
#include "query/query.h"

#define FIELD_BODY_MAX 320 /* body fields at most */
#define FIELD_MAX      (QUERY_BODY_FIELDS + FIELD_BODY_MAX + 1)
/* Not a field but a column: the subject up to its last '/', "package/dpkg/" of "package/dpkg/curl". Subjects are many,
 * these are few. */
#define FIELD_SUBJECT_HEAD (FIELD_MAX - 1)

/* The number of the body field with this name; SIZE_MAX: it has none. */
size_t field_of_body(struct bytes name);
/* The name as used in bodies. Not for header fields. */
struct bytes field_body_name(size_t field);
/* One element of a header: an empty text is QUERY_NULL. */
struct query_value field_of_header(const struct event_header *h, size_t field);
/* When it happened: `at` of the body, if that is a time (an integer from 0 on), else the time of the seal. */
struct query_value field_happened(uint64_t time, const struct query_value *at);
struct query_value field_happened_of(uint64_t time, struct bytes body);
/* Of the subject; empty when it has no '/'. */
struct bytes field_subject_head(struct bytes subject);
/* A number that changes with the catalog's set of indexed fields. */
uint64_t field_rules(void);

#endif
