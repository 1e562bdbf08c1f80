/* Judgements over rows that others fold: is a route proven, may a candidate be promoted? An absent table has no rows. */
#include "projections/decide/decide.h"

#include "projections/council/judge.h"
#include "projections/decide/step.h"
#include "projections/ready/promotions.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

int decide_is_proven(struct state_view *view, struct bytes route, struct decision *ret, struct err *err) {
    struct row row;
    bool there = false;
    int rc = look_judged(view, "routes", &route, 1, &row, &there, err);
    if (rc == 0) {
        decide_begin(ret);
        if (!there) {
            decide_no(ret, "there is no route '%.*s'", REASON_NAME(route));
        } else {
            struct bytes why = named_text(&row, "reason"), state = named_text(&row, "state");
            decide_cite_row(ret, &row);
            if (bytes_is(state, "removed")) {
                decide_no(ret, "route '%.*s' was removed", REASON_NAME(route));
            } else if (named_has(&row, "proof")) {
                decide_cite(ret, (uint64_t)named_int(&row, "proof"));
            } else {
                decide_no(ret, "route '%.*s' is %.*s: %.*s", REASON_NAME(route), REASON_NAME(state), REASON_NAME(why));
            }
        }
    }
    row_done(&row);
    return rc;
}

/* A debate of voters about the promotion, opened since it was planned, has to accept this candidate. */
static int bar_by_debate(struct state_view *view, struct bytes promotion, const struct row *row, struct decision *ret,
                         struct err *err) {
    struct buf target = {.max = 2 * ROW_TEXT_MAX}, debate = {.max = ROW_TEXT_MAX};
    struct decision judged;
    int64_t since = row_has(row, PROMOTIONS_PLANNED_SEQ) ? row_int(row, PROMOTIONS_PLANNED_SEQ) : -1;
    buf_put_str(&target, "promotion/");
    buf_put_bytes(&target, promotion);
    int rc = debate_newest(view, bytes_of_buf(&target), since, &debate, err);
    if (rc == 0 && debate.n > 0) {
        rc = debate_judge(view, bytes_of_buf(&debate), bytes_of_buf(&target), row_text(row, PROMOTIONS_DIGEST), &judged,
                          err);
        for (size_t i = 0; rc == 0 && i < judged.n_evidence; i++) {
            decide_cite(ret, judged.evidence[i]);
        }
        if (rc == 0 && !judged.yes && ret->yes) {
            decide_no(ret, "%s", judged.reason);
        }
    }
    buf_done(&target);
    buf_done(&debate);
    return rc;
}

int decide_may_promote(struct state_view *view, struct bytes promotion, struct decision *ret, struct err *err) {
    struct row row;
    struct decision mine;
    struct readiness found;
    struct reason words, cite;
    bool there = false, barred;
    int rc = look_stored(view, "promotions", &promotion, 1, &row, &there, err);
    if (rc == 0) rc = decide_is_unlocked(view, bytes_of("promotion.promoted"), &mine, err);
    if (rc == 0 && !mine.yes) {
        row_done(&row);
        *ret = mine;
        return 0;
    }
    decide_begin(&mine);
    readiness_init(&found);
    reason_init(&words);
    reason_init(&cite);
    if (rc == 0 && !there) {
        decide_no(&mine, "there is no promotion '%.*s'", REASON_NAME(promotion));
    } else if (rc == 0) {
        struct bytes state = row_text(&row, PROMOTIONS_STATE);
        decide_cite_row(&mine, &row);
        rc = promotions_weigh(view, &row, &found, &barred, &cite, err);
        for (size_t i = 0; i < cite.n_seqs; i++) {
            decide_cite(&mine, cite.seqs[i]);
        }
        readiness_tell(&found, false, &words);
        if (rc == 0 && barred) {
            decide_no(&mine, "promotion '%.*s' is %.*s: %s", REASON_NAME(promotion), REASON_NAME(state), words.words);
        } else if (rc == 0 && found.n > 0) {
            decide_no(&mine, "%s", words.words);
        }
        if (rc == 0) rc = bar_by_debate(view, promotion, &row, &mine, err);
    }
    row_done(&row);
    if (rc == 0) {
        *ret = mine;
    }
    return rc;
}

int decide_is_evaluated(struct state_view *view, struct bytes promotion, struct decision *ret, struct err *err) {
    struct row row;
    struct decision mine;
    struct readiness found;
    struct reason words, cite;
    bool there = false;
    int rc = look_stored(view, "promotions", &promotion, 1, &row, &there, err);
    decide_begin(&mine);
    readiness_init(&found);
    reason_init(&words);
    reason_init(&cite);
    if (rc == 0 && !there) {
        decide_no(&mine, "there is no promotion '%.*s'", REASON_NAME(promotion));
    } else if (rc == 0) {
        rc = promotions_weigh_evals(view, &row, &found, &cite, err);
        for (size_t i = 0; i < cite.n_seqs; i++) {
            decide_cite(&mine, cite.seqs[i]);
        }
        readiness_tell(&found, false, &words);
        if (found.n > 0) {
            decide_no(&mine, "%s", words.words);
        }
    }
    row_done(&row);
    if (rc == 0) {
        *ret = mine;
    }
    return rc;
}
