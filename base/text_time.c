/* Times and durations as text. Calendar arithmetic works on whole days of the proleptic Gregorian calendar, independent
 * of the machine's time zone and locale and exact to the nanosecond. */
#include "base/text.h"

#define NS_PER_S  UINT64_C(1000000000)
#define S_PER_DAY 86400
#define S_OF_2262 INT64_C(9214646400) /* 2262-01-01T00:00:00Z */

/* Days since 1970-01-01. Years are counted from March, so that the leap day is the last of its year; 400 years are
 * 146,097 days. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day) {
    if (month <= 2) {
        year--;
        month += 12;
    }
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month - 3) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_of_days(uint64_t days, unsigned *year, unsigned *month, unsigned *day) {
    uint64_t d = days + 719468;
    uint64_t era = d / 146097;
    uint64_t day_of_era = d % 146097;
    uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t march_month = (5 * day_of_year + 2) / 153;
    *day = (unsigned)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *month = (unsigned)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = (unsigned)(era * 400 + year_of_era + (*month <= 2));
}

static char *put_digits(char *p, uint64_t v, unsigned width) {
    for (unsigned i = width; i-- > 0; v /= 10) {
        p[i] = (char)('0' + v % 10);
    }
    return p + width;
}

void text_time(char *ret, uint64_t ns) {
    uint64_t s = ns / NS_PER_S;
    uint64_t of_day = s % S_PER_DAY;
    unsigned year, month, day;
    date_of_days(s / S_PER_DAY, &year, &month, &day);
    char *p = put_digits(ret, year, 4);
    *p++ = '-';
    p = put_digits(p, month, 2);
    *p++ = '-';
    p = put_digits(p, day, 2);
    *p++ = 'T';
    p = put_digits(p, of_day / 3600, 2);
    *p++ = ':';
    p = put_digits(p, of_day / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, of_day % 60, 2);
    *p++ = '.';
    p = put_digits(p, ns % NS_PER_S, 9);
    *p++ = 'Z';
    *p = '\0';
}

/* Consumes exactly `width` digits; false when they are missing. */
static bool take_digits(struct bytes *t, unsigned width, unsigned *ret) {
    unsigned v = 0;
    if (t->n < width) return false;
    for (unsigned i = 0; i < width; i++) {
        if (t->p[i] < '0' || t->p[i] > '9') return false;
        v = v * 10 + (unsigned)(t->p[i] - '0');
    }
    t->p += width;
    t->n -= width;
    *ret = v;
    return true;
}

static bool take_one_of(struct bytes *t, const char *set, char *ret) {
    for (; t->n > 0 && *set != '\0'; set++) {
        if (t->p[0] == (uint8_t)*set) {
            *ret = *set;
            t->p++;
            t->n--;
            return true;
        }
    }
    return false;
}

static bool take_date(struct bytes *t, int64_t *ret_days) {
    static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned y, m, d;
    char sep;
    if (!take_digits(t, 4, &y) || !take_one_of(t, "-", &sep) || !take_digits(t, 2, &m) || !take_one_of(t, "-", &sep) ||
        !take_digits(t, 2, &d) || m < 1 || m > 12) {
        return false;
    }
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (d < 1 || d > (unsigned)month_days[m - 1] + (m == 2 && leap)) return false;
    *ret_days = days_of_date(y, m, d);
    return true;
}

static bool take_clock(struct bytes *t, int64_t *ret_s, unsigned *ret_ns) {
    unsigned h, m, s;
    char sep;
    if (!take_digits(t, 2, &h) || !take_one_of(t, ":", &sep) || !take_digits(t, 2, &m) || !take_one_of(t, ":", &sep) ||
        !take_digits(t, 2, &s) || h > 23 || m > 59 || s > 59) {
        return false;
    }
    unsigned ns = 0;
    if (take_one_of(t, ".", &sep)) {
        unsigned unit = 100000000, digit, count = 0;
        for (; count < 9 && take_digits(t, 1, &digit); count++, unit /= 10) {
            ns += digit * unit;
        }
        if (count == 0) return false;
    }
    *ret_s = (int64_t)h * 3600 + m * 60 + s;
    *ret_ns = ns;
    return true;
}

/* Seconds by which local time is ahead of UTC. */
static bool take_zone(struct bytes *t, int64_t *ret_s) {
    char sign, sep;
    unsigned h, m;
    if (take_one_of(t, "Zz", &sign)) {
        *ret_s = 0;
        return true;
    }
    if (!take_one_of(t, "+-", &sign) || !take_digits(t, 2, &h) || !take_one_of(t, ":", &sep) || !take_digits(t, 2, &m) ||
        h > 23 || m > 59) {
        return false;
    }
    int64_t s = (int64_t)h * 3600 + m * 60;
    *ret_s = sign == '-' ? -s : s;
    return true;
}

int text_parse_time(struct bytes text, uint64_t *ret_ns) {
    int64_t days, of_day, ahead;
    unsigned ns;
    char sep;
    if (!take_date(&text, &days) || !take_one_of(&text, "Tt ", &sep) || !take_clock(&text, &of_day, &ns) ||
        !take_zone(&text, &ahead) || text.n != 0) {
        return ERR_INVALID;
    }
    int64_t s = days * S_PER_DAY + of_day - ahead;
    if (s < 0 || s >= S_OF_2262) return ERR_INVALID;
    *ret_ns = (uint64_t)s * NS_PER_S + ns;
    return 0;
}

int text_parse_duration(struct bytes text, uint64_t *ret_ns) {
    static const struct {
        char name;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', S_PER_DAY}, {'w', 7 * S_PER_DAY}};
    uint64_t whole, part = 0, scale = 1;
    if (text.n < 2) return ERR_INVALID;
    struct bytes number = {text.p, text.n - 1};
    const uint8_t *dot = memchr(number.p, '.', number.n);
    if (dot != NULL) {
        const uint8_t *end = number.p + number.n;
        number.n = (size_t)(dot - number.p);
        if (end - dot < 2 || end - dot > 10) return ERR_INVALID;
        for (const uint8_t *c = dot + 1; c < end; c++, scale *= 10) {
            if (*c < '0' || *c > '9') return ERR_INVALID;
            part = 10 * part + (uint64_t)(*c - '0');
        }
    }
    if (text_parse_u64(number, &whole) != 0) return ERR_INVALID;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (text.p[text.n - 1] == (uint8_t)units[i].name) {
            part *= NS_PER_S / scale * units[i].seconds; /* below a week */
            if (__builtin_mul_overflow(whole, units[i].seconds * NS_PER_S, &whole) ||
                __builtin_add_overflow(whole, part, &whole)) {
                return ERR_INVALID;
            }
            *ret_ns = whole;
            return 0;
        }
    }
    return ERR_INVALID;
}
