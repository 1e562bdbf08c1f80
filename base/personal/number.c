/* Numbers.
 *
 *   phone   "+", a country's first digit, 8 to 15 digits in all (ITU E.164), with single blanks, dots, dashes or brackets between;
 *           or "00" in its place and at least ten digits; or ten digits of North America in their groups: 415-555-0132,
 *           (415) 555-0132
 *   iban    a country's letters, its length, the remainder modulo 97 (ISO 13616); in capitals with single blanks anywhere, or in
 *           any letters with one separator between groups of four or none. Lower case that could be a hexadecimal
 *           digest needs digits after the country
 *   card    an issuer's first digits with its lengths, Luhn's check digit (ISO/IEC 7812); groups as they are printed, or with one
 *           separator throughout groups of three digits and more, one of them of four and more. Printed groups may be on two
 *           lines or have commas, unless more numbers are beside them
 *
 * Separators are blanks, dots, dashes, slashes and underscores. What touches letters, digits or a decimal point is a part of something else. */
#include <string.h>

#include "base/personal/check_digit.h"
#include "base/personal/personal.h"

enum { CARD_MAX = 19, CARD_MIN = 13, IBAN_MAX = 34, PHONE_MIN = 8, PHONE_MAX = 15, ZEROS_MIN = 10, GROUPS_MAX = 24 };

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

static bool is_word(uint8_t c) {
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80;
}

/* Nothing at this place continues into what is before it. */
static bool begins(struct bytes text, size_t at) {
    if (at == 0) return true;
    uint8_t c = text.p[at - 1];
    bool fraction = (c == '.' || c == ',' || c == '-' || c == '/' || c == ':') && at > 1 && is_digit(text.p[at - 2]);
    return !(is_word(c) && c < 0x80) && c != '+' && c != '#' && !fraction;
}

static bool ends(struct bytes text, size_t end) {
    if (end >= text.n) return true;
    uint8_t c = text.p[end];
    bool more = (c == '.' || c == ',' || c == '-' || c == '/' || c == ':') && end + 1 < text.n && is_digit(text.p[end + 1]);
    return !(is_word(c) && c < 0x80) && !more;
}

#define SEPARATORS " -./_"

static bool is_separator(uint8_t c) {
    return c != 0 && strchr(SEPARATORS, c) != NULL;
}

/* Digits with single separators between groups. */
struct digits {
    size_t n, groups, end;
    uint8_t sign; /* the last separator; 0: none */
    bool mixed;
    uint8_t digit[GROUPS_MAX];
    uint8_t group[GROUPS_MAX];
};

/* `wraps`: lines and commas separate groups too. */
static void read_digits(struct bytes text, size_t at, size_t max, bool wraps, struct digits *ret) {
    memset(ret, 0, sizeof(*ret));
    ret->end = at;
    for (size_t i = at; i < text.n && ret->n < max; i++) {
        uint8_t c = text.p[i];
        if (is_digit(c)) {
            if (ret->n > 0 && ret->end != i) {
                ret->mixed = ret->mixed || (ret->sign != 0 && ret->sign != text.p[i - 1]);
                ret->sign = text.p[i - 1];
            }
            ret->groups += ret->n == 0 || ret->end != i;
            ret->group[ret->groups - 1]++;
            ret->digit[ret->n++] = (uint8_t)(c - '0');
            ret->end = i + 1;
        } else if (ret->n == 0 || i > ret->end || !(is_separator(c) || (wraps && (c == '\n' || c == ',')))) {
            break;
        }
    }
}

/* ---- cards ---- */

static unsigned lead(const struct digits *d, size_t n) {
    unsigned v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v * 10 + d->digit[i];
    }
    return v;
}

static bool within(unsigned v, unsigned from, unsigned to) {
    return v >= from && v <= to;
}

static bool has_issuer(const struct digits *d) {
    unsigned two = lead(d, 2), three = lead(d, 3), four = lead(d, 4);
    size_t n = d->n;
    return d->digit[0] == 4                                  ? n == 13 || n == 16 || n == 19       /* Visa */
           : within(two, 51, 55) || within(four, 2221, 2720) ? n == 16                             /* Mastercard */
           : two == 34 || two == 37                          ? n == 15                             /* American Express */
           : within(three, 300, 305) || three == 309 || two == 36 || within(two, 38, 39) ? n == 14 /* Diners Club */
           : four == 6011 || within(three, 644, 649) || two == 65                        ? n >= 16 /* Discover */
           : within(four, 3528, 3589)                                                    ? n >= 16 /* JCB */
           : two == 62                                                                   ? n >= 16 /* UnionPay */
                                                                                         : false;
}

/* In one piece, in fours, or as cards of 14 and 15 digits have it. */
static bool has_groups(const struct digits *d) {
    if (d->groups == 1) return true;
    if (d->n == 15 || d->n == 14) return d->groups == 3 && d->group[0] == 4 && d->group[1] == 6;
    for (size_t i = 0; i + 1 < d->groups; i++) {
        if (d->group[i] != 4) return false;
    }
    return d->group[d->groups - 1] <= 4;
}

/* In groups of a person's own: of three and more, at least one longer, the last as it comes; not after a dash that joins it to a
 * word, as in identifiers of hexadecimal digits. */
static bool has_own_groups(struct bytes text, size_t at, const struct digits *d) {
    bool longer = false;
    for (size_t i = 0; i < d->groups; i++) {
        if (d->group[i] < 3 && i + 1 < d->groups) return false;
        longer = longer || d->group[i] > 3;
    }
    bool joined = at > 1 && is_separator(text.p[at - 1]) && text.p[at - 1] != ' ' && is_word(text.p[at - 2]);
    return longer && !d->mixed && !joined;
}

/* A number is beside it, in the next cell or line. */
static bool has_neighbour(struct bytes text, size_t at, size_t end) {
    bool before = at > 1 && strchr(" ,\n\t", text.p[at - 1]) != NULL && is_digit(text.p[at - 2]);
    bool after = end + 1 < text.n && strchr(" ,\n\t", text.p[end]) != NULL && is_digit(text.p[end + 1]);
    return before || after;
}

size_t personal_card(struct bytes text, size_t at) {
    struct digits d;
    if (!is_digit(text.p[at]) || !begins(text, at)) return 0;
    for (int wraps = 0; wraps < 2; wraps++) {
        read_digits(text, at, CARD_MAX + 1, wraps != 0, &d);
        bool groups = has_groups(&d) ? !wraps || !has_neighbour(text, at, d.end) : !wraps && has_own_groups(text, at, &d);
        bool fits = d.n >= CARD_MIN && d.n <= CARD_MAX && has_issuer(&d) && groups && ends(text, d.end);
        if (fits && check_digit_luhn(d.digit, d.n)) return d.end - at;
    }
    return 0;
}

/* ---- accounts ---- */

/* The capital of a letter, a digit as it is; 0: neither. */
static uint8_t capital(uint8_t c) {
    return is_digit(c) || (c >= 'A' && c <= 'Z') ? c : c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : 0;
}

/* What was read of an account's number. */
struct account {
    uint8_t p[IBAN_MAX];
    size_t n, end;
    bool lower, letters; /* has lower case; letters behind the country */
    bool fours, blanks;  /* separators are only after each four, and one; only blanks separate */
};

static void read_account(struct bytes text, size_t at, size_t want, struct account *a) {
    uint8_t sign = 0;
    *a = (struct account){.end = at, .fours = true, .blanks = true};
    for (size_t i = at, gap = 0; i < text.n && a->n < want; i++) {
        uint8_t c = text.p[i], big = capital(c);
        if (big != 0) {
            if (a->n > 0 && a->n % 4 == 0) a->fours = a->fours && (gap == 1) == (sign != 0);
            a->lower = a->lower || big != c;
            a->letters = a->letters || (a->n > 1 && !is_digit(big));
            a->p[a->n++] = big;
            a->end = i + 1;
            gap = 0;
        } else if (a->n > 0 && gap == 0 && is_separator(c)) {
            a->fours = a->fours && a->n % 4 == 0 && (sign == 0 ? a->n == 4 : sign == c);
            a->blanks = a->blanks && c == ' ';
            sign = c;
            gap = 1;
        } else {
            break;
        }
    }
}

static bool is_hex_country(const uint8_t *p) {
    return p[0] <= 'F' && p[1] <= 'F';
}

size_t personal_iban(struct bytes text, size_t at) {
    struct account a;
    if (text.n - at < 15 || !begins(text, at)) return 0;
    const uint8_t country[2] = {capital(text.p[at]), capital(text.p[at + 1])};
    size_t want = check_digit_iban_len(country);
    if (want == 0) return 0;
    read_account(text, at, want, &a);
    bool form = a.fours || (a.blanks && !a.lower);
    bool digest = a.lower && a.letters && is_hex_country(a.p);
    bool whole = a.n == want && is_digit(a.p[2]) && is_digit(a.p[3]) && form && !digest && ends(text, a.end);
    return whole && check_digit_iban(a.p, a.n) ? a.end - at : 0;
}

/* ---- phones ---- */

static size_t read_american(struct bytes text, size_t at) {
    static const char form[] = "ddd-ddd-dddd", bracketed[] = "(ddd) ddd-dddd";
    const char *want = text.p[at] == '(' ? bracketed : form;
    size_t n = strlen(want), first = want == bracketed ? 1 : 0;
    char sign = 0;
    if (text.n - at < n) return 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = text.p[at + i];
        if (want[i] == 'd' ? !is_digit(c) : want[i] != '-' ? c != (uint8_t)want[i] : c == 0 || strchr("-. ", c) == NULL)
            return 0;
        if (want[i] == '-') {
            if (sign != 0 && (uint8_t)sign != c) return 0;
            sign = (char)c;
        }
    }
    bool codes = text.p[at + first] >= '2' && text.p[at + n - 8] >= '2';
    return codes && sign != ' ' && ends(text, at + n) ? n : 0;
}

/* An identifier continues there: "00112233-4455-a..." */
static bool is_joined(struct bytes text, size_t end) {
    return end + 1 < text.n && strchr("-./_", text.p[end]) != NULL && is_word(text.p[end + 1]);
}

/* Bytes and other cells of two digits: "00 11 22 33" */
static bool is_all_pairs(struct bytes text, size_t at, size_t end) {
    size_t n = 0;
    bool pairs = true;
    for (size_t i = at; i <= end; i++) {
        bool digit = i < end && is_digit(text.p[i]);
        pairs = pairs && (digit || n == 0 || n == 2);
        n = digit ? n + 1 : 0;
    }
    return pairs;
}

size_t personal_phone(struct bytes text, size_t at) {
    if (!begins(text, at)) return 0;
    const bool zeros = text.n - at > 3 && text.p[at] == '0' && text.p[at + 1] == '0';
    if (text.p[at] != '+' && !zeros) return read_american(text, at);
    size_t i = at + (zeros ? 2 : 1) + (zeros && text.p[at + 2] == ' ');
    if (i >= text.n || text.p[i] < '1' || text.p[i] > '9') return 0;
    size_t digits = 0, end = i, gap = 0;
    for (; i < text.n && digits <= PHONE_MAX; i++) {
        uint8_t c = text.p[i];
        if (is_digit(c)) {
            digits++;
            end = i + 1;
            gap = 0;
        } else if (c != 0 && strchr(" .-()/", c) != NULL && gap < 2) {
            gap++;
        } else {
            break;
        }
    }
    const bool inner = at > 1 && text.p[at - 1] == ' ' && is_digit(text.p[at - 2]); /* a group of a longer number */
    bool other = zeros && (inner || digits < ZEROS_MIN || is_joined(text, end) || is_all_pairs(text, at, end));
    return digits >= PHONE_MIN && digits <= PHONE_MAX && ends(text, end) && !other ? end - at : 0;
}
