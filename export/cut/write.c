/* One walk: groups are written aside as they are read, because the manifest, which precedes them, has counts and digests
 * that are known only at the end. Then the manifest is written, followed by what was put aside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "export/cut/artifact.h"
#include "export/cut/erasures.h"
#include "export/cut/handovers.h"
#include "export/cut/manifest.h"
#include "export/cut/sink.h"
#include "export/cut/states.h"
#include "export/cut/verify_md.h"
#include "ledger/kinds/id.h"

#define TRIES 10 /* attempts while content is being erased */

struct writing {
    struct cut cut;
    struct sink *aside; /* from the first group on */
    struct lines lines, keys, erased;
    struct erasures erasures;
    struct buf entries, text, state, range, sums;
    uint8_t state_digest[EXPORT_STATES_MAX][LOG_HASH];
    struct bundle_subject *subject;
    size_t n_subjects;
    uint8_t sums_digest[LOG_HASH];
    struct cut_walk walk;
    struct core_view view; /* for inclusion proofs of sparse bundles */
};

/* ---- groups ---- */

/* The erasures are read when the first one is needed. */
static int find_erasing(struct writing *w, uint64_t seq, uint64_t *ret, struct err *err) {
    int rc = w->erasures.of != NULL ? 0 : erasures_find(&w->erasures, &w->cut, err);
    if (rc == 0) rc = erasures_by(&w->erasures, seq, ret, err);
    return rc;
}

static int put_line(struct writing *w, const struct cut_event *event, enum cut_fate fate, struct err *err) {
    struct merkle_proof inclusion;
    uint64_t seq = event->header.seq, by = 0;
    int rc = fate == CUT_ERASED ? find_erasing(w, seq, &by, err) : 0;
    if (rc != 0 || w->cut.options->seqs == NULL) {
        if (rc == 0) rc = lines_put_event(&w->lines, &w->walk, event, fate, by, err);
        return rc;
    }
    rc = merkle_prove_inclusion(seq, w->cut.counts.head.size, core_node, &w->view, &inclusion, err);
    if (rc == 0) rc = lines_put_sparse(&w->lines, &w->walk, event, fate, by, &inclusion, err);
    return rc;
}

/* Writes an event's header and line, and counts it. A field that was erased between counting and writing is a conflict. */
static int take_event(struct writing *w, const struct cut_event *event, struct err *err) {
    uint64_t before = w->lines.n_private;
    enum cut_fate fate;
    size_t n_private;
    if (w->cut.options->seqs == NULL) {
        buf_put_be16(&w->entries, (uint16_t)event->leaf.n);
        buf_put_bytes(&w->entries, event->leaf);
    }
    int rc = cut_count(&w->walk, event, &fate, &n_private, err);
    if (rc == 0) rc = buf_check(&w->entries, "headers", err);
    if (rc == 0) rc = put_line(w, event, fate, err);
    if (rc == 0 && w->lines.n_private - before != n_private) {
        rc = err_set(err, ERR_CONFLICT, "private fields of event %llu were erased while it was exported: export again",
                     (unsigned long long)event->header.seq);
    }
    return rc;
}

/* Writes the events of one group from walk->next on and leaves the walk after them. */
static int walk_group(struct writing *w, uint64_t group, struct err *err) {
    const struct export_options *o = w->cut.options;
    struct cut_event event;
    int rc = 0;
    for (;;) {
        uint64_t end = o->seqs != NULL ? o->n_seqs : w->cut.counts.to;
        uint64_t seq = w->walk.next >= end ? LOG_NO_SEQ : o->seqs != NULL ? o->seqs[w->walk.next] : w->walk.next;
        if (rc != 0 || seq == LOG_NO_SEQ || seq / EVENT_GROUP != group) return rc;
        rc = cut_walk_next(&w->walk, &event, err);
        if (rc == 0) rc = take_event(w, &event, err);
    }
}

static int put_group(struct writing *w, uint64_t group, struct err *err) {
    bool sparse = w->cut.options->seqs != NULL;
    char name[BUNDLE_NAME_MAX];
    buf_clear(&w->entries);
    lines_clear(&w->lines);
    int rc = walk_group(w, group, err);
    if (rc == 0 && !sparse) {
        snprintf(name, sizeof(name), "entries/%llu", (unsigned long long)group);
        rc = sink_whole(w->aside, name, bytes_of_buf(&w->entries), err);
    }
    snprintf(name, sizeof(name), "%s/%llu.jsonl", sparse ? "sparse" : "payloads", (unsigned long long)group);
    if (rc == 0 && w->lines.size != 0) rc = lines_put(&w->lines, name, w->aside, err);
    return rc;
}

static int put_groups(struct writing *w, struct err *err) {
    const struct export_options *o = w->cut.options;
    int rc = cut_walk_open(&w->walk, &w->cut, err);
    if (rc == 0 && o->seqs != NULL) rc = core_view_begin(w->cut.ledger, &w->view, err);
    while (rc == 0 && w->walk.next < (o->seqs != NULL ? o->n_seqs : w->cut.counts.to)) {
        uint64_t seq = o->seqs != NULL ? o->seqs[w->walk.next] : w->walk.next;
        rc = put_group(w, seq / EVENT_GROUP, err);
    }
    if (w->view.txn != NULL) {
        core_view_end(&w->view);
    }
    cut_walk_close(&w->walk);
    return rc;
}

/* ---- after the groups ---- */

static int put_rest(struct writing *w, struct err *err) {
    char name[BUNDLE_NAME_MAX];
    int rc = 0;
    for (size_t i = 0; i < w->cut.n_artifacts && rc == 0; i++) {
        rc = artifact_put(&w->cut, w->cut.artifact[i], w->aside, err);
    }
    for (size_t i = 0; i < w->cut.n_states && rc == 0; i++) {
        buf_clear(&w->state);
        rc = states_put(&w->state, &w->cut, w->cut.states[i], err);
        struct bytes text = bytes_of_buf(&w->state);
        hash_parts(w->state_digest[i], &text, 1);
        snprintf(name, sizeof(name), "states/%.80s.json", w->cut.states[i]);
        if (rc == 0) rc = sink_whole(w->aside, name, text, err);
    }
    if (rc == 0) rc = sink_whole(w->aside, BUNDLE_VERIFY, bytes_of(verify_md), err);
    sink_sums(w->aside, NULL);
    return rc;
}

/* ---- before the groups ---- */

static bool names_id(const struct export_term *term) {
    return strcmp(term->field, "run") == 0 ? kind_is_id(term->value)
                                           : strcmp(term->field, "subject") == 0 && kind_id_in_subject(NULL, term->value);
}

static int refuse_secrets(struct cut *cut, struct err *err) {
    for (size_t i = 0; i < cut->n_terms; i++) {
        if (!names_id(&cut->term[i])) {
            cut_look(cut, cut->term[i].value, "a condition of the filter", LOG_NO_SEQ);
        }
    }
    for (size_t i = 0; i < cut->n_private; i++) {
        cut_look(cut, bytes_of(cut->private_[i]), "a name of a private field", LOG_NO_SEQ);
    }
    if (cut->counts.secrets == 0) return 0;
    return err_set(err, ERR_INVALID, "%s holds what looks like a secret (%s); %llu in all: nothing is exported",
                   cut->secret_where, cut->secret_rule, (unsigned long long)cut->counts.secrets);
}

static int make_range(struct writing *w, struct err *err) {
    struct merkle_range range;
    struct core_view view = {0};
    int rc = core_view_begin(w->cut.ledger, &view, err);
    if (rc == 0)
        rc = merkle_prove_range(w->cut.counts.from, w->cut.counts.to, w->cut.counts.head.size, core_node, &view, &range,
                                err);
    core_view_end(&view);
    if (rc == 0) {
        merkle_range_encode(&w->range, &range);
        rc = buf_check(&w->range, BUNDLE_RANGE, err);
    }
    return rc;
}

static int put_proofs(struct writing *w, struct err *err) {
    int rc = handovers_put(&w->keys, &w->cut, err);
    if (rc == 0) rc = erasures_of_fields(&w->erasures, &w->cut, err);
    bool some = w->cut.counts.erased > 0 || w->erasures.n_by_fields > 0;
    if (rc == 0 && some) rc = erasures_put(&w->erased, &w->erasures, &w->cut, err);
    return rc;
}

/* Writes SHA256SUMS: of what precedes the groups, and of the groups. */
static int put_sums(struct writing *w, struct err *err) {
    const struct {
        const char *name;
        struct bytes content;
    } front[] = {{BUNDLE_KEYS, bytes_of_buf(&w->keys.kept)},
                 {BUNDLE_ERASURES, bytes_of_buf(&w->erased.kept)},
                 {BUNDLE_RANGE, bytes_of_buf(&w->range)}};
    uint8_t digest[LOG_HASH];
    struct buf all = {.max = BUNDLE_SUMS_MAX};
    for (size_t i = 0; i < sizeof(front) / sizeof(front[0]); i++) {
        if (front[i].content.n > 0) {
            hash_parts(digest, &front[i].content, 1);
            bundle_sum(&all, front[i].name, digest);
        }
    }
    buf_put_bytes(&all, bytes_of_buf(&w->sums));
    struct bytes text = bytes_of_buf(&all);
    hash_parts(w->sums_digest, &text, 1);
    int rc = buf_check(&all, BUNDLE_SUMS, err);
    if (rc == 0) rc = buf_check(&w->sums, BUNDLE_SUMS, err);
    if (rc == 0) rc = sink_whole(w->aside, BUNDLE_SUMS, text, err);
    buf_done(&all);
    return rc;
}

static void name_digest(struct writing *w, const char *name, const uint8_t digest[LOG_HASH]) {
    struct bundle_subject *s = &w->subject[w->n_subjects++];
    snprintf(s->name, sizeof(s->name), "%s", name);
    memcpy(s->digest, digest, LOG_HASH);
}

static void name_subject(struct writing *w, const char *name, struct bytes content) {
    uint8_t digest[LOG_HASH];
    hash_parts(digest, &content, 1);
    name_digest(w, name, digest);
}

static void name_artifacts(struct writing *w) {
    char hex[2 * LOG_HASH + 1];
    char name[BUNDLE_NAME_MAX];
    for (size_t i = 0; i < w->cut.n_artifacts; i++) {
        text_hex(hex, w->cut.artifact[i], LOG_HASH);
        snprintf(name, sizeof(name), "artifacts/%s", hex);
        name_digest(w, name, w->cut.artifact[i]);
    }
}

static int name_subjects(struct writing *w, struct err *err) {
    char name[BUNDLE_NAME_MAX];
    w->subject = calloc(w->cut.n_artifacts + w->cut.n_states + 5, sizeof(*w->subject));
    if (w->subject == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    name_subject(w, BUNDLE_KEYS, bytes_of_buf(&w->keys.kept));
    if (w->erased.kept.n > 0) {
        name_subject(w, BUNDLE_ERASURES, bytes_of_buf(&w->erased.kept));
    }
    name_artifacts(w);
    for (size_t i = 0; i < w->cut.n_states; i++) {
        snprintf(name, sizeof(name), "states/%.80s.json", w->cut.states[i]);
        name_digest(w, name, w->state_digest[i]);
    }
    name_subject(w, BUNDLE_VERIFY, bytes_of(verify_md));
    name_digest(w, BUNDLE_SUMS, w->sums_digest);
    return 0;
}

static int put_head(struct writing *w, struct sink *sink, struct err *err) {
    int rc = name_subjects(w, err);
    buf_clear(&w->text);
    if (rc == 0) rc = manifest_encode(&w->text, &w->cut, w->subject, w->n_subjects, err);
    if (rc == 0) rc = sink_whole(sink, BUNDLE_MANIFEST, bytes_of_buf(&w->text), err);
    if (rc == 0) rc = sink_whole(sink, BUNDLE_CHECKPOINT, bytes_of_buf(&w->cut.note), err);
    if (rc == 0) rc = sink_whole(sink, BUNDLE_KEYS, bytes_of_buf(&w->keys.kept), err);
    if (rc == 0 && w->erased.kept.n > 0) {
        rc = sink_whole(sink, BUNDLE_ERASURES, bytes_of_buf(&w->erased.kept), err);
    }
    if (rc == 0 && w->range.n != 0) rc = sink_whole(sink, BUNDLE_RANGE, bytes_of_buf(&w->range), err);
    return rc;
}

/* ---- the whole ---- */

static int write_all(struct writing *w, int fd, uint8_t ret_digest[LOG_HASH], uint64_t *ret_bytes, struct err *err) {
    const struct export_options *o = w->cut.options;
    struct sink *sink = NULL;
    int rc = sink_new_aside(o->beside, o->plain, &w->aside, err);
    if (rc == 0) {
        sink_sums(w->aside, &w->sums);
        rc = put_groups(w, err);
    }
    if (rc == 0) rc = cut_settle(&w->cut, err);
    if (rc == 0) rc = put_rest(w, err);
    if (rc == 0) rc = put_proofs(w, err);
    if (rc == 0 && o->seqs == NULL) rc = make_range(w, err);
    if (rc == 0) rc = put_sums(w, err);
    if (rc == 0) rc = refuse_secrets(&w->cut, err);
    if (rc == 0) rc = sink_new(fd, o->plain, &sink, err);
    if (rc == 0) rc = put_head(w, sink, err);
    if (rc == 0) rc = sink_end_with(sink, w->aside, ret_digest, ret_bytes, err);
    sink_free(sink);
    sink_free(w->aside);
    return rc;
}

static int write_once(struct ledger *ledger, const struct export_options *options, int fd, struct export_counts *ret,
                      uint8_t ret_digest[LOG_HASH], uint64_t *ret_bytes, struct err *err) {
    struct writing *w = calloc(1, sizeof(*w));
    if (w == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    lines_init_long(&w->lines, options->beside);
    lines_init(&w->keys, BUNDLE_KEYS, BUNDLE_KEYS_MAX);
    lines_init(&w->erased, BUNDLE_ERASURES, BUNDLE_ERASURES_MAX);
    buf_init(&w->entries, BUNDLE_ENTRIES_MAX);
    buf_init(&w->text, BUNDLE_MANIFEST_MAX);
    buf_init(&w->state, BUNDLE_STATE_MAX);
    buf_init(&w->range, BUNDLE_RANGE_MAX);
    buf_init(&w->sums, BUNDLE_SUMS_MAX);
    int rc = cut_open(&w->cut, ledger, options, err);
    if (rc == 0) rc = write_all(w, fd, ret_digest, ret_bytes, err);
    if (rc == 0) {
        *ret = w->cut.counts;
    }
    cut_done(&w->cut);
    lines_done(&w->lines);
    lines_done(&w->keys);
    lines_done(&w->erased);
    erasures_done(&w->erasures);
    buf_done(&w->entries);
    buf_done(&w->text);
    buf_done(&w->state);
    buf_done(&w->range);
    buf_done(&w->sums);
    free(w->subject);
    free(w);
    return rc;
}

/* Content that is erased while it is read is erased after the head that the bundle was cut from: nothing has been
 * written to `fd` by then, and the next head covers the erasure. */
int export_write(struct ledger *ledger, const struct export_options *options, int fd, struct export_counts *ret,
                 uint8_t ret_digest[LOG_HASH], uint64_t *ret_bytes, struct err *err) {
    int rc = write_once(ledger, options, fd, ret, ret_digest, ret_bytes, err);
    for (int left = TRIES; rc == ERR_CONFLICT && left > 1; left--) {
        rc = write_once(ledger, options, fd, ret, ret_digest, ret_bytes, err);
    }
    return rc;
}
