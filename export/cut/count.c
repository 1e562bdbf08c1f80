/* Counts what would leave, collects gaps and artifacts, and searches for secrets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/mp.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "export/cut/artifact.h"
#include "export/cut/cut.h"
#include "export/cut/erasures.h"
#include "export/cut/states.h"
#include "ledger/kinds/id.h"
#include "ledger/kinds/value.h"
#include "ledger/write/artifact.h"

#define ARTIFACTS_MAX 4096                /* their names are in the manifest */
#define NAMED_MAX     (2 * ARTIFACTS_MAX) /* before duplicates are removed */
#define ARTIFACT_MARK "artifact:sha256:"

/* ---- texts of a body or of private fields ---- */

struct looking {
    struct cut *cut;
    uint64_t seq;
    struct bytes kind;
    bool artifacts;   /* collect the artifacts that are named */
    bool is_artifact; /* the event is about one, and its digest names it */
};

static int by_digest(const void *a, const void *b) {
    return memcmp(a, b, LOG_HASH);
}

/* Sorts them and removes duplicates. */
static void sort_artifacts(struct cut *cut) {
    size_t kept = 0;
    if (cut->n_artifacts > 0) {
        qsort(cut->artifact, cut->n_artifacts, sizeof(cut->artifact[0]), by_digest);
    }
    for (size_t i = 0; i < cut->n_artifacts; i++) {
        if (kept == 0 || memcmp(cut->artifact[kept - 1], cut->artifact[i], LOG_HASH) != 0) {
            memmove(cut->artifact[kept++], cut->artifact[i], LOG_HASH);
        }
    }
    cut->n_artifacts = kept;
}

static int check_artifacts(const struct cut *cut, struct err *err) {
    return cut->n_artifacts >= NAMED_MAX ? err_set(err, ERR_LIMIT, "more than %d artifacts are named", ARTIFACTS_MAX) : 0;
}

static int note_artifact(struct looking *l, struct bytes text, struct err *err) {
    struct cut *cut = l->cut;
    uint8_t digest[LOG_HASH];
    size_t lead = bytes_has_prefix(text, ARTIFACT_MARK)                 ? strlen(ARTIFACT_MARK)
                  : l->is_artifact && bytes_has_prefix(text, "sha256:") ? strlen("sha256:")
                                                                        : 0;
    if (lead == 0 || text.n - lead != 2 * sizeof(digest) ||
        text_unhex(digest, sizeof(digest), (struct bytes){text.p + lead, text.n - lead}) != 0) {
        return 0;
    }
    if (cut->n_artifacts >= NAMED_MAX) {
        sort_artifacts(cut); /* most are named many times */
    }
    int rc = check_artifacts(cut, err);
    rc =
        rc != 0 ? rc : array_room(&cut->artifact, cut->n_artifacts + 1, &cut->cap_artifacts, sizeof(cut->artifact[0]), err);
    if (rc == 0) {
        memcpy(cut->artifact[cut->n_artifacts++], digest, sizeof(digest));
    }
    return rc;
}

static void found_secret(struct cut *cut, const char *rule, uint64_t n, const char *where, uint64_t seq) {
    if (cut->counts.secrets == 0) {
        cut->secret_rule = rule;
        if (where != NULL) {
            snprintf(cut->secret_where, sizeof(cut->secret_where), "%s", where);
        } else {
            snprintf(cut->secret_where, sizeof(cut->secret_where), "event %llu", (unsigned long long)seq);
        }
    }
    cut->counts.secrets += n;
}

bool cut_look(struct cut *cut, struct bytes text, const char *where, uint64_t seq) {
    struct secret_hit hit;
    if (text.n == 0 || !memo_ask(cut->texts, text, secret_is_in) || secret_next(text, 0, &hit) != 0) {
        return false;
    }
    found_secret(cut, hit.rule, 1, where, seq);
    return true;
}

bool cut_look_json(struct cut *cut, struct bytes json, const char *where) {
    struct secret_hit hit;
    for (size_t from = 0; secret_next(json, from, &hit) == 0; from = hit.at + hit.n) {
        if (!kind_id_in_json(json, &hit)) {
            found_secret(cut, hit.rule, 1, where, LOG_NO_SEQ);
            return true;
        }
    }
    return false;
}

/* The header's texts that the scanner sees; ids, where an id belongs, are skipped. */
static void texts_of(struct bytes ret[CUT_SCANNED], struct bytes kind, struct bytes subject, struct bytes actor,
                     struct bytes source, struct bytes run, struct bytes key) {
    const struct bytes none = {NULL, 0};
    bool id = kind_ends_in_id(subject) && kind_id_in_subject(kind_index_find(kind), subject);
    ret[0] = id ? none : subject;
    ret[1] = actor;
    ret[2] = source;
    ret[3] = kind_is_id(run) ? none : run;
    ret[4] = key;
}

/* Most strings of a header equal those of the previous one. */
static int look_at_header(struct cut *cut, const struct event_header *h, struct err *err) {
    struct bytes text[CUT_SCANNED];
    int rc = 0;
    texts_of(text, h->kind, h->subject, h->actor, h->source, h->run, h->key);
    for (size_t i = 0; i < CUT_SCANNED && rc == 0; i++) {
        if (!bytes_eq(bytes_of_buf(&cut->scanned[i]), text[i])) {
            cut_look(cut, text[i], NULL, h->seq);
            buf_clear(&cut->scanned[i]);
            buf_put_bytes(&cut->scanned[i], text[i]);
            rc = buf_check(&cut->scanned[i], "a header", err);
        }
    }
    return rc;
}

/* A text that begins with a dash: an option, which the prefilter does not see. */
static bool has_option(struct bytes mp) {
    const uint8_t *end = mp.p + mp.n;
    for (const uint8_t *p = mp.p; p < end && (p = memchr(p, '-', (size_t)(end - p))) != NULL; p++) {
        if (p > mp.p && p[-1] >= 0xa2 && p[-1] <= 0xbf) return true;
    }
    return false;
}

static int look_for_secrets(struct looking *l, struct bytes mp, struct err *err) {
    struct secret_prefilter prefilter;
    struct mp_reader r;
    struct mp_item item;
    struct kind_finds finds = {.prefilter = &prefilter, .texts = l->cut->texts, .names = l->cut->names};
    secret_prefilter_begin(&prefilter, mp);
    if (secret_prefilter_is_empty(&prefilter) && !has_option(mp)) return 0;
    finds.kind = kind_index_find(l->kind);
    mp_reader_init(&r, mp);
    int rc = mp_next(&r, &item, err);
    if (rc == 0 && (item.type == MP_ARRAY || item.type == MP_MAP)) {
        rc = kind_value_scan(&r, &item, false, &finds, err);
    } else if (rc == 0 && item.type == MP_STR) {
        kind_text_scan(item.data, 0, false, &finds);
    }
    if (finds.secrets > 0) {
        found_secret(l->cut, finds.rule, finds.secrets, NULL, l->seq);
    }
    return rc < 0 ? rc : 0;
}

static int look_for_artifacts(struct looking *l, struct bytes mp, struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    int rc = 0;
    mp_reader_init(&r, mp);
    while (rc == 0 && (rc = mp_next(&r, &item, err)) == 0) {
        rc = item.type == MP_STR ? note_artifact(l, item.data, err) : 0;
    }
    return rc == 1 ? 0 : rc;
}

static int look_at_all(struct looking *l, struct bytes mp, struct err *err) {
    int rc = look_for_secrets(l, mp, err);
    return rc == 0 && l->artifacts ? look_for_artifacts(l, mp, err) : rc;
}

int cut_look_at(struct cut *cut, const struct log_event *event, struct err *err) {
    struct bytes text[CUT_SCANNED];
    struct looking l = {.cut = cut, .seq = event->seq, .kind = event->kind};
    texts_of(text, l.kind, event->subject, event->actor, event->source, event->run, event->key);
    for (size_t i = 0; i < CUT_SCANNED; i++) {
        cut_look(cut, text[i], NULL, event->seq);
    }
    return look_at_all(&l, event->payload, err);
}

/* ---- counting ---- */

/* Counts in *ret_n the private fields that would leave. */
static int count_private(struct cut_walk *walk, const struct cut_event *event, struct looking *l, size_t *ret_n,
                         struct err *err) {
    struct private_view view;
    struct mp_reader r;
    struct mp_item item;
    struct bytes raw;
    *ret_n = 0;
    if (walk->cut->options->n_private == 0) return 0;
    int rc = cut_walk_private(walk, event, &view, err);
    if (rc != 0) return rc;
    if (view.n_erased > 0 && walk->cut->n_lacking < BUNDLE_ERASED_MAX) {
        rc = array_room(&walk->cut->lacking, walk->cut->n_lacking + 1, &walk->cut->cap_lacking, sizeof(uint64_t), err);
        if (rc != 0) return rc;
        walk->cut->lacking[walk->cut->n_lacking++] = event->header.seq;
    }
    mp_reader_init(&r, view.map);
    rc = mp_next(&r, &item, err);
    for (uint32_t n = rc == 0 ? item.count : 0; n > 0 && rc == 0; n--) {
        rc = mp_next(&r, &item, err);
        if (rc == 0) rc = mp_skip(&r, 1, &raw, err);
        if (rc == 0 && cut_discloses_field(walk->cut, item.data)) {
            (*ret_n)++;
            rc = look_at_all(l, raw, err);
        }
    }
    return rc;
}

static int count_gap(struct cut *cut, uint64_t seq, struct err *err) {
    int rc = 0;
    if (cut->n_gaps < BUNDLE_GAPS_MAX) {
        rc = array_room(&cut->gap, cut->n_gaps + 1, &cut->cap_gaps, sizeof(cut->gap[0]), err);
        if (rc == 0) {
            cut->gap[cut->n_gaps++] = seq;
        }
    }
    cut->counts.gaps++;
    return rc;
}

int cut_count(struct cut_walk *walk, const struct cut_event *event, enum cut_fate *ret, size_t *ret_private,
              struct err *err) {
    struct cut *cut = walk->cut;
    struct export_counts *counts = &cut->counts;
    const struct event_header *h = &event->header;
    struct looking l = {cut, h->seq, h->kind, cut->options->artifacts, bytes_is(h->kind, "run.artifact")};
    bool matches = cut_matches(cut, h);
    enum cut_fate fate = cut_fate(cut, matches, event->erased);
    int rc = look_at_header(cut, h, err);
    counts->headers++;
    counts->matching += matches;
    counts->disclosed += fate == CUT_DISCLOSED;
    counts->withheld += fate == CUT_WITHHELD;
    counts->erased += fate == CUT_ERASED;
    if (rc == 0 && bytes_is(h->kind, "ledger.gap")) rc = count_gap(cut, h->seq, err);
    *ret_private = 0;
    if (rc == 0 && fate == CUT_DISCLOSED) {
        rc = look_at_all(&l, event->payload, err);
        if (rc == 0 && h->private_ != NULL) rc = count_private(walk, event, &l, ret_private, err);
        counts->private_ += *ret_private;
    }
    *ret = fate;
    return rc;
}

/* Removes duplicates and those that are not stored; at most as many as a manifest may name remain. */
int cut_settle(struct cut *cut, struct err *err) {
    struct db_txn *txn = NULL;
    size_t kept = 0;
    if (cut->n_artifacts == 0) return 0;
    sort_artifacts(cut);
    int rc = db_begin(cut->ledger->evidence, false, &txn, err);
    for (size_t i = 0; i < cut->n_artifacts && rc == 0; i++) {
        struct bytes record;
        rc = db_get(txn, T_ARTIFACT, (struct bytes){cut->artifact[i], LOG_HASH}, &record, err);
        if (rc == 0 && record.n >= ARTIFACT_RECORD_HEAD && record.p[0] != ARTIFACT_ERASED) {
            memmove(cut->artifact[kept++], cut->artifact[i], LOG_HASH);
            cut->counts.artifact_bytes += be64_get(record.p + 1);
        }
        rc = rc == ERR_NOTFOUND ? 0 : rc;
    }
    db_abort(txn);
    cut->n_artifacts = kept;
    cut->counts.artifacts = kept;
    if (rc == 0 && kept > ARTIFACTS_MAX) {
        rc = err_set(err, ERR_LIMIT, "more than %d artifacts are referenced", ARTIFACTS_MAX);
    }
    return rc;
}

/* ---- a plan ---- */

static int plan_event(struct cut_walk *walk, const struct cut_event *event, export_each_fn *each, void *ctx,
                      struct err *err) {
    struct log_event whole;
    enum cut_fate fate;
    size_t n_private;
    int rc = cut_count(walk, event, &fate, &n_private, err);
    if (rc != 0 || each == NULL || fate == CUT_HEADER_ONLY) return rc;
    rc = cut_walk_whole(walk, event, &whole, err);
    if (rc == 0) rc = each(ctx, &whole, fate == CUT_DISCLOSED, n_private, err);
    return rc;
}

/* Artifacts and states may hold secrets too. */
static int look_behind(struct cut *cut, struct err *err) {
    struct buf text = {.max = BUNDLE_STATE_MAX};
    int rc = 0;
    for (size_t i = 0; i < cut->n_artifacts && rc == 0; i++) {
        rc = artifact_put(cut, cut->artifact[i], NULL, err);
    }
    for (size_t i = 0; i < cut->n_states && rc == 0; i++) {
        buf_clear(&text);
        rc = states_put(&text, cut, cut->states[i], err);
    }
    buf_done(&text);
    return rc;
}

int export_plan(struct ledger *ledger, const struct export_options *options, export_each_fn *each, void *ctx,
                struct export_counts *ret, struct err *err) {
    struct cut cut;
    struct cut_walk walk = {0};
    struct cut_event event;
    struct erasures erasures = {0};
    int rc = cut_open(&cut, ledger, options, err);
    if (rc == 0) rc = cut_walk_open(&walk, &cut, err);
    while (rc == 0 && (rc = cut_walk_next(&walk, &event, err)) == 0) {
        rc = plan_event(&walk, &event, each, ctx, err);
    }
    rc = rc == 1 ? cut_settle(&cut, err) : rc;
    if (rc == 0) rc = erasures_of_fields(&erasures, &cut, err);
    if (rc == 0) rc = look_behind(&cut, err);
    if (rc == 0) {
        *ret = cut.counts;
    }
    erasures_done(&erasures);
    cut_walk_close(&walk);
    cut_done(&cut);
    return rc;
}
