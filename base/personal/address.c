/* E-mail addresses in the form that mail is delivered to (RFC 5321, without address literals): a local part, which may be
 * quoted, '@', and a domain of at least two labels, the last of letters. A user of a URL ("https://me@host") and the account of a remote
 * repository ("git@host.example:path") are not addresses. */
#include "base/personal/personal.h"

#include <string.h>

enum { LOCAL_MAX = 64, LABEL_MAX = 63, DOMAIN_MAX = 253 };

static bool is_alnum(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_alpha(uint8_t c) {
    return is_alnum(c) && !(c >= '0' && c <= '9');
}

static bool is_local(uint8_t c) {
    return is_alnum(c) || (c != 0 && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

/* Whether the '@' belongs to a URL: "//" is before it in the same word. */
static bool is_in_url(struct bytes text, size_t from, size_t at) {
    for (size_t i = at; i > from + 1 && text.p[i - 1] > ' '; i--) {
        if (text.p[i - 1] == '/' && text.p[i - 2] == '/') return true;
    }
    return false;
}

/* The length of the domain at i; 0: none. */
static size_t read_domain(struct bytes text, size_t i) {
    size_t begin = i, label = i, labels = 0, end = 0;
    bool last_alpha = false;
    while (i <= text.n && i - begin <= DOMAIN_MAX) {
        bool inside = i < text.n && (is_alnum(text.p[i]) || text.p[i] == '-');
        if (inside) {
            i++;
            continue;
        }
        size_t n = i - label;
        if (n == 0 || n > LABEL_MAX || text.p[label] == '-' || text.p[i - 1] == '-') break;
        labels++;
        last_alpha = n >= 2;
        for (size_t k = label; k < i; k++) {
            last_alpha = last_alpha && is_alpha(text.p[k]);
        }
        last_alpha = last_alpha || (n > 4 && memcmp(text.p + label, "xn--", 4) == 0);
        end = i;
        if (i >= text.n || text.p[i] != '.') break;
        label = ++i;
    }
    return labels >= 2 && last_alpha ? end - begin : 0;
}

/* Where the quoted local part begins whose closing quote is before `at`; `at`: there is none. What opens it stands at the
 * beginning of a word: after a letter or another quote it closes something else. */
static size_t quoted_begin(struct bytes text, size_t from, size_t at) {
    size_t i = at - 1;
    if (at < from + 3 || text.p[i] != '"') return at;
    while (i > from && at - i <= LOCAL_MAX) {
        uint8_t c = text.p[--i];
        if (c < ' ' || c == 0x7f) return at;
        if (c != '"' || (i > from && text.p[i - 1] == '\\')) continue;
        bool opens = i == 0 || !(is_alnum(text.p[i - 1]) || text.p[i - 1] == '"' || text.p[i - 1] == '_');
        return opens && i + 1 < at - 1 ? i : at;
    }
    return at;
}

size_t personal_email(struct bytes text, size_t from, size_t at, size_t *ret_from) {
    size_t begin = at;
    while (begin > from && is_local(text.p[begin - 1])) {
        begin--;
    }
    while (begin < at && !is_alnum(text.p[begin])) { /* a quote or a sign before it is not part of it */
        begin++;
    }
    const bool quoted = begin == at && quoted_begin(text, from, at) < at;
    if (quoted) begin = quoted_begin(text, from, at);
    size_t domain = read_domain(text, at + 1), end = at + 1 + domain;
    if (begin == at || at - begin > LOCAL_MAX || text.p[at - 1] == '.' || domain == 0 || is_in_url(text, from, begin))
        return 0;
    for (size_t i = begin; i + 1 < at && !quoted; i++) {
        if (text.p[i] == '.' && text.p[i + 1] == '.') return 0;
    }
    bool remote = end + 1 < text.n && text.p[end] == ':' && text.p[end + 1] > ' ' &&
                  !(text.p[end + 1] >= '0' && text.p[end + 1] <= '9');
    if (remote || (end < text.n && (text.p[end] == '@' || text.p[end] == '_'))) return 0;
    *ret_from = begin;
    return end - begin;
}
