/* Against what the caller trusts. A head that was known from before is compared where the bundle can tell the tree's root
 * at its size: the head's own size, handovers, and every size from the range's beginning to its end. */
#include <stdio.h>
#include <string.h>

#include "export/checking.h"

static void note_trust(struct checking *c, const char *text) {
    snprintf(c->trust_note, sizeof(c->trust_note), "%s", text);
}

/* The last epoch of an origin, and the last size that it has; NULL: it is another log's. */
static const struct check_epoch *last_of_origin(const struct checking *c, struct bytes origin, uint64_t *ret_end) {
    const struct check_epoch *last = NULL;
    for (size_t i = 0; i < c->n_epochs; i++) {
        const struct check_epoch *e = &c->epoch[i];
        if (bytes_is(origin, e->origin)) {
            last = e;
            *ret_end = e->to_size == LEDGER_NO_SEQ ? c->point.size : e->to_size;
        }
    }
    return last;
}

static void compare(struct checking *c, uint64_t size, const uint8_t *root, const uint8_t *mine, const char *where) {
    char text[480];
    if (memcmp(root, mine, EVENT_HASH) == 0) {
        snprintf(text, sizeof(text), "%s (%llu events)", where, (unsigned long long)size);
        anchor_confirm(&c->anchor, text);
    } else {
        snprintf(text, sizeof(text), "the first %llu events are not those that %s knows: another history",
                 (unsigned long long)size, where);
        check_contradiction(c, text);
    }
}

static bool compare_with_handover(struct checking *c, uint64_t size, const uint8_t *root, const char *where) {
    for (size_t i = 1; i < c->n_epochs; i++) {
        if (c->epoch[i].seq + 1 == size) {
            compare(c, size, root, c->epoch[i].root, where);
            return true;
        }
    }
    return false;
}

static void known_head(struct checking *c, struct bytes origin, uint64_t size, const uint8_t *root, const char *where) {
    const struct manifest *m = &c->manifest;
    char text[480];
    uint64_t end = 0;
    if (size == 0 || last_of_origin(c, origin, &end) == NULL) {
        return;
    }
    if (size > end && end < c->point.size) {
        snprintf(text, sizeof(text), "%s knows %llu events of '%.*s'; this ledger was restored from %llu of them", where,
                 (unsigned long long)size, (int)origin.n, (const char *)origin.p, (unsigned long long)end);
        if (policy_head_find(c->options->trust->policy, bytes_of(m->origin)) != NULL) {
            note_trust(c, text); /* the caller has taken note: he trusts a head of the new origin */
        } else {
            check_contradiction(c, text);
        }
    } else if (size > c->point.size) {
        snprintf(text, sizeof(text), "%s knows %llu events, the bundle was cut when there were %llu", where,
                 (unsigned long long)size, (unsigned long long)c->point.size);
        note_trust(c, text);
    } else if (size == c->point.size) {
        compare(c, size, root, c->point.root, where);
    } else if (compare_with_handover(c, size, root, where)) {
        return;
    } else if (!m->sparse && size >= m->from && size <= m->to && c->n_known < CHECK_KNOWN_MAX) {
        struct check_known *known = &c->known[c->n_known++];
        known->size = size;
        known->root = root;
        snprintf(known->where, sizeof(known->where), "%s", where);
    } else {
        snprintf(text, sizeof(text),
                 "%s knows the first %llu events, which cannot be compared: they end outside of [%llu, %llu)", where,
                 (unsigned long long)size, (unsigned long long)m->from, (unsigned long long)m->to);
        note_trust(c, text);
    }
}

static void by_checkpoints(struct checking *c, const struct ledger_trust *trust) {
    for (size_t i = 0; i < trust->n_checkpoints; i++) {
        const struct trust_checkpoint *known = trust->checkpoint[i];
        char where[280];
        uint64_t end;
        snprintf(where, sizeof(where), "the checkpoint '%s'", known->path);
        if (note_check_key(&known->parsed, &c->log, NULL) != NOTE_GOOD) {
            check_contradiction(c, "the checkpoint that was given has no good signature of the log key");
        } else if (last_of_origin(c, known->point.origin, &end) == NULL) {
            check_contradiction(c, "the checkpoint that was given is of another origin");
        } else {
            known_head(c, known->point.origin, known->point.size, known->point.root, where);
        }
    }
}

void check_trust(struct checking *c) {
    const struct ledger_trust *trust = c->options->trust;
    struct anchor_log log = {.first_origin = c->epoch[0].origin, .log = &c->log, .genesis = c->genesis, .head = c->head};
    if (trust == NULL || trust->policy == NULL) {
        return;
    }
    anchor_judge(trust, &log, &c->anchor);
    if (c->anchor.bad) {
        check_fault(c, "F12", EXPORT_SEALS, LEDGER_NO_SEQ, "a signature of a trusted key on the checkpoint is bad");
    }
    if (c->anchor.contradicts[0] != '\0') {
        check_contradiction(c, c->anchor.contradicts);
    }
    for (size_t i = 0; i < policy_heads(trust->policy); i++) {
        const struct policy_head *head = policy_head_at(trust->policy, i);
        known_head(c, bytes_of(head->origin), head->size, head->root, "the trust file");
    }
    by_checkpoints(c, trust);
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
    const struct ledger_trust *trust = c->options->trust;
    const char *more = c->trust_note[0] != '\0' ? "; " : "";
    char text[512];
    if (c->contradicted) {
        return;
    }
    if (a->good && !a->short_of_quorum) {
        check_say(c, EXPORT_ANCHORING, LEDGER_ASPECT_GOOD, "by %.300s%s%.180s", a->by, more, c->trust_note);
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
    check_say(c, EXPORT_ANCHORING, LEDGER_ASPECT_NOTE, "%s", text);
    if (c->report->verdict < LEDGER_NOT_ANCHORED) {
        c->report->verdict = LEDGER_NOT_ANCHORED;
    }
}
