/* Export: evidence bundles for strangers, who verify them without the ledger. docs/bundle.md describes what a bundle
 * holds.
 *
 * All headers of the range leave, so that it can be proven that no match is missing; bodies leave for the events that
 * match, private fields only by name. Every export is recorded as an event. */
#ifndef LEDGER_EXPORT_H
#define LEDGER_EXPORT_H

#include <ledger/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* One condition on a header. This struct never changes. */
struct ledger_export_term {
    const char *field; /* "kind", "subject", "run", "actor", "source", "grade", "key" */
    const char *value;
    int is_prefix; /* matches the beginning; otherwise the whole */
};

enum ledger_bodies { LEDGER_BODIES_MATCHING, LEDGER_BODIES_ALL, LEDGER_BODIES_NONE };

struct ledger_export_options {
    size_t size;
    const struct ledger_export_term *terms; /* all must hold; at most 32 */
    size_t n_terms;
    uint64_t from, to;     /* events [from, to). If both are as in INIT: from the first match of the terms to the last */
    uint64_t since, until; /* not 0: events with since <= time < until match */
    int bodies;            /* enum ledger_bodies */
    int artifacts;         /* include artifacts that disclosed events name */
    int plain;             /* no compression */
    const char *const *private_fields; /* names of private fields to disclose; at most 64 */
    size_t n_private_fields;
    const char *const *states; /* names of projections whose rows leave too; at most 32 */
    size_t n_states;
    const uint64_t
        *seqs; /* only these events, ascending, without duplicates, with no claim of completeness. NULL: a range */
    size_t n_seqs;
    const char *actor;     /* who exports; NULL: the user of this process */
    const char *recipient; /* recorded, private. NULL: not stated */
    const char *note;      /* recorded, private. May be NULL */
    const volatile int *stop;
    ledger_progress *progress; /* in events */
    void *progress_ctx;
};
#define LEDGER_EXPORT_OPTIONS_INIT                                                                                         \
    {                                                                                                                      \
        sizeof(struct ledger_export_options), NULL, 0, 0, LEDGER_NO_SEQ, 0, 0, 0, 0, 0, NULL, 0, NULL, 0, NULL, 0, NULL,   \
            NULL, NULL, NULL, NULL, NULL                                                                                   \
    }

/* What leaves, or left; `size` is set by INIT, so that a library that knows more does not write past it. */
struct ledger_export_result {
    size_t size;
    uint64_t from, to; /* the range */
    uint64_t headers, matching, disclosed, withheld, erased, private_fields, artifacts;
    uint64_t secrets;            /* texts that look like secrets: the export is refused if there are any */
    uint64_t bytes;              /* of the file */
    uint64_t recorded;           /* the event that records the export */
    uint8_t digest[LEDGER_HASH]; /* SHA-256 of the file */
};
#define LEDGER_EXPORT_RESULT_INIT                                                                                          \
    {                                                                                                                      \
        sizeof(struct ledger_export_result), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {                                         \
            0                                                                                                              \
        }                                                                                                                  \
    }

/* Counts what would leave; writes nothing. LEDGER_ERR_NOTFOUND: nothing matches. `ret` may be NULL, here and below. */
int ledger_export_plan(struct ledger *ledger, const struct ledger_export_options *options, struct ledger_export_result *ret,
                       struct ledger_error *error);
/* Writes the bundle to a new file, records the export, and only then gives the file its name. LEDGER_ERR_INVALID:
 * something in it looks like a secret (the message names event and rule), or the options are invalid.
 * LEDGER_ERR_CONFLICT: a file of that name exists. Needs the log key. Starts no thread that outlives the call. */
int ledger_export(struct ledger *ledger, const struct ledger_export_options *options, const char *path,
                  struct ledger_export_result *ret, struct ledger_error *error);
/* The same to a descriptor: the first byte is written once the export is recorded. */
int ledger_export_fd(struct ledger *ledger, const struct ledger_export_options *options, int fd,
                     struct ledger_export_result *ret, struct ledger_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
