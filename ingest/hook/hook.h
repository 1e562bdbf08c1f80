/* The source "hook": a coding agent's tool calls and permission requests, as JSON on standard input or in files.
 * docs/ingest.md describes the forms for their users.
 *
 * Nothing is inferred that the record does not say: who decided is unknown unless the record names it, and so is a decision
 * in an undefined word. */
#ifndef INGEST_HOOK_HOOK_H
#define INGEST_HOOK_HOOK_H

#include "base/bytes.h"
#include "base/err.h"
#include "ingest/driver/intake.h"

/* A finished event. Everything borrows from the reader until the sink returns. */
struct hook_event {
    struct bytes kind, subject, actor, run, key; /* actor and run may be empty */
    struct bytes body;                           /* canonical map; the catalog decides what of it is open */
    uint64_t at;                                 /* ns, or INGEST_NO_TIME */
    uint64_t cause;                              /* ticket of an event that was given before; 0: none */
};

struct hook_sink {
    void *ctx;
    int (*event)(void *ctx, const struct hook_event *event, struct err *err); /* non-zero ends the reading */
    uint64_t (*ticket)(void *ctx); /* of the event given last, 0 when it was not taken; may be NULL */
    const uint8_t *secret;         /* of hashes in headers, see keyed_hash.h */
};

/* What is remembered between records of an input: requests waiting for their answer, the session of a transcript, counts of
 * equal texts. Bounded. */
struct hook_reader;
/* NULL when out of memory. */
struct hook_reader *hook_reader_new(void);
void hook_reader_free(struct hook_reader *reader); /* NULL is fine */

#define HOOK_NOT_JSON "not valid JSON" /* begins the message of a syntax error */
/* Reads one record and gives its events to the sink. 0: it has given at least one; 1: an agent's record that says nothing
 * of permissions, tool calls or sessions; ERR_INVALID: no such record, and what is accepted; ERR_LIMIT, ERR_NOMEM; what
 * the sink returned. */
int hook_read_record(struct hook_reader *reader, struct bytes json, const struct hook_sink *sink, struct err *err);
/* After 1: the record's own name for itself, or ""; borrowed until the next record. */
const char *hook_reader_passed(const struct hook_reader *reader);

/* The source's function. */
int hook_read(struct intake *run, struct err *err);

#endif
