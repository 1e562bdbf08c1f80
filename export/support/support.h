/* A report for a stranger who is to find a fault with it, and not to learn whose box it is: versions, counts, what the
 * projections and the doctor say, headers and open fields of the last days. No evidence: nothing in it is signed.
 *
 * What leaves is decided by one table of field names (fields.def): words of machines are kept, what names a person,
 * a place or a run becomes a pseudonym, everything else stays out. A pseudonym is HMAC-SHA-256 of the value under a random
 * key that is made for this report and kept nowhere: the same value has the same one within the report, and no other report
 * shares it. Private fields are never read. The secret scanner looks at every byte before the first one leaves. */
#ifndef EXPORT_SUPPORT_SUPPORT_H
#define EXPORT_SUPPORT_SUPPORT_H

#include "ledger/log.h"

#define SUPPORT_DAYS     7
#define SUPPORT_DAYS_MAX 3650

struct support_options {
    uint64_t days;                 /* events of so many days before the newest one; 1 and up */
    const char *const *identities; /* texts that must not leave inside of others: login and host name */
    size_t n_identities;
    const char *system;                                         /* "Linux 6.1.0 x86_64" */
    bool plain;                                                 /* no compression */
    const volatile int *stop;                                   /* not 0: ERR_BUSY. May be NULL */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* may be NULL */
    void *progress_ctx;
};

struct support_counts {
    struct log_head head;
    uint64_t from, to;   /* events of these seqs are in it */
    uint64_t events;     /* so many */
    uint64_t pseudonyms; /* values that were replaced, each time they are there */
    uint64_t left_out;   /* open fields that are not in it */
    uint64_t private_;   /* events that have private fields, none of which is in it */
    uint64_t rows;       /* of states */
    uint64_t secrets;    /* what looks like secrets: then nothing is written */
    char secret[200];    /* where the first is, and by which rule */
};

/* What would leave; appends the report's own account of it (LEFT_OUT.md), or nothing when `account` is NULL. */
int support_plan(struct ledger *ledger, const struct support_options *options, struct buf *account,
                 struct support_counts *ret, struct err *err);
/* Writes the report, a tar of LEFT_OUT.md, report.json and events.jsonl. ERR_INVALID: secrets in what would leave. */
int support_write(struct ledger *ledger, const struct support_options *options, int fd, struct support_counts *ret,
                  uint8_t ret_digest[LOG_HASH], uint64_t *ret_bytes, struct err *err);
/* The event ledger.exported, with format "support". recipient and note may be NULL. */
struct support_record {
    const struct support_counts *counts;
    const uint8_t *digest; /* LOG_HASH bytes: of the file */
    uint64_t bytes, days;
    const char *actor, *path, *recipient, *note;
};
int support_record(struct ledger *ledger, const struct support_record *record, struct log_receipt *ret, struct err *err);

#endif
