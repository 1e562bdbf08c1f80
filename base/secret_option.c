/* The validator of the secret scanner for options of programs that take a password in a way that no name gives away: curl's
 * -u user:password and mysql's -ppassword, as a command line or as a list of quoted arguments. The program's name has to
 * stand before the option on the same line, for the same letters mean other things elsewhere. */
#include <string.h>

#include "base/secret_check.h"

enum {
    PROGRAM_BACK = 128, /* how far before its option a program's name is looked for */
    PROGRAM_LEN_MAX = 12,
    ARGUMENT_MAX = 256,
    GAP_MAX = 8,
    PASSWORD_MIN = 3
};

static uint8_t byte_at(const struct secret_scan *s, size_t i) {
    return i < s->hi ? s->p[i] : '\0';
}

/* One of the programs stands before i, on its line. */
static bool has_program(struct secret_scan *s, size_t i, const char *const *programs, size_t count) {
    size_t from = i;
    while (from > s->lo && i - from < PROGRAM_BACK && s->p[from - 1] != '\n' && s->p[from - 1] != '\r') {
        from--;
    }
    s->steps += i - from;
    for (size_t k = 0; k < count; k++) {
        if (secret_contains(s->p + from, i - from, programs[k])) {
            return true;
        }
    }
    return false;
}

static size_t argument_end(struct secret_scan *s, size_t i) {
    size_t n = 0;
    while (n < ARGUMENT_MAX && i + n < s->hi && s->p[i + n] > ' ' && !secret_one_of(s->p[i + n], "\"'`;|<>\\") &&
           !secret_is_mask(s, i + n)) {
        n++;
    }
    s->steps += n + 1;
    return i + n;
}

static bool is_password(const uint8_t *p, size_t n) {
    static const char *const words[] = {"password", "passwd", "pass", "pwd", "secret", "token"};
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
        if (secret_equals(p, n, words[k])) {
            return false;
        }
    }
    return n >= PASSWORD_MIN && !secret_is_placeholder(p, n);
}

static bool hit(struct secret_scan *s, const struct secret_rule *rule, size_t at, size_t end, struct secret_hit *ret) {
    while (end < s->hi && s->p[end] > ' ' && argument_end(s, end) > end) {
        end = argument_end(s, end); /* longer than what was judged */
    }
    ret->rule = rule->name;
    ret->at = at;
    ret->n = end - at;
    return true;
}

/* -u user:password, --user user:password, "-u","user:password" */
static bool check_user(struct secret_scan *s, size_t at, size_t i, const struct secret_rule *rule, struct secret_hit *ret) {
    static const char *const programs[] = {"curl"};
    for (size_t gap = 0; gap < GAP_MAX && secret_one_of(byte_at(s, i), " =\"',"); gap++) {
        i++;
    }
    size_t end = argument_end(s, i);
    const uint8_t *colon = memchr(s->p + i, ':', end - i);
    if (colon == NULL || colon == s->p + i) {
        return false;
    }
    size_t from = (size_t)(colon - s->p) + 1;
    if ((end - from >= 2 && s->p[from] == '/' && s->p[from + 1] == '/') || !is_password(s->p + from, end - from) ||
        !has_program(s, at, programs, sizeof(programs) / sizeof(programs[0]))) {
        return false;
    }
    return hit(s, rule, from, end, ret);
}

/* -ppassword: mysql takes it without a blank. */
static bool check_joined(struct secret_scan *s, size_t at, size_t i, const struct secret_rule *rule,
                         struct secret_hit *ret) {
    static const char *const programs[] = {"mysql", "mariadb"};
    size_t from = i + secret_one_of(byte_at(s, i), "'\""), end = argument_end(s, from);
    if (end == i || (from > i && s->p[at] == '"') || !is_password(s->p + from, end - from) ||
        !has_program(s, at, programs, sizeof(programs) / sizeof(programs[0]))) {
        return false;
    }
    return hit(s, rule, from, end, ret);
}

bool secret_check_option(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    const uint8_t *p = s->p + at;
    size_t left = s->hi - at;
    s->steps++;
    if (p[2] == 's') { /* --user, --proxy-user */
        bool user = left > 6 && memcmp(p, "-user", 5) == 0 && secret_one_of(p[5], " =\"'");
        return user && check_user(s, at, at + 5, rule, ret);
    }
    if (left < 5) {
        return false;
    }
    return p[2] == 'u' ? check_user(s, at, at + 3, rule, ret) : check_joined(s, at, at + 3, rule, ret);
}
