/* The validator of the secret scanner for options that take a password without naming it: curl's -u user:password and
 * mysql's -ppassword, on a command line or in a list of quoted arguments. The program's name must precede the option on
 * the same line, because the same letters mean other things elsewhere. */
#include <string.h>

#include "base/secret/check.h"

enum {
    PROGRAM_BACK = 128, /* how far before its option a program's name is searched for */
    PROGRAM_LEN_MAX = 12,
    ARGUMENT_MAX = 256,
    GAP_MAX = 8,
    PASSWORD_MIN = 3
};

static uint8_t byte_at(const struct secret_scan *s, size_t i) {
    return i < s->hi ? s->p[i] : '\0';
}

/* Whether one of the programs is named before i, on its line. */
static bool has_program(struct secret_scan *s, size_t i, const char *const *programs, size_t count) {
    size_t from = i;
    while (from > s->lo && i - from < PROGRAM_BACK && s->p[from - 1] != '\n' && s->p[from - 1] != '\r') {
        from--;
    }
    s->steps += i - from;
    for (size_t k = 0; k < count; k++) {
        if (secret_contains(s->p + from, i - from, programs[k])) return true;
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
        if (secret_equals(p, n, words[k])) return false;
    }
    return n >= PASSWORD_MIN && !secret_is_placeholder(p, n);
}

static bool hit(struct secret_scan *s, const struct secret_rule *rule, size_t at, size_t end, struct secret_hit *ret) {
    while (end < s->hi && s->p[end] > ' ' && argument_end(s, end) > end) {
        end = argument_end(s, end); /* it may be longer than the judged part */
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
    if (colon == NULL || colon == s->p + i) return false;
    size_t from = (size_t)(colon - s->p) + 1;
    if ((end - from >= 2 && s->p[from] == '/' && s->p[from + 1] == '/') || !is_password(s->p + from, end - from) ||
        !has_program(s, at, programs, sizeof(programs) / sizeof(programs[0]))) {
        return false;
    }
    return hit(s, rule, from, end, ret);
}

/* An option after a program's name: its letter, and whether the value may be or must be a separate argument. */
struct option {
    const char *program;
    char letter;
    bool apart, joined;
};

static const struct option OPTIONS[] = {
    {"mysql", 'p', false, true},
    {"mariadb", 'p', false, true},
    {"sshpass", 'p', true, true},
    {"docker", 'p', true, false},
    {"podman", 'p', true, false},
    {"nerdctl", 'p', true, false},
    {"skopeo", 'p', true, false},
    {"buildah", 'p', true, false},
    {"registry login", 'p', true, false},
    {"redis-cli", 'a', true, true},
    {"valkey-cli", 'a', true, true},
    {"httpie", 'a', true, false},
    {"ldap", 'w', true, true},
    {"mosquitto_", 'P', true, false},
    {"mongo", 'p', true, true},
    {"zip", 'P', true, true},
    {"7z", 'p', false, true},
    {"rar", 'p', false, true},
    {"sqlcmd", 'P', true, true},
    {"bcp", 'P', true, true},
    {"cqlsh", 'p', true, false},
    {"influx", 'p', true, false},
    {"az login", 'p', true, false},
    {"oc login", 'p', true, false},
    {"helm registry", 'p', true, false},
    {"ipmitool", 'P', true, true},
    {"winexe", 'p', true, false},
};

/* "docker login -p x" is a password, "docker run -p 80:80" a port. */
static bool is_login(struct secret_scan *s, size_t at) {
    static const char *const words[] = {"login"};
    return has_program(s, at, words, 1);
}

static bool has_option(struct secret_scan *s, size_t at, uint8_t letter, bool apart) {
    for (size_t k = 0; k < sizeof(OPTIONS) / sizeof(OPTIONS[0]); k++) {
        const struct option *o = &OPTIONS[k];
        bool login = strcmp(o->program, "docker") != 0 && strcmp(o->program, "podman") != 0 &&
                     strcmp(o->program, "nerdctl") != 0 && strcmp(o->program, "skopeo") != 0 &&
                     strcmp(o->program, "buildah") != 0;
        if ((uint8_t)o->letter == letter && (apart ? o->apart : o->joined) && has_program(s, at, &o->program, 1) &&
            (login || is_login(s, at))) {
            return true;
        }
    }
    return false;
}

/* -ppassword and -p password, as one argument or two, quoted or not. */
static bool check_letter(struct secret_scan *s, size_t at, size_t i, const struct secret_rule *rule,
                         struct secret_hit *ret) {
    uint8_t letter = s->p[i - 1], first = byte_at(s, i);
    bool apart = secret_one_of(first, " \"',=");
    size_t from = i + (first == '\'' && s->p[at] == ' ' && secret_class(byte_at(s, i + 1)) != 0);
    if (from > i) {
        apart = false; /* -p'password' */
    }
    for (size_t gap = 0; apart && gap < GAP_MAX && secret_one_of(byte_at(s, from), " =\"',"); gap++) {
        from++;
    }
    size_t end = argument_end(s, from);
    bool argument = end > from && s->p[from] != '-' && s->p[from] != '/' && is_password(s->p + from, end - from);
    if (!argument || !has_option(s, at, letter, apart) || (!apart && from == i && s->p[at] == '"' && first == '"')) {
        return false;
    }
    return hit(s, rule, from, end, ret);
}

/* openssl's -passin pass:password, -passout, -pass. */
bool secret_check_passin(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    static const char *const names[] = {"-passin", "-passout", "-pass"};
    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        size_t n = strlen(names[k]), i = at + n;
        if (s->hi - at <= n + 5 || memcmp(s->p + at, names[k], n) != 0) continue;
        for (size_t gap = 0; gap < GAP_MAX && secret_one_of(byte_at(s, i), " =\"',"); gap++) {
            i++;
        }
        size_t end = i > at + n && s->hi - i > 5 && memcmp(s->p + i, "pass:", 5) == 0 ? argument_end(s, i + 5) : 0;
        return end > 0 && is_password(s->p + i + 5, end - i - 5) && hit(s, rule, i + 5, end, ret);
    }
    return false;
}

bool secret_check_option(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    const uint8_t *p = s->p + at;
    size_t left = s->hi - at;
    s->steps++;
    if (p[2] == 's') { /* --user, --proxy-user */
        bool user = left > 6 && memcmp(p, "-user", 5) == 0 && secret_one_of(p[5], " =\"'");
        return user && check_user(s, at, at + 5, rule, ret);
    }
    if (left < 5) return false;
    return p[2] == 'u' ? check_user(s, at, at + 3, rule, ret) : check_letter(s, at, at + 3, rule, ret);
}
