/* Each event is judged by what was there before the commit, so that two uses of a grant that holds once must not be in one
 * commit: the caller sees to that. */
#include "packs/run/journal.h"

#include "projections/act/checked.h"

#define SUBJECT_MAX 4096

void journal_init(struct journal *journal, struct ledger *ledger, struct bytes run, struct bytes actor) {
    memset(journal, 0, sizeof(*journal));
    journal->ledger = ledger;
    journal->run = run;
    journal->actor = actor;
    decide_begin(&journal->decision);
}

static void entry_done(struct journal_entry *entry) {
    buf_done(&entry->subject);
    buf_done(&entry->body);
    buf_done(&entry->private_);
}

void journal_drop(struct journal *journal) {
    while (journal->n > 0) {
        entry_done(&journal->entry[--journal->n]);
    }
    journal->also = NULL;
}

void journal_done(struct journal *journal) {
    journal_drop(journal);
}

static int write_map(struct mp_map *map, struct buf *out, struct err *err) {
    int rc = map != NULL && map->n > 0 ? mp_map_write(map, out, err) : 0;
    if (map != NULL) {
        mp_map_clear(map);
    }
    return rc;
}

static void fill(const struct journal *journal, const struct journal_event *event, struct journal_entry *entry) {
    struct log_draft *draft = &entry->draft;
    log_draft_init(draft);
    draft->kind = bytes_of(event->kind);
    draft->subject = bytes_of_buf(&entry->subject);
    draft->run = journal->run;
    draft->actor = journal->actor;
    draft->source = bytes_of("packs");
    draft->grade = bytes_of(event->grade != NULL ? event->grade : "measured");
    draft->key = bytes_of(event->key != NULL ? event->key : "");
    draft->body = bytes_of_buf(&entry->body);
    draft->private_ = bytes_of_buf(&entry->private_);
    if (event->after != SIZE_MAX) {
        draft->cause_type = LOG_CAUSE_BATCH;
        draft->cause = event->after;
    } else if (event->cause != LOG_NO_SEQ) {
        draft->cause_type = LOG_CAUSE_SEQ;
        draft->cause = event->cause;
    }
}

int journal_add(struct journal *journal, const struct journal_event *event, struct mp_map *body, struct mp_map *private_,
                size_t *ret, struct err *err) {
    if (journal->n == JOURNAL_MAX) return err_set(err, ERR_LIMIT, "more than %d events at once", JOURNAL_MAX);
    struct journal_entry *entry = &journal->entry[journal->n];
    *entry = (struct journal_entry){.guard = event->guard};
    buf_init(&entry->subject, SUBJECT_MAX);
    buf_init(&entry->body, JOURNAL_BODY);
    buf_init(&entry->private_, JOURNAL_BODY);
    buf_printf(&entry->subject, "%s/", event->noun);
    buf_put_bytes(&entry->subject, event->name);
    int rc = buf_check(&entry->subject, "a subject", err);
    if (rc == 0 && body == NULL)
        rc = buf_put_bytes(&entry->body, event->raw) == 0 ? 0 : buf_check(&entry->body, "a body", err);
    if (rc == 0) rc = write_map(body, &entry->body, err);
    if (rc == 0) rc = write_map(private_, &entry->private_, err);
    if (rc != 0) {
        err_prefix(err, "%s", event->kind);
        entry_done(entry);
        return rc;
    }
    fill(journal, event, entry);
    if (ret != NULL) {
        *ret = journal->n;
    }
    journal->n++;
    return 0;
}

/* ---- the judge -------------------------------------------------------------------------------------------------------- */

static int may(void *ctx, struct state_view *view, struct decision *ret, struct err *err) {
    struct journal *journal = ctx;
    int rc = 0;
    for (size_t i = 0; rc == 0 && ret->yes && i < journal->n; i++) {
        if (journal->entry[i].guard == JOURNAL_STEP) {
            rc = decide_may_append(view, &journal->entry[i].draft, ret, err);
        }
    }
    if (rc == 0 && ret->yes && journal->also != NULL) {
        rc = journal->also(journal->also_ctx, view, ret, err);
    }
    return rc;
}

static bool is_guarded(const struct journal *journal) {
    bool guarded = journal->also != NULL;
    for (size_t i = 0; i < journal->n; i++) {
        guarded = guarded || journal->entry[i].guard == JOURNAL_STEP;
    }
    return guarded;
}

int journal_commit(struct journal *journal, struct err *err) {
    struct log_receipt receipts[JOURNAL_MAX];
    struct log_batch *batch = NULL;
    bool guarded = is_guarded(journal);
    decide_begin(&journal->decision);
    int rc = journal->n > 0 ? log_batch_new(journal->ledger, &batch, err) : 0;
    for (size_t i = 0; rc == 0 && i < journal->n; i++) {
        rc = log_batch_add(batch, &journal->entry[i].draft, err);
        if (rc != 0) err_prefix(err, "%.*s", (int)journal->entry[i].draft.kind.n, journal->entry[i].draft.kind.p);
    }
    if (rc == 0 && batch != NULL) {
        rc = guarded ? checked_commit(journal->ledger, batch, may, journal, receipts, NULL, &journal->decision, err)
                     : log_batch_commit(batch, receipts, NULL, NULL, err);
    }
    for (size_t i = 0; rc == 0 && i < journal->n; i++) {
        journal->seq[i] = receipts[i].seq;
    }
    log_batch_free(batch);
    journal_drop(journal);
    return rc;
}

void journal_words(const struct decision *decision, struct buf *out) {
    buf_put_str(out, decision->reason);
    for (size_t i = 0; i < decision->n_evidence; i++) {
        buf_printf(out, "%sevent %llu%s", i == 0 ? " (" : ", ", (unsigned long long)decision->evidence[i],
                   i + 1 == decision->n_evidence ? ")" : "");
    }
}
