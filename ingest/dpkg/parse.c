/* One line of dpkg's log. The line is split at single spaces, which no field but a conffile's name contains; each form has
 * its number of words. */
#include "ingest/dpkg/dpkg.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/secret/secret.h"
#include "base/text.h"

#define WORDS_MAX 7

static const char *const action_names[] = {
    [DPKG_INSTALL] = "install",   [DPKG_UPGRADE] = "upgrade",     [DPKG_CONFIGURE] = "configure",
    [DPKG_TRIGPROC] = "trigproc", [DPKG_DISAPPEAR] = "disappear", [DPKG_REMOVE] = "remove",
    [DPKG_PURGE] = "purge",
};

static const char *const state_names[] = {
    [DPKG_NO_STATE] = "none",
    [DPKG_NOT_INSTALLED] = "not-installed",
    [DPKG_CONFIG_FILES] = "config-files",
    [DPKG_HALF_INSTALLED] = "half-installed",
    [DPKG_UNPACKED] = "unpacked",
    [DPKG_HALF_CONFIGURED] = "half-configured",
    [DPKG_TRIGGERS_AWAITED] = "triggers-awaited",
    [DPKG_TRIGGERS_PENDING] = "triggers-pending",
    [DPKG_INSTALLED] = "installed",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *dpkg_action_name(enum dpkg_action action) {
    return action_names[action];
}

const char *dpkg_state_name(enum dpkg_state state) {
    return state_names[state];
}

/* The value of n decimal digits; -1 when they are not digits. */
static int digits(const uint8_t *p, size_t n) {
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9') return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

static bool same_wall(const struct tm *a, const struct tm *b) {
    return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday && a->tm_hour == b->tm_hour &&
           a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

/* A local time that occurred twice, because clocks were put back, is found again at one of the usual steps. (mktime with
 * tm_isdst set would also tell, but searches through years.) */
static bool occurred_twice(time_t t, const struct tm *wall) {
    static const int steps[] = {-7200, -3600, -1800, 1800, 3600, 7200};
    struct tm back;
    for (size_t i = 0; i < COUNT(steps); i++) {
        time_t other = t + steps[i];
        if (localtime_r(&other, &back) != NULL && same_wall(&back, wall)) return true;
    }
    return false;
}

static int local_ns(const struct tm *wall, uint64_t *ret_ns, bool *ret_exact) {
    struct tm asked = *wall, back;
    asked.tm_isdst = -1;
    time_t t = mktime(&asked);
    if (t < 0 || t > (time_t)(INT64_MAX / (int64_t)CLOCK_NS_PER_S)) return ERR_INVALID;
    *ret_ns = (uint64_t)t * CLOCK_NS_PER_S;
    *ret_exact = localtime_r(&t, &back) != NULL && same_wall(&back, wall) && !occurred_twice(t, wall);
    return 0;
}

static int days_in(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static int parse_time(struct bytes line, struct dpkg_line *l, struct err *err) {
    static const char wanted[] = "the line does not begin with a time; expected: YYYY-MM-DD HH:MM:SS";
    if (line.n < DPKG_TIME_LEN) return err_set(err, ERR_INVALID, "%s", wanted);
    const uint8_t *p = line.p;
    int year = digits(p, 4), month = digits(p + 5, 2), day = digits(p + 8, 2);
    int hour = digits(p + 11, 2), minute = digits(p + 14, 2), second = digits(p + 17, 2);
    bool form = p[4] == '-' && p[7] == '-' && p[10] == ' ' && p[13] == ':' && p[16] == ':';
    if (!form || year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) {
        return err_set(err, ERR_INVALID, "%s", wanted);
    }
    struct tm wall = {
        .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute, .tm_sec = second};
    if (month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 59 ||
        local_ns(&wall, &l->at, &l->at_exact) != 0) {
        return err_set(err, ERR_INVALID, "'%.*s' is not a time of the calendar", DPKG_TIME_LEN, (const char *)p);
    }
    l->time_text = (struct bytes){p, DPKG_TIME_LEN};
    return 0;
}

/* How many words the rest of a line has; WORDS_MAX + 1 when they do not fit. */
static size_t split(struct bytes rest, struct bytes words[WORDS_MAX]) {
    size_t n = 0, at = 0;
    while (at <= rest.n) {
        const uint8_t *space = at < rest.n ? memchr(rest.p + at, ' ', rest.n - at) : NULL;
        size_t end = space != NULL ? (size_t)(space - rest.p) : rest.n;
        if (n == WORDS_MAX) return WORDS_MAX + 1;
        words[n++] = (struct bytes){rest.p + at, end - at};
        at = end + 1;
    }
    return n;
}

static bool all_of(struct bytes text, const char *more) {
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == 0 || strchr(more, c) == NULL)) return false;
    }
    return text.n > 0;
}

static int wrong_word(const char *what, struct bytes word, const char *accepted, struct err *err) {
    return err_set(err, ERR_INVALID, "%s '%s'%s%s", what, SECRET_SHOWN(word), accepted[0] != '\0' ? "; expected: " : "",
                   accepted);
}

static int parse_package(struct bytes word, struct dpkg_line *l, struct err *err) {
    const uint8_t *colon = word.n > 0 ? memrchr(word.p, ':', word.n) : NULL;
    struct bytes name = word, arch = {NULL, 0};
    if (colon != NULL) {
        name.n = (size_t)(colon - word.p);
        arch = (struct bytes){colon + 1, word.n - name.n - 1};
    }
    if (!all_of(name, "+-._") || name.n > DPKG_NAME_MAX ||
        (colon != NULL && (!all_of(arch, "-") || arch.n > DPKG_ARCH_MAX))) {
        return wrong_word("bad package", word, "NAME or NAME:ARCHITECTURE", err);
    }
    l->package = name;
    l->arch = arch;
    return 0;
}

static int parse_version(struct bytes word, struct bytes *ret, struct err *err) {
    if (bytes_is(word, "<none>")) {
        *ret = (struct bytes){NULL, 0};
        return 0;
    }
    if (!all_of(word, ".+-~:_") || word.n > DPKG_VERSION_MAX) {
        return wrong_word("bad version", word, "a Debian version or <none>", err);
    }
    *ret = word;
    return 0;
}

static int parse_status(const struct bytes *words, size_t n, struct dpkg_line *l, struct err *err) {
    if (n != 4) {
        return err_set(err, ERR_INVALID, "'status' has %zu word%s after it; expected: STATE PACKAGE VERSION", n - 1,
                       text_s(n - 1));
    }
    l->verb = DPKG_STATUS;
    size_t i = 1;
    while (i < COUNT(state_names) && !bytes_is(words[1], state_names[i])) {
        i++;
    }
    if (i == COUNT(state_names)) return wrong_word("unknown state", words[1], "", err);
    l->state = (enum dpkg_state)i;
    int rc = parse_package(words[2], l, err);
    if (rc == 0) rc = parse_version(words[3], &l->installed, err);
    return rc;
}

static int parse_action(const struct bytes *words, size_t n, struct dpkg_line *l, struct err *err) {
    size_t i = 0;
    while (i < COUNT(action_names) && !bytes_is(words[0], action_names[i])) {
        i++;
    }
    if (i == COUNT(action_names)) {
        return wrong_word("unknown action", words[0],
                          "startup, status, conffile, install, upgrade, configure, trigproc, disappear, remove, purge",
                          err);
    }
    if (n != 4) {
        return err_set(err, ERR_INVALID, "'%s' has %zu word%s after it; expected: PACKAGE INSTALLED AVAILABLE",
                       action_names[i], n - 1, text_s(n - 1));
    }
    l->verb = DPKG_ACTION;
    l->action = (enum dpkg_action)i;
    int rc = parse_package(words[1], l, err);
    if (rc == 0) rc = parse_version(words[2], &l->installed, err);
    if (rc == 0) rc = parse_version(words[3], &l->available, err);
    return rc;
}

int dpkg_parse(struct bytes line, struct dpkg_line *ret, struct err *err) {
    struct dpkg_line l;
    memset(&l, 0, sizeof(l));
    if (line.n > 0 && memchr(line.p, 0, line.n) != NULL) {
        return err_set(err, ERR_INVALID, "the line holds NUL bytes, as a crash of the machine leaves them");
    }
    int rc = parse_time(line, &l, err);
    if (rc != 0) return rc;
    if (line.n <= DPKG_TIME_LEN || line.p[DPKG_TIME_LEN] != ' ') {
        return err_set(err, ERR_INVALID, "nothing follows the time");
    }
    struct bytes words[WORDS_MAX];
    struct bytes rest = {line.p + DPKG_TIME_LEN + 1, line.n - DPKG_TIME_LEN - 1};
    size_t n = split(rest, words);
    if (bytes_is(words[0], "startup")) {
        l.verb = DPKG_STARTUP;
        rc = n == 3 ? 0
                    : err_set(err, ERR_INVALID, "'startup' has %zu word%s after it; expected: TYPE COMMAND", n - 1,
                              text_s(n - 1));
    } else if (bytes_is(words[0], "conffile")) {
        l.verb = DPKG_CONFFILE; /* the file's name may hold spaces */
        rc = n >= 3 ? 0
                    : err_set(err, ERR_INVALID, "'conffile' has %zu word%s after it; expected: FILE DECISION", n - 1,
                              text_s(n - 1));
    } else if (bytes_is(words[0], "status")) {
        rc = parse_status(words, n, &l, err);
    } else {
        rc = parse_action(words, n, &l, err);
    }
    if (rc == 0) {
        *ret = l;
    }
    return rc;
}

unsigned dpkg_rotation(const char *path) {
    size_t n = strlen(path);
    if (n > 3 && strcmp(path + n - 3, ".gz") == 0) {
        n -= 3;
    }
    size_t start = n;
    while (start > 0 && path[start - 1] >= '0' && path[start - 1] <= '9') {
        start--;
    }
    if (start == n || start == 0 || path[start - 1] != '.' || n - start > 6) return 0;
    return (unsigned)digits((const uint8_t *)path + start, n - start);
}
