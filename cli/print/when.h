/* Points in the log as people name them, and times as people read them. */
#ifndef CLI_PRINT_WHEN_H
#define CLI_PRINT_WHEN_H

#include "base/bytes.h"
#include "cli/call/cli.h"

/* A sequence number, or a time in ns. A date (2026-11-21, today, yesterday) means its first moment in UTC, or with `last`
 * its last one. A duration means that long before now. A time without a zone is local; without a date it is the most recent
 * moment with that time of day. ERR_INVALID says what is expected. */
struct when {
    bool is_seq, is_local;
    uint64_t at;
};
#define WHEN_HELP "a sequence number (118), a time (10:00 is local), a UTC date, or an age (2h, 7d)"
int when_parse(const char *text, bool last, struct when *ret, struct err *err);
/* ERR_INVALID: a sequence number past the end of a log of `size` events that looks like seconds (ms, us, ns) since 1970; the
 * message says how to write that time. */
int when_check(const struct when *when, const char *text, uint64_t size, struct err *err);

/* ERR_NOTFOUND: the range ends before it begins. A sequence number and a time are not compared. */
int when_order(const struct when *since, const char *since_text, const struct when *until, const char *until_text,
               struct err *err);

struct cli;
/* Notes on standard error how a time without a zone was understood. */
void when_note(const struct cli *cli, const struct when *when, const char *text);

enum when_style { WHEN_UTC, WHEN_LOCAL, WHEN_RELATIVE };
/* "utc", "local", "relative". ERR_INVALID names the nearest. */
int when_style(const char *name, enum when_style *ret, struct err *err);
/* Appends a time: "2026-11-21 08:30:00Z", "2026-11-21 09:30:00+01:00", "3m ago" (before `now`). */
void when_text(struct buf *out, uint64_t ns, enum when_style style, uint64_t now);
/* Appends a duration for people: "40 us", "12 ms", "4.2 s", "3 min 20 s", "2 h 5 min". */
void when_length(struct buf *out, double ms);

#endif
