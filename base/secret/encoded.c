/* The validator of the secret scanner for keys somewhere inside a long piece of base64.
 *
 * A run that is base64 from its beginning, and decodes to text, is decoded whole (base/secret/run.c). This file looks
 * where the beginning of a well-known key is found in one of the three forms that it has in base64, depending on its
 * place in a group of three bytes, whatever surrounds it. A bounded piece is decoded and searched for secrets that have
 * a shape of their own; hits are mapped back to the bytes they were decoded from. */
#include <string.h>

#include "base/secret/check.h"

enum {
    BASE64_CHARS = 160, /* of a piece of base64 */
    BASE64_BYTES = BASE64_CHARS / 4 * 3,
    BASE64_ANCHORS = 6 /* how far after the beginning the anchor of the secret itself may be */
};

struct decoded {
    size_t n;                               /* bytes */
    size_t end;                             /* after the last character that was read */
    bool cut;                               /* there is more */
    size_t group_end[BASE64_BYTES / 3 + 1]; /* after the last character of each group of three bytes */
    uint8_t p[BASE64_BYTES];
};

/* Encoded text may be folded into lines. */
static size_t skip_fold(const struct secret_scan *s, size_t i) {
    size_t k = i;
    k += k < s->hi && s->p[k] == '\r';
    k += k < s->hi && s->p[k] == '\n';
    return k > i && k < s->hi && secret_sextet(s->p[k]) >= 0 ? k : i;
}

static void decode_base64(struct secret_scan *s, size_t i, struct decoded *d) {
    uint32_t bits = 0;
    size_t chars = 0;
    d->n = 0;
    for (; chars < BASE64_CHARS; chars++) {
        i = skip_fold(s, i);
        int v = i < s->hi ? secret_sextet(s->p[i]) : -1;
        if (v < 0) break;
        i++;
        bits = bits << 6 | (uint32_t)v;
        if (chars % 4 != 0) { /* the second character of a group completes its first byte */
            d->group_end[d->n / 3] = i;
            d->p[d->n++] = (uint8_t)(bits >> (6 - 2 * (chars % 4)));
        }
    }
    s->steps += chars;
    d->end = i;
    d->cut = chars == BASE64_CHARS;
}

/* literal: the part of the encoded beginning that only its own bytes determine; min: characters of its group before it. */
bool secret_check_base64(struct secret_scan *s, size_t at, const struct secret_rule *rule, struct secret_hit *ret) {
    size_t before = rule->min, place = before == 0 ? 0 : before - 1; /* of the secret in the first three bytes */
    size_t start = at - rule->back;
    s->steps++;
    if (at - s->lo < rule->back + before || s->hi - start < rule->literal_n ||
        memcmp(s->p + start, rule->literal, rule->literal_n) != 0 ||
        secret_run(s, start - before, SET_ANY64 & ~(unsigned)SET_EQ, before) != before) {
        return false;
    }
    struct decoded d;
    struct secret_hit inner;
    decode_base64(s, start - before, &d);
    struct secret_scan scan = {.p = d.p, .hi = d.n, .specific = true};
    bool found = secret_scan_until(&scan, place + BASE64_ANCHORS, &inner) == 0;
    s->steps += scan.steps;
    if (!found || inner.at > place || inner.at + inner.n <= place) return false;
    size_t last = inner.at + inner.n, end = d.group_end[(last - 1) / 3];
    if (last == d.n) {
        end = d.end;
        for (size_t next = end; d.cut && next < s->hi; next = skip_fold(s, end)) {
            size_t n = secret_run(s, next, SET_ANY64 & ~(unsigned)SET_EQ, SIZE_MAX);
            if (n == 0) break;
            end = next + n;
        }
    }
    end += secret_run(s, end, SET_EQ, 2);
    ret->rule = inner.rule;
    ret->at = start - before;
    ret->n = end - ret->at;
    return true;
}
