/* What the index says about one segment: which of its events may satisfy the conditions, and whether that is certain. */
#ifndef QUERY_INDEX_PLAN_H
#define QUERY_INDEX_PLAN_H

#include "query/condition/match.h"
#include "query/index/view.h"

/* What answered a condition in any segment, for --explain. */
enum plan_by { PLAN_BY_EVENT = 1, PLAN_BY_HASH = 2, PLAN_BY_CODE = 4, PLAN_BY_NUMBER = 8, PLAN_BY_SEQ = 16 };

enum plan_state {
    PLAN_SCAN, /* no index: every event of it */
    PLAN_NONE, /* no event of it */
    PLAN_SOME  /* those whose bit is set */
};

enum plan_column { PLAN_UNKNOWN, PLAN_ABSENT, PLAN_UNREADABLE, PLAN_PRESENCE, PLAN_VALUES };

struct plan {
    struct index_view view;
    const struct match *match;
    enum plan_state state;
    uint64_t first, end; /* of the segment: seqs [first, end), cut to what is asked */
    bool certain;        /* PLAN_SOME: all conditions hold for the events whose bit is set */
    bool indexed;        /* values can be read from columns */
    bool set;            /* bits are */
    uint64_t *bits;      /* of the segment's events, from its first */
    uint64_t *more;      /* scratch */
    struct columns_record record;
    bool held; /* `record` can be read */
    bool has_classes;
    struct columns_classes classes;
    struct column *column[FIELD_MAX];   /* NULL: never needed */
    uint8_t loaded[FIELD_MAX];          /* enum plan_column, in this segment */
    uint8_t by[MATCH_TERMS_MAX];        /* plan_by of each term */
    uint64_t segments, looked, scanned; /* segments seen; with an index; without */
};

/* Without an index all is PLAN_SCAN; PLAN_PROVEN: with what somebody vouches for. */
enum plan_trust { PLAN_NO_INDEX, PLAN_INDEX, PLAN_PROVEN };
int plan_init(struct plan *plan, struct ledger *ledger, const struct match *match, enum plan_trust trust, struct err *err);
void plan_done(struct plan *plan);
/* The index's record of the segment of `seq`, to plan->record; the segment at hand is none then. False: there is none. */
bool plan_hold(struct plan *plan, uint64_t seq);
/* Plans the segment of `seq`, for its events [lo, hi). The index stays open until plan_rest. */
int plan_segment(struct plan *plan, uint64_t seq, uint64_t lo, uint64_t hi, struct err *err);
/* The next event at or after `seq`, the last one before `seq`, whose bit is set; LOG_NO_SEQ: there is none. */
uint64_t plan_next(const struct plan *plan, uint64_t seq);
uint64_t plan_last(const struct plan *plan, uint64_t seq);
/* Events of [from, to) whose bit is set. */
uint64_t plan_count(const struct plan *plan, uint64_t from, uint64_t to);
/* A column of this segment. *ret NULL: no event has the field. ERR_NOTFOUND: its values cannot be had from the index. */
int plan_column(struct plan *plan, size_t field, const struct column **ret, struct err *err);
/* The time of event `seq`, if a segment of the index begins with it. */
bool plan_time(struct plan *plan, uint64_t seq, uint64_t *ret);
/* A full segment of the index holds event `seq`. */
bool plan_indexed(struct plan *plan, uint64_t seq);
/* Releases the databases until the index is needed again. */
void plan_rest(struct plan *plan);

#endif
