/* Judgements over rows that others fold: is a route proven, may a candidate be promoted? An absent table has no rows. */
#include "projections/decide/decide.h"

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
                decide_no(ret, "route '%.*s' is %.*s: %.*s%s", REASON_NAME(route), REASON_NAME(state),
                          REASON_CUT(why, 300));
            }
        }
    }
    row_done(&row);
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
        rc = promotions_weigh(view, &row, &found, &barred, NULL, &cite, err);
        for (size_t i = 0; i < cite.n_seqs; i++) {
            decide_cite(&mine, cite.seqs[i]);
        }
        readiness_tell(&found, false, &words);
        if (rc == 0 && barred) {
            decide_no(&mine, "promotion '%.*s' is %.*s: %s", REASON_NAME(promotion), REASON_NAME(state), words.words);
        } else if (rc == 0 && found.n > 0) {
            decide_no(&mine, "%s", words.words);
        }
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

int decide_is_debated(struct state_view *view, struct bytes promotion, struct debate_standing *ret, struct err *err) {
    struct debate_standing standing = {0};
    struct row row;
    bool there = false;
    int rc = look_stored(view, "promotions", &promotion, 1, &row, &there, err);
    if (rc == 0 && there) rc = promotions_find_debate(view, &row, &standing, err);
    row_done(&row);
    if (rc != 0) return rc;
    if (!standing.there) {
        decide_begin(&standing.decision);
        decide_no(&standing.decision, "no voters debated this candidate: ledger promote debate");
    }
    *ret = standing;
    return 0;
}

/* Only the newest version goes back. One that was promoted and not applied is not live yet, and may always go back. */
static int weigh_back(struct state_view *view, const struct row *row, struct decision *ret, struct err *err) {
    struct promotions_live live;
    struct bytes own = row_text(row, PROMOTIONS_DIGEST);
    int rc = promotions_find_live(view, row, &live, err);
    if (rc != 0 || bytes_eq(row_text(row, PROMOTIONS_UNAPPLIED), own)) return rc;
    if (live.other[0] != '\0') {
        decide_cite(ret, (uint64_t)live.other_seq);
        decide_no(ret, "promotion '%s' of the same was decided and not applied: that comes first", live.other);
    } else if (live.known && !bytes_is(own, live.digest)) {
        decide_cite(ret, (uint64_t)live.seq);
        decide_no(ret, "%.*s is live since event %lld: that is rolled back first", REASON_DIGEST(bytes_of(live.digest)),
                  (long long)live.seq);
    }
    return 0;
}

int decide_may_go_back(struct state_view *view, struct bytes promotion, struct decision *ret, struct err *err) {
    struct row row;
    struct decision mine;
    bool there = false;
    decide_begin(&mine);
    int rc = look_stored(view, "promotions", &promotion, 1, &row, &there, err);
    if (rc == 0 && there && row_is(&row, PROMOTIONS_STATE, "promoted")) rc = weigh_back(view, &row, &mine, err);
    row_done(&row);
    if (rc == 0) {
        *ret = mine;
    }
    return rc;
}
