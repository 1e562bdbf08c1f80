/* Every event, in order. The crew checks each group by itself; this file joins them: chain, time, tree, tiles, kept
 * checkpoints. A group that the crew does not find good, or that does not join, gets the full check, event by event. So
 * does the tail, which has fewer than 256 events. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#include "ledger/verify/verify.h"

/* ---- authors' keys ---- */

static int take_authors(struct verify *v, const struct verify_signed *author, size_t n, struct err *err) {
    int rc = array_room(&v->author, v->n_authors + n, &v->cap_authors, sizeof(*v->author), err);
    if (rc != 0) return rc;
    if (n > 0) {
        memcpy(v->author + v->n_authors, author, n * sizeof(*author));
    }
    v->n_authors += n;
    return 0;
}

static int compare_pair(const void *a, const void *b) {
    const struct verify_signed *x = a, *y = b;
    return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void check_author_keys(struct verify *v) {
    if (v->n_authors < 2) return;
    qsort(v->author, v->n_authors, sizeof(*v->author), compare_pair);
    for (size_t i = 1; i < v->n_authors; i++) {
        if (v->author[i].hash == v->author[i - 1].hash) {
            uint64_t seq = v->author[i].seq;
            verify_fault(v, LOG_AUTHORS, seq, VERIFY_PLACE(v, seq), "its author's key was used before, by event %llu",
                         (unsigned long long)v->author[i - 1].seq);
        }
    }
}

static int take_stored(struct verify *v, const struct verify_stored *stored, size_t n, struct err *err) {
    int rc = array_room(&v->stored, v->n_stored + n, &v->cap_stored, sizeof(*v->stored), err);
    if (rc != 0) return rc;
    if (n > 0) {
        memcpy(v->stored + v->n_stored, stored, n * sizeof(*stored));
    }
    v->n_stored += n;
    return 0;
}

static int take_counts(struct verify *v, const struct verify_counts *counts, const struct verify_signed *author,
                       size_t n_authors, struct err *err) {
    struct verify_counts *sum = &v->counts;
    sum->external += counts->external;
    sum->private_ += counts->private_;
    sum->authored += counts->authored;
    sum->author_good += counts->author_good;
    sum->first_gap = sum->gaps == 0 ? counts->first_gap : sum->first_gap;
    sum->gaps += counts->gaps;
    return take_authors(v, author, n_authors, err);
}

/* ---- the tree ---- */

/* Checks the tile hashes that event `seq` completes: done[0] is a node of tree level `from`, done[n] the last. */
static void check_tiles(struct verify *v, uint64_t seq, unsigned from, unsigned n, uint8_t (*done)[MERKLE_HASH]) {
    for (unsigned level = 8; level <= from + n; level += 8) {
        uint8_t key[8];
        struct bytes record;
        uint64_t index = seq >> level;
        be64_put(key, index / 256);
        key[0] = (uint8_t)(level / 8);
        size_t at = (size_t)(index % 256) * MERKLE_HASH;
        struct err why = {0};
        int rc = db_get(v->txn, T_TILE, (struct bytes){key, sizeof(key)}, &record, &why);
        if (verify_hindered(v, rc, &why)) return;
        if (rc != 0 || record.n < at + MERKLE_HASH || memcmp(record.p + at, done[level - from], MERKLE_HASH) != 0) {
            verify_fault(v, LOG_INTEGRITY, seq, "tile", "hash %llu of tile level %u is not the root of events %llu..%llu",
                         (unsigned long long)index, level / 8, (unsigned long long)(index << level),
                         (unsigned long long)seq);
        }
    }
}

/* ---- groups that the crew has checked ---- */

static void judge_marks(struct verify *v, const struct merkle_edge *before, const struct verify_part *part) {
    for (size_t i = 0; i < part->n_marks && !v->checkpoints_end; i++) {
        const struct verify_mark *m = &part->mark[i];
        struct merkle_edge edge = m->size == v->edge.size ? v->edge : *before;
        for (size_t k = 0; k < m->n_edge; k++) {
            uint64_t left = m->size - edge.size;
            merkle_edge_push_subtree(&edge, 63 - (unsigned)__builtin_clzll(left), m->edge[k], NULL);
        }
        verify_checkpoint_at(v, &edge, (struct bytes){part->records.p + m->at, m->n}, &m->judged);
    }
}

/* The part is good, follows the events so far and was checked with current knowledge. A handover is judged at its event. */
static bool joins(const struct verify *v, const struct verify_part *part, uint64_t known) {
    uint64_t size = v->edge.size, handover = v->n_epochs > 1 ? v->epoch[v->n_epochs - 1].from_size : 0;
    return part->good && (!v->chain.prev_known || memcmp(part->prev, v->chain.prev, EVENT_HASH) == 0) &&
           part->first_time >= v->chain.time && (part->counts.authored == 0 || part->known == known) &&
           (handover <= size || handover > size + EVENT_GROUP);
}

static int join(struct verify *v, const struct verify_part *part, struct err *err) {
    uint8_t done[MERKLE_DEPTH_MAX][MERKLE_HASH];
    struct merkle_edge before;
    if (part->n_marks > 0) {
        before = v->edge;
    }
    unsigned n = merkle_edge_push_subtree(&v->edge, 8, part->root, done);
    check_tiles(v, v->edge.size - 1, 8, n, done);
    judge_marks(v, &before, part);
    if (v->next_checkpoint <= v->edge.size) {
        v->next_checkpoint = 0;
    }
    memcpy(v->chain.prev, part->last, EVENT_HASH);
    v->chain.prev_known = true;
    v->chain.time = part->last_time;
    int rc = take_stored(v, part->stored, part->n_stored, err);
    if (rc == 0) rc = take_counts(v, &part->counts, part->author, part->n_authors, err);
    return rc;
}

/* ---- groups one event after another ---- */

/* Continues after a group that cannot be read, with its hash from the tile above. 1: that hash is not available. */
static int skip_group(struct verify *v, uint64_t index, struct err *err) {
    struct err why = {0};
    v->chain.prev_known = false;
    v->gaps_in_reading = true;
    int rc = verify_epochs_cached(v, index * EVENT_GROUP, (index + 1) * EVENT_GROUP, err);
    if (rc != 0) return rc;
    if ((index + 1) * EVENT_GROUP > v->head.size) {
        return 1; /* the tail has nothing above it */
    }
    rc = merkle_edge_load(&v->edge, (index + 1) * EVENT_GROUP, core_node, &v->view, &why);
    if (err_is_system(rc)) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) {
        verify_fault(v, LOG_INTEGRITY, index * EVENT_GROUP, "tile", "%s", why.msg);
        return 1;
    }
    while (v->next_checkpoint <= v->edge.size && v->next_checkpoint != LOG_NO_SEQ) {
        v->n_checkpoints++; /* those within the group cannot be judged */
        v->last_kept = v->next_checkpoint;
        rc = verify_checkpoint_seek(v, v->next_checkpoint + 1, err);
        if (rc != 0) return rc;
    }
    return 0;
}

static int check_event(struct verify *v, size_t i, struct err *err) {
    uint8_t done[MERKLE_DEPTH_MAX][MERKLE_HASH];
    int rc = verify_check_event(v->mine, i, err);
    if (rc != 0) return rc;
    unsigned n = merkle_edge_push(&v->edge, v->mine->group->event[i].leaf, done);
    check_tiles(v, v->edge.size - 1, 0, n, done);
    return verify_checkpoint_here(v, err);
}

static void begin_aloud(struct verify *v) {
    struct verify_checker *c = v->mine;
    c->quiet = c->build_run = false;
    c->chain = &v->chain;
    c->genesis = v->genesis;
    c->origin = v->origin;
    c->n_authors = c->n_stored = 0;
    memset(&c->counts, 0, sizeof(c->counts));
}

static int check_group(struct verify *v, uint64_t index, struct err *err) {
    struct verify_checker *c = v->mine;
    struct err why = {0};
    size_t bad = SIZE_MAX;
    int rc = v->next_checkpoint == 0 ? verify_checkpoint_seek(v, v->edge.size + 1, err) : 0;
    if (rc != 0) return rc;
    begin_aloud(v);
    rc = core_group_load(v->txn, &v->view.head, index, c->group, &bad, &why);
    if (err_is_system(rc)) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) {
        uint64_t seq = index * EVENT_GROUP + (bad == SIZE_MAX ? 0 : bad);
        verify_fault(v, LOG_INTEGRITY, seq, VERIFY_PLACE(v, seq), "%s", why.msg);
        return skip_group(v, index, err);
    }
    for (size_t i = 0; i < c->group->n && index * EVENT_GROUP + i < v->head.size; i++) {
        rc = check_event(v, i, err);
        if (rc < 0) return rc;
    }
    rc = take_stored(v, c->stored, c->n_stored, err);
    if (rc == 0) rc = take_counts(v, &c->counts, c->author, c->n_authors, err);
    if (rc == 0) rc = verify_check_key_run(c, err);
    return rc;
}

/* ---- all of them ---- */

static void progress(const struct verify *v, uint64_t done) {
    if (v->options->progress != NULL) {
        v->options->progress(v->options->progress_ctx, done < v->head.size ? done : v->head.size, v->head.size);
    }
}

int verify_events(struct verify *v, struct err *err) {
    struct verify_crew *crew = NULL;
    uint64_t first = v->from / EVENT_GROUP, groups = (v->head.size + EVENT_GROUP - 1) / EVENT_GROUP;
    int rc = verify_crew_new(v, first, v->head.size / EVENT_GROUP, &crew, err);
    for (uint64_t g = first; g < groups && rc == 0 && v->hindered.code == 0; g++) {
        rc = verify_renew(v, err);
        const struct verify_part *part = rc != 0 ? NULL : verify_crew_next(crew);
        if (rc == 0 && part != NULL && joins(v, part, verify_crew_known(crew))) {
            rc = join(v, part, err);
        } else if (rc == 0) {
            rc = verify_renew(v, err); /* others may have written since, if no snapshot is held */
            if (rc == 0) rc = check_group(v, g, err);
            verify_crew_tell(crew);
        }
        if (g % 64 == 63 || g + 1 == groups) {
            progress(v, (g + 1) * EVENT_GROUP);
        }
    }
    verify_crew_free(crew);
    if (rc == 0 && v->next_checkpoint == 0) {
        rc = verify_checkpoint_seek(v, v->edge.size + 1, err); /* any checkpoint beyond the last event */
    }
    check_author_keys(v);
    return rc < 0 ? rc : 0;
}
