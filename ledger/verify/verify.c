/* The flow of a verification and the text of its report. */
#include "ledger/verify/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/core/lead.h"
#include "ledger/dedup/segments.h"
#include "ledger/derived/derived.h"
#include "ledger/store/db_fault.h"

#define RENEW_NS CLOCK_NS_PER_S

void verify_vfault(struct verify *v, const char *rule, enum log_aspect aspect, uint64_t seq, const char *table,
                   const char *fmt, va_list ap) {
    struct log_finding finding = {.aspect = aspect, .seq = seq};
    vsnprintf(finding.reason, sizeof(finding.reason), fmt, ap);
    snprintf(finding.place, sizeof(finding.place), "%s", table);
    snprintf(finding.rule, sizeof(finding.rule), "%s", rule);
    report_add(v->report, &finding, true);
}

void verify_fault(struct verify *v, enum log_aspect aspect, uint64_t seq, const char *table, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    verify_vfault(v, "", aspect, seq, table, fmt, ap);
    va_end(ap);
}

void verify_refuse(struct verify *v, const char *rule, enum log_aspect aspect, uint64_t seq, const char *table,
                   const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    verify_vfault(v, rule, aspect, seq, table, fmt, ap);
    va_end(ap);
}

bool verify_hindered(struct verify *v, int rc, const struct err *why) {
    if (!err_is_system(rc)) return false;
    if (v->hindered.code == 0) {
        err_set(&v->hindered, rc, "%s", why->msg);
    }
    return true;
}

int verify_view_renew(struct core_view *view, uint64_t *renewed, struct err *err) {
    uint64_t now = clock_boot_ns();
    if (*renewed != 0 && now - *renewed < RENEW_NS && !db_is_unheld(view->txn)) return 0;
    *renewed = now;
    core_view_release(view);
    int rc = db_renew(view->txn, err);
    if (rc == 0) rc = core_head_get(view->txn, &view->head, err);
    return rc;
}

int verify_renew(struct verify *v, struct err *err) {
    const volatile int *stop = v->options->stop;
    return stop != NULL && *stop != 0 ? err_set(err, ERR_BUSY, "interrupted")
                                      : verify_view_renew(&v->view, &v->renewed, err);
}

/* ---- text of the aspects ---- */

static void say(struct verify *v, enum log_aspect aspect, enum log_aspect_state state, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A faulty aspect keeps its state; its text becomes the number of findings. */
static void say(struct verify *v, enum log_aspect aspect, enum log_aspect_state state, const char *fmt, ...) {
    struct log_report *report = v->report;
    char *text = report->aspect[aspect].text;
    size_t n = 0;
    if (report->aspect[aspect].state == LOG_ASPECT_FAULT) {
        for (size_t i = 0; i < log_findings_kept(report); i++) {
            n += report->findings[i].aspect == aspect ? 1 : 0;
        }
        if (text[0] == '\0') {
            bool more = report->n_findings > LOG_FINDINGS_MAX;
            snprintf(text, sizeof(report->aspect[aspect].text), "%zu%s fault%s", n, more ? " or more" : "",
                     n == 1 && !more ? "" : "s");
        }
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    report_vsay(report, aspect, state, fmt, ap);
    va_end(ap);
}

/* Also how far event times now run ahead of the clock; a wrong clock has left its own gap event. */
static void say_gaps(struct verify *v) {
    struct lead lead;
    char ahead[96] = "";
    lead_of(&v->view, &lead);
    if (lead.ns > 0) {
        memcpy(ahead, "; ", 3);
        lead_words(&lead, ahead + 2, sizeof(ahead) - 2);
    }
    enum log_aspect_state state = v->counts.gaps == 0 && lead.ns == 0 ? LOG_ASPECT_GOOD : LOG_ASPECT_NOTE;
    if (v->counts.gaps == 0) {
        say(v, LOG_GAPS, state, "none recorded%s%s", v->from > 0 ? " by the events that were read" : "", ahead);
    } else {
        say(v, LOG_GAPS, state, "%llu recorded, the first is event %llu%s", (unsigned long long)v->counts.gaps,
            (unsigned long long)v->counts.first_gap, ahead);
    }
}

static void say_all(struct verify *v, uint64_t artifacts) {
    unsigned long long size = (unsigned long long)v->head.size, from = (unsigned long long)v->from;
    char stored[96] = "";
    size_t put = 0;
    for (size_t i = 0; i < v->n_stored; i++) {
        put += !v->stored[i].cursor;
    }
    if (put > 0) {
        snprintf(stored, sizeof(stored), "; artifacts named as put: %zu, missing none, erased %llu", put,
                 (unsigned long long)v->erasures.n_of[LOG_ERASE_ARTIFACT]);
    }
    if (v->from > 0) {
        say(v, LOG_INTEGRITY, LOG_ASPECT_GOOD,
            "events %llu..%llu: bytes, chain and tree; the %llu before were verified earlier and not read again", from,
            size - 1, from);
    } else {
        say(v, LOG_INTEGRITY, LOG_ASPECT_GOOD, "%llu event%s, %llu bundle%s, %llu artifact%s: every byte, chain and tree%s",
            size, text_s(size), size / EVENT_GROUP, text_s(size / EVENT_GROUP), (unsigned long long)artifacts,
            text_s(artifacts), stored);
    }
    char restored[96] = "";
    if (v->n_restored > 0) {
        snprintf(restored, sizeof(restored), "; restored from a backup %llu time%s, last by event %llu",
                 (unsigned long long)v->n_restored, v->n_restored == 1 ? "" : "s", (unsigned long long)v->last_restored);
    }
    if (v->newest_judged) {
        say(v, LOG_SEALS, v->n_restored > 0 ? LOG_ASPECT_NOTE : LOG_ASPECT_GOOD,
            "log key '%s', %zu epoch key%s, %zu handover%s; newest checkpoint at size %llu%s", v->log.name, v->n_epochs,
            v->n_epochs == 1 ? "" : "s", v->n_epochs > 0 ? v->n_epochs - 1 : 0, v->n_epochs == 2 ? "" : "s", size,
            restored);
    } else {
        say(v, LOG_SEALS, LOG_ASPECT_UNCHECKED, "the newest checkpoint was not judged: the events end before it");
    }
    if (v->counts.authored == 0) {
        say(v, LOG_AUTHORS, LOG_ASPECT_GOOD, "no event %sis signed by an author", v->from > 0 ? "that was read " : "");
    } else {
        bool all = v->counts.author_good == v->counts.authored;
        say(v, LOG_AUTHORS, all ? LOG_ASPECT_GOOD : LOG_ASPECT_NOTE,
            "%llu signed: %llu by authors you named, %llu by others (not checked); " EVENT_NOT_AUTHORS,
            (unsigned long long)v->counts.authored, (unsigned long long)v->counts.author_good,
            (unsigned long long)(v->counts.authored - v->counts.author_good));
    }
    char erased[512];
    bool some = verify_erasures_say(v, erased, sizeof(erased));
    say(v, LOG_ERASURES, some ? LOG_ASPECT_NOTE : LOG_ASPECT_GOOD, "%s", some ? erased : "none");
    say_gaps(v);
    if (!v->options->derived) {
        say(v, LOG_DERIVED, LOG_ASPECT_UNCHECKED, "not checked");
    }
}

/* For a ledger that cannot be read at all: an aspect that was not examined is not good. */
static void say_unexamined(struct verify *v) {
    for (int i = 0; i < LOG_ASPECTS; i++) {
        say(v, (enum log_aspect)i, LOG_ASPECT_UNCHECKED, "not examined");
    }
}

/* ---- derived data ---- */

static void derived_differs(void *ctx, uint64_t first, const char *why) {
    verify_fault(ctx, LOG_DERIVED, first, "keyseg", "the key segment that begins there: %s", why);
}

static void derived_progress(void *ctx, uint64_t done, uint64_t total) {
    const struct log_verify_options *options = ((struct verify *)ctx)->options;
    if (options->progress != NULL) {
        options->progress(options->progress_ctx, done, total);
    }
}

/* *ctx: struct verify. Only reads. Missing derived data is not a fault: it may be deleted at any time, and the process that
 * builds it may be killed. */
static int try_derived(void *ctx, struct err *err) {
    struct verify *v = ctx;
    const struct segments_check check = {derived_differs, derived_progress, v};
    char dir[FILE_PATH_MAX];
    uint64_t covered = 0;
    struct err why = {0};
    struct db *db;
    int rc = derived_path(v->ledger, dir, &why);
    if (rc == 0) rc = derived_look(v->ledger, &db, &why);
    if (rc == ERR_NOTFOUND) {
        bool absent = !file_exists(dir);
        say(v, LOG_DERIVED, absent ? LOG_ASPECT_GOOD : LOG_ASPECT_UNCHECKED, "%s%s%s",
            absent ? "absent" : "not compared: ", absent ? "" : why.msg, "; it is rebuilt when needed");
        return 0;
    }
    if (rc == 0) rc = segments_check(v->ledger, db, &check, &covered, &why);
    if (err_is_damage(rc) || rc == ERR_VERSION) {
        verify_fault(v, LOG_DERIVED, LOG_NO_SEQ, "keyseg", "%s", why.msg);
        rc = 0;
    }
    say(v, LOG_DERIVED, LOG_ASPECT_GOOD, "idempotency keys of the first %llu event%s replayed and equal",
        (unsigned long long)covered, text_s(covered));
    return rc != 0 ? err_set(err, rc, "%s", why.msg) : 0;
}

/* ---- where to begin ---- */

/* Takes the epoch key of one event, after proving that the event is in the previously known tree. */
static bool take_known(struct verify *v, const struct policy_head *head, uint64_t seq, struct err *err) {
    struct merkle_proof proof;
    struct event_header h;
    struct event_author author;
    struct bytes body;
    if (core_group_load(v->txn, &v->head, seq / EVENT_GROUP, v->mine->group, NULL, NULL) != 0 ||
        merkle_prove_inclusion(seq, head->size, core_node, &v->view, &proof, NULL) != 0) {
        return false;
    }
    const struct group_event *e = &v->mine->group->event[seq % EVENT_GROUP];
    if (!merkle_check_inclusion(seq, head->size, e->leaf, &proof, head->root) ||
        event_header_decode(e->header, &h, NULL) != 0 || event_payload_decode(e->payload, &body, &author, NULL) != 0) {
        return false;
    }
    if (seq == 0) {
        memcpy(v->genesis, e->leaf, EVENT_HASH);
    }
    size_t before = v->n_epochs;
    return verify_epoch_event(v, &h, body, err) == 0 && v->n_epochs == before + 1;
}

/* Takes the epoch keys before `from` from their events. False: that is not possible, so everything must be read. */
static bool epochs_before(struct verify *v, const struct policy_head *head, uint64_t from, struct err *err) {
    for (uint64_t i = 0;; i++) {
        struct core_epoch e;
        if (core_epoch_get(v->txn, i, &e, NULL) != 0 || e.seq >= from) return i > 0;
        if (!take_known(v, head, e.seq, err)) return false;
    }
}

/* With since_verified: begins at the group of the trust file's head, if the stored tree still has that root. */
static int begin_since(struct verify *v, struct err *err) {
    const struct log_trust *trust = v->options->trust;
    const struct policy_head *head =
        !v->options->since_verified || trust == NULL ? NULL : policy_head_find(trust->policy, bytes_of(v->ledger->origin));
    struct merkle_edge edge;
    uint8_t root[EVENT_HASH];
    if (head == NULL || head->size > v->head.size || head->size < 2 * EVENT_GROUP) {
        return 0; /* everything is read; anchoring reports a contradiction */
    }
    if (merkle_edge_load(&edge, head->size, core_node, &v->view, NULL) != 0) return 0;
    merkle_edge_root(&edge, root);
    uint64_t from = (head->size / EVENT_GROUP - 1) * EVENT_GROUP;
    if (memcmp(root, head->root, EVENT_HASH) != 0 || merkle_edge_load(&v->edge, from, core_node, &v->view, NULL) != 0) {
        return 0;
    }
    if (!epochs_before(v, head, from, err)) {
        v->n_epochs = 0;
        v->n_restored = 0;
        v->log_known = false;
        memset(&v->edge, 0, sizeof(v->edge));
        return err != NULL && err->code != 0 ? err->code : 0;
    }
    v->from = from;
    v->chain.prev_known = false;
    v->last_kept = from;
    return 0;
}

static int begin(struct verify *v, struct err *err) {
    struct bytes note;
    int rc = core_view_begin(v->ledger, &v->view, err);
    if (rc != 0) return rc;
    v->txn = v->view.txn;
    v->head = v->view.head;
    v->renewed = clock_boot_ns();
    v->chain.prev_known = true; /* zero before the first event */
    v->mine = verify_checker_new(v);
    if (v->mine == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    v->mine->view = &v->view;
    v->mine->renewed = &v->renewed;
    rc = core_checkpoint_get(v->txn, &note, err);
    if (rc == 0 && buf_put_bytes(&v->newest, note) != 0) {
        rc = buf_check(&v->newest, "the newest checkpoint", err);
    }
    if (rc == 0) rc = begin_since(v, err);
    return rc;
}

static void done(struct verify *v) {
    core_view_end(&v->view);
    verify_checker_free(v->mine);
    buf_done(&v->newest);
    free(v->epoch);
    free(v->author);
    free(v->stored);
    verify_erasures_done(v);
}

/* A head that the database cannot return is a fault of the evidence, not an error of the verification. */
static int damaged(struct verify *v, int rc, const struct err *why, struct err *err) {
    if (!err_is_damage(rc) && rc != ERR_VERSION) {
        return err_set(err, rc, "%s", why->msg);
    }
    verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, "database", "%s", why->msg);
    return 0;
}

static int run(struct verify *v, struct err *err) {
    struct err why = {0};
    int rc = begin(v, &why);
    if (rc == 0 && v->head.size == 0) {
        verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the ledger has no events, so it proves nothing");
    }
    if (rc != 0 || v->head.size == 0) {
        rc = rc == 0 ? 0 : damaged(v, rc, &why, err);
        say_unexamined(v);
        return rc;
    }
    v->report->head.size = v->head.size;
    v->report->head.time = v->head.time;
    merkle_edge_root(&v->head.edge, v->report->head.root);
    v->report->from = v->from;
    rc = verify_events(v, &why);
    if (rc == 0) rc = verify_seals_end(v, &why);
    if (rc == 0) rc = verify_erasures(v, &why);
    if (rc == 0) rc = verify_tables(v, &why);
    rc = rc == 0 ? 0 : damaged(v, rc, &why, err);
    if (rc == 0 && v->options->derived && v->hindered.code == 0) rc = derived_work(v->ledger, try_derived, v, err);
    if (rc == 0) {
        verify_anchor(v);
        say_all(v, v->n_artifacts);
    }
    return rc == 0 && v->hindered.code != 0 ? err_set(err, v->hindered.code, "%s", v->hindered.msg) : rc;
}

/* A fault in data that was overwritten while it was read does not count. */
static int check_held(struct ledger *ledger, uint64_t newest, int rc, const struct log_report *report, struct err *err) {
    bool bad = rc != 0 ? !err_is_system(rc) : report->verdict >= LOG_CONTRADICTS;
    return bad && db_newest(ledger->evidence) != newest ? err_set(err, ERR_BUSY, "'%s': %s", ledger->dir, DB_UNHELD) : rc;
}

int log_verify(struct ledger *ledger, const struct log_verify_options *options, struct log_report *ret, struct err *err) {
    static const struct log_verify_options defaults = {.derived = false};
    struct verify *v = calloc(1, sizeof(*v));
    struct log_report *report = calloc(1, sizeof(*report));
    if (v == NULL || report == NULL) {
        free(v);
        free(report);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    v->ledger = ledger;
    v->options = options == NULL ? &defaults : options;
    v->report = report;
    buf_init(&v->newest, NOTE_MAX);
    buf_init(&v->erasures.names, SIZE_MAX);
    memcpy(report->origin, ledger->origin, sizeof(report->origin));
    report_begin(report, REPORT_OF_LEDGER, LOG_ASPECT_GOOD, "");
    uint64_t newest = db_newest(ledger->evidence);
    int rc = run(v, err);
    done(v);
    rc = check_held(ledger, newest, rc, report, err);
    if (rc == 0) {
        *ret = *report;
    }
    free(v);
    free(report);
    return rc;
}
