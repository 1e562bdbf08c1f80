/* Verifying a ledger, a proof, a bundle: a report with a verdict, a line for each aspect, and findings. */
#ifndef LEDGER_VERIFY_H
#define LEDGER_VERIFY_H

#include <ledger/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- what the caller trusts ----
 *
 * Paths name regular files; a FIFO or a device is LEDGER_ERR_INVALID. */

struct ledger_event;
struct ledger_trust;
int ledger_trust_new(struct ledger_trust **ret, struct ledger_error *error);
void ledger_trust_free(struct ledger_trust *trust);                                             /* NULL is fine */
int ledger_trust_key(struct ledger_trust *trust, const char *vkey, struct ledger_error *error); /* a log's verifier key */
int ledger_trust_genesis(struct ledger_trust *trust, const char *leaf_hex, struct ledger_error *error);
int ledger_trust_checkpoint(struct ledger_trust *trust, const char *path,
                            struct ledger_error *error);                                            /* kept from before */
int ledger_trust_policy(struct ledger_trust *trust, const char *path, struct ledger_error *error);  /* a C2SP policy file */
int ledger_trust_file(struct ledger_trust *trust, const char *path, struct ledger_error *error);    /* absent is fine */
int ledger_trust_authors(struct ledger_trust *trust, const char *path, struct ledger_error *error); /* a key a line */

/* ---- what was found ---- */

enum ledger_verdict { /* also the exit codes of `ledger verify` */
                      LEDGER_VERDICT_GOOD = 0,
                      LEDGER_VERDICT_NOT_ANCHORED = 10, /* consistent, but nothing trusted vouches for it */
                      LEDGER_VERDICT_CONTRADICTS = 20,  /* contradicts what is trusted */
                      LEDGER_VERDICT_INVALID = 30       /* tampered or corrupt */
};
enum ledger_aspect_state { LEDGER_ASPECT_GOOD, LEDGER_ASPECT_NOTE, LEDGER_ASPECT_UNCHECKED, LEDGER_ASPECT_FAULT };

/* All texts are borrowed from the report. For an index out of range texts are NULL and numbers LEDGER_NO_SEQ. */
struct ledger_report;
void ledger_report_free(struct ledger_report *report); /* NULL is fine */
int ledger_report_verdict(const struct ledger_report *report);
const char *ledger_report_verdict_name(const struct ledger_report *report); /* "not anchored" */
const char *ledger_report_origin(const struct ledger_report *report);
uint64_t ledger_report_events(const struct ledger_report *report); /* the size of the verified log */
/* The number of the rule that decided (docs/format.md, docs/bundle.md), "F19"; NULL: none. */
const char *ledger_report_rule(const struct ledger_report *report);

size_t ledger_report_aspects(const struct ledger_report *report);
const char *ledger_report_aspect_name(const struct ledger_report *report, size_t i); /* "integrity" */
int ledger_report_aspect_state(const struct ledger_report *report, size_t i);        /* enum ledger_aspect_state; -1 */
const char *ledger_report_aspect_text(const struct ledger_report *report, size_t i);

uint64_t ledger_report_findings_total(const struct ledger_report *report); /* including those that are not kept */
size_t ledger_report_findings(const struct ledger_report *report);         /* those that are kept: the first ones */
const char *ledger_report_finding_aspect(const struct ledger_report *report, size_t i);
uint64_t ledger_report_finding_seq(const struct ledger_report *report, size_t i);
const char *ledger_report_finding_place(const struct ledger_report *report, size_t i); /* a table, a bundle's member; "" */
const char *ledger_report_finding_rule(const struct ledger_report *report, size_t i);  /* "F19"; "" */
const char *ledger_report_finding_reason(const struct ledger_report *report, size_t i);

/* What `ledger verify --json` prints of it; for a bundle including what was requested and what it leaves out. Free the
 * text with ledger_free. */
int ledger_report_json(const struct ledger_report *report, unsigned json_flags, char **ret_json, size_t *ret_n,
                       struct ledger_error *error);

/* ---- verifying ---- */

struct ledger_verify_options {
    size_t size;
    const struct ledger_trust *trust; /* NULL: nothing is trusted, so the best verdict is "not anchored" */
    int derived;                      /* also replay and compare indexes and states */
    int since_verified;               /* read only what follows the trust file's head; the report says so */
    uint32_t threads;                 /* that check events, including the caller's; 0: one per processor */
    const volatile int *stop;
    ledger_progress *progress;
    void *progress_ctx;
    uint64_t wait_ns; /* ledger_verify_isolated: how long to wait for other processes; 0: for ever */
};
#define LEDGER_VERIFY_OPTIONS_INIT                                                                                         \
    { sizeof(struct ledger_verify_options), NULL, 0, 0, 0, NULL, NULL, NULL, 0 }

/* Reads every byte of the evidence. Returns 0 with the report whatever the verdict is; an error only when reading could
 * not continue. A damaged database can end the process that reads it (SIGBUS): a host that must survive calls
 * ledger_verify_isolated. Starts threads, which have ended when it returns. */
int ledger_verify(struct ledger *ledger, const struct ledger_verify_options *options, struct ledger_report **ret,
                  struct ledger_error *error);
/* Opens and verifies the ledger in `dir` in a child process, so that no damage can end this one. This process may have
 * the ledger open. A child that dies while reading the database is a finding; any other death is LEDGER_ERR_IO. The
 * child is forked from the calling thread and executes no other program; it ends with that thread. */
int ledger_verify_isolated(const char *dir, const struct ledger_verify_options *options, struct ledger_report **ret,
                           struct ledger_error *error);
/* A proof, without a ledger: that the event whose header is `leaf` is in the log. payload (salt and payload) may be empty:
 * then the verdict is about the header alone (kind, subject, actor, time, ...), not about the event's fields and author, and the
 * text of integrity says so. */
int ledger_verify_proof(struct ledger_bytes note, struct ledger_bytes leaf, struct ledger_bytes payload,
                        const struct ledger_trust *trust, struct ledger_report **ret, struct ledger_error *error);

/* An event of a bundle that was checked, in order; parts that are not disclosed are empty. A non-zero result ends the
 * reading with LEDGER_ERR_BUSY. */
typedef int ledger_bundle_event(void *ctx, const struct ledger_event *event);
struct ledger_verify_bundle_options {
    size_t size;
    const struct ledger_trust *trust;
    ledger_bundle_event *each; /* called while the bundle is read, before the verdict. May be NULL */
    void *each_ctx;
    const volatile int *stop;
    ledger_progress *progress; /* in bytes of the file */
    void *progress_ctx;
};
#define LEDGER_VERIFY_BUNDLE_OPTIONS_INIT                                                                                  \
    { sizeof(struct ledger_verify_bundle_options), NULL, NULL, NULL, NULL, NULL, NULL }
/* Reads a bundle from a descriptor to its end, once. Damage in it cannot end the process. */
int ledger_verify_bundle(int fd, const struct ledger_verify_bundle_options *options, struct ledger_report **ret,
                         struct ledger_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
