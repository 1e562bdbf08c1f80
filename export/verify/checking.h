/* What the parts of a bundle's verification share. It is one pass, in the order of the members. The first violation ends
 * it, except in what nothing else depends on (authors' signatures, recomputed states, what is trusted).
 *   bundle.c         the flow and the report
 *   keys.c           checkpoint, keys; erasing.c: erasures; stream_keys.c: the same of a stream (export/stream)
 *   range.c          headers, and which of them must have a line
 *   line.c           lines: payloads, private fields; sparse bundles
 *   author.c         authors' signatures
 *   trust.c          what the caller trusts
 *   states.c         states, by folding the bundle's events
 *
 * Functions return 0, or a negative code that ends the pass: ERR_TAMPERED when the finding is recorded (check_fault);
 * ERR_NOMEM, ERR_IO and ERR_BUSY are failures of reading itself; for any other code the message in *err becomes the
 * finding. */
#ifndef EXPORT_VERIFY_CHECKING_H
#define EXPORT_VERIFY_CHECKING_H

#include "export/verify/question.h"
#include "export/verify/reading.h"
#include "export/verify/scan.h"
#include "ledger/core/key_secret.h"
#include "ledger/trust/anchor.h"
#include "ledger/verify/report.h"

/* An epoch key, and the sizes it seals. */
struct check_epoch {
    uint64_t from_size, to_size; /* LOG_NO_SEQ while current */
    uint64_t seq;                /* of the event that introduced it */
    bool restored;
    struct note_vkey vkey;
    char origin[NOTE_NAME_MAX + 1];
    uint8_t leaf[EVENT_HASH];   /* of that event */
    uint8_t root[EVENT_HASH];   /* of size seq + 1; for genesis its leaf */
    uint8_t before[EVENT_HASH]; /* of size seq; only for a restore */
};

/* An event whose body was erased, and the event that says so. */
struct check_erased {
    uint64_t seq, by;
};

/* An event that lost private fields, which of the requested ones (bits; all: whatever it had), and the event that says
 * so. */
struct check_fields {
    uint64_t seq, by, mask;
    bool all;
};

/* A header of the current group. */
struct check_slot {
    struct bytes bytes;
    struct event_header h;
    uint8_t leaf[EVENT_HASH];
    bool matches;
};

/* An earlier head that can be compared as the tree grows. */
struct check_known {
    uint64_t size;
    const uint8_t *root;
    char where[320];
};

#define CHECK_KNOWN_MAX   (POLICY_MAX + TRUST_CHECKPOINTS_MAX)
#define CHECK_AUTHORS_MAX ((size_t)512 << 10)
#define CHECK_KEY         16

/* The root of a size that the caller knows something about, once a stream has reached it. */
struct check_seen {
    uint64_t size;
    bool reached;
    uint8_t root[EVENT_HASH];
};

struct check_states; /* states.c */

struct checking {
    const struct export_verify_options *options;
    struct export_report *found;
    struct log_report *report; /* in it */
    struct reading *reading;
    struct scan scan;
    struct manifest manifest;
    const char *rule; /* that a parse error at this point breaks */
    size_t next_subject;
    struct hash *sums; /* of the text that SHA256SUMS must have, as far as members were read */
    bool summing;      /* the current member's line is still to be added */
    bool at_end;       /* the archive is complete */

    struct buf note; /* the head's checkpoint */
    struct note *head, *other;
    struct checkpoint point;

    struct note_vkey log;
    uint8_t genesis[EVENT_HASH];
    char keyed_by[KEY_SECRET_DIGEST]; /* how events name the ledger's secret; "": none so far */
    struct check_epoch *epoch;
    size_t n_epochs, cap_epochs;
    uint64_t n_restored, last_restored;
    uint64_t *signer; /* hashes of the keys that signed the handovers' checkpoints */
    size_t n_signers, cap_signers;
    struct check_erased *erased; /* sorted */
    size_t n_erased, cap_erased;
    struct check_fields *fields; /* sorted */
    size_t n_fields, cap_fields;

    struct merkle_range range;
    struct merkle_edge edge;
    uint64_t next;            /* the next seq */
    uint8_t prev[EVENT_HASH]; /* leaf of the previous event, when */
    bool has_prev;
    uint64_t time; /* of the previous event */
    struct buf entries;
    char entries_name[BUNDLE_NAME_MAX]; /* of the member whose headers these are */
    const char *about;                  /* the member being judged, when it is not the current one; else NULL */
    struct check_slot slot[EVENT_GROUP];

    struct buf header, payload, field, pairs, private_; /* of the current line */
    struct hash *digests;
    uint64_t authored, author_good, first_gap;
    uint8_t (*author_key)[CHECK_KEY]; /* of signed events */
    size_t n_author_keys, cap_author_keys;

    struct anchor anchor;
    struct check_known known[CHECK_KNOWN_MAX];
    size_t n_known;
    char trust_note[512]; /* what is known but could not be compared; empty: nothing */
    bool contradicted, ended_by_caller;

    struct check_states *states;

    bool is_stream; /* of lines, not a bundle */
    bool again;     /* the event at hand was in an earlier section */
    struct check_seen *seen;
    size_t n_seen;
};

/* Records a finding about the current member: a rule of docs/bundle.md (B) or docs/format.md 11 (F) is broken, and the
 * bundle is invalid. Returns ERR_TAMPERED. seq LOG_NO_SEQ: about no event. */
int check_fault(struct checking *c, const char *rule, enum log_aspect aspect, uint64_t seq, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Records that it is not what the caller knows: the verdict is at least that it contradicts. */
void check_contradiction(struct checking *c, const char *rule, const char *text);
/* Sets the text of an aspect that has no fault. */
void check_say(struct checking *c, enum log_aspect aspect, enum log_aspect_state state, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Says how many gaps there are. Called after the last event. */
void check_gaps_end(struct checking *c);

/* Whether the current member has this name. */
bool check_is_at(const struct checking *c, const char *name);
/* Requires the current member to have this name and at most this many bytes. */
int check_expect(struct checking *c, const char *name, size_t max, struct err *err);
/* Advances to the next member. */
int check_advance(struct checking *c, struct err *err);
/* Ends the current member, which was read: it must be the next subject and have this digest. Advances to the next one. */
int check_subject(struct checking *c, struct err *err);

/* ---- keys.c ---- */

int check_checkpoint(struct checking *c, struct err *err);
int check_keys(struct checking *c, struct err *err);
int check_erasures(struct checking *c, struct err *err);
/* The epoch that was current when this event was written. */
const struct check_epoch *check_epoch_of(const struct checking *c, uint64_t seq);
/* Counts the private fields of a disclosed event that proven events say were erased. */
void check_erased_fields(struct checking *c, uint64_t seq);
/* Whether a proven event says that this one's body was erased. */
bool check_is_erased(const struct checking *c, uint64_t seq, uint64_t by);

/* The first lines of a section of a stream: `n` lines of keys, proven in the tree of the first `size` events. Calls `before`
 * at the beginning of each line. */
int check_stream_keys(struct checking *c, uint64_t n, uint64_t size, const uint8_t root[EVENT_HASH],
                      void (*before)(struct checking *c), struct err *err);
/* An event of a stream that begins an epoch; `before`: the root of the events before it. */
int check_stream_handover(struct checking *c, const struct check_slot *slot, struct bytes body,
                          const uint8_t before[EVENT_HASH], struct err *err);
/* A checkpoint after `size` events with this root. `note` and *ret borrow from `text`. */
int check_stream_checkpoint(struct checking *c, struct bytes text, struct note *note, struct checkpoint *ret, uint64_t size,
                            const uint8_t root[EVENT_HASH], struct err *err);

/* ---- range.c ---- */

int check_range(struct checking *c, struct err *err);
/* Counts a header that passed all checks: gaps, counts, time. */
int check_count(struct checking *c, const struct check_slot *slot);
/* Passes header, body and private fields to the caller's `each`, and counts the event's fate. `event` may lack what is
 * not disclosed. */
int check_give(struct checking *c, const struct check_slot *slot, enum export_fate fate, struct log_event *event,
               struct bytes private_, struct err *err);
/* Checks one header by itself and against the previous one. */
int check_header(struct checking *c, struct check_slot *slot, struct err *err);

/* ---- bundle.c ---- */

/* Prepares everything but the reading, and begins the report with these aspects; check_done also frees the reading. */
int check_init(struct checking *c, unsigned aspects, struct err *err);
void check_done(struct checking *c);

/* ---- line.c ---- */

struct check_said {
    enum export_fate what;
    uint64_t seq, by;
    uint8_t salt[EVENT_HASH];
    bool has_private;
    uint8_t private_[EVENT_HASH]; /* the commitment that follows */
    uint64_t n_private;           /* fields disclosed */
};
/* Reads from `"payload"` up to `"seq"`. */
int check_take_disclosed(struct checking *c, struct check_said *said, struct err *err);
/* Checks payload and private fields of a disclosed event, counts it and passes it on. */
int check_disclosed(struct checking *c, const struct check_slot *slot, const struct check_said *said, struct err *err);
/* Reads a line of payloads/... */
int check_take_line(struct checking *c, struct check_said *ret, struct err *err);
/* Checks what a line says about the event with this header, counts it and passes it on. */
int check_content(struct checking *c, const struct check_slot *slot, const struct check_said *said, struct err *err);
int check_sparse(struct checking *c, struct err *err);

/* ---- author.c ---- */

/* Checks the form of a payload, including its author's name. */
int check_payload(struct bytes payload, struct bytes *ret_body, struct event_author *ret_author, struct err *err);
int check_author(struct checking *c, const struct check_slot *slot, const struct event_author *author, struct bytes body,
                 struct err *err);
/* Called after the last event. */
void check_authors_end(struct checking *c);

/* ---- trust.c ---- */

/* Calls `each` for each size of a head or checkpoint that the caller knows. */
void check_trust_sizes(const struct checking *c, void (*each)(void *ctx, uint64_t size), void *ctx);
/* Called once the keys are known. */
void check_trust(struct checking *c);
/* Called when the tree has reached this size. */
void check_trust_at(struct checking *c);
void check_trust_end(struct checking *c);

/* ---- states.c ---- */

int check_states_begin(struct checking *c, struct err *err);
int check_states_event(struct checking *c, const struct log_event *event, struct err *err);
/* Checks the members states/... */
int check_states(struct checking *c, struct err *err);
void check_states_free(struct check_states *states); /* NULL is fine */

#endif
