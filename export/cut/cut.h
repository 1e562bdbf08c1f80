/* A cut of a ledger: normalized options, the head it is cut from, and the walk over the events of the range. */
#ifndef EXPORT_CUT_CUT_H
#define EXPORT_CUT_CUT_H

#include "export/cut/bundle.h"
#include "ledger/core/core.h"
#include "ledger/read/prefetch.h"

#define CUT_SCANNED 5

struct cut {
    struct ledger *ledger;
    const struct export_options *options;
    /* What was requested, sorted, without duplicates. */
    struct export_term term[EXPORT_TERMS_MAX]; /* by field and value */
    const char *private_[EXPORT_PRIVATE_MAX], *states[EXPORT_STATES_MAX];
    size_t n_terms, n_private, n_states;
    bool has_since, has_until;   /* time bounds that the range itself does not imply */
    struct export_counts counts; /* head and range; the rest is filled in by the walk */
    struct buf note;             /* the head's checkpoint */
    uint64_t *gap;               /* seqs of ledger.gap events; owned */
    size_t n_gaps, cap_gaps;
    uint8_t (*artifact)[LOG_HASH]; /* digests that disclosed events name, sorted once the walk is over; owned */
    size_t n_artifacts, cap_artifacts;
    uint64_t *lacking; /* disclosed events with erased private fields, when some are requested; owned */
    size_t n_lacking, cap_lacking;
    char secret_where[160]; /* the place of the first one; empty: none */
    const char *secret_rule;
    struct buf scanned[CUT_SCANNED]; /* header strings of the previous event */
    struct memo *texts, *names;      /* see kind_finds; owned */
};

/* Checks the options and takes them over, sorted; needs no ledger. The cut is zeroed. */
int cut_ask(struct cut *cut, const struct export_options *options, struct err *err);
/* The same, and takes the head. */
int cut_open(struct cut *cut, struct ledger *ledger, const struct export_options *options, struct err *err);
/* The first event of [lo, hi) at or after a time; hi when there is none. */
int cut_first_at(struct log_reader *reader, uint64_t lo, uint64_t hi, uint64_t time, uint64_t *ret, struct err *err);
void cut_done(struct cut *cut); /* a zeroed one is fine */

/* What a bundle says about an event. */
enum cut_fate { CUT_HEADER_ONLY, CUT_DISCLOSED, CUT_WITHHELD, CUT_ERASED };
bool cut_matches(const struct cut *cut, const struct event_header *header);
enum cut_fate cut_fate(const struct cut *cut, bool matches, bool erased);
/* The index of the first of the chosen seqs at or after this one. */
uint64_t cut_chosen_from(const struct export_options *options, uint64_t seq);
bool cut_discloses_field(const struct cut *cut, struct bytes name);

/* An event as a bundle holds it. Borrowed until the next one. */
struct cut_event {
    struct event_header header;
    struct bytes leaf; /* the header's bytes */
    struct bytes payload;
    bool erased; /* the payload no longer exists */
    size_t at;   /* its place in its group */
    const struct group *group;
};
/* Walks the events of the range, or the chosen ones, in order: 0, or 1 at the end. */
struct cut_walk {
    struct cut *cut;
    struct prefetch *ahead;
    bool many; /* enough groups to read ahead */
    /* The current group, and its holder. */
    struct log_reader *reader;
    const struct group *group;
    struct event_header header; /* of the previous event: repeated strings need no second check */
    uint64_t next;              /* seq, or index into the chosen ones */
    uint64_t shown;
};
int cut_walk_open(struct cut_walk *walk, struct cut *cut, struct err *err);
int cut_walk_next(struct cut_walk *walk, struct cut_event *ret, struct err *err);
/* The event as readers return it. */
int cut_walk_whole(struct cut_walk *walk, const struct cut_event *event, struct log_event *ret, struct err *err);
/* The private fields of an event that has some; borrowed until the next call. */
int cut_walk_private(struct cut_walk *walk, const struct cut_event *event, struct private_view *ret, struct err *err);
void cut_walk_close(struct cut_walk *walk); /* a zeroed one is fine */

/* Counts the event and collects what the manifest needs: gaps, artifacts, secrets. *ret_private: how many of its private
 * fields would leave. */
int cut_count(struct cut_walk *walk, const struct cut_event *event, enum cut_fate *ret, size_t *ret_private,
              struct err *err);
/* Searches what would leave for a secret, counts it, and records the place of the first one: `where`, or event `seq`
 * when `where` is NULL. */
bool cut_look(struct cut *cut, struct bytes text, const char *where, uint64_t seq);
/* The same for JSON whose values come from fields of events. */
bool cut_look_json(struct cut *cut, struct bytes json, const char *where);
/* The same for all of an event that leaves in addition to the range. */
int cut_look_at(struct cut *cut, const struct log_event *event, struct err *err);
/* Completes the list of artifacts after the last event. */
int cut_settle(struct cut *cut, struct err *err);

#endif
