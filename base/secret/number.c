/* Numbers with check digits: payment cards (Luhn) and bank accounts (remainder modulo 97). One in ten numbers of a
 * card's length passes by chance, so the form must match real cards too: the first digits of an issuer, groups of four,
 * and nothing next to them that makes them a measurement. */
#include <string.h>

#include "base/personal/check_digit.h"
#include "base/secret/check.h"

enum {
    CARD_MAX = 16,
    WRITTEN_MAX = 24, /* with blanks or dashes */
    IBAN_MAX = 34,
    IBAN_MIN = 15
};

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

/* ---- cards -------------------------------------------------------------------------------------------------------- */

struct card {
    size_t n, groups;
    uint8_t digit[CARD_MAX + 1];
    uint8_t group[WRITTEN_MAX]; /* digits in each group */
};

/* Reads digits in groups; returns the place after the last. */
static size_t read_card(const struct secret_scan *s, size_t i, struct card *card) {
    uint8_t sign = 0;
    size_t end = i, gap = 0;
    *card = (struct card){0};
    for (; i < s->hi && card->n <= CARD_MAX; i++) {
        uint8_t c = s->p[i];
        if (is_digit(c)) {
            card->groups += gap > 0 || card->n == 0;
            card->group[card->groups - 1]++;
            card->digit[card->n++] = (uint8_t)(c - '0');
            end = i + 1;
            gap = 0;
        } else if ((c == ' ' || c == '-') && gap < 2 && (sign == 0 || c == sign)) {
            sign = c;
            gap++;
        } else {
            break;
        }
    }
    return end;
}

/* Visa, Mastercard, Discover, JCB with 16 digits, American Express with 15. */
static bool has_issuer(const struct card *card) {
    const uint8_t *d = card->digit;
    unsigned two = d[0] * 10u + d[1], four = two * 100u + d[2] * 10u + d[3];
    if (card->n == 15) return two == 34 || two == 37;
    return card->n == 16 && (d[0] == 4 || (two >= 51 && two <= 55) || (four >= 2221 && four <= 2720) || four == 6011 ||
                             two == 65 || (four >= 3528 && four <= 3589));
}

static bool has_groups(const struct card *card) {
    if (card->groups == 1) return true;
    if (card->n == 15) return card->groups == 3 && card->group[0] == 4 && card->group[1] == 6;
    for (size_t i = 0; i < card->groups; i++) {
        if (card->group[i] != 4) return false;
    }
    return true;
}

/* An unquoted number after a name is a measurement: {"ns":4539578763621486}. After a decimal point it is the tail of a
 * fraction. */
static bool is_measure(const struct secret_scan *s, size_t i) {
    static const char *const signs[] = {"%3A",     "%3a",     "%3D",     "%3d",   "\\u003a",
                                        "\\u003A", "\\u003d", "\\u003D", "\\x3a", "\\x3d"};
    size_t k = i;
    while (k > s->lo && i - k < 2 && s->p[k - 1] == ' ') {
        k--;
    }
    for (size_t n = 0; n < sizeof(signs) / sizeof(signs[0]); n++) {
        size_t m = strlen(signs[n]);
        if (k - s->lo >= m && memcmp(s->p + k - m, signs[n], m) == 0) return true;
    }
    return k > s->lo + 1 && secret_one_of(s->p[k - 1], ":=") && (i == k || s->p[k - 2] == '"');
}

static bool check_card(struct secret_scan *s, size_t from, struct secret_hit *ret) {
    struct card card;
    size_t end = read_card(s, from, &card);
    s->steps += end - from;
    if (!has_issuer(&card) || !has_groups(&card) || !check_digit_luhn(card.digit, card.n) ||
        (end < s->hi && is_digit(s->p[end])) || (card.groups == 1 && is_measure(s, from)) ||
        secret_entropy(card.digit, card.n) < 200) {
        return false;
    }
    if (end < s->hi &&
        ((secret_class(s->p[end]) & SET_TOKEN) != 0 || (s->p[end] == '.' && end + 1 < s->hi && is_digit(s->p[end + 1])))) {
        return false;
    }
    *ret = (struct secret_hit){secret_rules[RULE_CARD].name, from, end - from};
    return true;
}

/* ---- accounts ----------------------------------------------------------------------------------------------------- */

static bool check_account(struct secret_scan *s, size_t from, struct secret_hit *ret) {
    uint8_t text[IBAN_MAX];
    size_t n = 0, want = check_digit_iban_len(s->p + from), i = from;
    for (; want != 0 && i < s->hi && n < want; i++) {
        uint8_t c = s->p[i];
        if ((secret_class(c) & (SET_UPPER | SET_DIGIT)) != 0) {
            text[n++] = c;
        } else if (c != ' ' || n == 0 || s->p[i - 1] == ' ') {
            break;
        }
    }
    s->steps += i - from;
    if (want == 0 || n != want || (i < s->hi && (secret_class(s->p[i]) & SET_ALNUM) != 0) || !check_digit_iban(text, n)) {
        return false;
    }
    *ret = (struct secret_hit){secret_rules[RULE_IBAN].name, from, i - from};
    return true;
}

/* Two capitals and two digits. */
bool secret_check_iban(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    (void)rule;
    return s->hi - at >= IBAN_MIN && is_digit(s->p[at + 3]) && secret_starts(s, at) && check_account(s, at, ret);
}

/* ---- both --------------------------------------------------------------------------------------------------------- */

bool secret_number_check(struct secret_scan *s, size_t at, struct secret_hit *ret) {
    const uint8_t *p = s->p;
    size_t digits = 0, from = at;
    for (size_t i = at; i < at + 8; i++) {
        if (!is_digit(p[i]) && p[i] != ' ' && p[i] != '-') return false;
        digits += is_digit(p[i]);
    }
    while (from > s->lo && at - from < WRITTEN_MAX && (is_digit(p[from - 1]) || p[from - 1] == ' ' || p[from - 1] == '-')) {
        from--;
    }
    s->steps += 8 + at - from;
    if (digits < 5) return false;
    for (; from < at + 8; from++) { /* each place where a group begins */
        bool begins = is_digit(p[from]) && (from == s->lo || !is_digit(p[from - 1]));
        bool inside = begins && from > s->lo && (secret_class(p[from - 1]) & (SET_TOKEN | SET_DOT)) != 0;
        if (begins && (!inside || secret_ends_escape(s, from)) && check_card(s, from, ret)) {
            return true;
        }
        if (begins && from >= s->lo + 2 && s->hi - from >= IBAN_MIN - 2 && secret_class(p[from - 1]) == SET_UPPER &&
            secret_class(p[from - 2]) == SET_UPPER && secret_starts(s, from - 2) && check_account(s, from - 2, ret)) {
            return true;
        }
    }
    return false;
}
