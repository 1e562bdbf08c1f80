/* Compares the ledger with what the caller trusts: is it the intended ledger (keys, genesis), does it still hold everything
 * previously known (heads, checkpoints), and how much of its tail is known from outside? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/core/headfile.h"
#include "ledger/signing/epoch.h"
#include "ledger/trust/anchor.h"
#include "ledger/verify/verify.h"

/* The result of comparing with trusted keys, genesis leaves and heads. */
struct anchoring {
    struct anchor log;
    uint64_t known; /* events known from outside */
    bool any_known;
};

/* ---- keys and genesis ---- */

static void by_log(struct verify *v, const struct log_trust *trust, struct anchoring *a) {
    struct note *note = malloc(sizeof(*note));
    struct anchor_log log = {.first_origin = v->n_epochs > 0 ? v->epoch[0].origin : v->origin,
                             .log = v->log_known ? &v->log : NULL,
                             .genesis = v->genesis,
                             .head = note};
    const struct err no_memory = {ERR_NOMEM, "out of memory for the newest checkpoint"};
    if (note == NULL && verify_hindered(v, ERR_NOMEM, &no_memory)) return;
    if (note_decode(bytes_of_buf(&v->newest), note, NULL) != 0) {
        log.head = NULL;
    }
    anchor_judge(trust, &log, &a->log);
    free(note);
    if (a->log.bad != NULL) {
        verify_refuse(v, "F12", LOG_SEALS, v->head.size - 1, "meta",
                      "the signature of the key '%s', which is trusted, on the newest checkpoint is bad", a->log.bad->name);
    }
    if (a->log.short_of_quorum) {
        anchor_shortage(&a->log, v->report->aspect[LOG_ANCHORING].text, sizeof(v->report->aspect[0].text));
    }
    if (a->log.contradicts[0] != '\0') {
        report_contradict(v->report, a->log.rule, LOG_ANCHORING, a->log.contradicts);
    }
}

/* ---- previously known heads ---- */

/* A head of an older origin (before a restore) binds only the events that were restored. */
static const struct verify_epoch *last_of_origin(const struct verify *v, struct bytes origin, uint64_t *ret_end) {
    const struct verify_epoch *last = NULL;
    *ret_end = v->head.size;
    for (size_t i = 0; i < v->n_epochs; i++) {
        if (bytes_is(origin, v->epoch[i].origin)) {
            last = &v->epoch[i];
            *ret_end = last->to_size == LOG_NO_SEQ ? v->head.size : last->to_size;
        }
    }
    return last;
}

/* Never replaces a contradiction. */
static void note_completeness(struct verify *v, const char *text) {
    struct log_report *report = v->report;
    if (report->aspect[LOG_COMPLETENESS].state != LOG_ASPECT_FAULT) {
        report->aspect[LOG_COMPLETENESS].state = LOG_ASPECT_NOTE;
        snprintf(report->aspect[LOG_COMPLETENESS].text, sizeof(report->aspect[0].text), "%s", text);
    }
}

static void known_head(struct verify *v, struct bytes origin, uint64_t size, const uint8_t root[EVENT_HASH],
                       const char *where, struct anchoring *a) {
    char text[480];
    struct err why = {0};
    struct merkle_edge edge;
    uint8_t mine[EVENT_HASH];
    uint64_t end;
    const struct verify_epoch *epoch = last_of_origin(v, origin, &end);
    if (epoch == NULL && v->n_epochs > 0) {
        return; /* another log's */
    }
    if (size == 0) {
        return; /* every ledger begins empty */
    }
    if (size > end && end < v->head.size) {
        snprintf(text, sizeof(text), "%s knows %llu event%s of '%.*s'; this ledger was restored from %llu of them", where,
                 (unsigned long long)size, text_s(size), (int)origin.n, (const char *)origin.p, (unsigned long long)end);
        if (policy_head_find(v->options->trust->policy, bytes_of(v->origin)) != NULL) {
            note_completeness(v, text); /* the caller knows: they trust a head of the new origin */
        } else {
            report_contradict(v->report, "T5", LOG_COMPLETENESS, text);
        }
        return;
    }
    if (size > v->head.size) {
        snprintf(text, sizeof(text), "%s knows %llu event%s, but there are only %llu here: it was cut back or set back",
                 where, (unsigned long long)size, text_s(size), (unsigned long long)v->head.size);
        report_contradict(v->report, "T3", LOG_COMPLETENESS, text);
        return;
    }
    int rc = merkle_edge_load(&edge, size, core_node, &v->view, &why);
    if (verify_hindered(v, rc, &why)) return;
    if (rc != 0) {
        snprintf(text, sizeof(text), "%s knows %llu event%s, which cannot be compared: the ledger is damaged", where,
                 (unsigned long long)size, text_s(size));
        note_completeness(v, text);
        return;
    }
    merkle_edge_root(&edge, mine);
    if (memcmp(mine, root, EVENT_HASH) != 0) {
        snprintf(text, sizeof(text), "the first %llu event%s %s %s knows: another history", (unsigned long long)size,
                 text_s(size), text_differs(size), where);
        report_contradict(v->report, "T3", LOG_COMPLETENESS, text);
        return;
    }
    snprintf(text, sizeof(text), "%s (%llu event%s)", where, (unsigned long long)size, text_s(size));
    anchor_confirm(&a->log, text);
    a->known = size > a->known ? size : a->known;
    a->any_known = true;
}

/* A ledger knows all origins that it has had, so an unknown one is a contradiction. */
static void contradict_origin(struct verify *v, const char *where, struct bytes origin) {
    char text[480];
    uint64_t number;
    bool restored = epoch_restore_number(origin, v->epoch[0].origin, &number);
    snprintf(text, sizeof(text),
             restored ? "%s is of '%.*s', a restore that this ledger does not know: it was set back"
                      : "%s is of another log, '%.*s'",
             where, (int)(origin.n < 100 ? origin.n : 100), (const char *)origin.p);
    report_contradict(v->report, restored ? "T3" : "T4", LOG_ANCHORING, text);
}

static void by_heads(struct verify *v, const struct log_trust *trust, struct anchoring *a) {
    for (size_t i = 0; i < policy_heads(trust->policy); i++) {
        const struct policy_head *head = policy_head_at(trust->policy, i);
        bool mine = strcmp(head->origin, v->origin) == 0;
        for (size_t e = 0; e < v->n_epochs; e++) {
            mine = mine || strcmp(head->origin, v->epoch[e].origin) == 0;
        }
        if (mine) {
            known_head(v, bytes_of(head->origin), head->size, head->root, "the trust file", a);
        }
    }
    for (size_t i = 0; i < trust->n_checkpoints; i++) {
        const struct trust_checkpoint *known = trust->checkpoint[i];
        char where[280], text[480];
        uint64_t end;
        snprintf(where, sizeof(where), "the checkpoint '%s'", known->path);
        if (last_of_origin(v, known->point.origin, &end) == NULL && v->n_epochs > 0) {
            contradict_origin(v, where, known->point.origin);
        } else if (v->log_known && note_check_key(&known->parsed, &v->log, NULL) != NOTE_GOOD) {
            snprintf(text, sizeof(text), "%s has no good signature of the log key '%.100s'", where, v->log.name);
            report_contradict(v->report, "T4", LOG_ANCHORING, text);
        } else {
            known_head(v, known->point.origin, known->point.size, known->point.root, where, a);
        }
    }
}

/* ---- the verdict ---- */

static void say_anchoring(struct verify *v, const struct anchoring *a) {
    struct log_report *report = v->report;
    char *text = report->aspect[LOG_ANCHORING].text;
    size_t max = sizeof(report->aspect[0].text);
    if (report->aspect[LOG_ANCHORING].state == LOG_ASPECT_FAULT) return;
    if (a->log.good && !a->log.short_of_quorum) {
        report->aspect[LOG_ANCHORING].state = LOG_ASPECT_GOOD;
        snprintf(text, max, "by %s", a->log.by);
        return;
    }
    report->aspect[LOG_ANCHORING].state = LOG_ASPECT_NOTE;
    if (text[0] == '\0') {
        snprintf(text, max, "%s",
                 report->aspect[LOG_COMPLETENESS].state == LOG_ASPECT_FAULT
                     ? "not anchored: what is known of this ledger contradicts it"
                 : v->options->trust != NULL && v->options->trust->named
                     ? "not anchored: signed by nobody you named"
                     : "not anchored: no key, policy, genesis leaf or earlier checkpoint was given that knows this ledger");
    }
    if (report->verdict < LOG_NOT_ANCHORED) {
        report->verdict = LOG_NOT_ANCHORED;
    }
}

static void say_completeness(struct verify *v, const struct anchoring *a) {
    struct log_report *report = v->report;
    char *text = report->aspect[LOG_COMPLETENESS].text;
    size_t max = sizeof(report->aspect[0].text);
    if (text[0] != '\0') return;
    report->aspect[LOG_COMPLETENESS].state = LOG_ASPECT_NOTE;
    if (!a->any_known) {
        snprintf(text, max, "no head from outside was given: whether the newest events were cut off cannot be told");
    } else if (a->known == v->head.size) {
        report->aspect[LOG_COMPLETENESS].state = LOG_ASPECT_GOOD;
        snprintf(text, max,
                 a->known == 1 ? "the only event is known from outside" : "all %llu events are known from outside",
                 (unsigned long long)a->known);
    } else {
        uint64_t others = v->head.size - a->known;
        char first[64] = "the first event is", rest[64] = "the newest is";
        if (a->known != 1) {
            snprintf(first, sizeof(first), "the first %llu events are", (unsigned long long)a->known);
        }
        if (others != 1) {
            snprintf(rest, sizeof(rest), "the newest %llu are", (unsigned long long)others);
        }
        snprintf(text, max, "%s known from outside, %s not", first, rest);
    }
}

/* The copy of the head beside the database is never ahead of it; if it is, the database was set back. */
static void by_head_copy(struct verify *v) {
    struct headfile copy;
    struct err why = {0};
    if (v->report->aspect[LOG_INTEGRITY].state == LOG_ASPECT_FAULT ||
        v->report->aspect[LOG_COMPLETENESS].state == LOG_ASPECT_FAULT) {
        return;
    }
    int rc = headfile_read(v->ledger->dir, &copy, &why);
    if (rc == 0) {
        v->renewed = 0; /* others may have appended and written the copy since */
        rc = verify_renew(v, &why);
        if (rc == 0) rc = headfile_compare(&copy, &v->view, &why);
    }
    if (rc == ERR_ROLLBACK) {
        report_contradict(v->report, "T3", LOG_COMPLETENESS, why.msg);
    }
    verify_hindered(v, rc, &why);
}

/* Findings in a copy concern only the copy: the ledger itself is elsewhere. */
static void say_copy(struct verify *v) {
    char *text = v->report->aspect[LOG_COMPLETENESS].text;
    size_t n = strlen(text);
    if (log_place(v->ledger, &v->report->place, NULL) == 0 && v->report->place == LOG_PLACE_COPY) {
        snprintf(text + n, sizeof(v->report->aspect[0].text) - n,
                 "; this directory is a copy: the ledger was last appended to elsewhere");
    }
}

void verify_anchor(struct verify *v) {
    static const struct log_trust nothing;
    const struct log_trust *trust = v->options->trust == NULL ? &nothing : v->options->trust;
    struct anchoring a = {0};
    if (trust->policy != NULL) {
        by_log(v, trust, &a);
        by_heads(v, trust, &a);
    }
    by_head_copy(v);
    say_anchoring(v, &a);
    say_completeness(v, &a);
    say_copy(v);
}
