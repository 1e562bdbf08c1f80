/* The first line of a section:
 *
 *   {"claim":{"filter":[...],"private":[...]},"edge":[...],"exported":n,"format":"ledger/stream/v1","from":n,"keys":n}
 *
 * Each section brings its own compact range, so it can be checked alone; that it continues the one before shows where their
 * trees have the same size. */
#include "export/stream/section.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/mp.h"
#include "export/stream/writer.h"

void section_line(struct checking *c) {
    struct streaming *s = (struct streaming *)c;
    snprintf(s->place, sizeof(s->place), "line %llu", (unsigned long long)c->scan.line);
    c->about = s->place;
}

/* ---- the claim ---- */

/* Copies a text that was read to the claim's own memory, which does not move. */
static int own(struct streaming *s, const struct buf *text, struct bytes *ret, struct err *err) {
    struct buf *all = &s->c.manifest.own;
    size_t at = all->n;
    if (text->n + 1 > STREAM_CLAIM_MAX - at) {
        return err_set(err, ERR_CORRUPT, "the claim has more than %zu bytes", STREAM_CLAIM_MAX);
    }
    buf_put(all, text->p, text->n);
    buf_put_u8(all, 0);
    *ret = (struct bytes){all->p + at, text->n};
    return buf_check(all, "the claim", err);
}

static int by_field(const struct export_term *a, const struct export_term *b) {
    int c = strcmp(a->field, b->field);
    if (c == 0) c = bytes_cmp(a->value, b->value);
    return c != 0 ? c : (int)a->op - (int)b->op;
}

static int take_term(struct streaming *s, struct buf *text, struct err *err) {
    struct scan *scan = &s->c.scan;
    struct manifest *m = &s->c.manifest;
    struct export_term *term = &m->term[m->n_terms];
    struct bytes word;
    int rc = m->n_terms == EXPORT_TERMS_MAX ? err_set(err, ERR_CORRUPT, "more than %d conditions", EXPORT_TERMS_MAX) : 0;
    if (rc == 0) rc = scan_literal(scan, "{\"field\":", err);
    if (rc == 0) rc = scan_string(scan, text, 16, err);
    if (rc == 0) rc = own(s, text, &word, err);
    if (rc != 0) return rc;
    size_t field = bundle_field((const char *)word.p);
    if (field == SIZE_MAX || strlen((const char *)word.p) != word.n) {
        return err_set(err, ERR_CORRUPT, "an unknown field of the filter");
    }
    term->field = bundle_field_name(field);
    rc = scan_literal(scan, ",\"op\":", err);
    if (rc == 0) rc = scan_string(scan, text, 16, err);
    if (rc == 0 && !bytes_is(bytes_of_buf(text), "equals") && !bytes_is(bytes_of_buf(text), "prefix")) {
        rc = err_set(err, ERR_CORRUPT, "an unknown condition of the filter");
    }
    if (rc != 0) return rc;
    term->op = bytes_is(bytes_of_buf(text), "equals") ? EXPORT_EQUALS : EXPORT_PREFIX;
    rc = scan_literal(scan, ",\"value\":", err);
    if (rc == 0) rc = scan_string(scan, text, EVENT_HEADER_MAX, err);
    if (rc == 0) rc = own(s, text, &term->value, err);
    if (rc == 0) rc = scan_literal(scan, "}", err);
    if (rc == 0 && m->n_terms > 0 && by_field(term - 1, term) >= 0) {
        rc = err_set(err, ERR_CORRUPT, "the conditions of the filter are not in order");
    }
    m->n_terms += rc == 0;
    return rc;
}

static int take_name(struct streaming *s, struct buf *text, struct err *err) {
    struct manifest *m = &s->c.manifest;
    if (m->n_private == EXPORT_PRIVATE_MAX) {
        return err_set(err, ERR_CORRUPT, "more than %d private fields", EXPORT_PRIVATE_MAX);
    }
    struct bytes *name = &m->private_[m->n_private];
    int rc = scan_string(&s->c.scan, text, EVENT_HEADER_MAX, err);
    if (rc == 0) rc = own(s, text, name, err);
    if (rc == 0 && memchr(name->p, 0, name->n) != NULL) rc = err_set(err, ERR_CORRUPT, "a name has a zero byte");
    if (rc == 0 && m->n_private > 0 && bytes_cmp(name[-1], *name) >= 0) {
        rc = err_set(err, ERR_CORRUPT, "the names of private fields are not in order");
    }
    m->n_private += rc == 0;
    return rc;
}

typedef int take_fn(struct streaming *s, struct buf *text, struct err *err);

/* What follows "[": items with commas between them, and "]". */
static int take_list(struct streaming *s, const char *first, take_fn *take, struct err *err) {
    struct buf text = {.max = 2 * EVENT_HEADER_MAX};
    struct scan *scan = &s->c.scan;
    bool more = false;
    int rc = scan_sees(scan, first, &more, err);
    while (rc == 0 && more) {
        rc = take(s, &text, err);
        if (rc == 0) rc = scan_sees(scan, ",", &more, err);
        if (rc == 0 && more) rc = scan_literal(scan, ",", err);
    }
    if (rc == 0) rc = scan_literal(scan, "]", err);
    buf_done(&text);
    return rc;
}

/* The claim has one form, so its digest is that of the bytes that were read. */
static int digest_claim(struct streaming *s, struct err *err) {
    const struct manifest *m = &s->c.manifest;
    struct buf mp = {.max = 4 * STREAM_CLAIM_MAX}, json = {.max = 8 * STREAM_CLAIM_MAX};
    const char *names[EXPORT_PRIVATE_MAX];
    for (size_t i = 0; i < m->n_private; i++) {
        names[i] = (const char *)m->private_[i].p;
    }
    mp_put_map(&mp, 2);
    manifest_put_filter(&mp, m->term, m->n_terms);
    manifest_put_names(&mp, "private", names, m->n_private);
    int rc = buf_check(&mp, "the claim", err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), JSON_LINE, &json, err);
    if (rc == 0) {
        struct bytes text = bytes_of_buf(&json);
        hash_parts(s->claim, &text, 1);
    }
    buf_done(&mp);
    buf_done(&json);
    return rc;
}

static int take_claim(struct streaming *s, struct err *err) {
    struct manifest *m = &s->c.manifest;
    m->n_terms = m->n_private = 0;
    m->bodies = EXPORT_BODIES_MATCHING;
    buf_clear(&m->own);
    int rc = scan_literal(&s->c.scan, "{\"claim\":{\"filter\":[", err);
    if (rc == 0) rc = take_list(s, "{", take_term, err);
    if (rc == 0) rc = scan_literal(&s->c.scan, ",\"private\":[", err);
    if (rc == 0) rc = take_list(s, "\"", take_name, err);
    if (rc == 0) rc = scan_literal(&s->c.scan, "},\"edge\":", err);
    if (rc == 0) rc = digest_claim(s, err);
    return rc;
}

/* ---- where it begins ---- */

static int judge_begin(struct streaming *s, const struct merkle_proof *edge, uint64_t from, uint64_t keys) {
    struct checking *c = &s->c;
    if (edge->n != merkle_edge_count(from)) {
        return check_fault(c, "S2", LOG_INTEGRITY, LOG_NO_SEQ, "its edge has %zu hashes; %llu events have %u", edge->n,
                           (unsigned long long)from, merkle_edge_count(from));
    }
    if ((keys == 0) != (from == 0) || keys > from) {
        return check_fault(c, "S2", LOG_SEALS, LOG_NO_SEQ, "it has %llu lines of keys, and begins with event %llu",
                           (unsigned long long)keys, (unsigned long long)from);
    }
    if (s->exported < from) {
        return check_fault(c, "S2", LOG_COMPLETENESS, LOG_NO_SEQ,
                           "event %llu, which records it, is before its first event, %llu", (unsigned long long)s->exported,
                           (unsigned long long)from);
    }
    if (s->begun && from > s->end) {
        return check_fault(c, "S3", LOG_COMPLETENESS, s->end, "events %llu to %llu are missing: the section begins later",
                           (unsigned long long)s->end, (unsigned long long)from - 1);
    }
    return 0;
}

static void keep_leaf_before(struct streaming *s, uint64_t from) {
    struct checking *c = &s->c;
    c->has_prev = false;
    c->time = 0;
    if (from > s->kept_from && from <= s->end && s->begun) {
        memcpy(c->prev, s->leaf[(from - 1) % SECTION_LEAVES], EVENT_HASH);
        c->has_prev = true;
    }
}

int section_begin(struct streaming *s, struct err *err) {
    struct checking *c = &s->c;
    struct merkle_proof edge;
    uint8_t root[EVENT_HASH];
    uint64_t from = 0, keys = 0;
    c->rule = "S2";
    section_end(s);
    int rc = take_claim(s, err);
    if (rc == 0) rc = scan_hashes(&c->scan, &edge, err);
    if (rc == 0) rc = scan_literal(&c->scan, ",\"exported\":", err);
    if (rc == 0) rc = scan_uint(&c->scan, &s->exported, err);
    if (rc == 0) rc = scan_literal(&c->scan, ",\"format\":\"" STREAM_FORMAT "\",\"from\":", err);
    if (rc == 0) rc = scan_uint(&c->scan, &from, err);
    if (rc == 0) rc = scan_literal(&c->scan, ",\"keys\":", err);
    if (rc == 0) rc = scan_uint(&c->scan, &keys, err);
    if (rc == 0) rc = scan_line_end(&c->scan, err);
    if (rc == 0) rc = judge_begin(s, &edge, from, keys);
    if (rc != 0) return rc;
    keep_leaf_before(s, from);
    c->edge.size = from;
    memcpy(c->edge.hash, edge.hash, edge.n * EVENT_HASH);
    c->next = s->last_point = from;
    if (!s->begun) {
        s->first = s->end = s->kept_from = from;
    }
    s->begun = s->claim_open = true;
    s->claim_bound = false;
    s->own_leaves = 0;
    s->goal = s->end;
    s->due = false;
    s->report->sections++;
    rc = section_reached(s);
    merkle_edge_root(&c->edge, root);
    if (rc == 0) rc = check_stream_keys(c, keys, from, root, section_line, err);
    return rc;
}

/* Whatever the first line says is the log's word only when the event `exported` is sealed. */
static void end_claim(struct streaming *s) {
    struct section_claim *w = &s->waiting;
    if (s->claim_open) {
        s->open_exported = s->n_open++ == 0 ? s->exported : s->open_exported;
        s->open_leaves += s->own_leaves;
    } else if (!s->claim_bound) {
        w->exported = w->n++ == 0 ? s->exported : w->exported;
        w->last = s->exported > w->last ? s->exported : w->last;
        w->leaves += s->own_leaves;
    }
    s->claim_open = false;
    s->claim_bound = true;
}

/* Another place to remember: when all are taken, that of the smallest size. */
static struct section_end *room_for_end(struct streaming *s) {
    struct section_end *least = &s->ended[0];
    if (s->n_ended < SECTION_ENDS) return &s->ended[s->n_ended++];
    for (size_t i = 1; i < s->n_ended; i++) {
        least = s->ended[i].size < least->size ? &s->ended[i] : least;
    }
    return least->size < s->c.edge.size ? least : NULL;
}

void section_sealed(struct streaming *s, uint64_t size) {
    if (size > s->exported && size >= s->goal) {
        s->claim_open = false;
        s->claim_bound = true;
    }
}

void section_end(struct streaming *s) {
    if (!s->begun) return;
    end_claim(s);
    for (size_t i = 0; i < s->n_ended; i++) {
        if (s->ended[i].size == s->c.edge.size) return; /* compared when it was reached */
    }
    struct section_end *end = room_for_end(s);
    if (end == NULL) return;
    end->size = s->c.edge.size;
    merkle_edge_root(&s->c.edge, end->root);
}

/* ---- after each event ---- */

int section_reached(struct streaming *s) {
    struct checking *c = &s->c;
    uint64_t size = c->edge.size;
    uint8_t root[EVENT_HASH];
    for (size_t i = 0; i < s->n_ended;) {
        if (s->ended[i].size != size) {
            i++;
            continue;
        }
        merkle_edge_root(&c->edge, root);
        if (memcmp(root, s->ended[i].root, EVENT_HASH) != 0) {
            return check_fault(c, "S6", LOG_INTEGRITY, size == 0 ? LOG_NO_SEQ : size - 1,
                               "the first %llu events are not those of an earlier section", (unsigned long long)size);
        }
        s->ended[i] = s->ended[--s->n_ended];
    }
    for (size_t i = 0; i < c->n_seen; i++) {
        if (c->seen[i].size == size && size > 0) {
            merkle_edge_root(&c->edge, c->seen[i].root);
            c->seen[i].reached = true;
        }
    }
    return 0;
}

int section_repeated(struct streaming *s, uint64_t seq, const uint8_t leaf[EVENT_HASH]) {
    if (seq < s->kept_from || memcmp(s->leaf[seq % SECTION_LEAVES], leaf, EVENT_HASH) == 0) return 0;
    return check_fault(&s->c, "S6", LOG_INTEGRITY, seq, "it is repeated, and is not the event that it was before");
}

void section_keep(struct streaming *s, uint64_t seq, const uint8_t leaf[EVENT_HASH]) {
    memcpy(s->leaf[seq % SECTION_LEAVES], leaf, EVENT_HASH);
    if (seq - s->kept_from >= SECTION_LEAVES) {
        s->kept_from = seq - SECTION_LEAVES + 1;
    }
}
