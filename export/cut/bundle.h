/* What the writer and the verifier of bundles share: names, limits and predicates. The format is docs/bundle.md. */
#ifndef EXPORT_CUT_BUNDLE_H
#define EXPORT_CUT_BUNDLE_H

#include "export/export.h"
#include "ledger/event/event.h"

#define BUNDLE_MANIFEST   "manifest.dsse.json"
#define BUNDLE_CHECKPOINT "checkpoint"
#define BUNDLE_KEYS       "keys"
#define BUNDLE_ERASURES   "erasures"
#define BUNDLE_RANGE      "range.proof"
#define BUNDLE_VERIFY     "VERIFY.md"
#define BUNDLE_SUMS       "SHA256SUMS" /* a line for each member between the checkpoint and it; from format 2 on */
#define BUNDLE_ENTRIES    "entries/"
#define BUNDLE_PAYLOADS   "payloads/"
#define BUNDLE_SPARSE     "sparse/"
#define BUNDLE_ARTIFACTS  "artifacts/"
#define BUNDLE_STATES     "states/"

#define BUNDLE_PAYLOAD_TYPE   "application/vnd.in-toto+json"
#define BUNDLE_STATEMENT      "https://in-toto.io/Statement/v1"
#define BUNDLE_PREDICATE      "urn:ledger:evidence-bundle:v1"
#define BUNDLE_STATEMENT_MAX  ((size_t)1 << 20)
#define BUNDLE_MANIFEST_MAX   ((size_t)2 << 20) /* with the statement as base64 */
#define BUNDLE_CHECKPOINT_MAX ((size_t)64 << 10)
#define BUNDLE_KEYS_MAX       ((size_t)16 << 20)
#define BUNDLE_ERASURES_MAX   ((size_t)64 << 20)
#define BUNDLE_ERASED_MAX     ((size_t)512 << 10) /* events */
#define BUNDLE_RANGE_MAX      ((size_t)64 << 10)
#define BUNDLE_ENTRIES_MAX    (EVENT_GROUP * (size_t)(2 + EVENT_HEADER_MAX))
#define BUNDLE_STATE_MAX      ((size_t)256 << 20)
#define BUNDLE_LINES_MAX      ((size_t)600 << 20)
#define BUNDLE_VERIFY_MAX     ((size_t)64 << 10)
#define BUNDLE_SUMS_MAX       ((size_t)64 << 20)
#define BUNDLE_SUBJECTS_MAX   65536
#define BUNDLE_GAPS_MAX       16384 /* seqs named in a manifest; more are only counted */
#define BUNDLE_NAME_MAX       100
#define BUNDLE_RATIO_MAX      1024 /* a frame that unpacks to more than this many times its size is refused, */
#define BUNDLE_UNPACKED_FREE  ((uint64_t)64 << 20) /* beyond this many bytes */

/* A member that the tree does not authenticate. */
struct bundle_subject {
    char name[BUNDLE_NAME_MAX];
    uint8_t digest[LOG_HASH];
};

/* Appends a line of SHA256SUMS, in the format of sha256sum(1). */
void bundle_sum(struct buf *out, const char *name, const uint8_t digest[LOG_HASH]);
/* Whether all terms hold for a header. */
bool bundle_matches(const struct export_term *terms, size_t n, const struct event_header *header);
/* The bits (by bundle_field) of the fields with a term that does not hold. */
unsigned bundle_misses(const struct export_term *terms, size_t n, const struct event_header *header);
/* The index of "kind" ...; SIZE_MAX: no such field. */
size_t bundle_field(const char *name);
const char *bundle_field_name(size_t field);

#endif
