/* The fields that rows show, by name: "seq,kind,model,body.text". */
#ifndef CLI_PRINT_PICK_H
#define CLI_PRINT_PICK_H

#include "query/query.h"

#define PICK_MAX       64
#define FIELD_NAME_MAX 128

enum field_what {
    FIELD_KNOWN,  /* known to the query room by number */
    FIELD_BODY,   /* of the body, by any name */
    FIELD_WHOLE,  /* body: the open body; fields in a table */
    FIELD_SECRET, /* private: the private fields */
    FIELD_LEAF,
    FIELD_AUTHOR,
    FIELD_AT, /* the time, by the pick's clock, as RFC 3339 text */
    FIELD_DAY,
    FIELD_HOUR,
    FIELD_MINUTE /* FIELD_DAY to FIELD_MINUTE: the beginning of that time */
};

struct field {
    enum field_what what;
    char name[FIELD_NAME_MAX];
    size_t number; /* FIELD_KNOWN */
    bool is_time;  /* its integers are ns since the epoch */
};

struct pick {
    size_t n;
    size_t clock;       /* QUERY_HAPPENED or QUERY_TIME: what FIELD_AT and the others are parts of */
    bool clocks_differ; /* a day, hour or minute differs by the other clock */
    struct field field[PICK_MAX];
    struct buf memory[PICK_MAX]; /* for values that borrow from nothing else */
};

void pick_init(struct pick *fields);
void pick_done(struct pick *fields);
/* Adds the names of a comma-separated list. ERR_INVALID: one is unknown (the nearest is named) or there already. */
int pick_add(struct pick *fields, const char *list, struct err *err);
/* The values of the current row, in ret[0 .. n). Borrowed until the next row. */
int pick_get(struct pick *fields, struct query_cursor *cursor, struct query_value *ret, struct err *err);
/* Are all of them FIELD_KNOWN? */
bool pick_known(const struct pick *fields);
/* Must the events themselves be read for them, even with an index? */
bool pick_whole(const struct pick *fields);

#endif
