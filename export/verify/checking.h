/* What the parts of a verification of a bundle share. It is one pass, in the order of the members; the first thing that
 * does not fit ends it, but for what depends on nothing else (authors' signatures, recomputed states, what is trusted).
 *
 *   bundle.c         the flow and the report
 *   keys.c           checkpoint, keys, erasures
 *   range.c          headers, and which of them must have a line
 *   line.c           lines: payloads, private fields; sparse bundles
 *   author.c         authors' signatures
 *   trust.c          what the caller trusts
 *   states.c         states, by folding the bundle's events
 *
 * Functions return 0, or a negative code that ends the pass: ERR_TAMPERED when the finding is made (check_fault);
 * ERR_NOMEM, ERR_IO and ERR_BUSY are failures of the reading itself; with any other the message in *err is to become the
 * finding. */
#ifndef EXPORT_VERIFY_CHECKING_H
#define EXPORT_VERIFY_CHECKING_H

#include "export/verify/question.h"
#include "export/verify/reading.h"
#include "export/verify/scan.h"
#include "ledger/core/key_secret.h"
#include "ledger/trust/anchor.h"

/* An epoch key, and the sizes that it seals. */
struct check_epoch {
    uint64_t from_size, to_size; /* LOG_NO_SEQ while current */
    uint64_t seq;                /* of the event that brought it */
    bool restored;
    struct note_vkey vkey;
    char origin[NOTE_NAME_MAX + 1];
    uint8_t leaf[EVENT_HASH];   /* of that event */
    uint8_t root[EVENT_HASH];   /* of size seq + 1; of genesis its leaf */
    uint8_t before[EVENT_HASH]; /* of size seq; of a restore alone */
};

/* An event whose body was erased, and the event that says so. */
struct check_erased {
    uint64_t seq, by;
};

/* An event that lost private fields, which of those that were asked for (bits; all: whatever it had), and the event that
 * says so. */
struct check_fields {
    uint64_t seq, by, mask;
    bool all;
};

/* A header of the group at hand. */
struct check_slot {
    struct bytes bytes;
    struct event_header h;
    uint8_t leaf[EVENT_HASH];
    bool matches;
};

/* A head that was known from before and can be compared as the tree grows. */
struct check_known {
    uint64_t size;
    const uint8_t *root;
    char where[320];
};

#define CHECK_KNOWN_MAX   (POLICY_MAX + TRUST_CHECKPOINTS_MAX)
#define CHECK_AUTHORS_MAX ((size_t)512 << 10)
#define CHECK_KEY         16

struct check_states; /* states.c */

struct checking {
    const struct export_verify_options *options;
    struct export_report *report;
    struct reading *reading;
    struct scan scan;
    struct manifest manifest;
    const char *rule; /* that is broken when what is read now does not parse */
    size_t next_subject;
    struct hash *sums; /* of the text that SHA256SUMS must be, as far as members were read */
    bool summing;      /* the line of the member at hand is still to come */
    bool at_end;       /* the archive is complete */

    struct buf note; /* the head's checkpoint */
    struct note *head, *other;
    struct checkpoint point;

    struct note_vkey log;
    uint8_t genesis[EVENT_HASH];
    char keyed_by[KEY_SECRET_DIGEST]; /* how events name the ledger's secret; "": none does */
    struct check_epoch *epoch;
    size_t n_epochs, cap_epochs;
    uint64_t n_restored, last_restored;
    uint64_t *signer; /* hashes of who signed the handovers' checkpoints */
    size_t n_signers, cap_signers;
    struct check_erased *erased; /* sorted */
    size_t n_erased, cap_erased;
    struct check_fields *fields; /* sorted */
    size_t n_fields, cap_fields;

    struct merkle_range range;
    struct merkle_edge edge;
    uint64_t next;            /* seq that comes next */
    uint8_t prev[EVENT_HASH]; /* leaf of the event before, when */
    bool has_prev;
    uint64_t time; /* of the event before */
    struct buf entries;
    char entries_name[BUNDLE_NAME_MAX]; /* of the member whose headers these are */
    const char *about;                  /* the member that is judged, when that is not the one at hand; else NULL */
    struct check_slot slot[EVENT_GROUP];

    struct buf header, payload, field, pairs, private_; /* of the line at hand */
    struct hash *digests;
    uint64_t authored, author_good, first_gap;
    uint8_t (*author_key)[CHECK_KEY]; /* of signed events */
    size_t n_author_keys, cap_author_keys;

    struct anchor anchor;
    struct check_known known[CHECK_KNOWN_MAX];
    size_t n_known;
    char trust_note[512]; /* what is known and could not be compared; empty: nothing */
    bool contradicted, ended_by_caller;

    struct check_states *states;
};

/* A finding about the member at hand: a rule of docs/bundle.md (B) or docs/format.md 11 (F) is broken, and the bundle is
 * invalid. Gives ERR_TAMPERED. seq LOG_NO_SEQ: about no event. */
int check_fault(struct checking *c, const char *rule, enum export_aspect aspect, uint64_t seq, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* It is not what the caller knows: the verdict is at least that it contradicts. */
void check_contradiction(struct checking *c, const char *rule, const char *text);
/* The text of an aspect that has no fault. */
void check_say(struct checking *c, enum export_aspect aspect, enum log_aspect_state state, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether the member at hand has this name. */
bool check_is_at(const struct checking *c, const char *name);
/* It must be there, with at most so many bytes. */
int check_expect(struct checking *c, const char *name, size_t max, struct err *err);
/* On to the next member. */
int check_advance(struct checking *c, struct err *err);
/* The member at hand was read: it is the next subject, with this digest; on to the next member. */
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

/* ---- range.c ---- */

int check_range(struct checking *c, struct err *err);
/* Notices a header, of which all is good: gaps, counts, time. */
int check_count(struct checking *c, const struct check_slot *slot);
/* Header, body and private fields to whoever wants them, and what became of the event. `event` may lack what is not
 * disclosed. */
int check_give(struct checking *c, const struct check_slot *slot, enum export_fate fate, struct log_event *event,
               struct bytes private_, struct err *err);
/* By what is right in one header alone, and after the one before. */
int check_header(struct checking *c, struct check_slot *slot, struct err *err);

/* ---- line.c ---- */

struct check_said {
    enum export_fate what;
    uint64_t seq, by;
    uint8_t salt[EVENT_HASH];
    bool has_private;
    uint8_t private_[EVENT_HASH]; /* the commitment that follows */
    uint64_t n_private;           /* fields disclosed */
};
/* Takes a line of payloads/... */
int check_take_line(struct checking *c, struct check_said *ret, struct err *err);
/* What a line says of the event whose header this is, counted and given on. */
int check_content(struct checking *c, const struct check_slot *slot, const struct check_said *said, struct err *err);
int check_sparse(struct checking *c, struct err *err);

/* ---- author.c ---- */

/* Form of a payload, its author's name included. */
int check_payload(struct bytes payload, struct bytes *ret_body, struct event_author *ret_author, struct err *err);
int check_author(struct checking *c, const struct check_slot *slot, const struct event_author *author, struct bytes body,
                 struct err *err);
/* After the last event. */
void check_authors_end(struct checking *c);

/* ---- trust.c ---- */

/* Once keys are known. */
void check_trust(struct checking *c);
/* The tree has reached this size. */
void check_trust_at(struct checking *c);
void check_trust_end(struct checking *c);

/* ---- states.c ---- */

int check_states_begin(struct checking *c, struct err *err);
int check_states_event(struct checking *c, const struct log_event *event, struct err *err);
/* The members states/... */
int check_states(struct checking *c, struct err *err);
void check_states_free(struct check_states *states); /* NULL is fine */

#endif
