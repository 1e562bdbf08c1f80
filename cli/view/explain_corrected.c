/* Corrections of what an explanation rests on. A row cites the corrections that changed it; those that removed something
 * from it altogether are only in the log. */
#include "cli/view/explain_corrected.h"

#include <string.h>

#include "cli/print/out.h"

#define SUBJECTS_MAX ((size_t)1 << 20)

static const char eval[] = "eval/";

/* The evaluations that the events are about, each ended by a NUL. */
static int find_evals(struct explanation *s, const uint64_t *seqs, size_t n, struct buf *out, struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc >= 0 && i < n; i++) {
        struct log_event event;
        rc = explanation_event(s, seqs[i], &event, err);
        if (rc == 0 && bytes_has_prefix(event.subject, eval)) {
            buf_put_bytes(out, event.subject);
            buf_put_u8(out, 0);
        }
    }
    return rc < 0 ? rc : buf_check(out, "the subjects of events", err);
}

static bool has(const struct buf *names, struct bytes name) {
    bool found = false;
    for (size_t at = 0; !found && at < names->n; at += strlen((const char *)names->p + at) + 1) {
        found = bytes_is(name, (const char *)names->p + at);
    }
    return found;
}

/* Considers only events of evaluations; the others are not read. */
static int consider_correction(struct explanation *s, const struct corrected_one *named, const struct buf *evals,
                               struct err *err) {
    const struct corrected_one *one = NULL;
    struct log_event event;
    int rc = !named->of_eval
                 ? 0
                 : corrected_holds(&s->corrected, s->view->ledger, named->seq, state_at(s->view->state), &one, err);
    if (rc == 0 && one == named) rc = explanation_event(s, one->seq, &event, err);
    if (rc == 0 && one == named && has(evals, event.subject)) {
        explanation_cite(s, one->by);
    }
    return rc < 0 ? rc : 0;
}

int explain_corrected(struct explanation *s, const uint64_t *seqs, size_t n, struct err *err) {
    struct buf evals = {.max = SUBJECTS_MAX};
    int rc = n > 0 ? explanation_corrected(s, err) : 0;
    if (rc == 0 && s->corrected.n != 0) rc = find_evals(s, seqs, n, &evals, err);
    for (size_t i = 0; rc == 0 && evals.n > 0 && i < s->corrected.n; i++) {
        rc = consider_correction(s, &s->corrected.one[i], &evals, err);
    }
    buf_done(&evals);
    return rc;
}

void explain_print_corrected(struct explanation *s, const struct corrected_one *one) {
    char words[CORRECTED_WORDS_MAX];
    corrected_words(one, words);
    out_printf(s->view->cli, "event %llu was ", (unsigned long long)one->seq);
    out_safe(s->view->cli, bytes_of(words));
    out_str(s->view->cli, "\n");
}

void explain_put_corrected(const struct corrected_one *one, struct obj *list) {
    struct obj item = {0};
    obj_uint(&item, "seq", one->seq);
    obj_uint(&item, "by", one->by);
    obj_text(&item, "reason", one->reason);
    obj_uint(&item, "replaced_by", one->replaced_by);
    obj_obj(list, NULL, &item);
}
