/* A question is answered from attested rows and the events since. Who asks often pays for those events each time; a view that
 * is kept has folded them already, and only what came after it is folded on top:
 *
 *   attested rows at 96 | 97 .. 121 folded, kept | 122 123 folded now | ask
 *
 * Whatever is unusual (a correction, damage, an erasure, a log that is not the one of before) ends that view, and the next one is
 * opened anew. */
#include <stdlib.h>

#include "projections/fold/correct.h"
#include "projections/view/state.h"
#include "projections/view/view.h"

/* Events after its rows that a kept view may have folded. Beyond that it is let go, so that whoever asks brings the attested rows up to
 * date (ATTESTED_LAG_MAX, the same number): a view that were kept for ever would be the reason that nobody does. */
#define KEPT_LAG 1024

static bool is_common(const struct state_view *view) {
    return view->options.base == STATE_ATTESTED && view->has_attested && view->txn != NULL && !view->erasing &&
           !view->corrected && view->damaged == LOG_NO_SEQ && view->distrusted == 0 && view->scratch == NULL;
}

/* What was computed from rows as they were. */
static void forget_answers(struct state_view *view) {
    view_forget_again(view);
    view_guest_done(&view->read);
    view->files.pack[0] = '\0';
    for (size_t i = 0; i < view->n_tables; i++) {
        struct view_table *t = &view->table[i];
        free(t->changed);
        t->changed = NULL;
        t->n_changed = t->room = 0;
        t->sorted = t->no_history = false;
        view_guest_done(&t->history);
    }
}

/* Folds the events since. *ret_good false: the view is of no use any more. */
static int go_on(struct state_view *view, const struct state_options *options, bool *ret_good, struct err *err) {
    struct replay *replay = NULL;
    bool same = false, more = false;
    *ret_good = false;
    int rc = replay_open(view->ledger, &correct_effect, &replay, err);
    if (rc != 0) return rc;
    uint64_t size = replay_size(replay), at = options->at == LOG_NO_SEQ ? size : options->at;
    bool good = at >= view->at && at <= size && at - view->attested.position <= KEPT_LAG &&
                view->list == state_list_of(options) && replay_may_read(replay, view->generation);
    if (good) rc = replay_same(replay, view->at, view->leaf, &same, err);
    if (rc == 0 && same) {
        forget_answers(view);
        view->options = *options;
        view->options.base = STATE_ATTESTED;
        view->size = size;
        view->at = at;
        rc = view_fold_since(view, replay, &more, err);
        if (rc == 0 && !more && !view_find_spoiled(view)) rc = view_find_now(view, replay, err);
        *ret_good = rc == 0 && !more && is_common(view);
    }
    replay_close(replay);
    return err_is_damage(rc) ? 0 : rc; /* a view that is opened anew says so */
}

/* One round. *ret_damaged: stored rows were found that differ from what the event attests. */
static int ask_once(struct state_view *view, const struct state_options *options,
                    int (*ask)(void *ctx, struct state_view *view, struct err *err), void *ctx, bool *ret_damaged,
                    struct err *err) {
    int rc = ask(ctx, view, err);
    if (options->corrected != NULL && view->corrected) {
        *options->corrected = true;
    }
    *ret_damaged = view_find_spoiled(view) || view->distrusted != 0;
    return rc;
}

static int open_and_ask(struct ledger *ledger, const struct state_options *options, struct state_view **kept,
                        int (*ask)(void *ctx, struct state_view *view, struct err *err), void *ctx, bool *ret_damaged,
                        struct err *err) {
    struct state_view *view = kept != NULL ? *kept : NULL;
    bool good = false;
    int rc = 0;
    if (view != NULL) {
        *kept = NULL;
        rc = go_on(view, options, &good, err);
        if (!good) {
            state_close(view);
            view = NULL;
        }
    }
    if (rc == 0 && view == NULL) rc = state_open(ledger, options, &view, err);
    if (rc != 0) return rc;
    rc = ask_once(view, options, ask, ctx, ret_damaged, err);
    if (kept != NULL && !*ret_damaged && is_common(view) && view->at - view->attested.position <= KEPT_LAG) {
        *kept = view;
    } else {
        state_close(view);
    }
    return rc;
}

static int answer(struct ledger *ledger, const struct state_options *options, struct state_view **kept,
                  int (*ask)(void *ctx, struct state_view *view, struct err *err), void *ctx, struct err *err) {
    struct state_options mine = *options;
    struct err why = {0};
    bool damaged = false, ignored;
    mine.base = STATE_ATTESTED;
    int rc = open_and_ask(ledger, &mine, kept, ask, ctx, &damaged, &why);
    if (damaged && options->damaged != NULL) {
        *options->damaged = true;
    }
    if (damaged && !options->no_write) {
        attested_forget(ledger);
    }
    if (damaged && rc == ERR_CORRUPT) {
        mine.base = STATE_EVENTS;
        return open_and_ask(ledger, &mine, NULL, ask, ctx, &ignored, err);
    }
    return rc != 0 ? err_set(err, rc, "%s", why.msg) : 0;
}

int state_ask(struct ledger *ledger, const struct state_options *options,
              int (*ask)(void *ctx, struct state_view *view, struct err *err), void *ctx, struct err *err) {
    return answer(ledger, options, NULL, ask, ctx, err);
}

int state_ask_again(struct ledger *ledger, const struct state_options *options, struct state_view **kept,
                    int (*ask)(void *ctx, struct state_view *view, struct err *err), void *ctx, struct err *err) {
    struct state_options mine = *options;
    mine.no_write = true;
    return answer(ledger, &mine, kept, ask, ctx, err);
}
