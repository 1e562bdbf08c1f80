/* The only place that uses the local time zone. Times that it cannot express are printed in UTC. */
#include "cli/print/when.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/print/say.h"

#define DAY_NS (UINT64_C(86400) * CLOCK_NS_PER_S)

/* Replaces "today" and "yesterday" by their UTC dates; any other text is returned unchanged. */
static const char *in_numbers(const char *text, char ret[TEXT_TIME_MAX]) {
    bool yesterday = strcmp(text, "yesterday") == 0;
    if (!yesterday && strcmp(text, "today") != 0) return text;
    text_time(ret, clock_wall_ns() - (yesterday ? DAY_NS : 0));
    ret[strcspn(ret, "T")] = '\0';
    return ret;
}

/* A local time of day, with or without a date. False: it is not one. */
static bool parse_local(const char *text, uint64_t now, uint64_t *ret) {
    char whole[80];
    time_t seconds = (time_t)(now / CLOCK_NS_PER_S);
    struct tm tm;
    bool dated = strlen(text) > 10 && strchr("Tt ", text[10]) != NULL;
    const char *clock = dated ? text + 11 : text;
    if (strlen(text) > 40 || strlen(clock) < 5 || !localtime_r(&seconds, &tm)) return false;
    int n = dated ? snprintf(whole, sizeof(whole), "%.11s", text)
                  : snprintf(whole, sizeof(whole), "%04d-%02d-%02dT", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    snprintf(whole + n, sizeof(whole) - (size_t)n, "%s%sZ", clock, strlen(clock) == 5 ? ":00" : "");
    if (text_parse_time(bytes_of(whole), ret) != 0) return false;
    seconds = (time_t)(*ret / CLOCK_NS_PER_S); /* as if it were UTC */
    if (!gmtime_r(&seconds, &tm)) return false;
    for (int days = 0; days < 2; days++) { /* the most recent moment with that time of day */
        struct tm local = {.tm_year = tm.tm_year,
                           .tm_mon = tm.tm_mon,
                           .tm_mday = tm.tm_mday - days,
                           .tm_hour = tm.tm_hour,
                           .tm_min = tm.tm_min,
                           .tm_sec = tm.tm_sec,
                           .tm_isdst = -1};
        seconds = mktime(&local);
        if (seconds < 0) return false;
        uint64_t ns = (uint64_t)seconds * CLOCK_NS_PER_S + *ret % CLOCK_NS_PER_S;
        if (dated || ns <= now || days == 1) {
            *ret = ns;
            break;
        }
    }
    return true;
}

/* "@1795341633": seconds since 1970, as in `date`. */
static bool parse_unix(const char *text, uint64_t *ret) {
    uint64_t seconds = 0;
    return text[0] == '@' && text_parse_u64(bytes_of(text + 1), &seconds) == 0 && seconds <= INT64_MAX / CLOCK_NS_PER_S &&
           (*ret = seconds * CLOCK_NS_PER_S, true);
}

int when_parse(const char *text, bool last, struct when *ret, struct err *err) {
    char midnight[64], date[TEXT_TIME_MAX];
    uint64_t v = 0, now = clock_wall_ns();
    text = in_numbers(text, date);
    struct bytes given = bytes_of(text);
    snprintf(midnight, sizeof(midnight), "%.40sT00:00:00Z", text);
    if (strcmp(text, "now") == 0) {
        *ret = (struct when){.at = now};
    } else if (text_parse_u64(given, &v) == 0 && v <= INT64_MAX) {
        *ret = (struct when){.is_seq = true, .at = v};
    } else if (text_parse_duration(given, &v) == 0) {
        *ret = (struct when){.at = v < now ? now - v : 0};
    } else if (text_parse_time(given, &v) == 0 || parse_unix(text, &v)) {
        *ret = (struct when){.at = v};
    } else if (text_parse_time(bytes_of(midnight), &v) == 0) {
        *ret = (struct when){.at = last ? v + DAY_NS - 1 : v};
    } else if (parse_local(text, now, &v)) {
        *ret = (struct when){.at = v, .is_local = true};
    } else {
        return err_set(
            err, ERR_INVALID,
            "'%.100s' is neither an event number nor a time; expected an event number (118), a time ago (90s, "
            "15m, 2h, 7d, 2w, 1.5h), a date in UTC (2026-11-21, today, yesterday), now, a time (2026-11-21T08:30:00Z; "
            "in the local zone: 2026-11-21T08:30, 08:30) or seconds since 1970 (@1795341633)",
            text);
    }
    return 0;
}

#define UNIX_SECONDS UINT64_C(1000000000) /* of 2001 */

int when_check(const struct when *when, const char *text, uint64_t size, struct err *err) {
    static const uint64_t per_second[] = {1, 1000, 1000000, CLOCK_NS_PER_S};
    char time[TEXT_TIME_MAX] = "";
    if (!when->is_seq || when->at < size || when->at < UNIX_SECONDS) return 0;
    for (size_t i = 0; i < sizeof(per_second) / sizeof(per_second[0]); i++) {
        uint64_t seconds = when->at / per_second[i];
        if (seconds >= UNIX_SECONDS && seconds < 10 * UNIX_SECONDS && seconds < (uint64_t)INT64_MAX / CLOCK_NS_PER_S) {
            text_time(time, seconds * CLOCK_NS_PER_S);
            return err_set(err, ERR_INVALID,
                           "'%.40s' is taken as an event number, and the ledger has %llu event%s; write the time as @%llu "
                           "or %.19sZ",
                           text, (unsigned long long)size, text_s(size), (unsigned long long)seconds, time);
        }
    }
    return 0;
}

int when_style(const char *name, enum when_style *ret, struct err *err) {
    static const char *const names[] = {[WHEN_UTC] = "utc", [WHEN_LOCAL] = "local", [WHEN_RELATIVE] = "relative"};
    struct text_near near = {.text = name};
    size_t i = text_near_find(&near, names, sizeof(names) / sizeof(names[0]));
    if (i == SIZE_MAX) {
        return err_set(err, ERR_INVALID, "unknown time style '%.40s'%s (expected utc, local or relative)", name,
                       text_near_words(&near));
    }
    *ret = (enum when_style)i;
    return 0;
}

static void put_utc(struct buf *out, uint64_t ns) {
    char text[TEXT_TIME_MAX];
    text_time(text, ns);
    if (text[10] == 'T') {
        text[10] = ' ';
    }
    buf_printf(out, "%.19sZ", text);
}

static void put_local(struct buf *out, uint64_t ns) {
    time_t seconds = (time_t)(ns / CLOCK_NS_PER_S);
    struct tm tm;
    char text[40];
    if (!localtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S%z", &tm) != 24) {
        put_utc(out, ns);
        return;
    }
    buf_printf(out, "%.22s:%.2s", text, text + 22);
}

static void put_relative(struct buf *out, uint64_t ns, uint64_t now) {
    static const struct {
        uint64_t seconds;
        const char *unit;
    } units[] = {
        {UINT64_C(2) * 365 * 86400, "y"}, {UINT64_C(2) * 86400, "d"}, {UINT64_C(2) * 3600, "h"}, {120, "m"}, {0, "s"}};
    bool past = ns <= now;
    uint64_t s = (past ? now - ns : ns - now) / CLOCK_NS_PER_S;
    size_t i = 0;
    while (s < units[i].seconds) {
        i++;
    }
    uint64_t one = units[i].seconds > 0 ? units[i].seconds / 2 : 1;
    buf_printf(out, "%s%llu%s%s", past ? "" : "in ", (unsigned long long)(s / one), units[i].unit, past ? " ago" : "");
}

void when_text(struct buf *out, uint64_t ns, enum when_style style, uint64_t now) {
    if (style == WHEN_RELATIVE) {
        put_relative(out, ns, now);
    } else if (style == WHEN_LOCAL) {
        put_local(out, ns);
    } else {
        put_utc(out, ns);
    }
}

int when_order(const struct when *since, const char *since_text, const struct when *until, const char *until_text,
               struct err *err) {
    if (since->is_seq != until->is_seq || since->at <= until->at) return 0;
    return err_set(err, ERR_NOTFOUND, "--since '%.60s' is after --until '%.60s': no event is in between", since_text,
                   until_text);
}

void when_note(const struct cli *cli, const struct when *when, const char *text) {
    struct buf time = {.max = 64};
    if (when->is_local) {
        put_local(&time, when->at);
        cli_note(cli, "ledger: %s: '%.40s' has no zone and is taken as local time: %.*s", cli->command, text, (int)time.n,
                 (const char *)time.p);
        buf_done(&time);
    }
}

void when_length(struct buf *out, double ms) {
    if (!(ms >= 0) || !isfinite(ms)) {
        buf_put_str(out, "?");
    } else if (ms > 0 && ms < 0.0005) {
        buf_put_str(out, "<1 us");
    } else if (ms > 0 && ms < 0.9995) {
        buf_printf(out, "%.0f us", ms * 1000);
    } else if (ms < 999.5) {
        buf_printf(out, ms < 9.95 && ms != floor(ms) ? "%.1f ms" : "%.0f ms", ms);
    } else if (ms < 119500) {
        buf_printf(out, ms < 9950 ? "%.2f s" : "%.1f s", ms / 1000);
    } else if (ms < 7170000) {
        unsigned s = (unsigned)(ms / 1000 + 0.5);
        buf_printf(out, "%u min %u s", s / 60, s % 60);
    } else if (ms < 172800000) {
        unsigned m = (unsigned)(ms / 60000 + 0.5);
        buf_printf(out, "%u h %u min", m / 60, m % 60);
    } else {
        buf_printf(out, "%.1f d", ms / 86400000);
    }
}
