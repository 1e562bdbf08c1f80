/* Points in the log as people name them, and times as people read them. */
#ifndef CLI_PRINT_WHEN_H
#define CLI_PRINT_WHEN_H

#include "base/bytes.h"
#include "cli/call/cli.h"

/* A seq, or a time in ns. A date (2026-11-21, today, yesterday) is its first moment, of UTC; `last`: its
 * last one. A duration is so long before now. A time without a zone is of the local one; without a date, the last time
 * that it was so late. ERR_INVALID says what is accepted. */
struct when {
    bool is_seq, is_local;
    uint64_t at;
};
#define WHEN_HELP "a sequence number (118), a time (10:00 is local), a UTC date, or an age (2h, 7d)"
int when_parse(const char *text, bool last, struct when *ret, struct err *err);
/* ERR_INVALID: a seq past the end of a log of so many events that reads like seconds (ms, us, ns) since 1970, and how to
 * write that time. */
int when_check(const struct when *when, const char *text, uint64_t size, struct err *err);

/* ERR_NOTFOUND: a range that ends before it begins, which no event is in. A seq and a time do not compare. */
int when_order(const struct when *since, const char *since_text, const struct when *until, const char *until_text,
               struct err *err);

struct cli;
/* Says on standard error how a time without a zone was understood; nothing of any other. */
void when_note(const struct cli *cli, const struct when *when, const char *text);

enum when_style { WHEN_UTC, WHEN_LOCAL, WHEN_RELATIVE };
/* "utc", "local", "relative". ERR_INVALID names the nearest. */
int when_style(const char *name, enum when_style *ret, struct err *err);
/* Appends a time: "2026-11-21 08:30:00Z", "2026-11-21 09:30:00+01:00", "3m ago" (before `now`). */
void when_text(struct buf *out, uint64_t ns, enum when_style style, uint64_t now);
/* Appends a length of time for the eye: "40 us", "12 ms", "4.2 s", "3 min 20 s", "2 h 5 min". */
void when_length(struct buf *out, double ms);

#endif
