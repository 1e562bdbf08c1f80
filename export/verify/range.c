/* Headers: one group at a time. All of them are present, in sequence, and give the sealed root: so none that matches can
 * be missing. Which ones must have a line is decided here, before the lines are read. */
#include <stdio.h>
#include <string.h>

#include "export/verify/checking.h"
#include "ledger/signing/epoch.h"

/* ---- one header ---- */

/* Checks the header by itself and against the previous one. `slot->bytes` is set; the rest is filled in. */
int check_header(struct checking *c, struct check_slot *slot, struct err *err) {
    static const uint8_t zeros[EVENT_HASH];
    const struct manifest *m = &c->manifest;
    struct event_header *h = &slot->h;
    c->rule = "F1";
    int rc = event_header_decode(slot->bytes, h, err);
    if (rc != 0) {
        return err_prefix(err, "the header where event %llu should be", (unsigned long long)c->next);
    }
    event_leaf(slot->leaf, slot->bytes);
    if (h->seq != c->next) {
        return check_fault(c, "F5", LOG_INTEGRITY, c->next, "its header has seq %llu", (unsigned long long)h->seq);
    }
    if (h->seq == 0 ? memcmp(h->prev, zeros, EVENT_HASH) != 0 : c->has_prev && memcmp(h->prev, c->prev, EVENT_HASH) != 0) {
        return check_fault(c, "F5", LOG_INTEGRITY, h->seq, "its prev is not the leaf of the previous event");
    }
    if (h->time < c->time) {
        return check_fault(c, "F6", LOG_INTEGRITY, h->seq, "its time is earlier than that of the previous event");
    }
    if (h->has_cause && h->cause >= h->seq) {
        return check_fault(c, "F6", LOG_INTEGRITY, h->seq, "its cause is not an earlier event");
    }
    if (!c->is_stream && (epoch_is_kind(h->kind) || h->seq == 0)) {
        const struct check_epoch *e = check_epoch_of(c, h->seq);
        if (e->seq != h->seq || memcmp(e->leaf, slot->leaf, EVENT_HASH) != 0) {
            return check_fault(c, "B16", LOG_SEALS, h->seq, "the keys do not name it, or name another first event");
        }
    }
    slot->matches = (!m->has_since || h->time >= m->since) && (!m->has_until || h->time < m->until) &&
                    bundle_matches(m->term, m->n_terms, h);
    c->time = h->time;
    memcpy(c->prev, slot->leaf, EVENT_HASH);
    c->has_prev = true;
    return 0;
}

int check_count(struct checking *c, const struct check_slot *slot) {
    struct export_counts *n = &c->found->counts;
    n->headers++;
    n->matching += slot->matches;
    if (bytes_is(slot->h.kind, "ledger.gap")) {
        if (n->gaps < BUNDLE_GAPS_MAX && (n->gaps >= c->manifest.n_gaps || c->manifest.gap[n->gaps] != slot->h.seq)) {
            return check_fault(c, "B24", LOG_GAPS, slot->h.seq, "it is a gap that the manifest does not name");
        }
        c->first_gap = n->gaps == 0 ? slot->h.seq : c->first_gap;
        n->gaps++;
    }
    return 0;
}

int check_give(struct checking *c, const struct check_slot *slot, enum export_fate fate, struct log_event *event,
               struct bytes private_, struct err *err) {
    event_of_header(&slot->h, slot->bytes, slot->leaf, event);
    if (c->again) return 0;
    int rc = c->options->question == NULL ? 0 : question_count(c->options->question, event, fate, err);
    if (rc == 0) rc = check_states_event(c, event, err);
    if (rc == 0 && c->options->each != NULL) {
        rc = c->options->each(c->options->ctx, event, private_, err);
        c->ended_by_caller = rc != 0;
    }
    return rc;
}

/* ---- a group ---- */

/* Splits the member into headers, which are checked and added to the tree. */
static int take_entries(struct checking *c, size_t count, struct err *err) {
    struct bytes rest = bytes_of_buf(&c->entries);
    for (size_t i = 0; i < count; i++) {
        struct check_slot *slot = &c->slot[i];
        size_t n = rest.n < 2 ? 0 : be16_get(rest.p);
        c->rule = "B14";
        if (rest.n < 2 || n > rest.n - 2) {
            return err_set(err, ERR_CORRUPT, "it ends before the header of event %llu", (unsigned long long)c->next);
        }
        slot->bytes = (struct bytes){rest.p + 2, n};
        rest.p += 2 + n;
        rest.n -= 2 + n;
        int rc = check_header(c, slot, err);
        if (rc == 0) rc = check_count(c, slot);
        if (rc != 0) return rc;
        merkle_edge_push(&c->edge, slot->leaf, NULL);
        c->next++;
        check_trust_at(c);
    }
    c->rule = "B14";
    return rest.n == 0 ? 0 : err_set(err, ERR_CORRUPT, "it continues after its last header");
}

/* Events [*at, end) of the group have no line: none of them may need one. */
static int without_line(struct checking *c, size_t *at, size_t end, struct err *err) {
    for (; *at < end; (*at)++) {
        const struct check_slot *slot = &c->slot[*at];
        struct log_event event = {0};
        if (slot->matches || c->manifest.bodies == EXPORT_BODIES_ALL) {
            return check_fault(c, "B18", LOG_COMPLETENESS, slot->h.seq, "it is missing: it %s and has no line",
                               slot->matches ? "matches the filter" : "should be disclosed with all bodies");
        }
        int rc = check_give(c, slot, EXPORT_LEFT_OUT, &event, (struct bytes){0}, err);
        if (rc != 0) return rc;
    }
    return 0;
}

static int take_lines(struct checking *c, size_t count, size_t *at, struct err *err) {
    int rc = 0;
    uint64_t first = c->slot[0].h.seq;
    scan_member(&c->scan);
    do {
        struct check_said said;
        rc = check_take_line(c, &said, err);
        if (rc == 0 && (said.seq < first + *at || said.seq >= first + count)) {
            c->rule = "B17";
            return err_set(err, ERR_CORRUPT, "line %llu: event %llu is out of order or of another group",
                           (unsigned long long)c->scan.line - 1, (unsigned long long)said.seq);
        }
        if (rc == 0) rc = without_line(c, at, (size_t)(said.seq - first), err);
        if (rc == 0) rc = check_content(c, &c->slot[*at], &said, err);
        (*at)++;
    } while (rc == 0 && reading_left(c->reading) > 0);
    return rc;
}

static int check_group(struct checking *c, uint64_t group, struct err *err) {
    char name[BUNDLE_NAME_MAX];
    uint64_t end = (group + 1) * EVENT_GROUP < c->manifest.to ? (group + 1) * EVENT_GROUP : c->manifest.to;
    size_t count = (size_t)(end - c->next), at = 0;
    c->about = NULL;
    snprintf(c->entries_name, sizeof(c->entries_name), BUNDLE_ENTRIES "%llu", (unsigned long long)group);
    int rc = check_expect(c, c->entries_name, BUNDLE_ENTRIES_MAX, err);
    buf_clear(&c->entries);
    if (rc == 0) rc = reading_rest(c->reading, &c->entries, BUNDLE_ENTRIES_MAX, err);
    if (rc == 0) rc = take_entries(c, count, err);
    if (rc == 0) rc = check_advance(c, err);
    if (rc != 0) return rc;
    snprintf(name, sizeof(name), BUNDLE_PAYLOADS "%llu.jsonl", (unsigned long long)group);
    if (check_is_at(c, name)) {
        rc = check_expect(c, name, BUNDLE_LINES_MAX, err);
        if (rc == 0) rc = take_lines(c, count, &at, err);
        if (rc == 0) rc = check_advance(c, err);
    }
    c->about = rc == 0 ? c->entries_name : NULL;
    if (rc == 0) rc = without_line(c, &at, count, err);
    return rc;
}

/* ---- the range ---- */

static int begin(struct checking *c, struct err *err) {
    const struct manifest *m = &c->manifest;
    struct buf text = {.max = BUNDLE_RANGE_MAX};
    int rc = check_expect(c, BUNDLE_RANGE, BUNDLE_RANGE_MAX, err);
    if (rc == 0) rc = reading_rest(c->reading, &text, BUNDLE_RANGE_MAX, err);
    c->rule = rc == 0 ? "B13" : c->rule;
    if (rc == 0) rc = merkle_range_decode(bytes_of_buf(&text), &c->range, err);
    buf_done(&text);
    if (rc == 0 && (c->range.a != m->from || c->range.b != m->to || c->range.size != m->size)) {
        return check_fault(c, "B13", LOG_INTEGRITY, LOG_NO_SEQ, "it is not about the manifest's range and head");
    }
    if (rc == 0) rc = merkle_range_begin(&c->range, &c->edge, err);
    if (rc == ERR_INVALID) rc = ERR_CORRUPT;
    check_trust_at(c);
    if (rc == 0) rc = check_advance(c, err);
    return rc;
}

/* The bounds of a time range are proven by the events just outside it. */
static int check_time_bounds(struct checking *c, uint64_t first_time) {
    const struct manifest *m = &c->manifest;
    if (m->has_since && m->from > 0 && first_time >= m->since) {
        return check_fault(c, "B23", LOG_COMPLETENESS, m->from,
                           "the range does not reach to an event before the time asked for: earlier ones may be missing");
    }
    if (m->has_until && m->to < m->size && c->time < m->until) {
        return check_fault(c, "B23", LOG_COMPLETENESS, m->to - 1,
                           "the range does not reach to an event after the time asked for: later ones may be missing");
    }
    return 0;
}

int check_range(struct checking *c, struct err *err) {
    const struct manifest *m = &c->manifest;
    uint8_t root[EVENT_HASH];
    uint64_t first_time = 0;
    int rc = begin(c, err);
    c->next = m->from;
    for (uint64_t g = m->from / EVENT_GROUP; rc == 0 && c->next < m->to; g++) {
        bool first = c->next == m->from;
        rc = check_group(c, g, err);
        first_time = first && rc == 0 ? c->slot[0].h.time : first_time;
    }
    c->rule = rc == 0 ? "B13" : c->rule;
    if (rc == 0) rc = merkle_range_finish(&c->range, &c->edge, root, err);
    if (rc == ERR_INVALID) rc = ERR_CORRUPT;
    if (rc == 0 && memcmp(root, c->point.root, EVENT_HASH) != 0) {
        rc = check_fault(c, "B15", LOG_INTEGRITY, LOG_NO_SEQ,
                         "the headers and the range proof do not give the root that was sealed");
    }
    if (rc == 0) rc = check_time_bounds(c, first_time);
    c->about = rc != 0 ? c->about : NULL;
    return rc;
}
