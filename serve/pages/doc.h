/* Answers of commands, taken apart. What is not there, or not of the type, is empty or absent: a page never fails for it. */
#ifndef SERVE_PAGES_DOC_H
#define SERVE_PAGES_DOC_H

#include "base/mp.h"

/* A member; empty: there is none, or it is null. */
struct bytes doc_get(struct bytes map, const char *name);
struct bytes doc_text(struct bytes map, const char *name);
bool doc_number(struct bytes map, const char *name, double *ret);
bool doc_uint(struct bytes map, const char *name, uint64_t *ret);
bool doc_true(struct bytes map, const char *name);
/* A time, which JSON has as a text of ns. */
bool doc_time(struct bytes map, const char *name, uint64_t *ret);
/* Elements of a list, one after the other: *at begins at 0. False: there are no more. */
struct doc_list {
    struct mp_reader reader;
    uint32_t left;
};
struct doc_list doc_list(struct bytes list);
bool doc_next(struct doc_list *list, struct bytes *ret);
uint32_t doc_count(struct bytes list);
/* Members of a map, likewise; nulls are left out. */
struct doc_list doc_map(struct bytes map);
bool doc_next_member(struct doc_list *map, struct bytes *ret_name, struct bytes *ret);
/* Any scalar, or a list or map, as text for people. */
void doc_words(struct bytes value, struct buf *out);

#endif
