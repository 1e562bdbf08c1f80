/* What the verifier of a stream keeps beside what all verifiers share. Internal to this room. */
#ifndef EXPORT_STREAM_SECTION_H
#define EXPORT_STREAM_SECTION_H

#include "export/stream/stream.h"
#include "export/verify/checking.h"

#define SECTION_LEAVES ((size_t)1 << 20) /* of the newest events, to be compared with repeated ones */
#define SECTION_ENDS   64

/* Where a section ended: a later one that passes here must have the same events. */
struct section_end {
    uint64_t size;
    uint8_t root[EVENT_HASH];
};

/* An event whose body is said to be erased, and the first event that says so, too; LOG_NO_SEQ: none. */
struct section_erased {
    uint64_t seq, by;
};

/* Claims whose event has come and is not sealed yet. */
struct section_claim {
    uint64_t n, exported, last, leaves; /* exported: of the first one; last: the highest */
};

struct streaming {
    struct checking c; /* the first member: `before` of check_stream_keys gets it */
    struct stream_report *report;
    char place[32];  /* "line 7" */
    struct buf text; /* a checkpoint, while it is read */
    bool begun, has_point;
    bool begins; /* the line at hand begins a section */
    bool due;    /* the checkpoint of a handover must follow */
    uint64_t first, end;
    uint64_t last_point; /* size of the section's last checkpoint, or its first event */
    uint64_t exported;   /* of the section */
    uint8_t claim[EVENT_HASH];
    bool claim_open;                /* the event `exported` has not come yet */
    bool claim_bound;               /* a checkpoint of the section covers it */
    uint64_t goal;                  /* where those before the section ended: from there on it is tied to them */
    uint64_t own_leaves;            /* new events that the section gives with their leaf alone */
    uint64_t open_exported, n_open; /* of sections that ended before it */
    uint64_t open_leaves;           /* own_leaves of those */
    struct section_claim waiting;   /* of sections that ended with it, and before its checkpoint */
    uint64_t n_leaves;              /* events with their leaf alone */
    uint64_t n_held;
    uint8_t (*leaf)[EVENT_HASH]; /* a ring by seq; owned */
    uint64_t kept_from;          /* the first seq in it */
    struct section_end ended[SECTION_ENDS];
    size_t n_ended;
    struct section_erased *erased; /* by seq; owned */
    size_t n_erased, cap_erased;
    uint64_t erasing; /* the ledger.erased event at hand */
};

/* ---- section.c ---- */

/* Sets the place of findings: the line that comes next. */
void section_line(struct checking *c);
/* Reads the first line of a section, and its keys. */
int section_begin(struct streaming *s, struct err *err);
/* The section is over: what comes next is another one, or nothing. */
void section_end(struct streaming *s);
/* A checkpoint of this size ends here. */
void section_sealed(struct streaming *s, uint64_t size);
/* Called after each event: compares with where earlier sections ended, and with what the caller knows. */
int section_reached(struct streaming *s);
/* Compares an event that an earlier section had. */
int section_repeated(struct streaming *s, uint64_t seq, const uint8_t leaf[EVENT_HASH]);
/* Remembers the leaf of a new event. */
void section_keep(struct streaming *s, uint64_t seq, const uint8_t leaf[EVENT_HASH]);

#endif
