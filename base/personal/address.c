/* E-mail addresses in the form that mail is delivered to (RFC 5321, 6531): a local part, which may be quoted, '@', and a domain of at
 * least two labels, the last of letters, or an address in brackets. Letters are those of all scripts. The user of a URL
 * ("https://me@host") and the account of a remote repository ("git@host.example:path") are not addresses; what follows the
 * host in a URL may have one. */
#include "base/personal/personal.h"

#include <string.h>

#include "base/text.h"

enum { LOCAL_MAX = 64, LABEL_MAX = 63, DOMAIN_MAX = 253, LITERAL_MAX = 50, URL_MAX = 4096 };

static bool is_alnum(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_alpha(uint8_t c) {
    return is_alnum(c) && !(c >= '0' && c <= '9');
}

static bool is_local(uint8_t c) {
    return is_alnum(c) || (c != 0 && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

/* A letter that is not ASCII, of any script: not one of the signs of Latin-1, of punctuation, of symbols. */
static bool is_letter(uint32_t c) {
    bool sign = c < 0xc0 || c == 0xd7 || c == 0xf7 || (c >= 0x2000 && c < 0x2c00) || (c >= 0x3000 && c < 0x3040) ||
                (c >= 0xe000 && c < 0xf900) || (c >= 0xfe00 && c < 0xfe70) || (c >= 0xff00 && c < 0xff66) || c >= 0xfff0;
    return !sign;
}

/* The bytes of such a letter at i; 0: there is none. */
static size_t letter_at(struct bytes text, size_t i) {
    uint32_t c = 0;
    size_t n = i < text.n && text.p[i] >= 0x80 ? text_utf8_next((struct bytes){text.p + i, text.n - i}, &c) : 0;
    return n > 1 && is_letter(c) ? n : 0;
}

/* The bytes of the letter that ends at `end`. */
static size_t letter_before(struct bytes text, size_t from, size_t end) {
    for (size_t n = 2; n <= 4 && n <= end - from; n++) {
        if (letter_at(text, end - n) == n) return n;
    }
    return 0;
}

/* Where the word that has the '@' goes on after the host of a URL, or `at` for the user of one; `from`: it has no URL. */
static size_t after_host(struct bytes text, size_t from, size_t at) {
    size_t word = at, url = SIZE_MAX;
    while (word > from && text.p[word - 1] > ' ' && at - word < URL_MAX) {
        word--;
        if (text.p[word] == '/' && word + 1 < at && text.p[word + 1] == '/') url = word + 2;
    }
    for (size_t i = at; url != SIZE_MAX && i > url; i--) {
        if (strchr("/?#", text.p[i - 1]) != NULL && text.p[i - 1] != 0) {
            for (i = at; strchr("/?#=&", text.p[i - 1]) == NULL;) {
                i--;
            }
            return i;
        }
    }
    return url != SIZE_MAX ? at : from;
}

/* The length of an address in brackets at i (RFC 5321, 4.1.3); 0: none. */
static size_t read_literal(struct bytes text, size_t i) {
    size_t k = i + 1, dots = 0, colons = 0;
    if (i >= text.n || text.p[i] != '[') return 0;
    const bool six = text.n - k > 5 && memcmp(text.p + k, "IPv6:", 5) == 0;
    for (k += six ? 5 : 0; k < text.n && k - i < LITERAL_MAX && text.p[k] != ']'; k++) {
        uint8_t c = text.p[k];
        bool hex = (c >= '0' && c <= '9') || (six && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
        dots += c == '.';
        colons += c == ':';
        if (!hex && c != '.' && !(six && c == ':')) return 0;
    }
    bool whole = k < text.n && text.p[k] == ']' && (six ? colons >= 2 : dots == 3);
    return whole ? k + 1 - i : 0;
}

/* The length of the domain at i; 0: none. */
static size_t read_domain(struct bytes text, size_t i, bool letters) {
    size_t begin = i, label = i, labels = 0, end = 0;
    bool last_alpha = false;
    while (i <= text.n && i - begin <= DOMAIN_MAX) {
        bool inside = i < text.n && (is_alnum(text.p[i]) || text.p[i] == '-');
        size_t more = inside ? 1 : letters ? letter_at(text, i) : 0;
        if (more > 0) {
            i += more;
            continue;
        }
        size_t n = i - label;
        if (n == 0 || n > LABEL_MAX || text.p[label] == '-' || text.p[i - 1] == '-') break;
        labels++;
        last_alpha = n >= 2;
        for (size_t k = label; k < i; k++) {
            last_alpha = last_alpha && (is_alpha(text.p[k]) || text.p[k] >= 0x80);
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

static size_t local_begin(struct bytes text, size_t from, size_t at) {
    size_t begin = at, wide = at, n = 1;
    while (begin > from && is_local(text.p[begin - 1])) {
        begin--;
    }
    for (wide = begin; n > 0 && wide > from; wide -= n) {
        n = is_local(text.p[wide - 1]) ? 1 : letter_before(text, from, wide);
    }
    if (at - wide <= LOCAL_MAX) begin = wide; /* else that is a text without blanks */
    while (begin < at && !is_alnum(text.p[begin]) &&
           text.p[begin] < 0x80) { /* a quote or a sign before it is not part of it */
        begin++;
    }
    return begin;
}

/* Plain letters first: what else is beside them may be the text that goes on. */
static size_t read_host(struct bytes text, size_t i) {
    size_t n = read_literal(text, i);
    if (n == 0) n = read_domain(text, i, false);
    return n == 0 ? read_domain(text, i, true) : n;
}

size_t personal_email(struct bytes text, size_t from, size_t at, size_t *ret_from) {
    size_t domain = read_host(text, at + 1), end = at + 1 + domain;
    if (domain == 0 || at == from) return 0;
    size_t host = after_host(text, from, at), begin = local_begin(text, host, at);
    const bool quoted = begin == at && quoted_begin(text, from, at) < at;
    if (quoted) begin = quoted_begin(text, from, at);
    bool user = quoted ? after_host(text, from, begin) > from : host == at;
    if (begin == at || at - begin > LOCAL_MAX || text.p[at - 1] == '.' || user) return 0;
    for (size_t i = begin; i + 1 < at && !quoted; i++) {
        if (text.p[i] == '.' && text.p[i + 1] == '.') return 0;
    }
    bool remote = end + 1 < text.n && text.p[end] == ':' && text.p[end + 1] > ' ' &&
                  !(text.p[end + 1] >= '0' && text.p[end + 1] <= '9');
    if (remote || (end < text.n && (text.p[end] == '@' || text.p[end] == '_'))) return 0;
    *ret_from = begin;
    return end - begin;
}
