/* A report for someone who is to find a fault without learning whose machine it is: versions, counts, what the
 * projections and the doctor say, headers and open fields of the last days. It is not evidence: nothing in it is signed.
 *
 * One table of field names (fields.def) decides what leaves: words of machines are kept, names of persons, places and
 * runs become pseudonyms, everything else is left out. A pseudonym is HMAC-SHA-256 of the value under a random key that
 * is made for this report and stored nowhere: equal values have equal pseudonyms within the report, and no other report
 * shares them. Private fields are never read. The secret scanner checks every byte before the first one leaves. */
#ifndef EXPORT_SUPPORT_SUPPORT_H
#define EXPORT_SUPPORT_SUPPORT_H

#include "export/export.h"

#define SUPPORT_DAYS     7
#define SUPPORT_DAYS_MAX 3650

struct support_options {
    uint64_t days;                 /* events of this many days before the newest one; at least 1 */
    const char *const *identities; /* texts that must not leave inside others: login and host name */
    size_t n_identities;
    const char *system;                                         /* "Linux 6.1.0 x86_64" */
    bool plain;                                                 /* no compression */
    const volatile int *stop;                                   /* not 0: ERR_BUSY. May be NULL */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* may be NULL */
    void *progress_ctx;
};

struct support_counts {
    struct log_head head;
    uint64_t from, to;   /* the range of events in it */
    uint64_t events;     /* how many */
    uint64_t pseudonyms; /* replaced values, counted at each occurrence */
    uint64_t left_out;   /* open fields that were left out */
    uint64_t private_;   /* events with private fields, none of which is in it */
    uint64_t rows;       /* of states */
    uint64_t secrets;    /* suspected secrets: if any, nothing is written */
    char secret[200];    /* where the first is, and the rule that found it */
};

/* What would leave. Appends the report's own description of it (LEFT_OUT.md) unless `account` is NULL. */
int support_plan(struct ledger *ledger, const struct support_options *options, struct buf *account,
                 struct support_counts *ret, struct err *err);
/* Writes the report, a tar of DOCTOR.md, LEFT_OUT.md, report.json and events.jsonl. ERR_INVALID: secrets in what would leave. */
int support_write(struct ledger *ledger, const struct support_options *options, int fd, struct support_counts *ret,
                  uint8_t ret_digest[LOG_HASH], uint64_t *ret_bytes, struct err *err);
/* The event ledger.exported, with format "support". */
struct support_record {
    const struct support_counts *counts;
    const uint8_t *digest; /* LOG_HASH bytes: of the file */
    uint64_t bytes, days;
    struct export_delivery to;
};
int support_record(struct ledger *ledger, const struct support_record *record, struct log_receipt *ret, struct err *err);

#endif
