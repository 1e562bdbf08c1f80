/* The export floor: cuts signed evidence out of a ledger for a stranger, and checks such evidence without a ledger.
 *
 * A bundle (docs/bundle.md) is one tar of a range of events with its proofs. Predicates over headers select the events,
 * so that a verifier can see that none is missing. Writing reads the range once, through a temporary file, and gives the
 * same tar byte for byte for the same head and options; verifying reads once. Neither holds more than some groups of 256
 * events.
 *
 * This folder sees projections, ledger and base. It answers no questions: a caller that wants the events of a run first
 * finds their range (query room) and passes the range and the predicate. */
#ifndef EXPORT_EXPORT_H
#define EXPORT_EXPORT_H

#include "ledger/log.h"

/* ---- what is selected ---- */

enum export_op { EXPORT_EQUALS, EXPORT_PREFIX };

struct export_term {
    const char *field; /* "kind", "subject", "run", "actor", "source", "grade", "key" */
    enum export_op op;
    struct bytes value;
};
/* ERR_INVALID: its field is none of those. */
int export_term_check(const struct export_term *term, struct err *err);

#define EXPORT_TERMS_MAX   32
#define EXPORT_PRIVATE_MAX 64
#define EXPORT_STATES_MAX  32

enum export_bodies { EXPORT_BODIES_MATCHING, EXPORT_BODIES_ALL, EXPORT_BODIES_NONE };
const char *export_bodies_name(enum export_bodies bodies); /* "matching", "all", "none" */
bool export_bodies_find(struct bytes name, enum export_bodies *ret);

struct export_options {
    uint64_t from, to;               /* seqs [from, to); to is cut to the head's size */
    const struct export_term *terms; /* all must hold; they are sorted in the manifest */
    size_t n_terms;
    bool has_since, has_until;
    uint64_t since, until; /* events with since <= time < until match; the range gets one neighbour on each side */
    enum export_bodies bodies;
    const char *const *private_; /* names of private fields to disclose */
    size_t n_private;
    bool artifacts;            /* artifacts that disclosed events name, if they are stored */
    const char *const *states; /* names of projections */
    size_t n_states;
    const uint64_t *seqs; /* a sparse bundle of just these (ascending, none twice), which claims no completeness; NULL: a
                             range */
    size_t n_seqs;
    bool plain;               /* no compression */
    const char *beside;       /* a path: temporary parts are unnamed files in its directory; NULL: $TMPDIR, or /tmp */
    const volatile int *stop; /* not 0: ERR_BUSY. May be NULL */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* events; may be NULL */
    void *progress_ctx;
};
void export_options_init(
    struct export_options *options); /* everything: the whole log, all bodies that match, nothing private */

#define EXPORT_ERASED_BY 8

struct export_counts {
    struct log_head head; /* what the bundle is cut from */
    uint64_t from, to;    /* the effective range */
    uint64_t headers, matching, disclosed, withheld, erased, private_, artifacts, gaps;
    uint64_t artifact_bytes;
    uint64_t private_erased;              /* requested private fields of disclosed events that are erased, by name, */
    uint64_t private_all;                 /* and disclosed events all of whose private fields an event says were erased */
    uint64_t erased_by[EXPORT_ERASED_BY]; /* the events that erased them, each once: the first ones */
    size_t n_erased_by;
    uint64_t secrets; /* hits of the secret scanner in what would leave: if any, nothing is written */
};

/* Appends what is missing of the requested private fields: "2 private fields were erased (event 71)"; nothing when none
 * is missing. */
void export_erased_words(const struct export_counts *counts, struct buf *out);

/* What would leave: counts only. `each` (may be NULL) is called for each event of which more than its header would
 * leave. */
typedef int export_each_fn(void *ctx, const struct log_event *event, bool disclosed, size_t n_private, struct err *err);
int export_plan(struct ledger *ledger, const struct export_options *options, export_each_fn *each, void *ctx,
                struct export_counts *ret, struct err *err);
/* Writes the bundle to a descriptor. ERR_INVALID: invalid options, or secrets in what would leave (the message names
 * event and rule). `digest`: SHA-256 of the written file. The caller records the export itself (ledger.exported). Needs
 * the log key. */
int export_write(struct ledger *ledger, const struct export_options *options, int fd, struct export_counts *ret,
                 uint8_t ret_digest[LOG_HASH], uint64_t *ret_bytes, struct err *err);

/* Who exported, and where it went; recorded privately, except for the actor. */
struct export_delivery {
    const char *actor, *path;
    const char *recipient, *note; /* may be NULL */
};

/* The event ledger.exported. */
struct export_record {
    const struct export_counts *counts;
    const uint8_t *digest; /* LOG_HASH bytes: of the file */
    uint64_t bytes;
    struct bytes query; /* the conditions in words */
    struct export_delivery to;
};
int export_record(struct ledger *ledger, const struct export_options *options, const struct export_record *record,
                  struct log_receipt *ret, struct err *err);

/* ---- checking a bundle ---- */

struct export_report {
    struct log_report log; /* the verdict; a finding's place is a member of the bundle */
    struct export_counts counts;
    bool sparse;
};

/* ---- what was requested, and what it leaves out ---- */

/* Why an event does not match: a bit for each header field with a condition that does not hold, in the order kind,
 * subject, run, actor, source, grade, key, and one for the time. */
#define EXPORT_FIELDS    7
#define EXPORT_MISSES    (EXPORT_FIELDS + 1)
#define EXPORT_MISS_KIND 1U
#define EXPORT_MISS_TIME (1U << EXPORT_FIELDS)

#define EXPORT_KINDS_MAX  1024 /* counted apart; events of further kinds are counted together */
#define EXPORT_TALLY_SEQS 8    /* the first ones are kept */

struct export_tally {
    uint64_t n, seq[EXPORT_TALLY_SEQS];
};

/* What a bundle has of an event: its payload; a statement that it was withheld, or erased; or its header alone. */
enum export_fate { EXPORT_DISCLOSED, EXPORT_WITHHELD, EXPORT_ERASED, EXPORT_LEFT_OUT, EXPORT_FATES };

struct export_kind {
    char *name; /* owned */
    size_t len; /* of the name */
    struct export_tally fate[EXPORT_FATES];
    uint64_t missed[EXPORT_MISSES]; /* of those with their header alone: how many fail this condition */
    struct export_tally
        stands_out; /* of these: the filter names the kind, and a condition other than the time excluded it */
};

/* The request is the exporter's claim, signed by the log key; the kinds and times are counted from proven headers. */
struct export_question {
    bool known; /* everything was checked; otherwise nothing here is valid */
    struct buf own;
    struct export_term term[EXPORT_TERMS_MAX];
    size_t n_terms;
    bool has_since, has_until, sparse, artifacts;
    uint64_t since, until, from, to, size; /* size: events of the log it was cut from */
    enum export_bodies bodies;
    struct bytes private_[EXPORT_PRIVATE_MAX], states[EXPORT_STATES_MAX];
    size_t n_private, n_states;
    char exporter[64], log_vkey[512];         /* the log key that signed it */
    uint64_t n_events, first_time, last_time; /* of the headers in the bundle */
    struct export_kind *kind;                 /* by name; owned */
    size_t n_kinds;
    uint16_t seen[64];         /* probable places of kinds, plus 1, tried before the search */
    bool names_kinds;          /* a condition is about the kind */
    struct export_kind others; /* all further kinds; without a name */
};
void export_question_done(struct export_question *question); /* a zeroed one is fine */
/* The bits of the conditions that this event fails; 0: it matches. */
unsigned export_misses(const struct export_question *question, const struct log_event *event);
/* Whether an event that fails exactly these is of a kind that the filter names, and was excluded by a condition other
 * than the time. */
bool export_stands_out(const struct export_question *question, unsigned missed);
/* How many events stand out in this way, and how many are not disclosed. */
uint64_t export_stand_out(const struct export_question *question);
uint64_t export_hidden(const struct export_question *question);
const char *export_miss_name(size_t miss); /* "kind" ... "time" */

struct export_verify_options {
    const struct log_trust *trust;    /* may be NULL */
    struct export_question *question; /* zeroed, or used before; filled in. May be NULL */
    /* Called with each event once it is checked, in order: its header, and its body and private fields as far as they
     * are disclosed (otherwise empty). May be NULL. A non-zero result ends the reading. */
    int (*each)(void *ctx, const struct log_event *event, struct bytes private_, struct err *err);
    void *ctx;
    const volatile int *stop;
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* bytes of the file; may be NULL */
    void *progress_ctx;
};
/* Reads a bundle from a descriptor to its end, once. Returns 0 with the report whatever the verdict is; it fails only
 * when reading itself cannot continue. What does not parse or fit is a finding with the member's name, and reading stops
 * there. */
int export_verify(int fd, const struct export_verify_options *options, struct export_report *ret, struct err *err);
/* Whether the file begins as a bundle does: with a ustar header of the manifest, or a zstd frame. */
bool export_looks_like(const char *path);

#endif
