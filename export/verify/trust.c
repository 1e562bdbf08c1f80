/* Compares with what the caller trusts. An earlier head is compared where the bundle determines the tree's root at its
 * size: 1, the head's own size, handovers, what was restored, and every size from the range's beginning to its end. A
 * head that cannot be compared is never more than a note. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/verify/checking.h"
#include "ledger/signing/epoch.h"

static void note_trust(struct checking *c, const char *text) {
    snprintf(c->trust_note, sizeof(c->trust_note), "%s", text);
}

/* The last epoch of an origin, and the last size it has; NULL: it belongs to another log. */
static const struct check_epoch *last_of_origin(const struct checking *c, struct bytes origin, uint64_t *ret_end) {
    const struct check_epoch *last = NULL;
    for (size_t i = 0; i < c->n_epochs; i++) {
        const struct check_epoch *e = &c->epoch[i];
        if (bytes_is(origin, e->origin)) {
            last = e;
            *ret_end = e->to_size == LOG_NO_SEQ ? c->point.size : e->to_size;
        }
    }
    return last;
}

static void compare(struct checking *c, uint64_t size, const uint8_t *root, const uint8_t *mine, const char *where) {
    char text[480];
    if (memcmp(root, mine, EVENT_HASH) == 0) {
        snprintf(text, sizeof(text), "%s (%llu event%s)", where, (unsigned long long)size, text_s(size));
        anchor_confirm(&c->anchor, text);
    } else {
        snprintf(text, sizeof(text), "the first %llu event%s %s %s knows: another history", (unsigned long long)size,
                 text_s(size), text_differs(size), where);
        check_contradiction(c, "T3", text);
    }
}

/* The root of this size, where `keys` and the checkpoint alone determine it: for the first event, the head, the trees of
 * handovers, and those that restores continued from. NULL: they do not. */
static const uint8_t *root_of(const struct checking *c, uint64_t size) {
    if (size == c->point.size) return c->point.root;
    for (size_t i = 0; i < c->n_epochs; i++) {
        const struct check_epoch *e = &c->epoch[i];
        if (e->seq + 1 == size) return e->root;
        if (e->restored && e->seq == size) return e->before;
    }
    for (size_t i = 0; i < c->n_seen; i++) {
        if (c->seen[i].size == size && c->seen[i].reached) return c->seen[i].root;
    }
    return NULL;
}

/* Compares a head whose size can be compared; otherwise makes a note. */
static void compare_if_possible(struct checking *c, uint64_t size, const uint8_t *root, const char *where) {
    const struct manifest *m = &c->manifest;
    const uint8_t *mine = root_of(c, size);
    char text[480];
    if (mine != NULL) {
        compare(c, size, root, mine, where);
    } else if (!m->sparse && size >= m->from && size <= m->to && c->n_known < CHECK_KNOWN_MAX) {
        struct check_known *known = &c->known[c->n_known++];
        known->size = size;
        known->root = root;
        snprintf(known->where, sizeof(known->where), "%s", where);
    } else if (m->sparse) {
        snprintf(text, sizeof(text),
                 "%s knows the first %llu event%s, which cannot be compared: chosen events do not give their root", where,
                 (unsigned long long)size, text_s(size));
        note_trust(c, text);
    } else {
        snprintf(text, sizeof(text),
                 "%s knows the first %llu event%s, which cannot be compared: they end outside the range, %llu to %llu",
                 where, (unsigned long long)size, text_s(size), (unsigned long long)m->from, (unsigned long long)m->to);
        note_trust(c, text);
    }
}

/* A head known for this log: for one of its origins, or one that a later restore replaced (`end` 0). */
static void known_head(struct checking *c, struct bytes origin, uint64_t size, const uint8_t *root, const char *where) {
    const struct manifest *m = &c->manifest;
    char text[480];
    uint64_t end = 0, number;
    bool mine = last_of_origin(c, origin, &end) != NULL;
    if (size == 0 || (!mine && !epoch_restore_number(origin, c->epoch[0].origin, &number))) return;
    if (mine && size > end && end < c->point.size) {
        snprintf(text, sizeof(text), "%s knows %llu event%s of '%.*s'; this ledger was restored from %llu of them", where,
                 (unsigned long long)size, text_s(size), (int)origin.n, (const char *)origin.p, (unsigned long long)end);
        if (policy_head_find(c->options->trust->policy, bytes_of(m->origin)) != NULL) {
            note_trust(c, text); /* the caller knows: they trust a head of the new origin */
        } else {
            check_contradiction(c, "T5", text);
        }
    } else if (size > c->point.size) {
        snprintf(text, sizeof(text), "%s knows %llu event%s%s, the %s %llu", where, (unsigned long long)size, text_s(size),
                 mine ? "" : ", some after a restore",
                 c->is_stream ? "newest checkpoint of the stream covers" : "bundle was cut when there were",
                 (unsigned long long)c->point.size);
        note_trust(c, text);
    } else {
        compare_if_possible(c, size, root, where);
    }
}

/* A checkpoint that the caller gave must be of this log. */
static void by_checkpoint(struct checking *c, const struct trust_checkpoint *known) {
    char where[280], text[480];
    uint64_t number;
    struct bytes origin = known->point.origin;
    enum note_verdict signed_ = note_check_key(&known->parsed, &c->log, NULL);
    snprintf(where, sizeof(where), "the checkpoint '%s'", known->path);
    if (!epoch_restore_number(origin, c->epoch[0].origin, &number)) {
        snprintf(text, sizeof(text), "%s is of another log, '%.*s%s': this one is '%.100s'", where,
                 (int)(origin.n < 100 ? origin.n : 100), (const char *)origin.p, origin.n > 100 ? "..." : "",
                 c->epoch[0].origin);
        check_contradiction(c, "T4", text);
    } else if (signed_ != NOTE_GOOD) {
        snprintf(text, sizeof(text), "%s has %s signature of the log key '%.100s'", where,
                 signed_ == NOTE_ABSENT ? "no" : "a bad", c->log.name);
        check_contradiction(c, "T4", text);
    } else {
        known_head(c, origin, known->point.size, known->point.root, where);
    }
}

void check_trust_sizes(const struct checking *c, void (*each)(void *ctx, uint64_t size), void *ctx) {
    const struct log_trust *trust = c->options->trust;
    if (trust == NULL) return;
    for (size_t i = 0; trust->policy != NULL && i < policy_heads(trust->policy); i++) {
        each(ctx, policy_head_at(trust->policy, i)->size);
    }
    for (size_t i = 0; i < trust->n_checkpoints; i++) {
        each(ctx, trust->checkpoint[i]->point.size);
    }
}

void check_trust(struct checking *c) {
    const struct log_trust *trust = c->options->trust;
    struct anchor_log log = {.first_origin = c->epoch[0].origin, .log = &c->log, .genesis = c->genesis, .head = c->head};
    if (trust == NULL || trust->policy == NULL) return;
    anchor_judge(trust, &log, &c->anchor);
    if (c->anchor.bad != NULL) {
        c->about = c->is_stream ? NULL : BUNDLE_CHECKPOINT;
        check_fault(c, "F12", LOG_SEALS, LOG_NO_SEQ, "the signature of the trusted key '%s' is bad", c->anchor.bad->name);
        c->about = NULL;
    }
    if (c->anchor.contradicts[0] != '\0') {
        check_contradiction(c, c->anchor.rule, c->anchor.contradicts);
    }
    for (size_t i = 0; i < policy_heads(trust->policy); i++) {
        const struct policy_head *head = policy_head_at(trust->policy, i);
        known_head(c, bytes_of(head->origin), head->size, head->root, "the trust file");
    }
    for (size_t i = 0; i < trust->n_checkpoints; i++) {
        by_checkpoint(c, trust->checkpoint[i]);
    }
}

void check_trust_at(struct checking *c) {
    uint8_t root[EVENT_HASH];
    for (size_t i = 0; i < c->n_known;) {
        if (c->known[i].size == c->edge.size) {
            merkle_edge_root(&c->edge, root);
            compare(c, c->known[i].size, c->known[i].root, root, c->known[i].where);
            c->known[i] = c->known[--c->n_known];
        } else {
            i++;
        }
    }
}

void check_trust_end(struct checking *c) {
    const struct anchor *a = &c->anchor;
    const struct log_trust *trust = c->options->trust;
    const char *more = c->trust_note[0] != '\0' ? "; " : "";
    char text[512];
    if (c->contradicted) return;
    if (a->good && !a->short_of_quorum) {
        check_say(c, LOG_ANCHORING, LOG_ASPECT_GOOD, "by %.300s%s%.180s", a->by, more, c->trust_note);
        return;
    }
    if (a->short_of_quorum) {
        anchor_shortage(a, text, sizeof(text));
    } else {
        snprintf(text, sizeof(text), "not anchored: %s%s%.300s",
                 trust != NULL && trust->named
                     ? "signed by nobody you named"
                     : "no key, policy, genesis leaf or earlier checkpoint was given that knows this ledger",
                 more, c->trust_note);
    }
    check_say(c, LOG_ANCHORING, LOG_ASPECT_NOTE, "%s", text);
    if (c->report->verdict < LOG_NOT_ANCHORED) {
        c->report->verdict = LOG_NOT_ANCHORED;
    }
}
