/* Secrets that are spread over several texts: an option and its argument, a header's name and its value, the halves of a
 * key.
 *   ["docker","login","-p","S"]   becomes   "docker","login","-p","S"   and is searched as one text
 *
 * So the rules that know JSON in a text work for lists too. Only a text after an option or a telling name is examined
 * this way, with the beginning of the list and the last few texts before it. Two adjacent texts are joined where the
 * second begins as the rest of a key would. */
#include <string.h>

#include "base/secret/check.h"

enum {
    HEAD = 48,       /* bytes kept of the list's beginning: the program's name */
    LOOK_MAX = 512,  /* bytes of a text that are searched */
    SEAM_SIDE = 256, /* bytes on each side of a seam */
    FIRST_MIN = 4    /* of a key before a seam */
};

#define SET_SEAM (SET_TOKEN | SET_PLUSSLASH | SET_EQ | SET_DOT | SET_TILDE)

/* ---- lists -------------------------------------------------------------------------------------------------------- */

void secret_list_begin(struct secret_list *list) {
    list->n = 0;
    list->telling = false;
}

/* Appends `"text"`, with quotes inside it replaced, because they would end it. */
static size_t put_quoted(uint8_t *ret, struct bytes text, size_t most) {
    size_t n = 0;
    ret[n++] = '"';
    for (size_t i = 0; i < text.n && i < most; i++) {
        ret[n++] = secret_one_of(text.p[i], "\"\\\n\r") ? ' ' : text.p[i];
    }
    ret[n++] = '"';
    return n;
}

static void remember(struct secret_list *list, struct bytes text) {
    const size_t most = SECRET_LIST_LEN - HEAD - 4;
    size_t need = (text.n < most ? text.n : most) + 3;
    if (list->n + need > SECRET_LIST_LEN) { /* the head stays, and as much of the rest as fits */
        size_t head = list->n < HEAD ? list->n : HEAD, keep = SECRET_LIST_LEN - head - need;
        keep = keep < list->n - head ? keep : list->n - head;
        memmove(list->text + head, list->text + list->n - keep, keep);
        list->n = head + keep;
    }
    list->n += put_quoted(list->text + list->n, text, most);
    list->text[list->n++] = ',';
    list->telling = (text.n > 1 && text.p[0] == '-') || (text.n < 64 && secret_field_name(text));
}

bool secret_list_next(struct secret_list *list, struct bytes text, struct secret_hit *ret) {
    bool option = text.n > 2 && text.p[0] == '-' && list->n > 0, found = false;
    if ((list->telling || option) && text.n > 0) {
        uint8_t whole[SECRET_LIST_LEN + LOOK_MAX + 2];
        struct secret_hit hit;
        memcpy(whole, list->text, list->n);
        size_t begin = list->n + 1, n = list->n + put_quoted(whole + list->n, text, LOOK_MAX), end = n - 1;
        struct secret_scan s = {.p = whole, .hi = n};
        while (!found && secret_scan_next(&s, &hit) == 0) {
            size_t from = hit.at > begin ? hit.at : begin, to = hit.at + hit.n < end ? hit.at + hit.n : end;
            found = to > from;
            if (found) {
                *ret = (struct secret_hit){hit.rule, from - begin, to == end ? text.n - (from - begin) : to - from};
            }
        }
    }
    remember(list, text);
    return found;
}

/* ---- seams -------------------------------------------------------------------------------------------------------- */

bool secret_seam(struct bytes first, struct bytes second, size_t *ret_end, size_t *ret_begin) {
    uint8_t whole[2 * SEAM_SIDE];
    struct secret_hit hit;
    if (first.n < FIRST_MIN || second.n < FIRST_MIN || (secret_class(first.p[first.n - 1]) & SET_SEAM) == 0 ||
        (secret_class(second.p[0]) & SET_SEAM) == 0) {
        return false;
    }
    struct secret_scan look = {.p = second.p, .hi = second.n};
    size_t run = secret_run(&look, 0, SET_SEAM, SEAM_SIDE / 2), judged = run;
    while (judged > 0 && secret_one_of(second.p[judged - 1], ".=")) {
        judged--;
    }
    if (!secret_is_piece(second.p, judged)) return false;
    size_t a = first.n < SEAM_SIDE ? first.n : SEAM_SIDE, b = second.n < SEAM_SIDE ? second.n : SEAM_SIDE;
    memcpy(whole, first.p + first.n - a, a);
    memcpy(whole + a, second.p, b);
    struct secret_scan s = {.p = whole, .hi = a + b};
    while (secret_scan_next(&s, &hit) == 0 && hit.at < a) {
        size_t end = hit.at + hit.n;
        if (end > a) {
            *ret_end = a - hit.at;
            *ret_begin = end - a == b ? b + secret_run(&look, b, SET_SEAM, SIZE_MAX) : end - a;
            return true;
        }
    }
    return false;
}

/* ---- parts -------------------------------------------------------------------------------------------------------- */

/* Keeps parts in order and without overlap. */
void secret_parts_add(struct secret_parts *parts, const char *rule, size_t at, size_t n) {
    size_t i = parts->n;
    for (size_t k = 0; k < parts->n; k++) {
        struct secret_hit *p = &parts->part[k];
        if (at <= p->at + p->n && p->at <= at + n) {
            size_t end = at + n > p->at + p->n ? at + n : p->at + p->n;
            p->at = at < p->at ? at : p->at;
            p->n = end - p->at;
            return;
        }
    }
    if (n == 0 || parts->n == SECRET_PARTS_MAX) return;
    for (; i > 0 && parts->part[i - 1].at > at; i--) {
        parts->part[i] = parts->part[i - 1];
    }
    parts->part[i] = (struct secret_hit){rule, at, n};
    parts->n++;
}

/* A part that overlaps a hit in the text itself grows to include it. */
static void widen(struct secret_hit *part, struct bytes text) {
    struct secret_hit hit;
    for (size_t from = 0; secret_next(text, from, &hit) == 0 && hit.at < part->at + part->n; from = hit.at + hit.n) {
        size_t end = part->at + part->n, hit_end = hit.at + hit.n;
        if (hit_end > part->at) {
            part->at = hit.at < part->at ? hit.at : part->at;
            part->n = (hit_end > end ? hit_end : end) - part->at;
        }
    }
}

/* A text that is written with its hits masked; `hit` is the next one, `n` what was masked. */
struct masking {
    struct buf *out;
    struct bytes text;
    size_t at, n;
    struct secret_hit hit;
};

static void put_mask(struct masking *m, const struct secret_hit *hit) {
    buf_printf(m->out, "‹secret:%s:%zu›", hit->rule, hit->n);
    m->at = hit->at + hit->n;
    m->n++;
}

static void seek(struct masking *m, size_t from) {
    if (secret_next(m->text, from, &m->hit) != 0) {
        m->hit = (struct secret_hit){NULL, SIZE_MAX, 0};
    }
}

/* Writes the text up to `end`. Its hits are those of the whole text: a name tells what its value is, even if the name is
 * in a part that was masked. */
static void put_until(struct masking *m, size_t end) {
    while (m->hit.at < end) {
        struct secret_hit hit = m->hit;
        if (hit.at >= m->at) {
            m->n += secret_mask(m->out, (struct bytes){m->text.p + m->at, hit.at - m->at});
            put_mask(m, &hit);
        }
        seek(m, hit.at + hit.n);
    }
    m->n += secret_mask(m->out, (struct bytes){m->text.p + m->at, end - m->at});
    m->at = end;
}

size_t secret_mask_parts(struct buf *out, struct bytes text, const struct secret_parts *parts) {
    struct masking m = {.out = out, .text = text};
    seek(&m, 0);
    for (size_t i = 0; i < parts->n; i++) {
        struct secret_hit part = parts->part[i];
        widen(&part, text);
        if (part.at < m.at) { /* the previous part grew over it */
            part.n = part.at + part.n > m.at ? part.at + part.n - m.at : 0;
            part.at = m.at;
        }
        if (part.n > 0) {
            put_until(&m, part.at);
            put_mask(&m, &part);
        }
    }
    put_until(&m, text.n);
    return m.n;
}
