/* Lines of a bundle have one form: sorted keys, no white space, base64, integers. So they are read literally, and only
 * that form passes. Every ERR_CORRUPT names the line. */
#ifndef EXPORT_VERIFY_SCAN_H
#define EXPORT_VERIFY_SCAN_H

#include "export/verify/reading.h"
#include "ledger/event/event.h"

struct scan {
    struct reading *reading;
    uint64_t line; /* from 1; lines are counted by scan_line_end */
    struct buf text;
};
void scan_init(struct scan *scan, struct reading *reading);
void scan_done(struct scan *scan);   /* a zeroed one is fine */
void scan_member(struct scan *scan); /* begins another member */

/* Whether the content continues with this; consumes nothing. */
int scan_sees(struct scan *scan, const char *text, bool *ret, struct err *err);
/* Consumes exactly this text. */
int scan_literal(struct scan *scan, const char *text, struct err *err);
/* Reads base64 of at most `max` bytes and the '"' after it; replaces what is in `out`, whose maximum must not be lower. */
int scan_base64(struct scan *scan, struct buf *out, size_t max, struct err *err);
int scan_hash(struct scan *scan, uint8_t ret[EVENT_HASH], struct err *err);
/* `["<hash>",...]` */
int scan_hashes(struct scan *scan, struct merkle_proof *ret, struct err *err);
/* A decimal number of at most 2^53. */
int scan_uint(struct scan *scan, uint64_t *ret, struct err *err);
/* Reads a string literal with its quotes; its text replaces what is in `out`. */
int scan_string(struct scan *scan, struct buf *out, size_t max, struct err *err);
/* Consumes `}` and LF. */
int scan_line_end(struct scan *scan, struct err *err);

#endif
