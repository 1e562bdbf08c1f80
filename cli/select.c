/* Without an index a listing of the newest few must not read the whole log: so it reads backwards, a piece at a time, only
 * to learn where the n-th newest match is, and the listing then goes forward from there. */
#include "cli/select.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define PIECE 1024 /* events read at a time going backwards; a multiple of the 256 that are stored together */

static bool match_text(const char *pattern, struct bytes text) {
    if (!pattern) {
        return true;
    }
    size_t n = strlen(pattern);
    if (n > 0 && pattern[n - 1] == '*') {
        return bytes_starts(text, (struct bytes){(const uint8_t *)pattern, n - 1});
    }
    return bytes_is(text, pattern);
}

bool select_match(const struct select *select, const struct ledger_event *event) {
    if (event->seq < select->from || !match_text(select->run, event->run) || !match_text(select->subject, event->subject)) {
        return false;
    }
    if (!select->kind) {
        return true;
    }
    char kind[512];
    snprintf(kind, sizeof(kind), "%.*s", (int)event->kind.n, (const char *)event->kind.p);
    return fnmatch(select->kind, kind, 0) == 0;
}

static int time_at(struct ledger *ledger, uint64_t seq, uint64_t *ret, struct err *err) {
    struct ledger_reader *reader = NULL;
    struct ledger_event event;
    int rc = ledger_reader_open(ledger, seq, seq + 1, &reader, err);
    rc = rc != 0 ? rc : ledger_reader_next(reader, &event, err);
    if (rc == 0) {
        *ret = event.time;
    }
    ledger_reader_close(reader);
    return rc == 1 ? err_set(err, ERR_CORRUPT, "event %llu is missing", (unsigned long long)seq) : rc;
}

/* The first event whose time is not before `ns`; times never go back in a log. */
static int find_time(struct ledger *ledger, uint64_t ns, uint64_t size, uint64_t *ret, struct err *err) {
    uint64_t lo = 0, hi = size;
    while (lo < hi) {
        uint64_t middle = lo + (hi - lo) / 2, time = 0;
        int rc = time_at(ledger, middle, &time, err);
        if (rc != 0) {
            return rc;
        }
        if (time < ns) {
            lo = middle + 1;
        } else {
            hi = middle;
        }
    }
    *ret = lo;
    return 0;
}

int select_since(struct ledger *ledger, const char *text, uint64_t size, uint64_t *ret, struct err *err) {
    struct bytes given = bytes_of(text);
    char midnight[64];
    uint64_t v = 0;
    if (text_parse_u64(given, &v) == 0) {
        *ret = v;
        return 0;
    }
    if (text_parse_duration(given, &v) == 0) {
        uint64_t now = clock_wall_ns();
        return find_time(ledger, v < now ? now - v : 0, size, ret, err);
    }
    snprintf(midnight, sizeof(midnight), "%.40sT00:00:00Z", text);
    if (text_parse_time(given, &v) == 0 || text_parse_time(bytes_of(midnight), &v) == 0) {
        return find_time(ledger, v, size, ret, err);
    }
    return err_set(err, ERR_INVALID,
                   "'%.100s' is no point in the log; accepted are a seq (118), a duration (90s, 15m, 2h, 7d, 2w), a date "
                   "(2026-11-21) and a time with its zone (2026-11-21T08:30:00Z)",
                   text);
}

/* Collects the matches of [lo, hi) into seqs, at most PIECE. */
static int match_piece(struct ledger *ledger, const struct select *select, uint64_t lo, uint64_t hi, uint64_t seqs[PIECE],
                       size_t *ret_n, bool *ret_damaged, struct err *err) {
    struct ledger_reader *reader = NULL;
    struct ledger_event event;
    size_t n = 0;
    int rc = ledger_reader_open(ledger, lo, hi, &reader, err);
    while (rc == 0) {
        rc = ledger_reader_next(reader, &event, err);
        if (rc == ERR_CORRUPT || rc == ERR_TAMPERED) {
            *ret_damaged = true;
            rc = 0;
        } else if (rc == 0 && n < PIECE && select_match(select, &event)) {
            seqs[n++] = event.seq;
        }
    }
    ledger_reader_close(reader);
    *ret_n = n;
    return rc == 1 ? 0 : rc;
}

int select_newest(struct ledger *ledger, const struct select *select, uint64_t size, uint64_t n, uint64_t *ret,
                  struct err *err) {
    uint64_t seqs[PIECE];
    uint64_t start = size, hi = size;
    while (n > 0 && hi > select->from) {
        uint64_t lo = (hi - 1) / PIECE * PIECE;
        lo = lo > select->from ? lo : select->from;
        size_t found = 0;
        bool damaged = false;
        int rc = match_piece(ledger, select, lo, hi, seqs, &found, &damaged, err);
        if (rc != 0) {
            return rc;
        }
        if (found >= n) {
            *ret = seqs[found - n];
            return 0;
        }
        start = damaged ? lo : found > 0 ? seqs[0] : start; /* what is damaged is read again, and then said */
        n -= found;
        hi = lo;
    }
    *ret = start;
    return 0;
}
